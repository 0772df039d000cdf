"""Makes every publisher of the registry a spider of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.spiderloader import SpiderLoader

from crawler.publishers import Registry
from crawler.spiders.publisher import PublisherSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Request
    from scrapy.settings import BaseSettings


class PublisherSpiderLoader(SpiderLoader):
    """Scrapy's own loader, and beside its spiders one for every publisher of the registry.

    Reads the setting ``PUBLISHERS_DIR``, a folder of further publishers' files.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._registry = Registry(settings.get("PUBLISHERS_DIR"))

    def list(self) -> list[str]:
        """Return the names of all spiders."""
        return sorted({*super().list(), *self._registry.names()})

    def load(self, spider_name: str) -> type[Spider]:
        """Return the spider class of that name.

        Raises:
            KeyError: there is none; the message gives the nearest names.
            PublisherError: the publisher's file has a mistake.
        """
        if spider_name in self._spiders:
            return self._spiders[spider_name]
        publisher = self._registry.load(spider_name)
        members = {"name": publisher.key, "publisher": publisher, "__module__": PublisherSpider.__module__}
        return type("PublisherSpider", (PublisherSpider,), members)

    def find_by_request(self, request: Request) -> list[str]:  # type: ignore[valid-type]
        """Return the names of the spiders that handle the request's site.

        Raises:
            PublisherError: a publisher's file has a mistake.
        """
        return [name for name in self._registry.names() if self.load(name).handles_request(request)]

"""`scrapy crawl`: Scrapy's own, with mistakes told in one line and an exit status to rely on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.commands import crawl
from scrapy.spiderloader import get_spider_loader

from crawler.publishers import PublisherError
from crawler.spiders.arguments import ArgumentError
from crawler.spiders.publisher import PublisherSpider

if TYPE_CHECKING:
    from argparse import Namespace

    from scrapy import Spider
    from scrapy.crawler import Crawler

# Ends that are as they should be: all done, a bound that the user set, Ctrl-C.
_GOOD_ENDS = ("finished", "closespider_", "shutdown")


class Command(crawl.Command):
    """Crawls a publisher, or any site.

    Exit status: 0 when the crawl ran to its end; 1 when it did not, or could not begin.
    """

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options] <publisher> | site -a domain=www.example.com"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Crawl a publisher of the registry by name, or any site"

    def process_options(self, args: list[str], opts: Namespace) -> None:
        """Read the options, and check the publisher's name and the arguments before anything starts."""
        super().process_options(args, opts)
        assert self.settings is not None
        if sys.stderr.isatty() and not (opts.loglevel or opts.logfile):
            # A person at a terminal has the progress line.
            self.settings.set("LOG_LEVEL", "WARNING", priority="spider")
        if len(args) != 1:
            return
        try:
            spider = get_spider_loader(self.settings).load(args[0])
            if issubclass(spider, PublisherSpider):
                spider.check_arguments(opts.spargs)
        except (KeyError, PublisherError, ArgumentError) as error:
            sys.exit(f"scrapy crawl: {error.args[0]}")

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        crawler = super()._create_crawler(spidercls)
        crawler.signals.connect(self._ended, signals.spider_closed)
        return crawler

    def _ended(self, reason: str) -> None:
        if not reason.startswith(_GOOD_ENDS):
            self.exitcode = 1

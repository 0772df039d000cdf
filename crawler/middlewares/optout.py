"""Publishers that reserve their pages are taken at their word."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawler.rights import OPT_OUTS, TdmRules, disallows_ai_crawlers, opt_out

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser

_MAX_SIZE = 2**20  # bytes of a tdmrep.json


class OptedOut(IgnoreRequest):
    """The publisher does not want the page to be used."""


class OptOutMiddleware:
    """Finds out what a site says about the reuse of an article page before it is fetched.

    Reads robots.txt (which crawlers for AI it turns away) and ``/.well-known/tdmrep.json``, once a host, and leaves
    what they say in ``request.meta["rights"]``. A page is not fetched if they opt out in a way that is to be
    respected; what the page itself says is up to `crawler.pipelines.optout`.

    Counts ``rights/respected/NAME``.

    Settings: ``RESPECT_OPT_OUT``, a list of noai, noindex, noarchive, ai_crawlers, tdm.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._respected = respected_of(crawler)
        self._robots: dict[str, RobotParser] = {}
        self._tdm: dict[str, asyncio.Future[TdmRules]] = {}
        crawler.signals.connect(self._robots_parsed, signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Find out what the site says of the address.

        Raises:
            OptedOut: it is not to be fetched.
        """
        if not request.meta.get("article"):
            return
        rights = (await self._tdm_rules(request.url)).of(request.url)
        robots = self._robots.get(urlsplit(request.url).netloc)
        disallowed = robots is not None and disallows_ai_crawlers(robots, request.url)
        request.meta["rights"] = rights = replace(rights, ai_crawlers_disallowed=disallowed)
        if name := opt_out(rights, self._respected):
            self._crawler.stats.inc_value(f"rights/respected/{name}")
            raise OptedOut(f"The publisher opts out ({name})")

    def _robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        self._robots[urlsplit(request.url).netloc] = robotparser

    async def _tdm_rules(self, url: str) -> TdmRules:
        parts = urlsplit(url)
        found = self._tdm.get(parts.netloc)
        if found is None:
            found = self._tdm[parts.netloc] = asyncio.get_running_loop().create_future()
            found.set_result(await self._fetch_tdm_rules(f"{parts.scheme}://{parts.netloc}/.well-known/tdmrep.json"))
        return await found

    async def _fetch_tdm_rules(self, url: str) -> TdmRules:
        meta = {"dont_obey_robotstxt": True, "download_maxsize": _MAX_SIZE, "max_retry_times": 2}
        request = Request(url, callback=NO_CALLBACK, priority=1000, meta=meta)
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception:
            # As for robots.txt: whatever keeps the file from us, the site says nothing by it.
            return TdmRules()
        return TdmRules.read(response.body) if response.status == 200 else TdmRules()


def respected_of(crawler: Crawler) -> list[str]:
    """Read the setting ``RESPECT_OPT_OUT``.

    Raises:
        ValueError: it names what is no opt-out.
    """
    names = crawler.settings.getlist("RESPECT_OPT_OUT")
    if unknown := [name for name in names if name not in OPT_OUTS]:
        raise ValueError(f"RESPECT_OPT_OUT: {unknown[0]!r} is not one of {', '.join(OPT_OUTS)}")
    return [str(name) for name in names]

"""A publisher's file says how quickly its site may be asked, from the first request on."""

from __future__ import annotations

import pytest
from scrapy.settings import Settings

from crawler.publishers.entry import Publisher
from crawler.spiders.publisher import PublisherSpider

COURIER = 'name = "Courier"\ndomain = "courier.example"\n'
SETTINGS = {"DOWNLOAD_DELAY": 0.25, "AUTOTHROTTLE_START_DELAY": 1.0}


@pytest.mark.parametrize(("line", "least", "first"), [("", 0.25, 1.0), ("delay = 0.0", 0.0, 0.0), ("delay = 5", 5, 5)])
def test_a_crawl_begins_at_the_pace_that_its_publisher_names(line: str, least: float, first: float) -> None:
    publisher = Publisher.from_toml("courier", COURIER + line, "courier.toml")
    spider = type("Spider", (PublisherSpider,), {"name": "courier", "publisher": publisher})
    settings = Settings(SETTINGS)
    spider.update_settings(settings)
    assert settings.getfloat("DOWNLOAD_DELAY") == least
    assert settings.getfloat("AUTOTHROTTLE_START_DELAY") == first

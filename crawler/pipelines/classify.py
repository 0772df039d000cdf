"""Classify: labels the blocks of the page and reads the facts of its article."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

from scrapy.exceptions import CloseSpider, DropItem

from classifier import LABELS, ModelError
from crawler.metadata import Facts
from crawler.pipelines import PassedOver
from crawler.pipelines.workers import WorkerError, Workers
from crawler.reading import Reading, model_version, read_page
from crawler.rights import joined
from crawler.store.duplicates import bands_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.items import Article

logger = logging.getLogger(__name__)


class ClassifyPipeline:
    """Reads each page in a worker process and fills the item with its blocks, text and facts.

    Pages that are no articles are dropped and counted as ``articles/not_article/REASON``; a page over which a
    worker dies twice as ``classify/failed``. Counts pages as ``classify/pages``, the blocks of articles as
    ``classify/blocks/LABEL``.

    Settings: ``CLASSIFY_WORKERS``, ``CLASSIFY_TIMEOUT``, ``CLASSIFIER_MODEL``, ``ARTICLE_MIN_CHARS``,
    ``ARTICLE_MIN_CHARS_UNDECLARED``.

    Attributes:
        version: the model's, once the spider is open.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._stats = crawler.stats
        self._count = settings.getint("CLASSIFY_WORKERS") or os.cpu_count() or 1
        self._timeout = settings.getint("CLASSIFY_TIMEOUT")
        self._model = settings.get("CLASSIFIER_MODEL") or ""
        self._min_chars = {
            "article": settings.getint("ARTICLE_MIN_CHARS"),
            "": settings.getint("ARTICLE_MIN_CHARS_UNDECLARED"),
        }
        self._workers: Workers | None = None
        self.version = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline."""
        return cls(crawler)

    async def open_spider(self) -> None:
        """Start the workers.

        Raises:
            CloseSpider: the model cannot be used.
        """
        self._workers = Workers(self._count, self._timeout)
        try:
            self.version = await self._workers.run(model_version, self._model)
        except (ModelError, WorkerError) as error:
            logger.error("%s", error)
            raise CloseSpider("model_unusable") from None
        logger.info("Model %s, worker processes: %d", self.version, self._count)

    async def close_spider(self) -> None:
        """End the workers."""
        if self._workers:
            await self._workers.close()

    async def process_item(self, item: Article) -> Article:
        """Read the page.

        Raises:
            PassedOver: the page is no article.
            DropItem: it cannot be read.
        """
        assert self._workers
        try:
            reading = await self._workers.run(read_page, item.html, item.url, item.encoding, self._model)
        except WorkerError as error:
            self._stats.inc_value("classify/failed")
            logger.warning("%s could not be read: %s", item.url, error)
            raise DropItem(f"Unreadable: {item.url}") from None
        self._stats.inc_value("classify/pages")
        if reason := self._reason_against(reading):
            self._stats.inc_value(f"articles/not_article/{reason}")
            raise PassedOver(f"No article ({reason}): {item.url}")
        assert reading
        self._fill(item, reading)
        for label in LABELS:
            self._stats.inc_value(f"classify/blocks/{label}", item.counts[label])
        return item

    def _reason_against(self, reading: Reading | None) -> str:
        if reading is None or not reading.blocks:
            return "empty"
        kind = reading.facts.page_type
        if kind not in self._min_chars:
            return "declared_other"
        return "too_short" if len(reading.text) < self._min_chars[kind] else ""

    @staticmethod
    def _fill(item: Article, reading: Reading) -> None:
        for field in fields(Facts):
            if field.name not in ("page_type", "rights"):
                setattr(item, field.name, getattr(reading.facts, field.name))
        item.rights = joined(item.rights, reading.facts.rights)
        item.text = reading.text
        item.blocks = reading.blocks
        counts = Counter(block.label for block in reading.blocks)
        item.counts = {label: counts[label] for label in LABELS}
        item.confidence = reading.confidence
        item.classifier = {"version": reading.version}
        if reading.simhash is not None:
            item.simhash = f"{reading.simhash:016x}"
            item.simhash_bands = bands_of(reading.simhash)

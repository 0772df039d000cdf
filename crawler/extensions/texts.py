"""Keeps count of how long the articles' texts are, and how sure the classifier is of them."""

from __future__ import annotations

import re
from bisect import insort
from statistics import median
from typing import TYPE_CHECKING

from scrapy import signals

from crawler.items import Article

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

# Scripts that put no spaces between words: Thai and Lao, Burmese, Khmer, Kana, Han. A sign counts as a word there.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


class Texts:
    """Counts ``texts/articles``, ``texts/median_words`` and ``texts/mean_confidence`` over a crawl's articles.

    By these figures a change of a site's layout shows, even where every page is still read without an error.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._words: list[int] = []
        self._confidence = 0.0
        crawler.signals.connect(self._scraped, signals.item_scraped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _scraped(self, item: object) -> None:
        if not isinstance(item, Article):
            return
        insort(self._words, count_words(item.text))
        self._confidence += item.confidence
        articles = len(self._words)
        self._stats.set_value("texts/articles", articles)
        self._stats.set_value("texts/median_words", median(self._words))
        self._stats.set_value("texts/mean_confidence", self._confidence / articles)


def count_words(text: str) -> int:
    """Count the words of a text in any script."""
    return sum(1 for _ in _WORD.finditer(text))

"""A run of a publisher as the collection ``crawls`` holds it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Run:
    """The figures by which runs are compared; see `crawler.figures.Figures`.

    Attributes:
        started_at: UTC.
        reason: why it ended.
        found: different article addresses.
        stored: new articles.
        changed: articles with a new revision.
        unchanged: articles that were as they are in the store.
        not_articles: fetched pages that are no articles.
        dropped: articles that were not valid.
        failed: pages that could not be fetched, read or stored.
        articles: pages that were read and are articles.
        median_words: of their texts.
        mean_confidence: of their pages.
        blocks: number of their blocks by label.
    """

    started_at: datetime
    reason: str
    found: int
    stored: int
    changed: int
    unchanged: int
    not_articles: int
    dropped: int
    failed: int
    articles: int
    median_words: float
    mean_confidence: float
    blocks: Mapping[str, int]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Take the figures out of a record of ``crawls``."""
        return cls(**{field.name: record[field.name] for field in fields(cls)})

    @property
    def read(self) -> int:
        """Pages that were read."""
        return self.articles + self.not_articles + self.dropped

    @property
    def asked(self) -> int:
        """Article pages that were asked for, whatever became of them."""
        return self.stored + self.changed + self.unchanged + self.not_articles + self.dropped + self.failed

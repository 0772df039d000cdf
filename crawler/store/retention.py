"""How long raw pages are kept: by age, for all publishers and for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from crawler.store.documents import clean
from crawler.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from scrapy.settings import BaseSettings

    from crawler.store.connection import Document


@dataclass(frozen=True, slots=True)
class Retention:
    """The days that raw pages are kept.

    Attributes:
        days: for publishers that ``by_publisher`` does not name; None for ever, 0 for not at all.
        by_publisher: the same by the publisher's name.
    """

    days: float | None = None
    by_publisher: Mapping[str, float | None] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read PAGES_KEEP_DAYS and PAGES_KEEP_DAYS_BY_PUBLISHER.

        Raises:
            StoreError: one of them is not understood.
        """
        name = "PAGES_KEEP_DAYS"
        try:
            days = _days(settings.get(name))
            name = "PAGES_KEEP_DAYS_BY_PUBLISHER"
            by_publisher = {str(key): _days(value) for key, value in settings.getdict(name).items()}
        except (ValueError, TypeError):
            raise StoreError(f"{name}: write a number of days, 0 to keep no pages, or nothing to keep all") from None
        return cls(days, by_publisher)

    def keeps(self, publisher: str) -> bool:
        """Whether a publisher's pages are kept at all."""
        return self.by_publisher.get(publisher, self.days) != 0

    def expired(self, now: datetime) -> Iterator[Document]:
        """Yield conditions that choose the pages in the collection ``pages`` that are older than they may be.

        Args:
            now: UTC.
        """
        for publisher, days in self.by_publisher.items():
            if days is not None:
                yield {"publisher": {"$eq": clean(publisher)}, "fetched_at": {"$lt": now - timedelta(days=days)}}
        if self.days is not None:
            others = [clean(publisher) for publisher in self.by_publisher]
            yield {"publisher": {"$nin": others}, "fetched_at": {"$lt": now - timedelta(days=self.days)}}


def _days(value: Any) -> float | None:
    if value is None or value == "":
        return None
    days = float(value)
    if not 0 <= days <= timedelta.max.days / 1000:
        raise ValueError(value)
    return days

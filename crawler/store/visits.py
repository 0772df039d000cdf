"""When an address was last fetched and what came of it, so that nothing is fetched twice without need."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pymongo import WriteConcern

from crawler.store.connection import plain_errors
from crawler.store.documents import clean, storable

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

    from crawler.store.connection import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The last fetch of an address.

    Attributes:
        url: what was asked for.
        job: id of the crawl.
        fetched_at: UTC.
        etag: to be sent back as If-None-Match.
        last_modified: to be sent back as If-Modified-Since.
        article: the canonical address of the article that was found there; None if the page is no article, or not
            one to be kept.
        classifier: version of the model that said so; None where no model was asked.
    """

    url: str
    job: str
    fetched_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    article: str | None = None
    classifier: str | None = None


class Visits:
    """The collection ``visits``: one small document an address, of articles as well as of other pages.

    Args:
        database: where it is.
        address: the server's ``host:port``, for messages.
    """

    def __init__(self, database: Database[Document], address: str) -> None:
        # Not waited for: a visit that is lost costs one more fetch, and it is noted after the article was kept.
        self._visits = database["visits"].with_options(write_concern=WriteConcern(w=1))
        self._address = address

    def get(self, url: str) -> Visit | None:
        """Read the last visit of an address."""
        with plain_errors(self._address):
            found = self._visits.find_one({"_id": {"$eq": clean(url)}})
        return Visit(url=found.pop("_id"), **found) if found else None

    def note(self, visit: Visit) -> None:
        """Note a visit in place of the one before."""
        values = storable(asdict(visit))
        identity = values.pop("url")
        with plain_errors(self._address, f"the visit of {identity}"):
            self._visits.replace_one({"_id": {"$eq": identity}}, values, upsert=True)

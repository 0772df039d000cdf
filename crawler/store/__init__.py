"""The store: MongoDB, an embedded one or any other, as the keeper of articles."""

from crawler.store.documents import RawPage, Record, StoredArticle
from crawler.store.errors import RefusedError, StoreError, UnavailableError
from crawler.store.queries import PublisherCounts
from crawler.store.status import Status
from crawler.store.store import Store
from crawler.store.writes import Outcome

__all__ = [
    "Outcome",
    "PublisherCounts",
    "RawPage",
    "Record",
    "RefusedError",
    "Status",
    "Store",
    "StoreError",
    "StoredArticle",
    "UnavailableError",
]

"""The store: MongoDB, an embedded one or any other, as the keeper of articles."""

from crawler.store.alerts import ALERT_STATES, Alert, Alerts, AlertState, MarkedPage
from crawler.store.documents import RawPage, Record, StoredArticle, Summary
from crawler.store.errors import RefusedError, StoreError, UnavailableError
from crawler.store.queries import Group, GroupCount, PublisherCounts
from crawler.store.reader import Articles, Reader
from crawler.store.selection import Order, Position, Selection, SelectionError
from crawler.store.status import Status
from crawler.store.store import Store
from crawler.store.visits import Visit
from crawler.store.writes import Outcome

__all__ = [
    "ALERT_STATES",
    "Alert",
    "AlertState",
    "Alerts",
    "Articles",
    "Group",
    "GroupCount",
    "MarkedPage",
    "Order",
    "Outcome",
    "Position",
    "PublisherCounts",
    "RawPage",
    "Reader",
    "Record",
    "RefusedError",
    "Selection",
    "SelectionError",
    "Status",
    "Store",
    "StoreError",
    "StoredArticle",
    "Summary",
    "UnavailableError",
    "Visit",
]

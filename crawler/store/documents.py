"""Articles to MongoDB's documents and back, with whatever a page says made safe to store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import zstandard

from crawler.items import Access, Article, BlockRecord, Fetch, Rights
from crawler.store.errors import RefusedError

if TYPE_CHECKING:
    from crawler.store.connection import Document

MAX_DOCUMENT_BYTES = 15 * 1024 * 1024  # MongoDB's own limit is 16 MB; a revision is a little larger than its article
MAX_PAGE_BYTES = 512 * 1024 * 1024
MAX_DEPTH = 20
OF_THE_PAGE = ("html", "encoding")  # fields of an article that go to `pages`
INT64 = 2**63
KEY_SIGNS = str.maketrans({".": "\N{FULLWIDTH FULL STOP}", "$": "\N{FULLWIDTH DOLLAR SIGN}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """An article as it lies in the store; see `crawler.items.Article` for what is not explained here.

    Attributes:
        page: SHA-256 of the raw page, its key in ``pages``.
        revision: 1 for an article that never changed.
        first_seen_at: when the article was first fetched, UTC.
        updated_at: when the document was last written, UTC.
    """

    url: str
    canonical_url: str
    publisher: str
    title: str | None
    authors: tuple[str, ...]
    published_at: datetime | None
    modified_at: datetime | None
    language: str | None
    section: str | None
    tags: tuple[str, ...]
    image: str | None
    text: str
    blocks: tuple[BlockRecord, ...]
    counts: dict[str, int]
    confidence: float
    access: Access
    rights: Rights
    duplicate_of: str | None
    content_hash: str
    simhash: str
    classifier: dict[str, Any]
    crawl: Fetch
    page: str
    revision: int
    first_seen_at: datetime
    updated_at: datetime

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a document of the collection ``articles``."""
        values = {field.name: document[field.name] for field in fields(cls)}
        values["authors"] = tuple(values["authors"])
        values["tags"] = tuple(values["tags"])
        values["blocks"] = tuple(BlockRecord(**block) for block in values["blocks"])
        values["rights"] = Rights(**values["rights"])
        values["crawl"] = Fetch(**values["crawl"])
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """The document's fields as plain dicts, lists and values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it was fetched.

    Attributes:
        url: the address it was fetched from.
        html: the body.
        encoding: what the server or the page said of it.
        fetched_at: UTC.
    """

    url: str
    html: bytes
    encoding: str | None
    fetched_at: datetime


def article_document(article: Article, now: datetime) -> Document:
    """Make the document of an article that is new to the store."""
    document: Document = storable(
        {field.name: getattr(article, field.name) for field in fields(article) if field.name not in OF_THE_PAGE}
    )
    return document | {
        "page": hashlib.sha256(article.html).hexdigest(),
        "revision": 1,
        "first_seen_at": document["crawl"]["fetched_at"],
        "updated_at": now,
    }


def fetch_document(fetch: Fetch) -> Document:
    """Make the sub-document ``crawl``."""
    document: Document = storable(fetch)
    return document


def page_document(article: Article, digest: str) -> Document:
    """Make the document of an article's raw page.

    Args:
        article: the article as fetched.
        digest: SHA-256 of the page, its key: identical bodies are kept once.
    """
    return {
        "_id": digest,
        "url": clean(article.url),
        "publisher": clean(article.publisher),
        "fetched_at": in_utc(article.crawl.fetched_at),
        "encoding": article.encoding,
        "size": len(article.html),
        "body": zstandard.compress(article.html),
    }


def raw_page(document: Document) -> RawPage:
    """Read a document of the collection ``pages``."""
    html = zstandard.ZstdDecompressor().decompress(document["body"], max_output_size=MAX_PAGE_BYTES)
    return RawPage(document["url"], html, document["encoding"], document["fetched_at"])


def storable(value: Any, depth: int = 0) -> Any:
    """Make any value fit for MongoDB.

    Strings become valid UTF-8, dates UTC, integers beyond 64 bits strings; keys lose the dots, dollars
    and NULs that MongoDB would read as paths and operators; what MongoDB has no type for becomes a
    string.

    Raises:
        RefusedError: the value is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise RefusedError(f"a value nested more than {MAX_DEPTH} deep cannot be stored")
    match value:
        case None | bool() | bytes():
            return value
        case str():
            return clean(value)
        case datetime():
            return in_utc(value)
        case Integral():
            number = int(value)
            return number if -INT64 <= number < INT64 else str(number)
        case Real():
            return float(value)
        case Mapping():
            return {clean(str(key)).translate(KEY_SIGNS): storable(held, depth + 1) for key, held in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: storable(getattr(value, field.name), depth + 1) for field in fields(value)}
        case list() | tuple() | set() | frozenset():
            return [storable(held, depth + 1) for held in value]
        case _:
            return clean(str(value))


def clean(text: str) -> str:
    """Replace what UTF-8 or other programs cannot hold, lone surrogates and NUL, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def in_utc(moment: datetime) -> datetime | None:
    """Convert to UTC, which a date without a zone is taken to be in; None for one outside the calendar."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None

"""Articles to MongoDB's documents and back, with whatever a page says made safe to store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import zstandard
from bson import encode, json_util
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from classifier import LABELS
from crawler.items import Access, Article, BlockRecord, Fetch, Rights
from crawler.store.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.store.connection import Document

MAX_DOCUMENT_BYTES = 15 * 1024 * 1024  # MongoDB's own limit is 16 MB; a revision is a little larger than its article
MAX_PAGE_BYTES = 512 * 1024 * 1024
MAX_DEPTH = 20
OF_THE_PAGE = ("html", "encoding")  # fields of an article that go to `pages`
INT64 = 2**63
JSON_OPTIONS = json_util.JSONOptions(json_mode=json_util.JSONMode.RELAXED, tz_aware=True, tzinfo=UTC)
KEY_SIGNS = str.maketrans({".": "\N{FULLWIDTH FULL STOP}", "$": "\N{FULLWIDTH DOLLAR SIGN}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All that the store knows of an article but what it says; see `crawler.items.Article` for what is not explained.

    It is a small part of the document, so that lists of articles are read many times as fast as the articles.

    Attributes:
        page: SHA-256 of the raw page, its key in ``pages``.
        revision: 1 for an article that never changed.
        dated_at: ``published_at``, or ``first_seen_at`` where the page bears no date, UTC.
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
    dated_at: datetime
    first_seen_at: datetime
    updated_at: datetime

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a document of the collection ``articles``, of which the other fields may be missing."""
        return cls(**_values(cls, document))

    def as_dict(self) -> dict[str, Any]:
        """The document's fields as plain dicts, lists and values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle(Summary):
    """An article as it lies in the store: its `Summary`, and what it says."""

    text: str
    blocks: tuple[BlockRecord, ...]

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a document of the collection ``articles``."""
        values = _values(cls, document)
        values["blocks"] = tuple(BlockRecord(**block) for block in values["blocks"])
        return cls(**values)


def _values(kind: type[Summary], document: Document) -> Document:
    """Take the fields of a kind of article out of a document."""
    values = {field.name: document[field.name] for field in fields(kind)}
    values["authors"] = tuple(values["authors"])
    values["tags"] = tuple(values["tags"])
    values["rights"] = Rights(**values["rights"])
    values["crawl"] = Fetch(**values["crawl"])
    return values


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


@dataclass(frozen=True, slots=True)
class Record:
    """What one fetch of an article writes, made safe to store.

    Attributes:
        article: the document for ``articles`` if the store has none of that address; not to be changed.
        page: the document for ``pages``; None if raw pages are not kept.
        encoded: ``article`` as BSON.

    Raises:
        RefusedError: the article is larger than a document of MongoDB may be, or has a block of an unknown label or
            impossible probability.
    """

    article: Document
    page: Document | None
    # Its size cannot be told without encoding it, which is most of a writer's work: so it is done once.
    encoded: RawBSONDocument = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_blocks(self.article["url"], self.article["blocks"])
        object.__setattr__(self, "encoded", RawBSONDocument(encode_checked(self.article)))

    @classmethod
    def of(cls, article: Article, keep_page: bool = True) -> Self:
        """Make the record of an article.

        Args:
            article: as the pipelines made it.
            keep_page: whether its raw page is to be archived.

        Raises:
            RefusedError: it is larger than a document of MongoDB may be, too deeply nested, or has a block of an
                unknown label or impossible probability.
        """
        digest = hashlib.sha256(article.html).hexdigest()
        document: Document = storable(
            {field.name: getattr(article, field.name) for field in fields(article) if field.name not in OF_THE_PAGE}
        )
        document |= {
            "page": digest,
            "searchable": False,
            "revision": 1,
            "dated_at": document["published_at"] or document["crawl"]["fetched_at"],
            "first_seen_at": document["crawl"]["fetched_at"],
            "updated_at": in_utc(datetime.now(UTC)),
        }
        page = _page_document(article, digest) if keep_page else None
        if page:
            encode_checked(page)
        return cls(document, page)

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read what `to_line` wrote.

        Raises:
            ValueError: the line is something else.
        """
        try:
            read = json_util.loads(line, json_options=JSON_OPTIONS)
            article, page = read["article"], read["page"]
            # What writing relies on; the rest is the schema's to judge.
            texts = [article[name] for name in ("url", "canonical_url", "content_hash")]
            texts += [article["crawl"]["job"], page and page["_id"]]
            dates = article["crawl"]["fetched_at"], article["first_seen_at"], article["updated_at"]
            if not all(isinstance(t, str | None) for t in texts) or not all(isinstance(d, datetime) for d in dates):
                raise TypeError("a text or date is something else")
            record = cls(article, page)
        except (BSONError, TypeError, LookupError, OverflowError, RecursionError, RefusedError) as error:
            raise ValueError(f"not a record of the store: {error}") from error
        return record

    def to_line(self) -> bytes:
        """Write the record as a line of MongoDB's Extended JSON, which keeps every type."""
        document = {"article": self.article, "page": self.page}
        return json_util.dumps(document, json_options=JSON_OPTIONS).encode() + b"\n"


def encode_checked(document: Document) -> bytes:
    """Encode a document as BSON.

    Raises:
        RefusedError: it is larger than MongoDB would take.
    """
    encoded = encode(document)
    if len(encoded) > MAX_DOCUMENT_BYTES:
        raise RefusedError(
            f"{document['url']} cannot be stored: it makes a document of {len(encoded) / 2**20:.1f} MB, "
            f"and {MAX_DOCUMENT_BYTES >> 20} MB is the most"
        )
    return encoded


def check_blocks(url: str, blocks: Iterable[Document]) -> None:
    """Check what the validator of ``articles`` leaves to the writer, since an article has hundreds of blocks.

    Args:
        url: the article's, for the message.
        blocks: as they are stored.

    Raises:
        RefusedError: a label is unknown, or a probability is not one.
    """
    for block in blocks:
        label, p = block["label"], block["p"]
        if label not in LABELS or not 0 <= p <= 1:
            raise RefusedError(f"{clean(url)} cannot be stored: its blocks hold a {label!a} of probability {p!r}")


def fetch_document(fetch: Fetch) -> Document:
    """Make the sub-document ``crawl``."""
    document: Document = storable(fetch)
    return document


def _page_document(article: Article, digest: str) -> Document:
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
    kind = type(value)
    # Nearly all values are of these types, and the page's blocks hold hundreds.
    if kind is str:
        return clean(value)
    if value is None or kind in (float, bool, bytes):
        return value
    if depth > MAX_DEPTH:
        raise RefusedError(f"a value nested more than {MAX_DEPTH} deep cannot be stored")
    if kind is list or kind is tuple:
        return [storable(held, depth + 1) for held in value]
    if hasattr(kind, "__dataclass_fields__"):
        return {name: storable(getattr(value, name), depth + 1) for name in kind.__dataclass_fields__}
    match value:
        case datetime():
            return in_utc(value)
        case str():
            return clean(str(value))
        case bytes():
            return bytes(value)
        case Integral():
            number = int(value)
            return number if -INT64 <= number < INT64 else str(number)
        case Real():
            return float(value)
        case Mapping():
            return {clean(str(key)).translate(KEY_SIGNS): storable(held, depth + 1) for key, held in value.items()}
        case list() | tuple() | set() | frozenset():
            return [storable(held, depth + 1) for held in value]
        case _:
            return clean(str(value))


def clean(text: str) -> str:
    """Replace what UTF-8 or other programs cannot hold, lone surrogates and NUL, by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def in_utc(moment: datetime) -> datetime | None:
    """Convert to UTC, which a date without a zone is taken to be in, and to MongoDB's milliseconds.

    Returns:
        None for a date outside the calendar.
    """
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000, fold=0)

"""The document: what a crawled page becomes on its way from the spider to MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import xxhash

if TYPE_CHECKING:
    from datetime import datetime

Access = Literal["free", "metered", "paywalled", "unknown"]


@dataclass(slots=True)
class BlockRecord:
    """One labelled block as it is kept in MongoDB.

    Attributes:
        label: one of `classifier.LABELS`.
        text: the visible text of the block, white space folded.
        xpath: where the block's element stands in the page.
        p: the probability of ``label``, 0..1.
    """

    label: str
    text: str
    xpath: str
    p: float


@dataclass(slots=True)
class Rights:
    """What the publisher says about reuse.

    Attributes:
        robots_noai: robots directives of the page opt out of AI use.
        robots_noindex: they do not want it to be found by search.
        robots_noarchive: they do not want a copy of it to be kept.
        ai_crawlers_disallowed: robots.txt turns crawlers away that collect pages for AI.
        tdm_reservation: text and data mining is reserved.
        tdm_policy: address of the terms on which it is allowed.
        licence: name or address of a licence.
    """

    robots_noai: bool = False
    robots_noindex: bool = False
    robots_noarchive: bool = False
    ai_crawlers_disallowed: bool = False
    tdm_reservation: bool = False
    tdm_policy: str | None = None
    licence: str | None = None


@dataclass(slots=True)
class Fetch:
    """How and when the page was fetched: the ``crawl`` part of the document.

    Attributes:
        job: scrapyd's job id, or the id that the crawl gave itself.
        spider: name of the spider.
        fetched_at: UTC.
        status: HTTP status of the page.
        etag: the ETag header, to be sent back as If-None-Match.
        last_modified: the Last-Modified header, to be sent back as If-Modified-Since.
    """

    job: str
    spider: str
    fetched_at: datetime
    status: int
    etag: str | None = None
    last_modified: str | None = None


def content_hash_of(title: str | None, text: str) -> str:
    """Hash what an article says: equal hashes are equal articles."""
    return xxhash.xxh3_128_hexdigest(f"{title}\0{text}".encode("utf-8", "replace"))


@dataclass(slots=True)
class Article:
    """One article page. The spider fills what it fetched, the pipelines fill the rest.

    Attributes:
        url: the address that was fetched, after redirects.
        publisher: name of the publisher's registry entry, or the domain of a site without one.
        html: the page as fetched; goes to ``pages``, never to ``articles``.
        encoding: what the server said of its encoding.
        canonical_url: the address the page names as its own; the identity of the document.
        text: the article's blocks joined by blank lines.
        counts: number of blocks of each label.
        confidence: 0..1, how sure the page-level decision is.
        content_hash: see `content_hash_of`.
        simhash: 64-bit hash of the text in hex, of which near-equal texts share most bits.
        simhash_bands: the same in numbered pieces, by which near hashes are found.
        classifier: ``{"version": ...}`` of the model that labelled the blocks.
    """

    url: str
    publisher: str
    html: bytes = field(repr=False)
    crawl: Fetch
    encoding: str | None = None
    canonical_url: str = ""
    title: str | None = None
    authors: list[str] = field(default_factory=list)
    published_at: datetime | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    tags: list[str] = field(default_factory=list)
    image: str | None = None
    text: str = field(default="", repr=False)
    blocks: list[BlockRecord] = field(default_factory=list, repr=False)
    counts: dict[str, int] = field(default_factory=dict)
    confidence: float = 0.0
    access: Access = "unknown"
    rights: Rights = field(default_factory=Rights)
    duplicate_of: str | None = None
    content_hash: str = ""
    simhash: str = ""
    simhash_bands: list[int] = field(default_factory=list)
    classifier: dict[str, Any] = field(default_factory=dict)

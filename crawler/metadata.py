"""The facts of an article: from JSON-LD, Open Graph, microdata and HTML, in that order of trust."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from htmldate import find_date
from lxml import etree

from crawler.addresses import normalise, site_of
from crawler.bylines import byline_of
from crawler.dates import parse_date
from crawler.items import Access, Rights
from crawler.language import language_of
from crawler.people import distinct, is_announced, people_in
from crawler.rights import rights_of
from crawler.structured import (
    article_of,
    read_json_ld,
    read_metas,
    read_microdata,
    resolve,
    texts_of,
    types_of,
)
from crawler.titles import Titles, choose_title, letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lxml.etree import _Element

    from crawler.structured import Node

_PUBLISHED = ("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date")
_PUBLISHED_LATE = (
    "dc.date.issued",
    "dc.date",
    "dcterms.date",
    "date",
    "pubdate",
    "publishdate",
    "sailthru.date",
)
_MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "dc.date.modified", "last-modified")
_TIERS: dict[str, Access] = {"free": "free", "metered": "metered", "locked": "paywalled"}
_AUTHORS = ("author", "article:author", "og:article:author", "parsely-author", "dc.creator", "byl")
_MAX_LIST = 100
_CANONICAL = etree.XPath("//link[contains(@rel, 'canonical')]/@href")
_LICENCES = etree.XPath("(//a | //link)[contains(@rel, 'license')]/@href[normalize-space()]")
# Dates of publication outside of any item: marked as such, or the first moment below the heading that is no revision.
_DATED = etree.XPath(
    "//*[@itemprop='datePublished'][@datetime or @content]"
    " | //time[@datetime][contains(@class, 'publish')]"
    " | (//h1)[1]/following::time[@datetime][not(contains(@class, 'modif') or contains(@class, 'updat'))][1]"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page says about its article; the fields of `crawler.items.Article` of the same names.

    Attributes:
        page_type: ``article`` when the page says that it is one, ``other`` when it says that it is something
            else, empty when it says nothing.
    """

    canonical_url: str
    title: str | None = None
    authors: list[str] = field(default_factory=list)
    published_at: datetime | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    tags: list[str] = field(default_factory=list)
    image: str | None = None
    access: Access = "unknown"
    rights: Rights = field(default_factory=Rights)
    page_type: str = ""


def read_facts(root: _Element, url: str, text: str) -> Facts:
    """Read the facts of the article from the parsed page.

    Args:
        root: the page; it is not changed.
        url: the address it was fetched from.
        text: the article's text, from which the language is told.
    """
    return _Page(root, url).facts(text)


class _Page:
    """The sources of facts of one page, read once."""

    def __init__(self, root: _Element, url: str) -> None:
        self.root = root
        self.url = url
        self.metas = read_metas(root)
        self.nodes = read_json_ld(root)
        self.canonical_url = self._canonical_url()
        self.json_ld = article_of(self.nodes, self.canonical_url)
        # Microdata says again what JSON-LD says, and takes long to read.
        self.microdata = {} if self.json_ld else article_of(read_microdata(root, url), self.canonical_url)

        self.site_names = self._site_names()

    def _site_names(self) -> list[str]:
        """The names by which the page may call its site."""
        site = site_of(self.url)
        return [
            *self._meta("og:site_name", "application-name", "twitter:site", "publisher"),
            *texts_of(resolve(self.json_ld.get("publisher"), self.nodes), "name"),
            *(site.partition(".")[0], site, urlsplit(self.url).hostname or ""),
        ]

    def facts(self, text: str) -> Facts:
        return Facts(
            canonical_url=self.canonical_url,
            title=self._title(),
            authors=self._authors(),
            published_at=self._published_at(),
            modified_at=_first_date(
                *texts_of(self.json_ld.get("dateModified")),
                *self._meta(*_MODIFIED),
                *texts_of(self.microdata.get("dateModified")),
            ),
            language=self._language(text),
            section=_first(*self._sections()),
            tags=self._tags(),
            image=self._image(),
            access=self._access(),
            rights=self._rights(),
            page_type=self._page_type(),
        )

    def _meta(self, *names: str) -> Iterator[str]:
        for name in names:
            yield from self.metas.get(name, ())

    def _meta_ending(self, *endings: str) -> Iterator[str]:
        """Yield what stands under the names that publishers make up, such as ``sailthru.author``."""
        for name, texts in self.metas.items():
            if name.endswith(endings):
                yield from texts

    def _property(self, name: str, *keys: str) -> Iterator[str]:
        """Yield the texts of a property of the article's node."""
        yield from texts_of(self.json_ld.get(name), *keys)
        yield from texts_of(self.microdata.get(name), *keys)

    def _canonical_url(self) -> str:
        """The address that the page names as its own, as far as it can be believed.

        A page may not speak for another site, and one that names its site's front page names nothing.
        """
        for candidate in (*_CANONICAL(self.root), *self._meta("og:url")):
            try:
                canonical = normalise(urljoin(self.url, candidate.strip()))
            except ValueError:
                continue
            parts = urlsplit(canonical)
            is_page = parts.scheme in ("http", "https") and (parts.path.strip("/") or parts.query)
            if is_page and site_of(canonical) == site_of(self.url):
                return canonical
        return normalise(self.url)

    def _title(self) -> str | None:
        titles = Titles(
            json_ld=_first(*texts_of(self.json_ld.get("headline"))),
            open_graph=_first(*self._meta("og:title")),
            microdata=_first(*texts_of(self.microdata.get("headline"))),
            headings=("".join(heading.itertext()) for heading in self.root.iter("h1")),
            element=self.root.findtext(".//title"),
            head=self._meta("twitter:title", "dc.title"),
        )
        return choose_title(titles, self.site_names, self._sections())

    def _sections(self) -> Iterator[str]:
        yield from self._property("articleSection", "name")
        yield from self._meta("article:section", "section")
        yield from self._meta_ending("section", "category")

    def _authors(self) -> list[str]:
        houses = {letters(name) for name in self.site_names}
        nodes = resolve(self.json_ld.get("author"), self.nodes)
        sources = (
            texts_of(nodes, "name"),
            self._meta(*_AUTHORS),
            self._meta_ending("author"),
            self._labelled(),
            texts_of(self.microdata.get("author"), "name"),
        )
        named = [[person for text in texts for person in people_in(text)] for texts in sources]
        people = next(filter(None, (distinct(names, houses) for names in named)), None)
        return people or distinct(byline_of(self.root), houses) or next(filter(None, map(distinct, named)), [])

    def _labelled(self) -> Iterator[str]:
        """Yield the author that a page gives to previews in chats, under a label such as ``Written by``."""
        for number in (1, 2):
            if any(map(is_announced, self._meta(f"twitter:label{number}"))):
                yield from self._meta(f"twitter:data{number}")

    def _published_at(self) -> datetime | None:
        return (
            _first_date(
                *texts_of(self.json_ld.get("datePublished")),
                *self._meta(*_PUBLISHED),
                *texts_of(self.microdata.get("datePublished")),
                *self._meta(*_PUBLISHED_LATE),
            )
            or _first_date(*(element.get("datetime") or element.get("content") for element in _DATED(self.root)))
            or self._searched_date()
        )

    def _searched_date(self) -> datetime | None:
        # htmldate takes lxml.html's elements or text, and these are plain ones; few pages come to this.
        page = etree.tostring(self.root, encoding="unicode", method="html")
        try:
            found = parse_date(find_date(page, original_date=True, url=self.url, outputformat="%Y-%m-%d"))
        except (ValueError, OverflowError, RecursionError):
            return None
        # What htmldate makes of a bare year, as in a line of copyright.
        return None if found and (found.month, found.day) == (1, 1) else found

    def _language(self, text: str) -> str | None:
        declared = _first(
            *self._property("inLanguage", "alternateName", "name"),
            *filter(None, (self.root.get("lang"), self.root.get("xml:lang"))),
            *self._meta("og:locale", "content-language", "language"),
        )
        return language_of(text, declared)

    def _tags(self) -> list[str]:
        lists = (
            self._property("keywords", "name"),
            self._meta("article:tag"),
            self._meta("news_keywords", "keywords", "parsely-tags"),
        )
        for texts in lists:
            tags = [tag.strip() for text in texts for tag in re.split(r"[,;]", text) if tag.strip()]
            if tags:
                return list(dict.fromkeys(tags))[:_MAX_LIST]
        return []

    def _image(self) -> str | None:
        image = _first(*self._property("image", "url", "contentUrl"), *self._meta("og:image", "twitter:image"))
        try:
            address = urljoin(self.url, image) if image else ""
        except ValueError:
            return None
        return address if address.startswith(("http://", "https://")) else None

    def _access(self) -> Access:
        tier = _TIERS.get((_first(*self._meta("article:content_tier")) or "").lower())
        # What is read in part or a few times for free is said to be not free in JSON-LD.
        if tier == "metered":
            return tier
        for node in (self.json_ld, *_nodes(self.json_ld.get("hasPart")), self.microdata):
            free = str(node.get("isAccessibleForFree", "")).strip().lower()
            if free in ("false", "no", "0") or free.endswith("/false"):
                return "paywalled"
        return tier or ("free" if "isAccessibleForFree" in self.json_ld else "unknown")

    def _rights(self) -> Rights:
        rights = rights_of(self._meta("robots", "broadsheet"), self._meta("tdm-reservation"), self._meta("tdm-policy"))
        rights.licence = _first(*self._property("license", "url", "@id", "name"), *_LICENCES(self.root))
        return rights

    def _page_type(self) -> str:
        if self.json_ld or self.microdata:
            return "article"
        declared = (_first(*self._meta("og:type")) or "").lower()
        if declared in ("article", "news", "blog", "newsarticle"):
            return "article"
        if declared not in ("", "website") or any(set(types_of(node)) & _OTHER_TYPES for node in self.nodes):
            return "other"
        return ""


_OTHER_TYPES = {
    "CollectionPage",
    "Product",
    "ProfilePage",
    "SearchResultsPage",
    "ContactPage",
    "AboutPage",
    "FAQPage",
}


def _first(*texts: str | None) -> str | None:
    return next((text for text in texts if text), None)


def _first_date(*texts: str) -> datetime | None:
    return next(filter(None, map(parse_date, texts)), None)


def _nodes(value: Any) -> Iterable[Node]:
    return [node for node in (value if isinstance(value, list) else [value]) if isinstance(node, dict)]

"""The extractors that are compared, each as its users call it, behind one signature."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, TypeAlias

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Input:
    """A page as the extractors get it; those that ask for text get it decoded, and that takes none of their time.

    Attributes:
        html: the page as fetched.
        text: the same, decoded.
        url: its address, where it is known.
        language: its ISO 639-1 code.
    """

    html: bytes
    text: str
    url: str | None
    language: str


Extract: TypeAlias = "Callable[[Input], str]"


@dataclass(frozen=True, slots=True)
class Peer:
    """An extractor.

    Attributes:
        package: the distribution whose version is reported; empty for this project.
        load: imports it, so that nothing of the others is in the memory that is measured. It gets this project's
            model file, or None for the shipped one.
    """

    package: str
    load: Callable[[Path | None], Extract]

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.package) if self.package else ""


def _broadsheet(model: Path | None) -> Extract:
    from classifier.extraction import extract
    from classifier.storage import load_classifier

    classifier = load_classifier(model)
    return lambda page: extract(page.html, page.url, classifier).text


def _lxml(_: Path | None) -> Extract:
    def parse(page: Input) -> str:
        etree.fromstring(page.html, etree.HTMLParser(huge_tree=True))
        return ""

    return parse


def _trafilatura(**options: bool) -> Callable[[Path | None], Extract]:
    def load(_: Path | None) -> Extract:
        from trafilatura import extract

        return lambda page: extract(page.html, url=page.url, include_comments=False, **options) or ""

    return load


def _readability(_: Path | None) -> Extract:
    from html_text import extract_text
    from readability import Document

    return lambda page: extract_text(Document(page.text, url=page.url).summary(html_partial=True))


def _resiliparse(_: Path | None) -> Extract:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda page: extract_plain_text(page.text, main_content=True, alt_texts=False, comments=False)


def _justext(_: Path | None) -> Extract:
    from babel import Locale
    from justext import get_stoplist, get_stoplists, justext

    known = get_stoplists()

    def extract(page: Input) -> str:
        name = Locale(page.language).english_name or ""
        # Without a list of the language's stop words jusText has a mode that needs none.
        words, low, high = (get_stoplist(name), 0.3, 0.32) if name in known else (frozenset(), 0.0, 0.0)
        found = justext(page.html, words, stopwords_low=low, stopwords_high=high)
        return "\n\n".join(paragraph.text for paragraph in found if not paragraph.is_boilerplate)

    return extract


def _boilerpy3(_: Path | None) -> Extract:
    from boilerpy3.extractors import ArticleExtractor

    extractor = ArticleExtractor()
    return lambda page: extractor.get_content(page.text)


def _newspaper4k(_: Path | None) -> Extract:
    import newspaper

    def extract(page: Input) -> str:
        article = newspaper.article(
            page.url or "https://unknown.example/", input_html=page.text, language=page.language, fetch_images=False
        )
        text: str = article.text
        return text

    return extract


def _goose3(_: Path | None) -> Extract:
    from goose3 import Goose

    goose = Goose({"enable_image_fetching": False})
    return lambda page: goose.extract(raw_html=page.text).cleaned_text


LXML: Final = "lxml, the parse alone"
BASELINE: Final = "trafilatura"
"""The extractor that the speeds of all are related to."""
OWN: Final = "Broadsheet"

PEERS: Final[Mapping[str, Peer]] = {
    OWN: Peer("", _broadsheet),
    BASELINE: Peer("trafilatura", _trafilatura()),
    "trafilatura, precision": Peer("trafilatura", _trafilatura(favor_precision=True)),
    "trafilatura, fast": Peer("trafilatura", _trafilatura(fast=True)),
    "readability-lxml": Peer("readability-lxml", _readability),
    "resiliparse": Peer("resiliparse", _resiliparse),
    "jusText": Peer("justext", _justext),
    "boilerpy3": Peer("boilerpy3", _boilerpy3),
    "newspaper4k": Peer("newspaper4k", _newspaper4k),
    "goose3": Peer("goose3", _goose3),
    LXML: Peer("lxml", _lxml),
}
"""What is compared, by the name that the table gives it."""

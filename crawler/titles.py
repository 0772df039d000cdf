"""The title of an article: chosen among those that a page gives, without the names of the site and the section."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# What stands between a title and the names around it. Hyphens are also parts of words and colons of titles, so these
# two need more: space, a mark or a script that hyphenates no words before the one, the wide form of the other.
_SEPARATOR = re.compile(r"\s*(?:[|｜ㅣ•·»*：]|::|--+|\s[–—-]\s|(?<=[^\w\s\-]|[\u3040-\u9fff\uac00-\ud7a3])-(?!-))\s*")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
# A site adds a word or two to its name ("Courier Online"); what is longer is part of the title.
_MAX_NAME_WORDS = 3
_MIN_NAME_LETTERS = 3
_MAX_HEADINGS = 20
_MAX_TITLE = 1000


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles that a page gives, each as it stands there.

    Attributes:
        json_ld: the headline of the article's node.
        open_graph: ``og:title``.
        microdata: the headline of the article's item.
        headings: the texts of the h1 elements.
        element: the title element.
        head: ``twitter:title`` and what else the head says, the most trusted first.
    """

    json_ld: str | None
    open_graph: str | None
    microdata: str | None
    headings: Iterable[str]
    element: str | None
    head: Iterable[str | None]


def choose_title(titles: Titles, sites: Iterable[str], sections: Iterable[str]) -> str | None:
    """Choose the article's title.

    Open Graph's title is what editors write for readers, while JSON-LD's headline is often written for search engines,
    so it leads on pages that have both. JSON-LD is believed where these two and the heading all differ, and where it
    agrees with the heading and the title element does not. Without JSON-LD nobody vouches for the head of the page, and
    the heading that readers see leads.

    Args:
        titles: what the page gives.
        sites: names of the site.
        sections: names of the section.
    """
    site_names = {name for site in sites if len(name := letters(site)) >= _MIN_NAME_LETTERS or name.isdecimal()}
    section_names = {letters(section) for section in sections} - {""}

    def bare(title: str | None) -> str:
        title = _without_names(_visible(title or ""), site_names, section_names)
        return title if letters(title) else ""

    json_ld, open_graph, microdata, element = map(
        bare, (titles.json_ld, titles.open_graph, titles.microdata, titles.element)
    )
    head = [title for text in titles.head if (title := bare(text))]
    headings = [title for text in islice(titles.headings, _MAX_HEADINGS) if (title := bare(text))]
    if told := {letters(title) for title in (json_ld, open_graph, microdata, element) if title}:
        # Some sites have their own name for a heading on every page.
        rest = letters(element).removeprefix(letters(open_graph)).removesuffix(letters(open_graph))
        headings = [heading for heading in headings if letters(heading) not in (site_names | {rest}) - told]
    shorter = [json_ld, open_graph, microdata, *head, element, *headings]
    if not json_ld or not _same(open_graph, json_ld):
        open_graph = _within(open_graph, shorter)
    json_ld, microdata = _within(json_ld, [open_graph, microdata]), _within(microdata, shorter)
    named = {letters(element), letters(_within(element, shorter))}
    head = [_within(title, shorter) for title in (*head, element)]
    known = {letters(title) for title in (json_ld, open_graph, microdata, *head)}
    heading = next((title for title in headings if letters(title) in known), headings[0] if headings else "")
    if open_graph and not _same(open_graph, heading):
        if not json_ld:
            return heading or open_graph
        if not _same(open_graph, json_ld) and not (_same(json_ld, heading) and letters(json_ld) in named):
            return json_ld
    return next(filter(None, (open_graph, json_ld, microdata, heading, *head)), None)


def letters(text: str) -> str:
    """Reduce a text to its letters and digits in one case, so that texts that read the same are equal."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text))).casefold()


def _visible(text: str) -> str:
    return " ".join(text[:_MAX_TITLE].translate(_INVISIBLE).split())


def _same(text: str, other: str) -> bool:
    return letters(text) == letters(other)


def _without_names(title: str, sites: Collection[str], sections: Collection[str]) -> str:
    while True:
        separators = [found for found in _SEPARATOR.finditer(title) if found.start() and found.end() < len(title)]
        if not separators:
            return title
        head, tail = title[: separators[0].start()], title[separators[-1].end() :]
        if _is_site(tail, sites) or letters(tail) in sections:
            title = title[: separators[-1].start()].rstrip()
        elif letters(head) in sites:
            title = title[separators[0].end() :].lstrip()
        else:
            return title


def _is_site(text: str, sites: Collection[str]) -> bool:
    name, words = letters(text), text.split()
    if name in sites:
        return True
    is_name = len(words) <= _MAX_NAME_WORDS and not any(word[0].islower() for word in words)
    return is_name and any(name.removeprefix("the").startswith(site) for site in sites)


def _within(title: str, others: Iterable[str]) -> str:
    """Return what of the title another one of the page confirms, when only something set apart stands beside it."""
    separators = [*_SEPARATOR.finditer(title)]
    parts = {letters(part) for found in separators for part in (title[: found.start()], title[found.end() :])}
    return next((other for other in others if other and len(other) < len(title) and letters(other) in parts), title)

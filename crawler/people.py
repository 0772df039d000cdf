"""The people who wrote an article: their names out of bylines, properties and meta elements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.titles import letters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# "By", "Text:" and their like before a name, in the languages of news sites.
_BEFORE = re.compile(
    r"^\W*(?:(?:written |reported |words )?by|von|par|di|por|av|af|door|texte?|testo|texto|autor(?:in|en|es)?|auteurs?"
    r"|authors?)(?:\s*:|\s)\s*",
    re.IGNORECASE,
)
# What stands behind a name: initials, an address or an agency in brackets, and the word for a reporter in Korean and
# Japanese.
_BEHIND = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$|(?<=\w)\s+(?:기자|특파원|記者)$")
_LISTED = re.compile(r"\s*[,;|/、]\s*")
_JOINED = re.compile(r"\s+(?:and|und|et|y|e|og|och|en|i|&)\s+", re.IGNORECASE)
# What stands behind a name and a comma and is no further name: degrees, and what somebody does.
_DEGREE = re.compile(
    r"(?:ph\.?\s?d|m\.?d|d\.?o|d\.?d\.?s|d\.?v\.?m|v\.?m\.?d|r\.?d\.?n?|r\.?n|m\.?sc?|m\.?a|b\.?sc?|b\.?a|m\.?p\.?h|mba|j\.?d"
    r"|ll\.?[bm]|cf[ap]|cpa|cepf|cscs|cpt|fand|esq|jr|sr|i{2,3})[.®]?",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"\b(?:editor|writer|reporter|correspondent|columnist|contributor|journalist|director|manager|founder|president"
    r"|c[eft]o|expert|specialist|professor|analyst|author|team leader|redakteur(?:in)?|korrespondent(?:in)?"
    r"|rédact(?:eur|rice)|redactora?|redattore|redattrice)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset("al ben bin bint d' da de del della den der di dos du e el i la le ten ter van von y zu".split())
_MAX_NAME = 100
_MAX_NAME_WORDS = 5
_MAX_BYLINE = 200
_MAX_PEOPLE = 100


def is_person(name: str) -> bool:
    """Tell whether a text looks like somebody's name: two to five words without digits, each with a capital.

    Particles such as ``van`` have none, and neither have scripts without cases.
    """
    words = name.split()
    return (
        2 <= len(words) <= _MAX_NAME_WORDS
        and not any(map(str.isdigit, name))
        and not any(word[0].islower() and word not in _PARTICLES for word in words)
    )


def is_announced(text: str) -> bool:
    """Tell whether a text begins as a byline does, with ``By``, ``Von``, ``Text:`` or the like."""
    return bool(_BEFORE.match(f"{text.strip()} "))


def people_in(text: str) -> Iterator[str]:
    """Yield the names of a byline or a property.

    Args:
        text: such as ``By Jane Doe and Joe Roe (dpa)``; an address or a number names nobody.
    """
    text = " ".join(word for word in text.split() if "@" not in word)
    if len(text) > _MAX_BYLINE or text.startswith(("http://", "https://", "www.")):
        return
    for number, part in enumerate(_LISTED.split(_BEFORE.sub("", text))):
        if number and (_DEGREE.fullmatch(part) or _OFFICE.search(part)):
            continue
        names = _JOINED.split(part)
        # "Le Monde et AFP" is one name of one desk; people have two names at least.
        for name in names if all(" " in name.strip() for name in names) else [part]:
            while name != (shorter := _BEHIND.sub("", name)):
                name = shorter
            name = _BEFORE.sub("", name).strip(" .:-–—•·")
            if len(name) <= _MAX_NAME and sum(map(str.isalpha, name)) > 1:
                yield name


def distinct(names: Iterable[str], houses: Collection[str] = ()) -> list[str]:
    """Return the names without repetitions, in their order.

    Args:
        names: names of people and organisations.
        houses: the publisher's own names, in `letters`, which are left out.
    """
    found: dict[str, str] = {}
    for name in names:
        key = letters(name)
        if key and key not in houses:
            found.setdefault(key, name)
    return list(found.values())[:_MAX_PEOPLE]

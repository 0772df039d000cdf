"""The language of an article: what the page declares, checked against its text."""

from __future__ import annotations

import re
from functools import cache

import py3langid

# Below this an identifier guesses (characters).
_MIN_IDENTIFIABLE = 200
# More makes it no surer, and it takes time for every character.
_MAX_IDENTIFIED = 1000
_CODE = re.compile(r"\s*([a-z]{2,3})(?![a-z])", re.IGNORECASE)


def language_of(text: str, declared: str | None) -> str | None:
    """Tell the language of a text.

    Args:
        text: the article.
        declared: what the page says, such as ``en``, ``en-GB`` or ``de_AT``.

    Returns:
        A code of ISO 639, or None when nobody can tell. A template often keeps the language that it was made
        with, so the text has the last word; between near relatives (no and da, id and ms) the page has it.
    """
    found = _CODE.match(declared or "")
    code = found[1].lower() if found else None
    if len(text) < _MIN_IDENTIFIABLE:
        return code
    likely = [language for language, _ in py3langid.rank(text[:_MAX_IDENTIFIED])[:3]]
    return code if code in likely or (code and code not in _identifiable()) else likely[0]


@cache
def _identifiable() -> frozenset[str]:
    return frozenset(language for language, _ in py3langid.rank(""))

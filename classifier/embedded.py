"""The story of a page whose elements don't hold it: read from the JSON that the page's own scripts would show."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from classifier.blocks import cut
from classifier.characters import count_kinds, weigh
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_MAX_SCRIPT: Final = 4 * 2**20
_MAX_WORK: Final = 500_000
"""Values of a page's JSON that are looked at, each as often as it is."""
_CHARS: Final = 10
"""Characters that are as much work as a value."""
_PARSING: Final = 50
"""Parsing a string with markup is as much work as so many values."""
_PUSH: Final = re.compile(r"__next_f\.push\(")
_MAX_PUSH: Final = 200
_DECODER: Final = json.JSONDecoder(strict=False)
_ROW: Final = re.compile(rb"[0-9a-f]*:(?:T(?P<length>[0-9a-f]{1,7}),)?")
_MIN_STORY: Final = 400
"""A story is at least so long (characters, as `weigh` counts them)."""
_SHORTEST: Final = _MIN_STORY // 3
"""What is shorter holds no story in any script (characters)."""
_WORD: Final = re.compile(r"\w")
_SENTENCE_ENDS: Final = frozenset('.!?…。！？।۔"”»)')
_SENTENCE: Final = 31
"""Characters from a word to the end of its sentence, at least."""
_UNSPACED_PROSE: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff].{15,}", re.DOTALL)
_TEXT_KEYS: Final = ("text", "value", "html", "content", "children", "body", "paragraph", "data", "model", "blocks")
_MAX_DEPTH: Final = 12


def read_embedded_story(root: etree._Element) -> tuple[etree._Element, list[str]] | None:
    """Find the longest run of prose in the JSON of a page: JSON-LD's ``articleBody`` or a framework's state.

    Args:
        root: the root element of the page, not changed.

    Returns:
        The script that holds the story, and its paragraphs; None where no script holds one.
    """
    best: tuple[etree._Element, list[str]] | None = None
    longest = float(_MIN_STORY)
    reader = _Reader()
    for script, state in _states(root):
        for paragraphs in reader.candidates(state):
            prose = [paragraph for paragraph in paragraphs if _is_prose(paragraph)]
            size = float(weigh(count_kinds(prose)[0]).sum()) if prose else 0.0
            # Another copy of the same story must say clearly more to be taken instead of the first.
            if size > longest:
                best, longest = (script, paragraphs), size * 1.05
    return best


def _states(root: etree._Element) -> Iterator[tuple[etree._Element, Any]]:
    """Each JSON value that a script of the page is or, as Next.js streams its state, is made of."""
    stream: list[str] = []
    last = None
    for script in root.iter("script"):
        text = script.text
        if not text or len(text) > _MAX_SCRIPT:
            continue
        if "json" in (script.get("type") or ""):
            if len(text) > _SHORTEST:
                yield from ((script, state) for state in _load(text))
        elif found := _PUSH.search(text[:_MAX_PUSH]):
            with suppress(ValueError, RecursionError):
                chunk, _ = _DECODER.raw_decode(text, found.end())
                if isinstance(chunk, list):
                    stream += [piece for piece in chunk if isinstance(piece, str)]
                    last = script
    if last is not None:
        yield from ((last, state) for state in _rows("".join(stream)[:_MAX_SCRIPT].encode("utf-8", "replace")))


def _rows(stream: bytes) -> Iterator[Any]:
    """The values of a stream of rows: each is a number, a colon and JSON, or a T, the length of a text and the text."""
    at = 0
    while at < len(stream):
        found = _ROW.match(stream, at)
        start = found.end() if found else at
        if found and found["length"]:
            at = start + int(found["length"], 16)
            yield stream[start:at].decode("utf-8", "replace")
        else:
            end = stream.find(b"\n", start)
            at = len(stream) if end < 0 else end + 1
            if found and at - start > _SHORTEST:
                yield from _load(stream[start:at].decode("utf-8", "replace"))


def _load(text: str) -> Iterator[Any]:
    with suppress(ValueError, RecursionError):
        yield json.loads(text, strict=False)


class _Reader:
    """Reads what could be a story out of the JSON values of one page, with a limit to the work on all of them."""

    def __init__(self) -> None:
        self._left = _MAX_WORK
        self._parsed: dict[str, str] = {}

    def candidates(self, state: Any) -> Iterator[list[str]]:
        """The paragraphs of each list and each long string of a JSON value."""
        waiting = [state]
        while waiting and self._left > 0:
            self._left -= 1
            node = waiting.pop()
            if isinstance(node, dict):
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)
                if len(node) > 2:
                    paragraphs = [text for item in node if (text := " ".join(self._text(item).split()))]
                    # What is over the limit is not read to the end.
                    if self._left > 0:
                        yield paragraphs
            elif isinstance(node, str) and len(node) > _SHORTEST:
                yield self._paragraphs(node)

    def _paragraphs(self, text: str) -> list[str]:
        self._left -= len(text) // _CHARS
        if "<p" in text or "<br" in text or "</" in text:
            self._left -= _PARSING
            root = parse_html(text)
            return [] if root is None else cut(root).texts
        return [" ".join(line.split()) for line in html.unescape(text).splitlines() if line.strip()]

    def _text(self, node: Any, depth: int = 0) -> str:
        """The text of one item of a list of paragraphs, however a framework nests it."""
        self._left -= 1
        if self._left <= 0:
            return ""
        if isinstance(node, str):
            self._left -= len(node) // _CHARS
            if "<" not in node:
                return node
            if node not in self._parsed:
                self._parsed[node] = " ".join(self._paragraphs(node))
            return self._parsed[node]
        if depth < _MAX_DEPTH:
            if isinstance(node, dict):
                return next((text for key in _TEXT_KEYS if (text := self._text(node.get(key), depth + 1))), "")
            if isinstance(node, list):
                return "".join(self._text(item, depth + 1) for item in node[:1000])
        return ""


def _is_prose(text: str) -> bool:
    end = text[-400:].rstrip()
    is_sentence = " " in text and end[-1:] in _SENTENCE_ENDS and _WORD.search(end[:-_SENTENCE])
    return bool(is_sentence or _UNSPACED_PROSE.search(text[:400]))

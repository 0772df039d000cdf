"""The story of a page whose elements don't hold it: read from the JSON that the page's own scripts would show."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from classifier.blocks import cut
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_MAX_SCRIPT: Final = 4 * 2**20
_MAX_NODES: Final = 100_000
_PUSH: Final = re.compile(r"__next_f\.push\(")
_MAX_PUSH: Final = 200
_DECODER: Final = json.JSONDecoder(strict=False)
_MIN_STORY: Final = 400
"""A story is at least so long (characters)."""
_PROSE: Final = re.compile(r"\w.{30,}[.!?…。！？।۔\"”»)]\s*$", re.DOTALL)
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
    longest = _MIN_STORY
    for script, state in _states(root):
        for paragraphs in _candidates(state):
            size = sum(len(paragraph) for paragraph in paragraphs if _is_prose(paragraph))
            # Another copy of the same story must say clearly more to be taken instead of the first.
            if size > longest:
                best, longest = (script, paragraphs), int(size * 1.05)
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
            if len(text) > _MIN_STORY:
                yield from ((script, state) for state in _load(text))
        elif found := _PUSH.search(text[:_MAX_PUSH]):
            with suppress(ValueError, RecursionError):
                chunk, _ = _DECODER.raw_decode(text, found.end())
                if isinstance(chunk, list):
                    stream += [piece for piece in chunk if isinstance(piece, str)]
                    last = script
    if last is not None:
        for row in "".join(stream)[:_MAX_SCRIPT].splitlines():
            _, _, value = row.partition(":")
            # A row is JSON, or a T, the length of a text, a comma and the text.
            yield from ((last, state) for state in ([value.partition(",")[2]] if value[:1] == "T" else _load(value)))


def _load(text: str) -> Iterator[Any]:
    with suppress(ValueError, RecursionError):
        yield json.loads(text, strict=False)


def _candidates(state: Any) -> Iterator[list[str]]:
    waiting = [state]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
            if len(node) > 2:
                yield [text for item in node if (text := " ".join(_text(item).split()))]
        elif isinstance(node, str) and len(node) > _MIN_STORY:
            yield _paragraphs(node)


def _paragraphs(text: str) -> list[str]:
    if "<p" in text or "<br" in text or "</" in text:
        root = parse_html(text)
        return [] if root is None else cut(root).texts
    return [" ".join(line.split()) for line in html.unescape(text).splitlines() if line.strip()]


def _text(node: Any, depth: int = 0) -> str:
    """The text of one item of a list of paragraphs, however a framework nests it."""
    if isinstance(node, str):
        return " ".join(_paragraphs(node)) if "<" in node else node
    if depth < _MAX_DEPTH:
        if isinstance(node, dict):
            return next((text for key in _TEXT_KEYS if (text := _text(node.get(key), depth + 1))), "")
        if isinstance(node, list):
            return "".join(_text(item, depth + 1) for item in node[:1000])
    return ""


def _is_prose(text: str) -> bool:
    return bool((" " in text and _PROSE.search(text[-400:])) or _UNSPACED_PROSE.search(text[:400]))

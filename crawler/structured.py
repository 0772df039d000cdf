"""The machine-readable part of a page: meta elements, and the article's own node in JSON-LD and microdata."""

from __future__ import annotations

import html
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from extruct.jsonld import JsonLdExtractor
from extruct.w3cmicrodata import MicrodataExtractor
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lxml.etree import _Element

Node = dict[str, Any]

_ARTICLE_TYPES = {"BlogPosting", "LiveBlogPosting", "Report", "Review", "CriticReview"}
# The way from the outermost node to the page's own article; other properties lead to teasers and related
# pages.
_WAY = ("@graph", "mainEntity", "mainEntityOfPage")
_MAX_DEPTH = 6
_MAX_NODES = 500
_MAX_ITEMS = 20
_ITEMS = etree.XPath("//*[@itemscope and @itemtype]")


def is_article_type(name: str) -> bool:
    """Tell whether a schema.org type is one of an article, such as ``NewsArticle``."""
    return name.endswith("Article") or name in _ARTICLE_TYPES


def types_of(node: Mapping[str, Any]) -> list[str]:
    """Return the schema.org types of a node, without the address of the vocabulary."""
    value = node.get("@type") or node.get("type")
    names = value if isinstance(value, list) else [value]
    return [name.rstrip("/").rsplit("/", 1)[-1] for name in names if isinstance(name, str)]


def texts_of(value: Any, *keys: str) -> Iterator[str]:
    """Yield the texts that a property holds: itself, those of a list, or those under ``keys`` of a node."""
    if isinstance(value, str):
        if text := " ".join(html.unescape(value).split()):
            yield text
    elif isinstance(value, list):
        for item in value[:_MAX_NODES]:
            yield from texts_of(item, *keys)
    elif isinstance(value, dict):
        for key in keys:
            if isinstance(value.get(key), str | list):
                yield from texts_of(value[key])
                return


def read_metas(root: _Element) -> dict[str, list[str]]:
    """Read the meta elements: their contents by property or name, in lower case, in document order."""
    metas: defaultdict[str, list[str]] = defaultdict(list)
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("http-equiv")
        content = " ".join((element.get("content") or "").split())
        if name and content:
            metas[name.strip().lower()].append(html.unescape(content))
    return dict(metas)


def read_json_ld(root: _Element) -> list[Node]:
    """Read the nodes of all JSON-LD scripts on the way to the page's article; a broken script is left out."""
    extractor = JsonLdExtractor()
    nodes: list[Node] = []
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        try:
            items = extractor.extract_items(script)
        except (ValueError, RecursionError):
            continue
        nodes.extend(_flatten(items, _MAX_DEPTH))
    return nodes[:_MAX_NODES]


def read_microdata(root: _Element, url: str) -> list[Node]:
    """Read the articles among the page's microdata items as nodes of the same form as JSON-LD's."""
    elements = [element for element in _ITEMS(root) if any(map(is_article_type, _item_types(element)))]
    extractor, seen = _Microdata(), set[int]()
    try:
        itemids = extractor._build_itemids(root) if elements else {}
        items = [extractor._extract_item(element, seen, url, itemids) for element in elements[:_MAX_ITEMS]]
    except (ValueError, RecursionError):
        return []
    return [_as_node(item) for item in items if item]


def article_of(nodes: Iterable[Node], url: str) -> Node:
    """Choose the node of the page's own article; an empty one where there is none.

    Args:
        nodes: candidates.
        url: the page's address; a node that names it is preferred, and then one that says more.
    """
    candidates = [node for node in nodes if any(map(is_article_type, types_of(node)))]

    def worth(node: Node) -> tuple[bool, int]:
        own = any(
            text.split("#")[0].rstrip("/") == url.rstrip("/")
            for key in ("url", "@id", "mainEntityOfPage")
            for text in texts_of(node.get(key), "@id", "url")
        )
        return own, sum(bool(node.get(key)) for key in ("headline", "datePublished", "author", "articleBody"))

    return max(candidates, key=worth, default={})


def resolve(value: Any, nodes: Iterable[Node]) -> Any:
    """Replace references such as ``{"@id": "#author"}`` by the nodes that they mean."""
    if isinstance(value, list):
        return [resolve(item, nodes) for item in value[:_MAX_NODES]]
    if isinstance(value, dict) and "name" not in value and "@id" in value:
        return next((node for node in nodes if node.get("@id") == value["@id"] and "name" in node), value)
    return value


def _flatten(value: Any, depth: int) -> Iterator[Node]:
    if isinstance(value, list):
        for item in value[:_MAX_NODES]:
            yield from _flatten(item, depth - 1)
    elif isinstance(value, dict) and depth > 0:
        yield value
        for key in _WAY:
            if isinstance(value.get(key), dict | list):
                yield from _flatten(value[key], depth - 1)


def _item_types(element: _Element) -> list[str]:
    return [name.rstrip("/").rsplit("/", 1)[-1] for name in element.get("itemtype", "").split()]


def _as_node(item: Node) -> Node:
    properties = item.get("properties", {})
    return {
        "@type": item.get("type"),
        **{
            name: [_as_node(v) if isinstance(v, dict) else v for v in value]
            if isinstance(value, list)
            else _as_node(value)
            if isinstance(value, dict)
            else value
            for name, value in properties.items()
        },
    }


class _Microdata(MicrodataExtractor):  # type: ignore[misc]
    """Takes the text of an element as it stands; the original copies and cleans each one, at a cost."""

    def _extract_textContent(self, node: _Element) -> str:
        return " ".join("".join(node.itertext()).split())

"""Blocks to numbers: what each block says, how it is marked up, and where on the page it stands."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from classifier.characters import Kind, count_kinds
from classifier.surroundings import LEVELS, Surroundings

if TYPE_CHECKING:
    from lxml import etree

    from classifier.blocks import Cut
    from classifier.hints import Hints

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_TAGS: Final = {
    tag: index
    for index, tag in enumerate(
        "p h1 h2 h3 h4 h5 h6 li div td th dt dd blockquote figcaption section article header footer pre".split()
    )
}
_COUNTED: Final = [
    Kind.COMMA,
    Kind.STOP,
    Kind.QUOTE,
    Kind.MONEY,
    Kind.COLON,
    Kind.MARK,
    Kind.PAREN,
    Kind.AT,
    Kind.LEGAL,
    Kind.ELLIPSIS,
]
_FIRST: Final = np.array([Kind.UPPER, Kind.LOWER, Kind.DIGIT, Kind.QUOTE])
_LAST: Final = np.array([Kind.STOP, Kind.COLON, Kind.QUOTE, Kind.ELLIPSIS, Kind.DIGIT])
_NAME: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TELLING: Final = frozenset(
    ("role", "itemprop", "itemtype", "data-testid", "data-component", "data-type", "aria-label")
)
"""Attributes whose words say what an element is for."""
_MARKUP_LEVELS: Final = 9
_MAX_NAMES = 24
_HEAD, _TAIL = 140, 70
"""Characters of a block's beginning and end whose words are looked at."""
_PAIRED: Final = 9
"""Words of a block's beginning that are looked at in pairs; a text of fewer words also counts as a whole."""
_SIGNS: Final = (("’", "'"), ("“", " "), ("”", " "), ("„", " "), ("–", " "), ("—", " "), ("…", " "), ("\u00a0", " "))
_WORD_BYTES: Final = bytes(
    byte if byte >= 128 or chr(byte).isalnum() or chr(byte) in "\n'$%@&+#" else 32 for byte in range(256)
)
"""What separates words, as a space."""


@dataclass(frozen=True, slots=True)
class PageFeatures:
    """What the model sees of a page of n blocks.

    Attributes:
        dense: the numeric features, of shape (n, number of features).
        words: for each block, its words (character pairs in scripts without spaces).
        markups: the distinct markups of the page, each as its tag and the words of its class and id.
        levels: which of ``markups`` the block's container and the containers around it have, of shape (n, 9).
        inline: which of ``markups`` the first inline element of the block has; -1 for none.
        links: for each block, the names of what its first link tells.
        surroundings: what stands around each block.
    """

    dense: Floats
    words: list[list[bytes]]
    markups: list[list[str]]
    levels: Ints
    inline: Ints
    links: list[list[str]]
    surroundings: Surroundings

    def __len__(self) -> int:
        return len(self.dense)

    @classmethod
    def empty(cls) -> PageFeatures:
        """The features of a page without text."""
        none = np.zeros((0, LEVELS), np.int64)
        around = Surroundings(none, none, none[:, 0], np.zeros(0, np.float32))
        return cls(np.zeros((0, 0), np.float32), [], [], none, none[:, 0], [], around)


def featurize(page: Cut, hints: Hints) -> PageFeatures:
    """Compute the features of a page.

    Args:
        page: the blocks, at least one.
        hints: what the page's head says of its story.

    Returns:
        The features of every block.
    """
    texts = page.texts
    n = len(texts)
    counts, first, last = count_kinds(texts)
    length = counts.sum(1)
    # A character of an unspaced script says as much as some three letters of a spaced one.
    size = length + 2 * counts[:, Kind.UNSPACED]
    link = np.minimum(1, np.array(page.link_chars, np.float32) / length)
    owners = np.array(page.owners)
    parents = np.array(page.parents)

    markups, kinds, inline = _markups(page)
    links, link_numbers = _links(page, hints.host)
    ancestors = np.empty((_MARKUP_LEVELS, n), np.int64)
    ancestors[0] = owners
    for level in range(1, _MARKUP_LEVELS):
        ancestors[level] = parents[ancestors[level - 1]]
    levels = kinds[ancestors].T
    around = Surroundings.of(page, ancestors[:LEVELS].T, levels, size)

    tags = np.array([_TAGS.get(element.tag, len(_TAGS)) for element in page.elements])[owners]
    text = _text_features(counts, first, last, length, size, link)
    tag_columns = (tags[:, None] == np.arange(len(_TAGS))).astype(np.float32)
    story = (size > 80) & (link < 0.3)
    punctuation = counts[:, Kind.STOP] + counts[:, Kind.COMMA]
    container = _container_features(around, size, link, story, punctuation)
    group = _group_features(around, size, link)
    place = _place_features(page, around, owners, size, link)
    agreement = _agreement_features(page, hints, owners, size)
    near = _neighbour_features(around, owners, parents, tags, text[:, 0], link, last == Kind.STOP)
    dense = np.concatenate((text, tag_columns, link_numbers, container, group, place, agreement, near), axis=1)
    return PageFeatures(dense, _words(texts, counts, length), markups, levels, inline, links, around)


def _markups(page: Cut) -> tuple[list[list[str]], Ints, Ints]:
    """The distinct markups of a page, which of them each container has, and which each block's first inline element."""
    index: dict[tuple[str, str, str], int] = {}
    found: list[list[str]] = []

    def number(element: etree._Element) -> int:
        key = (element.tag, element.get("class", ""), element.get("id", ""))
        known = index.get(key)
        if known is None:
            known = index[key] = len(index)
            found.append(_names(element, *key))
        return known

    kinds = np.array([number(element) for element in page.elements])
    inline = np.full(len(page), -1)
    for block, (owner, pieces) in enumerate(zip(page.owners, page.sources, strict=True)):
        element, is_tail = pieces[0]
        if not is_tail and element is not page.elements[owner]:
            inline[block] = number(element)
    return found, kinds, inline


def _names(element: etree._Element, tag: str, classes: str, identifier: str) -> list[str]:
    words = _NAME.findall(f"{classes} {identifier}")[:_MAX_NAMES]
    names = [f"<{tag}", *(name.lower() for name in words if 1 < len(name) < 20)]
    for attribute, value in element.items():
        if attribute in _TELLING:
            names.extend(f"{attribute}:{word.lower()}" for word in _NAME.findall(value)[:4])
        elif attribute in ("hidden", "aria-hidden") or (attribute == "style" and "none" in value):
            names.append("hidden")
    return list(dict.fromkeys(names))


def _links(page: Cut, host: str) -> tuple[list[list[str]], Floats]:
    """What each block's first link tells of where it leads: as names, and as numbers."""
    found: list[list[str]] = [[] for _ in page.links]
    numbers = np.zeros((len(page), 4), np.float32)
    for block, link in enumerate(page.links):
        if link is None:
            continue
        names = found[block]
        rel = link.get("rel")
        if rel and "sponsored" in rel:
            names.append("rel:sponsored")
        if rel and "nofollow" in rel:
            names.append("rel:nofollow")
        if link.get("target") == "_blank":
            names.append("target:blank")
        href = (link.get("href") or "")[:300].strip().lower()
        scheme, colon, rest = href.partition(":")
        if colon and scheme in ("http", "https"):
            address, path = rest[2:].partition("/")[::2]
        elif href.startswith("//"):
            address, path = href[2:].partition("/")[::2]
        elif not href or href[0] == "#" or (colon and scheme.isalpha()):
            names.append(f"href:{scheme if colon else '#'}")
            continue
        else:
            address, path = host, href
        path, _, query = path.partition("?")
        steps = [step for step in path.split("/") if step]
        away = bool(host) and not (address.endswith(host) or host.endswith(address))
        if away:
            names.append("href:away")
            names.extend(f"to:{label}" for label in address.split(".")[-3:-1])
        if query:
            names.append("href:query")
        for step in steps[:3]:
            if len(step) < 16:
                names.append(f"/{step}")
        slug = max((step.count("-") + step.count("_") for step in steps), default=0)
        numbers[block] = 1, away, min(slug, 12), min(len(steps), 8)
    return found, numbers


def _words(texts: list[str], counts: Floats, length: Floats) -> list[list[bytes]]:
    """The words of each block's beginning and end, the pairs of words that it begins with, and a short text whole."""
    cuts = [text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}" for text in texts]
    page = "\n".join(cuts).lower()
    for sign, plain in _SIGNS:
        page = page.replace(sign, plain)
    words = [line.split() for line in page.encode("utf-8", "replace").translate(_WORD_BYTES).split(b"\n")]
    for block in np.flatnonzero(counts[:, Kind.UNSPACED] > 0.3 * length).tolist():
        text = texts[block]
        if len(text) > 90:
            text = text[:60] + text[-30:]
        words[block] = [text[i : i + 2].encode("utf-8", "replace") for i in range(len(text) - 1)]
    found = []
    for line in words:
        start = line[:_PAIRED]
        pairs = list(map(b" ".join, pairwise(start)))
        if len(line) < _PAIRED:
            pairs.append(b"=" + b" ".join(line))
        found.append(list({*line, *pairs}))
    return found


def _text_features(
    counts: Floats, first: NDArray[np.uint8], last: NDArray[np.uint8], length: Floats, size: Floats, link: Floats
) -> Floats:
    letters = counts[:, Kind.LOWER] + counts[:, Kind.UPPER] + counts[:, Kind.UNSPACED] + 1e-6
    words = counts[:, Kind.SPACE] + 1 + counts[:, Kind.UNSPACED] / 1.7
    scalars = np.stack(
        (
            np.log1p(size),
            np.log1p(words),
            link,
            counts[:, Kind.DIGIT] / length,
            counts[:, Kind.UPPER] / letters,
            counts[:, Kind.UNSPACED] / letters,
            np.minimum(letters / words, 30),
            counts[:, Kind.STOP] / words,
        ),
        axis=1,
    )
    return np.concatenate(
        (scalars, np.log1p(counts[:, _COUNTED]), first[:, None] == _FIRST, last[:, None] == _LAST), axis=1
    ).astype(np.float32)


def _container_features(around: Surroundings, size: Floats, link: Floats, story: Floats, punctuation: Floats) -> Floats:
    """For the container and those around it: its size, links, paragraphs, share of the page, and the block's place."""
    sums = around.container_sums(np.stack((size, size * link, story, punctuation), axis=1))
    blocks = np.maximum(1, around.ends - around.starts)
    chars = np.maximum(1, sums[..., 0])
    place = (np.arange(len(size))[:, None] - around.starts) / blocks
    columns = np.stack(
        (
            np.log1p(chars),
            np.log1p(blocks),
            sums[..., 1] / chars,
            sums[..., 2] / blocks,
            chars / size.sum(),
            np.log1p(chars / blocks),
            place,
            20 * sums[..., 3] / np.maximum(20, chars),
        ),
        axis=2,
    )
    return columns.reshape(len(size), -1).astype(np.float32)


def _group_features(around: Surroundings, size: Floats, link: Floats) -> Floats:
    """For the blocks of the same markup: how many there are, how long, how full of links."""
    number = np.bincount(around.groups)
    chars = np.bincount(around.groups, size)
    links = np.bincount(around.groups, size * link)
    columns = np.stack((np.log1p(number), chars / chars.sum(), np.log1p(chars / number), links / chars), axis=1)
    return columns[around.groups].astype(np.float32)


def _place_features(page: Cut, around: Surroundings, owners: Ints, size: Floats, link: Floats) -> Floats:
    n = len(size)
    order = np.arange(n)
    depth = np.array(page.depths)[owners]
    behind = np.concatenate(([0], np.cumsum(size)))
    total = behind[-1]
    long = (size > 120) & (link < 0.3)
    last_long = np.maximum.accumulate(np.where(long, order, -1))
    next_long = np.minimum.accumulate(np.where(long, order, n + 50)[::-1])[::-1]
    windows = around.windows(np.stack((size, size * link, (size > 80) & (link < 0.3)), axis=1), (2, 5, 12))
    chars = np.maximum(1e-6, windows[..., 0])
    scalars = np.stack(
        (
            depth,
            depth - (depth * size).sum() / total,
            order / n,
            np.log1p(order),
            behind[:-1] / total,
            np.log1p(total - behind[1:]),
            np.full(n, np.log1p(n)),
            np.full(n, np.log1p(total)),
            np.log1p(order - np.concatenate(([-1], last_long[:-1]))),
            np.log1p(np.concatenate((next_long[1:], [n + 50])) - order),
        ),
        axis=1,
    )
    near = np.stack((np.log1p(chars), windows[..., 1] / chars, windows[..., 2]), axis=2).reshape(n, -1)
    return np.concatenate((scalars, near), axis=1).astype(np.float32)


def _agreement_features(page: Cut, hints: Hints, owners: Ints, size: Floats) -> Floats:
    """How a block agrees with what the page says of its story, and how far it stands behind the headline."""
    n = len(size)
    titles = [title.lower() for title in hints.titles]
    title_words = {word for title in titles for word in title.split()}
    description = " ".join(hints.descriptions).lower()
    body = " ".join(hints.body.lower().split())
    times = Counter(page.texts)
    is_title, overlap, in_body, in_description = np.zeros((4, n), np.float32)
    headings = []
    for block, text in enumerate(page.texts):
        if page.elements[page.owners[block]].tag == "h1":
            headings.append(block)
        if len(text) < 8:
            continue
        start = text[:150].lower()
        if any(title.startswith(start) for title in titles):
            is_title[block] = 1
        elif len(text) < 250:
            words = start.split()
            overlap[block] = sum(word in title_words for word in words) / len(words)
        if body and start[:60] in body:
            in_body[block] = 1
        if len(text) > 20 and start[:60] in description:
            in_description[block] = 1
    named = [block for block in headings if is_title[block]]
    headline = (named or headings or list(np.flatnonzero(is_title)) or [-1])[0]
    distance = np.arange(n) - headline
    behind = np.concatenate(([0], np.cumsum(size)))[:-1]
    chars = behind - behind[headline]
    return np.stack(
        (
            is_title,
            overlap,
            in_body,
            in_description,
            np.full(n, bool(body)),
            np.full(n, min(2.0, float((in_body * size).sum()) / max(1, len(body)))),
            np.log([times[text] for text in page.texts]),
            np.sign(distance) * np.log1p(np.abs(distance)),
            np.sign(chars) * np.log1p(np.abs(chars)),
            np.full(n, headline >= 0),
        ),
        axis=1,
    ).astype(np.float32)


def _neighbour_features(
    around: Surroundings,
    owners: Ints,
    parents: Ints,
    tags: Ints,
    length: Floats,
    link: Floats,
    ends_sentence: NDArray[np.bool_],
) -> Floats:
    """The two blocks before and the two behind: their length and links, and what they share with this one."""
    parent = parents[owners]
    columns: list[NDArray[np.float32] | NDArray[np.bool_]] = []
    for step in (-2, -1, 1, 2):
        other, exists = around.neighbours(step)
        columns += [
            length[other] * exists,
            link[other] * exists,
            ends_sentence[other] & exists,
            (owners[other] == owners) & exists,
            (parent[other] == parent) & exists,
            (around.groups[other] == around.groups) & exists,
            (tags[other] == tags) & exists,
        ]
    return np.stack(columns, axis=1).astype(np.float32)

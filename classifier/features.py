"""Blocks to numbers: what each block says, how it is marked up, and where on the page it stands."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from classifier.characters import Kind, count_kinds
from classifier.surroundings import LEVELS, Surroundings

if TYPE_CHECKING:
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
_STEPS: Final = (-2, -1, 1, 2)
"""The neighbours that are looked at one by one."""

# Columns of the numeric features, in the order in which `featurize` puts them together.
_LINK_COLUMN: Final = 2
_TEXT_WIDTH: Final = 8 + len(_COUNTED) + len(_FIRST) + len(_LAST)
_TAG_COLUMNS: Final = slice(_TEXT_WIDTH, _TEXT_WIDTH + len(_TAGS))
_GROUP_START: Final = _TAG_COLUMNS.stop + 4 + 8 * LEVELS
_GROUP_COLUMNS: Final = slice(_GROUP_START, _GROUP_START + 4)
_NEAR_COLUMNS: Final = slice(-7 * len(_STEPS), None)
_HEADINGS_COLUMN: Final = _NEAR_COLUMNS.start - 1

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAX_MARKUP: Final = 300
_MAX_ADDRESS: Final = 150
_MANY: Final = 10
_MARKUP_LEVELS: Final = 9
_OPENING: Final = 8
"""Characters by which a headline may be known; shorter texts are not compared."""
_HEAD, _TAIL = 110, 50
"""Characters of a block's beginning and end whose words are looked at."""
_PAIRED: Final = 8
"""Words of a block's beginning that are looked at in pairs; a text of fewer words also counts as a whole."""
_SIGNS: Final = (("’", "'"), ("“", " "), ("”", " "), ("„", " "), ("–", " "), ("—", " "), ("…", " "), ("\u00a0", " "))


def _spaces(kept: str, digits: bool = True) -> bytes:
    """A table for `bytes.translate` that turns what separates words into spaces."""
    letters = (byte >= 128 or chr(byte).isalpha() or (digits and chr(byte).isdigit()) for byte in range(256))
    return bytes(byte if letter or chr(byte) in kept else 32 for byte, letter in enumerate(letters))


_WORD_BYTES: Final = _spaces("\n'$%@&+#")
_NAME_BYTES: Final = _spaces("\n<", digits=False)
_LINK_BYTES: Final = _spaces("\n/#-")


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
        agreement: how each block agrees with what the page says of its story, of shape (n, 11); also in ``dense``.
        surroundings: what stands around each block.
    """

    dense: Floats
    words: list[list[bytes]]
    markups: list[list[bytes]]
    levels: Ints
    inline: Ints
    links: list[list[bytes]]
    agreement: Floats
    surroundings: Surroundings

    def __len__(self) -> int:
        return len(self.dense)

    def without_names(self) -> PageFeatures:
        """The same page with class names, ids and other attributes that say nothing, as generated style sheets have."""
        return replace(self, markups=[[name for name in names if name.startswith(b"<")] for names in self.markups])

    def without_markup(self) -> PageFeatures:
        """The same page with every block-level element a bare division."""
        around = replace(self.surroundings, groups=np.zeros_like(self.surroundings.groups))
        dense = self.dense.copy()
        dense[:, _TAG_COLUMNS] = 0
        dense[:, _TAG_COLUMNS.start + _TAGS["div"]] = 1
        dense[:, _GROUP_COLUMNS] = _group_features(around, around.size, dense[:, _LINK_COLUMN])
        dense[:, _HEADINGS_COLUMN] = 0
        near = dense[:, _NEAR_COLUMNS].reshape(len(dense), len(_STEPS), -1)
        for at, step in enumerate(_STEPS):
            near[:, at, -2:] = around.neighbours(step)[1][:, None]
        dense[:, _NEAR_COLUMNS] = near.reshape(len(dense), -1)
        plain = self.without_names()
        return replace(
            plain,
            dense=dense,
            markups=[[b"<div"], *plain.markups],
            levels=np.zeros_like(self.levels),
            inline=np.where(self.inline < 0, self.inline, self.inline + 1),
            surroundings=around,
        )

    @classmethod
    def empty(cls) -> PageFeatures:
        """The features of a page without text."""
        none = np.zeros((0, LEVELS), np.int64)
        around = Surroundings(none, none, none[:, 0], np.zeros(0, np.float32))
        return cls(np.zeros((0, 0), np.float32), [], [], none, none[:, 0], [], np.zeros((0, 11), np.float32), around)


def featurize(page: Cut, hints: Hints) -> PageFeatures:
    """Compute the features of a page.

    Args:
        page: the blocks.
        hints: what the page's head says of its story.

    Returns:
        The features of every block.
    """
    texts = page.texts
    if not texts:
        return PageFeatures.empty()
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
    ends = [text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}" for text in texts]
    lowered = "\n".join(ends).lower().split("\n")
    words = _words(lowered, texts, counts[:, Kind.UNSPACED] > 0.3 * length)
    agreement = _agreement_features(page, hints, lowered, words, size)
    near = _neighbour_features(around, owners, parents, tags, text[:, 0], link, last == Kind.STOP)
    dense = np.concatenate((text, tag_columns, link_numbers, container, group, place, agreement, near), axis=1)
    return PageFeatures(dense, words, markups, levels, inline, links, agreement, around)


def _markups(page: Cut) -> tuple[list[list[bytes]], Ints, Ints]:
    """The distinct markups of a page, which of them each container has, and which each block's first inline element."""
    elements, starts, ends = page.elements, page.starts, page.ends
    filled = [at for at in range(len(elements)) if ends[at] > starts[at]]
    pieces, tails = page.pieces, page.tails
    inner = [
        (block, pieces[first])
        for block, (owner, first) in enumerate(zip(page.owners, page.firsts, strict=True))
        if not tails[first] and pieces[first] is not elements[owner]
    ]
    index: dict[tuple[str, str | None, str | None], int] = {}
    numbers: list[int] = []
    lines: list[str] = []
    for element in chain((elements[at] for at in filled), (element for _, element in inner)):
        get = element.get
        key = (element.tag, get("class"), get("id"))
        number = index.get(key)
        if number is None:
            number = index[key] = len(lines)
            # All attributes: class and id first of all, but also role, itemprop, data-testid, style and their like.
            lines.append(f"<{key[0]} {' '.join(element.values())[:_MAX_MARKUP]}".replace("\n", " "))
        numbers.append(number)
    kinds = np.zeros(len(elements), np.int64)
    kinds[filled] = numbers[: len(filled)]
    inline = np.full(len(page), -1)
    inline[[block for block, _ in inner]] = numbers[len(filled) :]
    return _split(_CAMEL.sub(" ", "\n".join(lines)), _NAME_BYTES), kinds, inline


def _split(lines: str, separators: bytes) -> list[list[bytes]]:
    """The distinct words of each line."""
    plain = lines.lower().encode("utf-8", "replace").translate(separators)
    return [list(set(line.split())) for line in plain.split(b"\n")]


def _links(page: Cut, host: str) -> tuple[list[list[bytes]], Floats]:
    """What each block's first link tells of where it leads: the steps of its address, and numbers."""
    addresses = ["" if link is None else link.get("href", "#")[:_MAX_ADDRESS] for link in page.links]
    numbers = np.array(
        [
            (len(address) > 0, "//" in address and host not in address, address.count("-"), address.count("/"))
            for address in addresses
        ],
        np.float32,
    )
    kinds = [f"{link.get('rel', '')} {link.get('target', '')}" if link is not None else "" for link in page.links]
    lines = "\n".join(
        [f"{address} {kind}".replace("\n", "") for address, kind in zip(addresses, kinds, strict=True)]
    ).replace("/", " /")
    return _split(lines, _LINK_BYTES), np.minimum(numbers, _MANY)


def _words(starts: list[str], texts: list[str], unspaced: NDArray[np.bool_]) -> list[list[bytes]]:
    """The words of each block's beginning and end, the pairs of words that it begins with, and a short text whole."""
    page = "\n".join(starts)
    for sign, plain in _SIGNS:
        page = page.replace(sign, plain)
    words = [line.split() for line in page.encode("utf-8", "replace").translate(_WORD_BYTES).split(b"\n")]
    for block in np.flatnonzero(unspaced).tolist():
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


def _agreement_features(page: Cut, hints: Hints, lowered: list[str], words: list[list[bytes]], size: Floats) -> Floats:
    """How a block agrees with what the page says of its story, and how far it stands behind the headline."""
    n = len(size)
    titles = [title.lower() for title in hints.titles]
    openings = {title[:_OPENING] for title in titles}
    title_words = set(" ".join(titles).encode("utf-8", "replace").translate(_WORD_BYTES).split())
    description = " ".join(hints.descriptions).lower()
    body = " ".join(hints.body.lower().split())
    times = Counter(page.texts)
    is_title, overlap, in_body, in_description = np.zeros((4, n), np.float32)
    for block, text in enumerate(lowered):
        length = len(text)
        if length < _OPENING:
            continue
        start = text[:_HEAD]
        if length < _HEAD + _TAIL:
            if start[:_OPENING] in openings and any(title.startswith(start) for title in titles):
                is_title[block] = 1
            else:
                overlap[block] = len(title_words.intersection(words[block])) / len(words[block])
        if body and start[:60] in body:
            in_body[block] = 1
        if length > 20 and start[:60] in description:
            in_description[block] = 1
    headings = [block for block, owner in enumerate(page.owners) if page.elements[owner].tag == "h1"]
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
            np.log1p(np.cumsum(np.bincount(np.array(headings, np.int64), minlength=n))),
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
    for step in _STEPS:
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

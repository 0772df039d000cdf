"""Blocks to numbers: what each block says, how it is marked up, and where on the page it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from classifier.agreement import agreement_of, place_of_headline
from classifier.blocks import MARKS
from classifier.characters import Kind, count_kinds, weigh
from classifier.columns import as_columns
from classifier.hashing import Tokens
from classifier.surroundings import LEVELS, Surroundings
from classifier.tokens import buttons_of, links_of, lower_ends, markups_of, tag_token, words_of

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
_AGREEMENT_COLUMNS: Final = slice(_NEAR_COLUMNS.start - 11, _NEAR_COLUMNS.start)

_MARKUP_LEVELS: Final = 9
_MARK_LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class PageFeatures:
    """What the model sees of a page of n blocks.

    Attributes:
        dense: the numeric features, of shape (n, number of features).
        words: for each block, its words (character pairs in scripts without spaces).
        markups: the distinct markups of the page, each as its tag and the words of its attributes.
        levels: which of ``markups`` the block's container and the containers around it have, of shape (n, 9).
        inline: which of ``markups`` the first inline element of the block has; -1 for none.
        links: for each block, what its first link and the nearest button tell.
        agreement: how each block agrees with what the page says of its story, of shape (n, 11); also in ``dense``.
        surroundings: what stands around each block.
    """

    dense: Floats
    words: Tokens
    markups: Tokens
    levels: Ints
    inline: Ints
    links: Tokens
    agreement: Floats
    surroundings: Surroundings

    def __len__(self) -> int:
        return len(self.dense)

    def without_names(self) -> PageFeatures:
        """The same page with class names, ids and other attributes that say nothing, as generated style sheets have."""
        return replace(self, markups=self.markups.where(self.markups.positions() == 0))

    def without_markup(self) -> PageFeatures:
        """The same page with every block-level element a bare division."""
        around = replace(self.surroundings, groups=np.zeros_like(self.surroundings.groups))
        dense = self.dense.copy()
        dense[:, _TAG_COLUMNS] = 0
        dense[:, _TAG_COLUMNS.start + _TAGS["div"]] = 1
        dense[:, _GROUP_COLUMNS] = _group_features(around, around.size, dense[:, _LINK_COLUMN])
        agreement = self.agreement.copy()
        agreement[:, -4:] = place_of_headline(agreement[:, 0] > 0, np.zeros(len(dense), bool), around.size)
        dense[:, _AGREEMENT_COLUMNS] = agreement
        near = dense[:, _NEAR_COLUMNS].reshape(len(dense), len(_STEPS), -1)
        near[..., -2:] = around.neighbours(_STEPS)[1].T[..., None]
        dense[:, _NEAR_COLUMNS] = near.reshape(len(dense), -1)
        plain = self.without_names()
        return replace(
            plain,
            dense=dense,
            markups=plain.markups.after(tag_token("div")),
            levels=np.zeros_like(self.levels),
            inline=np.where(self.inline < 0, self.inline, self.inline + 1),
            agreement=agreement,
            surroundings=around,
        )

    @classmethod
    def empty(cls) -> PageFeatures:
        """The features of a page without text."""
        none = np.zeros((0, LEVELS), np.int64)
        no_size = np.zeros(0, np.float32)
        around = Surroundings(none, none, none[:, 0], no_size, (none, none), (no_size, no_size))
        tokens = Tokens(np.zeros(0, np.uint64), none[:, 0], 0)
        dense = np.zeros((0, 0), np.float32)
        return cls(dense, tokens, tokens, none, none[:, 0], tokens, np.zeros((0, 11), np.float32), around)


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
    size = weigh(counts)
    link = np.minimum(1, np.array(page.link_chars, np.float32) / length)
    owners = np.array(page.owners, np.int64)
    parents = np.array(page.parents, np.int64)

    markups, names, kinds, inline = markups_of(page)
    links, link_numbers = links_of(page, hints.host)
    ancestors = np.empty((_MARKUP_LEVELS, n), np.int64)
    ancestors[0] = owners
    for level in range(1, _MARKUP_LEVELS):
        ancestors[level] = parents[ancestors[level - 1]]
    levels = kinds[ancestors].T
    around = Surroundings.of(page, ancestors[:LEVELS].T, levels, size)

    tags = np.array([_TAGS.get(name, len(_TAGS)) for name in names])[levels[:, 0]]
    text = _text_features(counts, first, last, length, size, link)
    tag_columns = (tags[:, None] == np.arange(len(_TAGS))).astype(np.float32)
    story = (size > 80) & (link < 0.3)
    punctuation = counts[:, Kind.STOP] + counts[:, Kind.COMMA]
    container = _container_features(around, size, link, story, punctuation)
    group = _group_features(around, size, link)
    place = _place_features(page, around, owners, size, link)
    mark_starts, mark_ends = (
        np.array(marks, np.int64).take(ancestors[:_MARK_LEVELS].T) for marks in (page.mark_starts, page.mark_ends)
    )
    marks = _mark_features(page, mark_starts, mark_ends)
    links = Tokens.joined([links, buttons_of(page, mark_starts, mark_ends)])
    lowered = lower_ends(texts)
    words = words_of(lowered, counts[:, Kind.UNSPACED] > 0.3 * length)
    agreement = agreement_of(page, hints, lowered, words, size, tags == _TAGS["h1"])
    near = _neighbour_features(around, owners, parents, tags, text[:, 0], link, last == Kind.STOP)
    dense = np.concatenate((text, tag_columns, link_numbers, container, group, place, marks, agreement, near), axis=1)
    return PageFeatures(dense, words, markups, levels, inline, links, agreement, around)


def _text_features(
    counts: Floats, first: NDArray[np.uint8], last: NDArray[np.uint8], length: Floats, size: Floats, link: Floats
) -> Floats:
    letters = counts[:, Kind.LOWER] + counts[:, Kind.UPPER] + counts[:, Kind.UNSPACED] + 1e-6
    words = counts[:, Kind.SPACE] + 1 + counts[:, Kind.UNSPACED] / 1.7
    return as_columns(
        np.log1p(size),
        np.log1p(words),
        link,
        counts[:, Kind.DIGIT] / length,
        counts[:, Kind.UPPER] / letters,
        counts[:, Kind.UNSPACED] / letters,
        np.minimum(letters / words, 30),
        counts[:, Kind.STOP] / words,
        *np.log1p(counts.T[_COUNTED]),
        *(first == _FIRST[:, None]),
        *(last == _LAST[:, None]),
    )


def _container_features(around: Surroundings, size: Floats, link: Floats, story: Floats, punctuation: Floats) -> Floats:
    """For the container and those around it: its size, links, paragraphs, share of the page, and the block's place."""
    sums = around.container_sums(np.stack((size, size * link, story, punctuation), axis=1)).astype(np.float32)
    blocks = np.maximum(1, around.ends - around.starts).astype(np.float32)
    chars = np.maximum(1, sums[..., 0])
    place = (np.arange(len(size))[:, None] - around.starts) / blocks
    columns = as_columns(
        np.log1p(chars),
        np.log1p(blocks),
        sums[..., 1] / chars,
        sums[..., 2] / blocks,
        chars / size.sum(),
        np.log1p(chars / blocks),
        place,
        20 * sums[..., 3] / np.maximum(20, chars),
    )
    return columns.reshape(len(size), -1)


def _group_features(around: Surroundings, size: Floats, link: Floats) -> Floats:
    """For the blocks of the same markup: how many there are, how long, how full of links."""
    number = np.bincount(around.groups)
    chars = np.bincount(around.groups, size)
    links = np.bincount(around.groups, size * link)
    columns = as_columns(np.log1p(number), chars / chars.sum(), np.log1p(chars / number), links / chars)
    return columns.take(around.groups, axis=0)


def _place_features(page: Cut, around: Surroundings, owners: Ints, size: Floats, link: Floats) -> Floats:
    n = len(size)
    order = np.arange(n)
    depth = np.array(page.depths, np.int64)[owners]
    behind = np.concatenate(([0], np.cumsum(size)))
    total = behind[-1]
    long = (size > 120) & (link < 0.3)
    last_long = np.maximum.accumulate(np.where(long, order, -1))
    next_long = np.minimum.accumulate(np.where(long, order, n + 50)[::-1])[::-1]
    windows = around.windows(np.stack((size, size * link, (size > 80) & (link < 0.3)), axis=1), (2, 5, 12))
    chars = np.maximum(1e-6, windows[..., 0])
    scalars = as_columns(
        depth,
        depth - (depth * size).sum() / total,
        order / n,
        np.log1p(order),
        behind[:-1] / total,
        np.log1p(total - behind[1:]),
        np.log1p(n),
        np.log1p(total),
        np.log1p(order - np.concatenate(([-1], last_long[:-1]))),
        np.log1p(np.concatenate((next_long[1:], [n + 50])) - order),
    )
    near = as_columns(np.log1p(chars), windows[..., 1] / chars, windows[..., 2]).reshape(n, -1)
    return np.concatenate((scalars, near), axis=1)


def _mark_features(page: Cut, starts: Ints, ends: Ints) -> Floats:
    """Pictures, form fields, buttons and embedded documents: just before the block, in or behind it, in containers."""
    n, kinds = len(page), len(MARKS)
    found = np.zeros((len(page.marks) + 1, kinds), np.float32)
    found[np.arange(1, len(found)), page.marks] = 1
    places = np.zeros((n + 2, kinds), np.float32)
    places[page.mark_places, page.marks] = 1
    behind = found.cumsum(0)
    inside = behind.take(ends, axis=0) - behind.take(starts, axis=0)
    return np.concatenate((places[:n], places[1 : n + 1], np.log1p(inside).reshape(n, -1)), axis=1)


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
    other, exists = around.neighbours(_STEPS)
    parent, groups = parents[owners], around.groups
    columns = np.empty((len(_STEPS), 7, len(tags)), np.float32)
    columns[:, 0] = length[other]
    columns[:, 1] = link[other]
    columns[:, 2] = ends_sentence[other]
    for at, shared in enumerate((owners, parent, groups, tags), 3):
        columns[:, at] = shared[other] == shared
    columns *= exists[:, None]
    near: Floats = columns.transpose(2, 0, 1).reshape(len(tags), -1)
    return near

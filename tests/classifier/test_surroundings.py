"""What stands around a block, as a plain loop over the containers of the page finds it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from classifier.blocks import Cut, cut
from classifier.features import featurize
from classifier.hints import Hints
from classifier.parsing import parse_html
from classifier.surroundings import LEVELS, Surroundings
from tests.classifier.trees import varied_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lxml import etree
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TAGS = ("div", "div", "section", "p", "li", "h2", "a", "em", "br", "script")
LONG_STORY = parse_html(
    "<p>The first paragraph of a story is long enough to be seen as a part of it.</p>" + "<p>a" * 60
)
DEEP = parse_html(
    "<div><p>Before</p>" + "<div>" * 12 + "<p>Inside</p><p>Too</p>" + "</div>" * 12 + "<p>Behind</p></div>"
)


def on_any_page(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on random pages, and on one that is longer, one that is deeper than `Surroundings` looks."""
    tested = given(root=varied_trees(TAGS), seed=st.integers(0, 99))(test)
    for root in (LONG_STORY, DEEP):
        tested = example(root=root, seed=0)(tested)
    return settings(max_examples=50, deadline=None)(tested)


class Page:
    """A page with what surrounds its blocks, and random numbers that stand for what a model thinks of them."""

    def __init__(self, root: etree._Element, seed: int) -> None:
        self.cut = cut(root)
        assume(self.cut.texts)
        self.blocks = range(len(self.cut))
        self._containers = [around(self.cut, block) for block in self.blocks]
        self.around: Surroundings = featurize(self.cut, Hints()).surroundings
        # A Japanese letter weighs as much as three others.
        self.size = [len(text) + 2 * text.count("日") for text in self.cut.texts]
        random = np.random.default_rng(seed)
        self.values = random.normal(size=(len(self.cut), 2)).astype(np.float32)
        self.belief = random.random(len(self.cut), np.float32)

    def boxes(self, block: int) -> list[list[int]]:
        """The blocks in each container of a block, its own first; the body stands for those further out."""
        containers = [self.cut.owners[block]]
        while len(containers) < LEVELS:
            containers.append(self.cut.parents[containers[-1]])
        return [[other for other in self.blocks if box in self._containers[other]] for box in containers]

    def group(self, block: int) -> list[int]:
        """The blocks of the same markup under the same markup."""
        return [other for other in self.blocks if self._markup(other) == self._markup(block)]

    def _markup(self, block: int) -> list[tuple[str, str | None]]:
        owner = self.cut.owners[block]
        elements = [self.cut.elements[at] for at in (owner, self.cut.parents[owner])]
        return [(element.tag, element.get("class")) for element in elements]

    def mean(self, run: Sequence[int]) -> Floats:
        return sum((self.values[block] for block in run), np.zeros(2)) / max(1, len(run))

    def mean_by_size(self, run: Sequence[int]) -> Floats:
        return sum(self.values[block] * self.size[block] for block in run) / sum(self.size[block] for block in run)

    def share(self, run: Iterable[int]) -> float:
        """How much of the story stands in some blocks."""
        story = [float(belief) * size for belief, size in zip(self.belief, self.size, strict=True)]
        # Less than a character is no story to have a share of.
        assume(sum(story) > 1)
        return sum(story[block] for block in run) / sum(story)

    def distance(self, run: Iterable[int]) -> float:
        """How many of the blocks have to be passed to come to one that is likely story."""
        likely = (passed for passed, block in enumerate(run, 1) if self.belief[block] > 0.5 and self.size[block] > 60)
        return math.log1p(min(50, next(likely, 50)))


def around(page: Cut, block: int) -> set[int]:
    """All containers of a block."""
    found = [page.owners[block]]
    while found[-1]:
        found.append(page.parents[found[-1]])
    return set(found)


def assert_close(found: Floats, expected: object) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@on_any_page
def test_context_is_the_mean_over_containers_neighbours_markup_and_page(root: etree._Element, seed: int) -> None:
    page = Page(root, seed)
    expected = []
    for block in page.blocks:
        boxes = page.boxes(block)
        before = [page.blocks[max(0, block - width) : block] for width in (1, 3, 8)]
        behind = [page.blocks[block + 1 : block + 1 + width] for width in (1, 3, 8)]
        means = [page.mean(run) for run in (*boxes[1:], *before, *behind, page.group(block), page.blocks)]
        expected.append(means + [page.mean_by_size(run) for run in (boxes[1], boxes[2], boxes[4], page.blocks)])
    found = page.around.context(page.values).reshape(len(page.blocks), -1, 2)
    # In whatever order they come.
    assert_close(np.sort(found, axis=1), np.sort(expected, axis=1))


@on_any_page
def test_boxes_are_the_first_and_peaks_the_highest_of_each_container(root: etree._Element, seed: int) -> None:
    page = Page(root, seed)
    boxes = [[page.values[box[0]] for box in page.boxes(block)[:4]] for block in page.blocks]
    peaks = [[page.values[box].max(0) for box in page.boxes(block)[1:5]] for block in page.blocks]
    assert_close(page.around.boxes(page.values), np.reshape(boxes, (len(boxes), -1)))
    assert_close(page.around.peaks(page.values), np.reshape(peaks, (len(peaks), -1)))


@on_any_page
def test_sums_and_windows_add_up_the_blocks_of_a_container_and_around_a_block(root: etree._Element, seed: int) -> None:
    page = Page(root, seed)
    sums = [[page.values[box].sum(0) for box in page.boxes(block)] for block in page.blocks]
    near = [
        [page.mean(page.blocks[max(0, block - width) : block + width + 1]) for width in (2, 5)] for block in page.blocks
    ]
    assert_close(page.around.container_sums(page.values), sums)
    assert_close(page.around.windows(page.values, (2, 5)), near)


@on_any_page
def test_shares_tell_how_much_of_the_story_each_container_holds(root: etree._Element, seed: int) -> None:
    page = Page(root, seed)
    assert_close(page.around.shares(page.belief), [list(map(page.share, page.boxes(block))) for block in page.blocks])


@on_any_page
def test_story_tells_where_in_the_story_a_block_stands(root: etree._Element, seed: int) -> None:
    page = Page(root, seed)
    expected = []
    for block in page.blocks:
        before, behind = page.blocks[:block], page.blocks[block + 1 :]
        shares = page.share(before), page.share(behind), page.share(page.group(block))
        distances = page.distance(before[::-1]), page.distance(behind)
        expected.append([*shares, *distances, *map(page.share, page.boxes(block))])
    assert_close(page.around.story(page.belief), expected)


def test_neighbours_end_where_the_page_does() -> None:
    root = parse_html("<p>One<p>Two<p>Three")
    assert root is not None
    other, exists = featurize(cut(root), Hints()).surroundings.neighbours((-2, 1))
    assert exists.tolist() == [[False, False, True], [True, True, False]]
    assert other[exists].tolist() == [0, 1, 2]

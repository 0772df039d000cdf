"""The labelled pages that this project wrote are whole, varied, and hold what is hard to tell apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from classifier.blocks import cut
from classifier.labelled import LabelledPage, read_labelled_files
from classifier.labels import LABELS
from classifier.problems import Repeated, find_nested_contradictions
from classifier.sites import site_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES: Final = Path(__file__).parents[2] / "training_data" / "pages"
FILES: Final = sorted(PAGES.rglob("*.html"))
TOPICS: Final = {
    "finance": "markets|finance|boerse|krypto|cripto|crypto|bourse|mercado|gielda|rynki|ekonomi|keizai|bizhi|economia",
    "health": "health|gesundheit|salud|sante|saude|sihha|iryo|jiankang|gezondheid",
    "politics": "politics|politik|politica|politique|polityka|siyasa",
    "sport": "sport|deportes|bangqiu",
    "local": "local|lokales|lokalt|cronaca|chiiki|yerel",
}


@pytest.fixture(scope="module")
def pages() -> list[LabelledPage]:
    return list(read_labelled_files(PAGES))


def inside(page: LabelledPage) -> set[str | None]:
    """The labels of what stands between the first and the last block of the story."""
    story = [index for index, label in enumerate(page.labels) if label == "article"]
    return set(page.labels[story[0] : story[-1]])


def layout(page: LabelledPage) -> tuple[str, ...]:
    """The tags and classes around the first paragraph of the story."""
    blocks = cut(page.root)
    element = blocks.elements[blocks.owners[page.labels.index("article")]]
    return tuple(f"{node.tag}.{node.get('class', '')}" for node in (element, *element.iterancestors()))


def test_there_are_many_pages_layouts_sites_and_languages(pages: list[LabelledPage]) -> None:
    assert len(pages) == len(FILES) >= 300
    assert len({layout(page) for page in pages}) >= 250
    assert len({site_of(page.root, page.name) for page in pages}) >= 290
    assert len({file.parent.name for file in FILES}) >= 30


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_pages_in_several_languages(topic: str) -> None:
    languages = {file.parent.name for file in FILES if re.match(rf"({TOPICS[topic]})\b", file.stem)}
    assert len(languages) >= 5


def test_every_visible_text_of_every_page_has_a_label_and_every_label_is_there(pages: list[LabelledPage]) -> None:
    for page in pages:
        unlabelled = [text for text, label in zip(cut(page.root).texts, page.labels, strict=True) if label is None]
        assert not unlabelled, page.name
        assert set(page.labels) == set(LABELS), page.name


@pytest.mark.parametrize(("label", "number"), [("ad", 250), ("teaser", 200), ("disclaimer", 70)])
def test_pitches_teasers_and_disclosures_stand_inside_the_story_too(
    label: str, number: int, pages: list[LabelledPage]
) -> None:
    assert sum(label in inside(page) for page in pages) >= number


def test_some_pages_sell_or_disclose_in_the_very_markup_of_the_story(pages: list[LabelledPage]) -> None:
    def markups(page: LabelledPage, label: str) -> set[tuple[str, str]]:
        blocks = cut(page.root)
        owners = [owner for owner, given in zip(blocks.owners, page.labels, strict=True) if given == label]
        return {(blocks.elements[owner].tag, blocks.elements[owner].get("class", "")) for owner in owners}

    assert sum(bool(markups(page, "article") & markups(page, "ad")) for page in pages) >= 200
    assert sum(bool(markups(page, "article") & markups(page, "disclaimer")) for page in pages) >= 200


def test_no_label_contradicts_another(pages: list[LabelledPage]) -> None:
    for page in pages:
        problems = [problem.message for problem in find_nested_contradictions(cut(page.root), page.name)]
        assert not problems


def test_no_text_in_one_place_has_two_labels(pages: list[LabelledPage]) -> None:
    repeated = Repeated()
    for page in pages:
        repeated.add(cut(page.root), page.labels, page.name, site_of(page.root, page.name))
    # The section's name, or the author's, over the story and in a card: on these pages both stand in a bare div.
    sites = Counter(problem.message.partition(":")[0] for problem in repeated.problems())
    assert sites <= Counter(("dorukhaber.example", "mercadoabierto.example"))


def test_pages_say_of_themselves_what_real_pages_say(pages: list[LabelledPage]) -> None:
    for page in pages:
        assert (page.root.get("lang") or "").partition("-")[0] == Path(page.name).parent.name, page.name
        assert page.root.findtext("head/title"), page.name
        for script in linked_data(page):
            json.loads(script)


def test_every_address_is_of_an_invented_site() -> None:
    for file in FILES:
        hosts = set(re.findall(r"https?://([^/\"'?#<\s]+)", file.read_text(encoding="utf-8")))
        assert {host for host in hosts if not host.endswith(".example")} <= {"schema.org", "www.w3.org"}, file


def linked_data(page: LabelledPage) -> Iterator[str]:
    for script in page.root.iterfind(".//script[@type='application/ld+json']"):
        yield script.text or ""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.titles import Titles, choose_title

TITLE = "Library stays open – and free"
OTHER = "Council saves the library"
THIRD = "Libraries: what you need to know"


def title(json_ld="", open_graph="", headings=(), head=(), microdata="", element="", sites=("courier",), sections=()):
    return choose_title(Titles(json_ld, open_graph, microdata, headings, element, head), sites, sections)


@pytest.mark.parametrize(
    "written",
    [
        TITLE,
        f"{TITLE} | Courier",
        f"{TITLE} - The Courier Online",
        f"{TITLE} | Local | COURIER",
        f"Courier | {TITLE}",
        "  Library stays\u00ad open\n– and free｜Courier",
    ],
)
def test_the_names_of_the_site_and_the_section_are_no_part_of_it(written):
    assert title(open_graph=written, sections=["local"]) == TITLE


@pytest.mark.parametrize("kept", ["Can e-sport last?", "Spider-Man: a review", "War | peace and couriers", "Courier"])
def test_what_only_looks_like_a_name_is_kept(kept):
    assert title(open_graph=kept, sections=["sport", "review"]) == kept


def test_scripts_without_hyphens_need_no_space_before_a_name():
    assert title(open_graph="연극의 아버지-정치ㅣ한국일보", sites=["한국일보"], sections=["정치"]) == "연극의 아버지"
    assert title(open_graph="南海トラフ、一時調査：中日新聞", sites=["中日新聞"]) == "南海トラフ、一時調査"


def test_what_stands_beside_a_title_that_the_page_gives_alone_is_cut():
    assert title(open_graph=f"{TITLE} | by Jane Doe", headings=[TITLE]) == TITLE
    assert title(open_graph=f"Live | {TITLE}", json_ld=TITLE) == TITLE
    both = f"{TITLE} - Special report"
    assert title(open_graph=both, json_ld=both, headings=[TITLE]) == both, "two that agree are not cut"


def test_which_of_several_titles_is_believed():
    assert title(json_ld=OTHER, open_graph=TITLE, headings=[TITLE]) == TITLE
    assert title(json_ld=OTHER, open_graph=TITLE, headings=[OTHER], element=OTHER) == TITLE
    assert title(json_ld=TITLE, open_graph=OTHER, headings=[TITLE], element=OTHER) == TITLE
    assert title(json_ld=TITLE, open_graph=OTHER, headings=[THIRD]) == TITLE
    assert title(open_graph=OTHER, headings=["Courier weekly", TITLE]) == "Courier weekly"
    assert title(open_graph=TITLE, headings=["Courier weekly", TITLE]) == TITLE
    assert title(microdata=TITLE, headings=[OTHER]) == TITLE
    assert title(head=["", TITLE]) == TITLE
    assert title() is None


def test_a_heading_that_names_the_site_is_no_title():
    assert title(open_graph=TITLE, headings=["Notes from the north"], element=f"Notes from the north: {TITLE}") == TITLE
    assert title(headings=["Courier", TITLE], element=THIRD) == TITLE


@given(st.lists(st.text(alphabet="ab |-–：*\u00ad", max_size=30), min_size=6, max_size=6))
def test_no_text_breaks_the_choice(texts):
    a, b, c, d, e, f = texts
    chosen = title(a, b, [c, d], [e], element=f, sites=["a", "ab"], sections=["b"])
    assert chosen is None or (chosen and chosen == chosen.strip())

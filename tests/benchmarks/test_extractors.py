"""Extractors are asked in processes of their own, and what fails is counted, not hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.extractors import Measured, answers, measure, table
from benchmarks.measuring import Answer, Sample, ask
from benchmarks.peers import BASELINE, LXML, OWN, Input
from benchmarks.scores import TextScore

if TYPE_CHECKING:
    from pathlib import Path

STORY = "Forty ships left the harbour of Westmole on Tuesday, an hour after the fog of four days had lifted at last."
HTML = f"""<html lang="en"><body><p data-block-label="article">{STORY}</p>
<p data-block-label="ad">Subscribe</p></body></html>"""


def test_answers_every_page_and_measures_time_and_memory(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(HTML)
    samples = [Sample(f"set/{key}", str(tmp_path / "page.html"), None, "en", None) for key in range(3)]
    found = answers([OWN], samples)[OWN]
    assert [answer.page for answer in found] == ["set/0", "set/1", "set/2"]
    assert all(answer.seconds > 0 and answer.peak > 10 and not answer.error for answer in found)


def test_the_labels_of_a_page_are_not_shown_to_the_extractors(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(HTML)
    page = Sample("set/1", str(tmp_path / "page.html"), None, "en", None).read()
    assert STORY in page.text
    assert "data-block-label" not in page.text
    assert b"data-block-label" not in page.html


def test_counts_an_exception_as_an_empty_answer_and_keeps_its_words() -> None:
    def broken(page: Input) -> str:
        raise ValueError(f"no body in {page.text}")

    text, seconds, error = ask(broken, Input(b"x", "x", None, "en"))
    assert (text, error) == ("", "ValueError: no body in x")
    measured = measure([Answer("set/1", text, seconds, error, 30.0)], {"set/1": STORY})
    assert measured.errors == {"set/1": error}
    assert measured.scores["set/1"].recall == 0.0


def test_says_why_a_process_came_to_a_bad_end(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)status 1.*nothing\.html"):
        answers([LXML], [Sample("set/1", str(tmp_path / "nothing.html"), None, "en", None)])


def test_relates_speeds_to_trafilatura_and_to_a_bare_parse() -> None:
    scores = {"one/1": TextScore(1.0, 0.5, 0.9), "two/1": TextScore(0.5, 0.5, 0.4)}
    measured = {
        OWN: Measured(scores, 0.5, {}, 100.0),
        BASELINE: Measured(scores, 2.0, {"one/1": "ValueError: x"}, 50.0),
        LXML: Measured(scores, 0.25, {}, 20.0),
    }
    row = next(line for line in table(measured, {LXML: "6"}).splitlines() if OWN in line)
    assert row == f"| {OWN} | 0.667 / 0.900 | 0.500 / 0.400 | 4.0 | 4.0 | 2.0 | 100 MB | 0 |"

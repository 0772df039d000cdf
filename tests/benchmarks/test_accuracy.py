"""The page on accuracy counts what it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.accuracy import write_accuracy
from benchmarks.folds import BINS, HeldOut, Part
from benchmarks.scores import Judgement, TextScore
from classifier.evaluation import loss_in_least_confident

if TYPE_CHECKING:
    from pathlib import Path


def held_out(page: str, confidence: float, word_f1: float, judged: bool) -> HeldOut:
    score = TextScore(word_f1, word_f1, word_f1)
    return HeldOut(page, confidence, score, score, [Judgement("article", "article", 3)] if judged else [])


def test_says_on_how_many_pages_labels_are_judged(tmp_path: Path) -> None:
    pages = [held_out(f"set/{number}", number / 12, number / 12, number < 4) for number in range(12)]
    part = Part("fold-1", 20, pages, [(10, 5.0, 5)] * BINS)
    part.write(tmp_path)
    assert Part.read(tmp_path / "fold-1.json") == part
    write_accuracy([part, part], tmp_path / "accuracy.md")
    written = " ".join((tmp_path / "accuracy.md").read_text(encoding="utf-8").split())
    assert "12 pages are labelled by hand block by block" in written
    assert "labels are judged on the 4 of them that the corpus itself has labelled" in written
    assert "By blocks, on the 4 pages" in written
    assert "| **all folds** | 4 | 4 | 1.000 |" in written


def test_a_tenth_of_the_pages_is_rounded_up() -> None:
    pages = [held_out(f"set/{number}", number / 12, 0.5 if number < 4 else 1.0, False) for number in range(12)]
    assert loss_in_least_confident(pages, 0.1) == pytest.approx(2 / 4)


def test_what_the_gold_texts_lose_themselves_is_told_apart(tmp_path: Path) -> None:
    pages = [held_out(f"set/{number}", 0.9, 1.0, True) for number in range(9)]
    lost = TextScore(0.5, 0.5, 0.5)
    pages += [
        HeldOut("set/gold", 0.8, lost, lost, []),
        HeldOut("set/model", 0.1, lost, TextScore(1.0, 1.0, 1.0), []),
    ]
    part = Part("fold-1", 20, pages, [(10, 5.0, 5)] * BINS)
    write_accuracy([part, part], tmp_path / "accuracy.md")
    assert "| 5% | 50% | 100% |" in (tmp_path / "accuracy.md").read_text(encoding="utf-8")

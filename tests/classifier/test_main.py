"""The program ends with a word where it is interrupted or has nowhere to print to."""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING

from classifier.__main__ import main

if TYPE_CHECKING:
    import pytest


def test_an_interruption_while_it_loads_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = builtins.__import__

    def interrupted(name: str, *rest: object) -> object:
        if name == "classifier.commands":
            raise KeyboardInterrupt
        return load(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", interrupted)
    assert main(["label", "page.html"]) == 130
    assert capsys.readouterr().err == "python -m classifier: interrupted\n"


def test_an_output_that_is_closed_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["label", "page.html"]) == 1
    assert capsys.readouterr().err == "python -m classifier: the standard output is closed\n"

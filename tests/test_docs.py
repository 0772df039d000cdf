"""What the documentation tells people to type is there: commands and their options, targets, modules, settings."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from scrapy.cmdline import _get_commands_dict
from scrapy.settings import default_settings
from scrapy.utils.project import get_project_settings

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
# A command up to what ends it: the end of a code span or line, a comment, or another command.
SCRAPY = re.compile(r"(?<![\w./])scrapy ([a-z]+)\b([^`#|;\n]*)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")
SETTING = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
SOURCES = ("crawler/**/*.py", "node/*.py", "classifier/**/*.py", "demo/*.py", "compose.yaml", "scrapyd.conf")


@cache
def help_of(command: str) -> str:
    """What ``--help`` says."""
    known = _get_commands_dict(get_project_settings(), inproject=True)
    assert command in known, f"there is no `scrapy {command}`"
    parser = ArgumentParser(conflict_handler="resolve")
    known[command].settings = get_project_settings()
    known[command].add_options(parser)
    return parser.format_help()


@cache
def words_of_the_sources() -> frozenset[str]:
    files = (file for pattern in SOURCES for file in PROJECT.glob(pattern))
    return frozenset(word for file in files for word in SETTING.findall(file.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_it_names_is_there(page):
    text = page.read_text("utf-8")
    code = "\n".join(re.findall(r"`[^`\n]+`|^(?:    |\$ )[^\n]+|^```.*?^```", text, re.MULTILINE | re.DOTALL))
    for command, rest in SCRAPY.findall(code):
        for option in OPTION.findall(rest):
            assert re.search(rf"{option}\b(?!-)", help_of(command)), f"scrapy {command} has no {option}"
        assert help_of(command)
    targets = re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"(?<![\w./-])make ([a-z]+)\b", code)) <= set(targets)
    for module in re.findall(r"python -m ([\w.]+)", code):
        assert module == "pip" or find_spec(module), f"there is no module {module}"
    strange = set(SETTING.findall(code)) - words_of_the_sources()
    assert [name for name in sorted(strange) if not hasattr(default_settings, name)] == []

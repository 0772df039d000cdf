from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.spiders.arguments import ArgumentError, CrawlArguments


def test_arguments_as_they_stand_on_the_command_line(tmp_path):
    file = tmp_path / "urls.txt"
    file.write_text("# today\nhttps://a.example/one\n\n  https://a.example/two\n")
    arguments = CrawlArguments.read("2025-01-01", "2025-01-31", "20", file)
    assert arguments.since == datetime(2025, 1, 1, tzinfo=UTC)
    assert arguments.until == datetime(2025, 2, 1, tzinfo=UTC)
    assert arguments.limit == 20
    assert arguments.urls == ("https://a.example/one", "https://a.example/two")
    assert CrawlArguments.read() == CrawlArguments()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"since": "soon"}, "since: 'soon' is neither"),
        ({"until": "later"}, "until: 'later' is neither"),
        ({"since": "2025-02-01", "until": "2025-01-01"}, "is not before"),
        ({"limit": "0"}, "limit: '0' is not a number above 0"),
        ({"limit": "many"}, "limit: 'many'"),
        ({"urls": "/nowhere/urls.txt"}, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        CrawlArguments.read(**arguments)


@pytest.mark.parametrize(("content", "words"), [("a.example/one", "begin it with https://"), ("\n#\n", "no address")])
def test_a_file_of_addresses_that_holds_none(tmp_path, content, words):
    file = tmp_path / "urls.txt"
    file.write_text(content)
    with pytest.raises(ArgumentError, match=words):
        CrawlArguments.read(urls=file)

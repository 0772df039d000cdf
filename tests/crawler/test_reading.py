"""What a server says of a page's encoding."""

from __future__ import annotations

import pytest

from crawler.reading import decoded

WORD = "Größe"


@pytest.mark.parametrize(
    ("encoding", "said", "text"),
    [
        ("iso8859-15", "iso8859-15", WORD),
        ("cp1252", None, WORD.encode("cp1252")),
        ("cp1252", "hex", WORD.encode("cp1252")),
        ("cp1252", "punycode", WORD.encode("cp1252")),
        ("utf-8", "cp1252", WORD.encode()),
    ],
)
def test_a_page_is_decoded_as_the_server_says_where_that_can_be(
    encoding: str, said: str | None, text: bytes | str
) -> None:
    assert decoded(WORD.encode(encoding), said) == text

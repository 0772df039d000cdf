from __future__ import annotations

import pytest
from lxml import html

from classifier.sites import registered_domain, site_of

OG = '<meta property="og:url" content="https://amp.og.example.org/a">'
CANONICAL = '<link rel="canonical" href="https://www.news.example.co.uk/a">'


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (OG + CANONICAL, "example.co.uk"),
        (OG, "example.org"),
        ('<link rel="canonical" href="/relative">' + OG, "example.org"),
        ('<link rel="canonical" href="https://[broken">', "2024-01-02-story"),
        ("", "2024-01-02-story"),
    ],
)
def test_site_is_the_page_s_own_address_or_its_file(head: str, expected: str) -> None:
    root = html.document_fromstring(f"<html><head>{head}</head><body><p>x</body></html>")
    assert site_of(root, "pages/2024-01-02-story.html.gz") == expected


@pytest.mark.parametrize("name", ["index.html", "INDEX.HTM.gz"])
def test_an_index_is_named_after_its_folder(name: str) -> None:
    root = html.document_fromstring("<p>x")
    assert site_of(root, f"pages/gazette.example/{name}") == "gazette.example"
    assert site_of(root, "index.html") == "index"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://www.Example.com:8080/a", "example.com"),
        ("https://a.b.example.co.uk/", "example.co.uk"),
        ("https://quayside.example/a", "quayside.example"),
        ("https://www.quayside.example/a", "quayside.example"),
        ("http://127.0.0.1/a", "127.0.0.1"),
        ("http://localhost/a", "localhost"),
        ("/path", ""),
        ("", ""),
    ],
)
def test_registered_domain(address: str, expected: str) -> None:
    assert registered_domain(address) == expected

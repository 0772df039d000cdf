from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import is_article_like, is_other_page, normalise, site_of


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://a.example/x?utm_source=feed&id=7&fbclid=q#top", "https://a.example/x?id=7"),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?atlas=1", "https://a.example/x?atlas=1"),
        ("https://A.example", "https://a.example/"),
    ],
)
def test_an_address_has_one_form(url, form):
    assert normalise(url) == form
    assert normalise(form) == form


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("https://news.bbc.co.uk/x", "bbc.co.uk"),
        ("www.courier.example", "courier.example"),
        ("amp.courier.example", "courier.example"),
        ("http://[::1]:8080/x", "::1"),
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("one.blogspot.com", "one.blogspot.com"),
        ("localhost", "localhost"),
    ],
)
def test_the_site_of_an_address(host, site):
    assert site_of(host) == site


@pytest.mark.parametrize(
    "path",
    [
        "/2025/03/09/library/",
        "/politik/bibliothek-bleibt-offen-stadtrat-stimmt-zu",
        "/story/3000000123456/bibliothek",
        "/news/articles/c0123456789",
        "/topics/politics/why-the-library-stays-open",
        "/%E6%97%B6%E6%94%BF/n1/2024/0424/c1001-40222222.html",
    ],
)
def test_articles_are_not_taken_for_other_pages(path):
    assert not is_other_page(f"https://a.example{path}")


@pytest.mark.parametrize(
    "path",
    ["", "/", "/tag/library", "/category/politics/page/2", "/author/jane-doe/", "/search", "/login",
     "/a/photo.jpg", "/newsletter/", "/topics/2", "/about-us", "/privacy-policy", "/podcast.mp3", "/rss"],
)  # fmt: skip
def test_other_pages_are_known_by_their_address(path):
    assert is_other_page(f"https://a.example{path}")


def test_links_that_look_like_articles():
    assert is_article_like("https://a.example/local/library-stays-open-after-all")
    assert is_article_like("https://a.example/2025/03/09/library/")
    assert not is_article_like("https://a.example/politics")
    assert not is_article_like("https://a.example/our-team")


@given(st.text(max_size=60))
def test_no_address_breaks_the_rules(path):
    url = f"https://a.example/{path}"
    try:
        normalise(url)
        is_other_page(url)
        is_article_like(url)
        site_of(url)
    except ValueError:
        pass

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from crawler.story import join_pages, next_page, split_pages

URL = "https://a.example/local/library-stays-open"


@pytest.mark.parametrize(
    ("url", "link", "found"),
    [
        (URL, "?page=2", f"{URL}?page=2"),
        (f"{URL}?page=2", "?page=3", f"{URL}?page=3"),
        (f"{URL}?id=7", "?id=7&amp;seite=2", f"{URL}?id=7&seite=2"),
        (URL, "/local/library-stays-open/page/2", f"{URL}/page/2"),
        (f"{URL}/", "/local/library-stays-open/2/", f"{URL}/2/"),
        (URL, "?page=3", None),
        (f"{URL}?page=2", "?page=1", None),
        (URL, "/local/another-story", None),
        (URL, "/local/another-story?page=2", None),
        (URL, "https://b.example/local/library-stays-open?page=2", None),
        (URL, "http://[", None),
    ],
)
def test_the_next_page_is_that_of_the_same_story(url: str, link: str, found: str | None) -> None:
    page = f'<a href="/">x</a><a rel="next" href="{link}">Next</a>'
    assert next_page(HtmlResponse(url, body=page.encode(), encoding="utf-8")) == found


def test_pages_that_were_joined_come_apart() -> None:
    pages = [b"<p>one", b"", b"<p>three"]
    assert split_pages(join_pages(pages)) == pages
    assert split_pages(b"<p>one") == [b"<p>one"]

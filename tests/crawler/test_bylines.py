from __future__ import annotations

import pytest

from classifier.parsing import parse_html
from crawler.bylines import byline_of


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('<a rel="author">Jane Doe</a> <a rel="author">Joe Roe</a><div><a rel="author">Ann Poe</a></div>',
         ["Jane Doe", "Joe Roe"]),
        ('<div class="ArticleByline">By <a>Jane Doe</a>, 9 March</div><span class="author">Ann Poe</span>',
         ["Jane Doe"]),
        ('<aside><b class="author">Ann Poe</b></aside><p class="comment-author">Joe</p><p class="author">Jane Doe</p>',
         ["Jane Doe"]),
        ('<div class="author-box"><b>Jane Doe</b>Published on <i>July 18</i></div>', ["Jane Doe"]),
        ('<p class="author"><span>By</span> <span>Jane</span> <span>Share</span></p>', ["Jane"]),
        ('<a href="/authors/joe-roe">Joe Roe</a><h1>Title</h1><a href="/authors/jane-doe">Jane Doe</a>', ["Jane Doe"]),
        ("<h1>Title</h1><a>An interview<span>by Joe Roe</span></a><p>By Jane Doe</p>", ["Jane Doe"]),
        ('<h1>Title</h1><div class="related"><a href="/author/joe-roe">Joe Roe</a></div>', []),
        ('<p class="author">View more posts</p>', []),
        ("<p>Jane Doe</p>", []),
    ],
)  # fmt: skip
def test_the_first_byline_of_a_page_is_its_own(body, names):
    assert byline_of(parse_html(f"<html><body>{body}</body></html>")) == names


def test_a_page_nested_without_end_takes_no_time():
    root = parse_html("<html><body><p class=author>Jane Doe</p>" + "<div class=author>" * 20_000)
    assert byline_of(root) == ["Jane Doe"]

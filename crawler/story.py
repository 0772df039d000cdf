"""Stories that run over several pages: which page comes next, and how the pages become one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from scrapy.http import TextResponse

_SEPARATOR = b"\n<!-- the next page of the story -->\n"
_PARAMETERS = ("page", "p", "pg", "pag", "pagina", "paged", "seite")
_PATH = re.compile(r"/(?:(?:page|seite|pagina)[/-]?)?([2-9]|[1-4]\d)/?$")
# Looked for in the raw page: few pages are worth the parsing that finds the link itself.
_HINT = re.compile(
    rb"""rel=["']?[^"'>]{0,40}\bnext\b|[?&;](?:page|p|pg|pag|pagina|paged|seite)=\d|/(?:page|seite|pagina)[/-]?\d""",
    re.I,
)


def next_page(response: TextResponse) -> str | None:
    """Find the address of the page on which a story goes on.

    It is linked with ``rel=next`` or as a plain link, and differs from the page's own address in nothing but the
    page's number, which is one more.

    Args:
        response: a page of the story.
    """
    if not _HINT.search(response.body):
        return None
    story, number = _numbered(response.url)
    for href in response.xpath("//link[contains(@rel, 'next')]/@href | //a/@href").getall():
        try:
            url = response.urljoin(href.strip())
            if _numbered(url) == (story, number + 1):
                return url
        except ValueError:
            continue
    return None


def join_pages(pages: list[bytes]) -> bytes:
    """Make one document of a story's pages, which is what the archive keeps."""
    return _SEPARATOR.join(pages)


def split_pages(html: bytes) -> list[bytes]:
    """Take a document apart into the pages it was joined from."""
    return html.split(_SEPARATOR)


def _numbered(url: str) -> tuple[str, int]:
    """Part an address into that of the story and the number of the page."""
    parts = urlsplit(url)
    number = 1
    kept = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name.lower() in _PARAMETERS and value.isdecimal() and len(value) <= 2:
            number = int(value)
        else:
            kept.append((name, value))
    path = parts.path
    if number == 1 and (found := _PATH.search(path)):
        number, path = int(found[1]), path[: found.start()]
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), urlencode(kept), "")), number

"""Bytes to tree: decodes a page and parses it once, whatever is wrong with it."""

from __future__ import annotations

import codecs

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

MAX_BYTES = 16 * 2**20
"""What is read of a page; the rest of a longer one is left out (bytes)."""


def parse_html(html: bytes | str) -> etree._Element | None:
    """Parse a page into the one tree that blocks, metadata and links are read from.

    The encoding is taken from the byte order mark, from UTF-8 if the bytes are valid in it, or from the page's own
    declaration, in that order, and falls back to Windows-1252, as browsers do.

    Args:
        html: the page as fetched, or its decoded text.

    Returns:
        The root element, or None where there is nothing to parse (empty or not HTML at all).

    Raises:
        TypeError: ``html`` is neither bytes nor str.
    """
    if isinstance(html, str):
        body = html[:MAX_BYTES].encode("utf-8", "replace")
    elif isinstance(html, bytes):
        body = _to_utf8(html[:MAX_BYTES])
    else:
        raise TypeError(f"html must be bytes or str, not {type(html).__name__}")
    if b"\0" in body:
        body = body.replace(b"\0", b"")
    # Recovery from broken markup can nest deeper than libxml2's default limit of 256 on real pages. Nothing looks an
    # element up by its id.
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, etree.ParserError, ValueError):
        return None
    if root is not None:
        _free_swallowed(root)
    return root


def _free_swallowed(root: etree._Element) -> None:
    """Turn buttons that swallowed the rest of the page, as happens when their end tag is lost, into divisions."""
    for button in root.iter("button"):
        if button.find(".//p") is not None:
            button.tag = "div"


def _to_utf8(body: bytes) -> bytes:
    encoding, bom = read_bom(body)
    if bom is None:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            # A page cut in the middle of a character is still UTF-8.
            if error.start >= len(body) - 3:
                return body[: error.start]
            encoding = _declared(body)
        else:
            # ISO-2022-JP looks like ASCII, so an escape character asks for the declaration.
            if b"\x1b" not in body or not body.isascii():
                return body
            encoding = _declared(body)
            if not encoding.startswith("iso2022"):
                return body
    else:
        body = body[len(bom) :]
        if encoding == "utf-8":
            return body.decode("utf-8", "replace").encode("utf-8")
    return body.decode(encoding or "cp1252", "replace").encode("utf-8", "replace")


def _declared(body: bytes) -> str:
    name = resolve_encoding(html_body_declared_encoding(body) or "cp1252") or "cp1252"
    return codecs.lookup(name).name

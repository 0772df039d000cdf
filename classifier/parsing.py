"""Bytes to tree: decodes and parses a page, whatever is wrong with it."""

from __future__ import annotations

from typing import Final

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_NEVER_IN_BUTTONS: Final = ("p", *_HEADINGS, "ul", "ol", "table", "article", "section", "aside", "main", "footer")
_LONGEST_BUTTON: Final = 400
"""Characters that a button says at most; one that says more has swallowed what stands behind it."""

_SLIPS: Final = 10
"""In UTF-8, bytes beyond ASCII for each wrong sequence, at least."""

MAX_BYTES = 16 * 2**20
"""What is read of a page; the rest of a longer one is left out (bytes)."""

_NOT_UTF8: Final = etree.ErrorTypes.ERR_INVALID_ENCODING
_MOST_ERRORS: Final = 100
"""libxml2 keeps further errors to itself."""

_CODECS: Final = frozenset(
    "utf-8 utf-16 utf-16-le utf-16-be cp866 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8"
    " iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u mac-roman mac-cyrillic cp874 cp1250 cp1251"
    " cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 gb18030 big5hkscs euc_jp iso2022_jp cp932 cp949".split()
)
"""Python's names of the encodings that browsers know (https://encoding.spec.whatwg.org). Others of Python's codecs
decode no text, or fail on what is none of theirs, or take too long over it."""


def parse_html(html: bytes | str) -> etree._Element | None:
    """Parse a page into the one tree that blocks, metadata and links are read from.

    The encoding is taken from the byte order mark, from UTF-8 if the bytes are valid in it or nearly so, or from the
    page's own declaration, in that order, and falls back to Windows-1252, as browsers do.

    Args:
        html: the page as fetched, or its decoded text.

    Returns:
        The root element, or None where there is nothing to parse (empty or not HTML at all).

    Raises:
        TypeError: ``html`` is neither bytes nor str.
    """
    if isinstance(html, str):
        body = html[:MAX_BYTES].encode("utf-8", "replace")
        if len(body) > MAX_BYTES:
            body = body[:MAX_BYTES].decode("utf-8", "ignore").encode("utf-8")
        root, _ = _parse(body)
    elif isinstance(html, bytes):
        root = _parse_bytes(html[:MAX_BYTES])
    else:
        raise TypeError(f"html must be bytes or str, not {type(html).__name__}")
    if root is not None:
        _gather(root)
        _free_hidden(root)
    return root


def codec_of(label: str) -> str | None:
    """Find the codec of an encoding that a page or its server declares.

    Args:
        label: any name of the encoding.

    Returns:
        Python's name of it; None for what is no encoding of pages.
    """
    name = resolve_encoding(label)
    return name if name in _CODECS else None


def _parse_bytes(body: bytes) -> etree._Element | None:
    # A byte order mark is not text, and ISO-2022-JP, which has escape characters, looks like ASCII.
    if read_bom(body)[1] is None and b"\x1b" not in body:
        root, is_utf8 = _parse(body)
        if is_utf8:
            return root
    return _parse(_to_utf8(body))[0]


def _parse(body: bytes) -> tuple[etree._Element | None, bool]:
    """Parse UTF-8; the tree, and whether the parser found all of it valid, as it does faster than a decoder."""
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
        root = None
    errors = parser.error_log
    return root, len(errors) < _MOST_ERRORS and all(error.type != _NOT_UTF8 for error in errors)


def _gather(root: etree._Element) -> None:
    """Put what stands behind the end tags of the body and of the page into the body, as browsers do."""
    body = root.find("body")
    if body is None:
        return
    if body.tail:
        etree.SubElement(body, "span").text = body.tail
        body.tail = None
    for behind in [*body.itersiblings(etree.Element), *root.itersiblings(etree.Element)]:
        body.append(behind)


def _free_hidden(root: etree._Element) -> None:
    """Turn elements that hide what browsers show into such as don't.

    They are buttons and embedded objects that swallowed the rest of the page, as happens when an end tag is lost;
    headings that are buttons, as in lists of questions; and the roots of declarative shadow trees.
    """
    for element in root.iter("button", "embed", "template"):
        match element.tag:
            case "button":
                # Where a button ends the search, what many buttons swallowed is looked through once.
                held = next(element.iterdescendants("button", *_NEVER_IN_BUTTONS), None)
                if held is not None or sum(map(len, element.itertext())) > _LONGEST_BUTTON:
                    element.tag = "div"
                elif element.getparent().tag in _HEADINGS:
                    element.tag = "span"
            case "embed":
                if len(element) or element.text:
                    element.tag = "span"
            case _:
                if element.get("shadowrootmode") is not None:
                    element.tag = "div"


def _to_utf8(body: bytes) -> bytes:
    encoding, bom = read_bom(body)
    if bom is None:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            # A page cut in the middle of a character is still UTF-8, and so is one with a bad byte here and there.
            if error.start >= len(body) - 3:
                return body[: error.start]
            if _nearly_utf8(body):
                return body.decode("utf-8", "replace").encode("utf-8")
            encoding = _declared(body)
        else:
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


def _nearly_utf8(body: bytes) -> bool:
    """Text in another encoding hardly ever looks like UTF-8, so a few sequences that are wrong tell of a slip."""
    wrong = body.decode("utf-8", "replace").count("\N{REPLACEMENT CHARACTER}")
    beyond_ascii = len(body) - len(body.decode("ascii", "ignore"))
    return wrong * _SLIPS < beyond_ascii


def _declared(body: bytes) -> str:
    return codec_of(html_body_declared_encoding(body) or "") or "cp1252"

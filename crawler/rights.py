"""What a publisher says about the reuse of a page, in headers and in the page's head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.items import Rights

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy.http import Headers


def rights_of_headers(headers: Headers) -> Rights:
    """Read X-Robots-Tag and TDM-Reservation from the headers of an answer."""
    tags = (value.decode("latin-1") for value in headers.getlist("X-Robots-Tag"))
    reservation = headers.get("TDM-Reservation") or b""
    return rights_of(tags, [reservation.decode("latin-1")])


def rights_of(robots: Iterable[str], reservations: Iterable[str]) -> Rights:
    """Read directives.

    Args:
        robots: contents of robots directives, such as ``noindex, noai`` or ``somebot: noai``.
        reservations: contents of TDM reservations, of which ``1`` reserves text and data mining.
    """
    directives = {word.strip().lower() for text in robots for part in text.split(",") for word in part.split(":")}
    return Rights(
        robots_noai="noai" in directives,
        tdm_reservation=any(text.strip() == "1" for text in reservations),
    )

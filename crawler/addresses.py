"""Addresses: one form for each, the site they belong to, and what they give away about their page."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

from classifier.sites import registered_domain

# Parameters that say where a reader came from and nothing about the page.
_TRACKING = re.compile(r"(utm_|at_|mtm_|pk_)\w+|fbclid|gclid|dclid|msclkid|igshid|mc_[ce]id|cmpid|ref_src|ns_\w+|smid")
_FILE = re.compile(
    r"\.(jpe?g|png|gif|webp|svg|ico|mp[34]|m4a|webm|mov|avi|m3u8|pdf|docx?|xlsx?|pptx?|zip|gz|css|js|json|xml|rss"
    r"|atom|txt)$"
)
# Last folders of pages that list, sell or serve, in the languages that news sites mix with English.
_OTHER = re.compile(
    r"/(tags?|topics?|themen?|category|categories|kategorie|categoria|categorie|section|authors?|autor(en|es)?|auteurs?"
    r"|profile|people|search|suche|buscar|recherche|ricerca|login|log-in|signin|sign-in|register|registration|anmelden"
    r"|account|my-?account|user|subscribe|subscription|abo|newsletters?|cart|checkout|shop|feed|rss|sitemap|archive"
    r"|privacy(-policy)?|terms(-of-(use|service))?|cookies?(-policy)?|contact(-us)?|about(-us)?|impressum|datenschutz"
    r"|kontakt|agb|imprint|advertise|jobs|careers|faq|help|hilfe|page|pagina|seite)(/[^/]*)?(/(page/)?\d{1,4})?/?$"
)
_DATE = re.compile(r"/(19|20)\d\d[/-]?(0?[1-9]|1[0-2])([/-]?(0?[1-9]|[12]\d|3[01]))?[/-]")
_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)")


def normalise(url: str) -> str:
    """Give an address its one form: sorted query, no fragment, no tracking parameters.

    Raises:
        ValueError: ``url`` is not an address.
    """
    names = [pair.partition("=")[0] for pair in urlsplit(url).query.split("&")]
    tracking = [name for name in names if _TRACKING.fullmatch(name)]
    if tracking:
        url = url_query_cleaner(url, tracking, remove=True)
    return canonicalize_url(url)


def site_of(host: str) -> str:
    """Return the registered domain of a host name or an address, such as ``example.co.uk``.

    Below a top-level domain that is not in the public suffix list (reserved names, local networks), the last
    two labels count; an IP address or a single label is its own site.
    """
    return registered_domain(host if "//" in host else f"//{host}") or host.lower()


def is_article_like(url: str) -> bool:
    """Tell whether an address looks like an article's: its path holds a date, a long number or a headline.

    Args:
        url: an absolute address.
    """
    path = unquote(urlsplit(url).path)
    last = path.rstrip("/").rsplit("/", 1)[-1]
    words = [word for word in re.split(r"[-_]", last) if word]
    return bool(len(words) >= 4 or _DATE.search(path) or _NUMBER.search(last))


def is_other_page(url: str) -> bool:
    """Tell whether an address is plainly not an article's: a front page, a file, a listing, a service page.

    Args:
        url: an absolute address.
    """
    parts = urlsplit(url)
    path = unquote(parts.path).lower()
    if path in ("", "/") and not parts.query:
        return True
    if _FILE.search(path):
        return True
    return bool(_OTHER.search(path)) and not is_article_like(url)

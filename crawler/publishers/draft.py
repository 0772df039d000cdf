"""Writes the file of a publisher from what was found on its site."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import tomlkit

from classifier.parsing import parse_html
from crawler.addresses import site_of
from crawler.language import language_of
from crawler.publishers.survey import kind_of
from crawler.structured import read_metas

if TYPE_CHECKING:
    from scrapy.http import TextResponse

    from crawler.publishers.survey import Survey

# Countries' domains that are given to anybody for how they read.
_FOR_ANYBODY = frozenset(("ai", "cc", "co", "eu", "fm", "gg", "io", "me", "tv", "to", "ws"))
_ORDER = ("news_sitemap", "feed", "sitemap", "section")
_REGION = re.compile(r"[a-z]{2,3}[-_]([A-Za-z]{2})(?![A-Za-z])")
_BEFORE_MOTTO = re.compile(r"\s+[|•·–—-]\s+|:\s+")


def key_of(host: str) -> str:
    """Return the name of the file, and with it of the spider, for a host: ``example`` for ``www.example.co.uk``."""
    site = site_of(host)
    label = site.partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", site if label.isdecimal() else label).strip("-")


def draft(survey: Survey, country: str = "", language: str = "") -> str:
    """Write a publisher's file.

    Args:
        survey: what was found; its front page answered.
        country: two-letter code; by default it is guessed from the front page's language and the domain.
        language: code; by default it is read from the front page.

    Returns:
        TOML in the form of `crawler.publishers.Publisher`.
    """
    page = survey.front_page
    assert page is not None
    parts = urlsplit(page.url)
    languages = [language] if language else _languages(page)
    entry: dict[str, Any] = {"name": _name(page), "domain": parts.netloc.lower()}
    if country := country or _country(page):
        entry["country"] = country.lower()
    if languages:
        entry["languages"] = languages
    if _is_private(parts.hostname or ""):
        entry["allow_private"] = True
    if survey.may_train is not None:
        entry["rights"] = {"may_train": survey.may_train}
    sources = [
        {"kind": kind_of(finding), "url": finding.source.url} for finding in survey.findings if not finding.problem
    ]
    # The links of the front page are the last resort: they say nothing of when an article was published.
    listings = [source for source in sources if source["kind"] != "section"]
    entry["sources"] = sorted(listings or sources, key=lambda source: _ORDER.index(source["kind"]))
    return tomlkit.dumps(entry)


def _name(page: TextResponse) -> str:
    root = parse_html(page.body)
    metas: dict[str, list[str]] = {} if root is None else read_metas(root)
    title = " ".join((page.css("title::text").get() or "").split())
    names = (*metas.get("og:site_name", ()), *metas.get("application-name", ()), *_BEFORE_MOTTO.split(title))
    return next(filter(None, names), urlsplit(page.url).netloc)


def _languages(page: TextResponse) -> list[str]:
    text = " ".join(page.css("h1::text, h2::text, h3::text, p::text, a::text").getall())
    language = language_of(" ".join(text.split()), page.css("html::attr(lang)").get())
    return [language] if language else []


def _country(page: TextResponse) -> str:
    if region := _REGION.match(page.css("html::attr(lang)").get() or ""):
        return region[1]
    ending = (urlsplit(page.url).hostname or "").rpartition(".")[2]
    if len(ending) != 2 or not ending.isalpha() or ending in _FOR_ANYBODY:
        return ""
    return "gb" if ending == "uk" else ending


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"

"""What a publisher says about the reuse of its pages: in robots.txt, tdmrep.json, headers and the page's head."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protego import Protego

from crawler.items import Rights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from scrapy.http import Headers
    from scrapy.robotstxt import RobotParser

OPT_OUTS = {
    "noai": "robots_noai",
    "noindex": "robots_noindex",
    "noarchive": "robots_noarchive",
    "ai_crawlers": "ai_crawlers_disallowed",
    "tdm": "tdm_reservation",
}
"""What `RESPECT_OPT_OUT` may name, and the field of `Rights` that tells of it."""

# Crawlers that collect pages to train models, as their operators name them for robots.txt.
_AI_CRAWLERS = (
    "GPTBot",
    "ClaudeBot",
    "anthropic-ai",
    "CCBot",
    "Google-Extended",
    "Applebot-Extended",
    "Bytespider",
    "meta-externalagent",
    "Amazonbot",
    "cohere-training-data-crawler",
    "AI2Bot",
    "Diffbot",
)
_MAX_RULES = 1000


def rights_of(robots: Iterable[str], reservations: Iterable[str], policies: Iterable[str] = ()) -> Rights:
    """Read directives.

    Args:
        robots: contents of robots directives, such as ``noindex, noai`` or ``somebot: noai``.
        reservations: contents of TDM reservations, of which ``1`` reserves text and data mining.
        policies: addresses of TDM policies, of which the first counts.
    """
    directives = {word.strip().lower() for text in robots for part in text.split(",") for word in part.split(":")}
    return Rights(
        robots_noai="noai" in directives,
        robots_noindex=not directives.isdisjoint(("noindex", "none")),
        robots_noarchive="noarchive" in directives,
        tdm_reservation=any(text.strip() == "1" for text in reservations),
        tdm_policy=next((text.strip() for text in policies if text.strip()), None),
    )


def rights_of_headers(headers: Headers) -> Rights:
    """Read X-Robots-Tag, TDM-Reservation and TDM-Policy from the headers of an answer."""

    def values(name: str) -> list[str]:
        return [value.decode("latin-1") for value in headers.getlist(name)]

    return rights_of(values("X-Robots-Tag"), values("TDM-Reservation"), values("TDM-Policy"))


def joined(*rights: Rights) -> Rights:
    """Join what is said in several places: each reservation stands, of texts the first counts."""

    def first(name: str) -> Any:
        return next((value for said in rights if (value := getattr(said, name))), getattr(Rights(), name))

    return Rights(**{name: first(name) for name in Rights.__dataclass_fields__})


def opt_out(rights: Rights, respected: Iterable[str]) -> str:
    """Name the first of the opt-outs to be respected that a page makes; empty if it makes none of them.

    Args:
        rights: of the page.
        respected: keys of `OPT_OUTS`.
    """
    return next((name for name in respected if getattr(rights, OPT_OUTS[name])), "")


def disallows_ai_crawlers(robots: RobotParser, url: str) -> bool:
    """Tell whether a robots.txt turns a crawler away from an address that collects pages for AI."""
    return not all(robots.allowed(url, crawler) for crawler in _AI_CRAWLERS)


@dataclass(frozen=True, slots=True)
class TdmRules:
    """A site's ``/.well-known/tdmrep.json`` (TDM Reservation Protocol, W3C community group).

    Attributes:
        rules: patterns in the language of robots.txt and what they mean, the longest first.
    """

    rules: tuple[tuple[Protego, Rights], ...] = ()

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the file; of what is not as it should be, nothing."""
        try:
            entries = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(entries, list):
            return cls()
        found = [rule for entry in entries[:_MAX_RULES] if (rule := _rule(entry))]
        found.sort(key=lambda rule: len(rule[0]), reverse=True)
        return cls(tuple((Protego.parse(f"User-agent: *\nDisallow: {path}"), rights) for path, rights in found))

    def of(self, url: str) -> Rights:
        """Return the rights of an address: those of the longest pattern that it matches."""
        return next((rights for pattern, rights in self.rules if not pattern.can_fetch(url, "*")), Rights())


def _rule(entry: Any) -> tuple[str, Rights] | None:
    if not isinstance(entry, dict) or not isinstance(path := entry.get("location"), str) or not path.split():
        return None
    policy = entry.get("tdm-policy")
    policies = [policy] if isinstance(policy, str) and policy.startswith(("http://", "https://")) else []
    return path.split()[0], rights_of([], [str(entry.get("tdm-reservation"))], policies)

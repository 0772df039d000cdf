"""A publisher as data: the typed form of one TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from crawler.publishers.cron import read_cron

SourceKind = Literal["news_sitemap", "sitemap", "feed", "section"]

_HOST = re.compile(r"(?!-)[a-z0-9.-]+(:\d{1,5})?")
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_TODAY = re.compile(r"\{today:([^{}]+)\}")


class PublisherError(UsageError):
    """A publisher's file cannot be used; the message names the file, the key, what is wrong and the mend."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Source:
    """Where a publisher announces its articles.

    Attributes:
        kind: ``news_sitemap``, ``sitemap``, ``feed`` (RSS or Atom), or ``section`` (a page that links to
            articles).
        url: its absolute address; it may be on another site than the articles. In the file it may hold the day on
            which it is read, such as ``{today:%Y-%m-%d}``, since some sitemaps are one a day or a month.
    """

    kind: SourceKind
    url: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """One entry of the registry.

    Attributes:
        key: name of the file without its ending, which is the name of the spider.
        name: what the publisher calls itself.
        domain: host of its front page; articles are taken from the registered domain above it.
        country: two-letter code (ISO 3166-1), lower case; empty when not known.
        languages: language codes (ISO 639), the main one first.
        sources: where to look for articles; none means that the site is asked: robots.txt, feeds, front page.
        exclude: addresses in which one of these is found are not fetched.
        schedule: when it is worth a crawl, in cron's form and UTC: minute, hour, day of the month, month, day of the
            week; the last one by name, since numbers do not mean the same day everywhere; empty leaves it to the
            settings.
        priority: of two publishers that are due, the one with the greater number is crawled first.
        delay: least time between two requests in seconds; None leaves it to the settings.
        may_train: whether the publisher allows the training of models; None when it does not say.
        render: whether its pages need a browser.
        allow_private: whether its pages may lie on, or redirect to, addresses of this machine or a private network.
    """

    key: str
    name: str
    domain: str
    country: str = ""
    languages: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    exclude: tuple[re.Pattern[str], ...] = ()
    schedule: str = ""
    priority: int = 0
    delay: float | None = None
    may_train: bool | None = None
    render: bool = False
    allow_private: bool = False

    @classmethod
    def from_toml(cls, key: str, text: str, file: str) -> Publisher:
        """Read an entry.

        Args:
            key: the name of the spider.
            text: the content of the file.
            file: how the file is named in errors.

        Raises:
            PublisherError: the file has a mistake.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PublisherError(f"{file}: not TOML: {error}. Mend the file at that place.") from None
        table = _Table(file, data)
        rights = table.table("rights")
        publisher = cls(
            key=key,
            name=table.text("name"),
            domain=table.text("domain", _HOST, 'give the host alone, such as "www.example.com"'),
            country=table.text("country", _CODE, 'give a two-letter country code, such as "de"', default=""),
            languages=table.texts("languages", _CODE, 'give language codes, such as ["de"]'),
            sources=tuple(source.source() for source in table.tables("sources")),
            exclude=table.patterns("exclude"),
            schedule=table.cron("schedule"),
            priority=table.integer("priority", default=0),
            delay=table.number("delay"),
            may_train=rights.flag("may_train", default=None),
            render=bool(table.flag("render", default=False)),
            allow_private=bool(table.flag("allow_private", default=False)),
        )
        rights.finish()
        table.finish()
        return publisher


@dataclass
class _Table:
    """A TOML table whose keys are taken one by one; what is left at the end is a mistake."""

    file: str
    data: dict[str, Any]
    prefix: str = ""
    known: list[str] = field(default_factory=list)

    def fail(self, key: str, wrong: str, mend: str) -> PublisherError:
        return PublisherError(f"{self.file}: {self.prefix}{key}: {wrong}; {mend}.")

    def take(self, key: str) -> Any:
        self.known.append(key)
        return self.data.get(key)

    def text(
        self,
        key: str,
        form: re.Pattern[str] | None = None,
        mend: str = "give a text in quotes",
        default: str | None = None,
    ) -> str:
        value = self.take(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.fail(key, "is missing", mend)
        if not isinstance(value, str) or not value.strip() or (form and not form.fullmatch(value)):
            raise self.fail(key, f"{value!r} is not valid", mend)
        return value

    def texts(
        self, key: str, form: re.Pattern[str] | None = None, mend: str = "give a list of texts"
    ) -> tuple[str, ...]:
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.fail(key, f"{value!r} is not a list", mend)
        for item in value:
            if not isinstance(item, str) or not item or (form and not form.fullmatch(item)):
                raise self.fail(key, f"{item!r} is not valid", mend)
        return tuple(value)

    def patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        mend = "give a list of regular expressions, such as ['/gallery/']"
        try:
            return tuple(re.compile(text) for text in self.texts(key, mend=mend))
        except re.error as error:
            raise self.fail(key, f"{error.pattern!r} is no regular expression ({error})", mend) from None

    def cron(self, key: str) -> str:
        mend = 'give the five fields of cron, such as "*/15 * * * *" or "0 6 * * mon-fri"'
        value = self.text(key, mend=mend, default="")
        if not value:
            return ""
        try:
            return read_cron(value)
        except ValueError as error:
            raise self.fail(key, str(error), mend) from None

    def integer(self, key: str, default: int) -> int:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(key, f"{value!r} is not valid", "give a whole number, such as 10")
        return value

    def number(self, key: str) -> float | None:
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
            raise self.fail(key, f"{value!r} is not valid", "give seconds between 0 and 3600")
        return float(value)

    def flag(self, key: str, default: bool | None) -> bool | None:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fail(key, f"{value!r} is not valid", "give true or false, without quotes")
        return value

    def table(self, key: str) -> _Table:
        value = self.take(key)
        if value is not None and not isinstance(value, dict):
            raise self.fail(key, f"{value!r} is not a table", f"write [{key}] on a line of its own")
        return _Table(self.file, value or {}, f"{key}.")

    def tables(self, key: str) -> list[_Table]:
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(key, "is not a list of tables", f"write [[{key}]] above each one")
        return [_Table(self.file, item, f"{key}[{number}].") for number, item in enumerate(value, 1)]

    def source(self) -> Source:
        kinds = get_args(SourceKind)
        kind = self.text("kind", mend=f"give one of {', '.join(kinds)}")
        if kind not in kinds:
            raise self.fail("kind", f"{kind!r} is not valid", f"give one of {', '.join(kinds)}")
        mend = 'give an absolute address, such as "https://www.example.com/feed.xml"'
        url = _TODAY.sub(lambda form: datetime.now(UTC).strftime(form[1]), self.text("url", mend=mend))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.fail("url", f"{url!r} is not valid", mend)
        self.finish()
        return Source(cast("SourceKind", kind), url)

    def finish(self) -> None:
        for key in self.data:
            if key not in self.known:
                raise self.fail(key, "is not a key of a publisher", f"use one of {', '.join(self.known)}")

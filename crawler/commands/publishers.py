"""`scrapy publishers`: the publishers of the registry; adds one, and checks what the sources of one give."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError

from classifier.terminal import told
from crawler.publishers import Publisher, PublisherError, Registry
from crawler.publishers.draft import draft, key_of
from crawler.publishers.survey import SiteSpider, SourceSpider, Survey, kind_of
from crawler.terminal import output, plain

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from crawler.publishers.survey import Finding

_BUNDLED = Path(__file__).parent.parent / "publishers"


class Command(ScrapyCommand):
    """Lists the publishers that `scrapy crawl` takes by name, adds one, or checks one.

    Exit status: 0; 1 when a publisher's file has a mistake, when a source of a checked publisher gives nothing, or when
    a publisher cannot be added; 2 when the command is wrongly used.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options] | add <https://www.example.com> | check <publisher>"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "List the publishers that can be crawled by name; add one; check the sources of one"

    def long_desc(self) -> str:
        """Return what the command does."""
        return (
            "Without arguments it lists the publishers. `add` looks at a site's robots.txt, front page, sitemaps and "
            "feeds and writes the publisher's file, into PUBLISHERS_DIR if that is set. `check` fetches each source of "
            "a publisher once and says what it gives."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters."""
        super().add_options(parser)
        group = parser.add_argument_group(title="Publishers")
        group.add_argument("--country", metavar="CODE", help="of this country, such as de; with add, its country")
        group.add_argument("--language", metavar="CODE", help="in this language, such as en; with add, its language")
        group.add_argument(
            "--may-train",
            action="store_true",
            help="only publishers that do not refuse the training of models",
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """List, add or check."""
        assert self.settings is not None
        registry = Registry(self.settings.get("PUBLISHERS_DIR"))
        match args:
            case []:
                self._list(registry, opts)
            case ["add", url]:
                self._add(registry, url, opts)
            case ["check", name]:
                self._check(registry, name)
            case _:
                raise UsageError(f"scrapy publishers {' '.join(args)}: say add with an address, or check with a name.")

    def _list(self, registry: Registry, opts: Namespace) -> None:
        publishers = []
        for name in registry.names():
            try:
                publishers.append(registry.load(name))
            except PublisherError as error:
                self.exitcode = 1
                print(error, file=sys.stderr)
        chosen = [publisher for publisher in publishers if _matches(publisher, opts)]
        console = output()
        try:
            console.print(_table(chosen))
        except OSError as error:
            sys.exit(f"scrapy publishers: {told(error)}")
        console.print(f"{len(chosen)} of {len(publishers)} publishers. Crawl one with: scrapy crawl NAME", style="dim")

    def _add(self, registry: Registry, url: str, opts: Namespace) -> None:
        assert self.settings is not None
        front_page = _front_page(url)
        survey = Survey()
        self._fetch(SiteSpider, url=front_page, survey=survey)
        if survey.front_page is None:
            sys.exit(f"scrapy publishers: {front_page}: {survey.problem or 'did not answer'}; nothing was written.")
        output().print(_findings(survey.findings))
        key = key_of(urlsplit(survey.front_page.url).netloc)
        file = Path(self.settings.get("PUBLISHERS_DIR") or _BUNDLED) / f"{key}.toml"
        if key in registry.names():
            sys.exit(f"scrapy publishers: there is a publisher of the name {key}; edit or delete its file first.")
        text = draft(survey, opts.country or "", opts.language or "")
        publisher = Publisher.from_toml(key, text, str(file))
        if not publisher.sources:
            sys.exit(f"scrapy publishers: {front_page} names no articles; nothing was written.")
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            sys.exit(f"scrapy publishers: {file} cannot be written ({error.strerror}); set PUBLISHERS_DIR to a folder.")
        print(f"Wrote {file}. Read it through, then: scrapy crawl {key} -a limit=10")

    def _check(self, registry: Registry, name: str) -> None:
        try:
            publisher = registry.load(name)
        except KeyError as error:
            sys.exit(f"scrapy publishers: {error.args[0]}")
        survey = Survey()
        self._fetch(SourceSpider, publisher=publisher, survey=survey)
        output().print(_findings(survey.findings))
        barren = len(publisher.sources) - sum(not finding.problem for finding in survey.findings)
        if barren or not publisher.sources:
            self.exitcode = 1
            print(f"{barren} of {len(publisher.sources)} sources of {name} give nothing.", file=sys.stderr)

    def _fetch(self, spider: type[SourceSpider], **arguments: object) -> None:
        assert self.settings is not None
        self.settings.set("LOG_LEVEL", "ERROR", priority="spider")
        process = AsyncCrawlerProcess(self.settings)
        process.crawl(spider, **arguments)
        process.start()


def _front_page(url: str) -> str:
    address = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that hold no IPv6 address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError(f"{url!r} is not the address of a site; give one such as https://www.example.com.")
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"


def _matches(publisher: Publisher, opts: Namespace) -> bool:
    return (
        (not opts.country or publisher.country == opts.country.lower())
        and (not opts.language or opts.language.lower() in publisher.languages)
        and not (opts.may_train and publisher.may_train is False)
    )


def _table(publishers: Iterable[Publisher]) -> Table:
    table = Table("name", "publisher", "domain", "country", "languages", "sources", "training", box=None)
    for publisher in publishers:
        kinds = Counter(source.kind for source in publisher.sources)
        sources = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.items())
        training = {True: "", False: "refused", None: "unknown"}[publisher.may_train]
        cells = (publisher.name, publisher.domain, publisher.country, " ".join(publisher.languages), sources)
        table.add_row(Text(publisher.key, style="bold"), *map(plain, cells), Text(training, style="yellow"))
    return table


def _findings(findings: Iterable[Finding]) -> Table:
    table = Table("source", "address", "pages", "further sitemaps", "newest", "problem", box=None)
    for finding in findings:
        table.add_row(
            kind_of(finding).replace("_", " "),
            plain(finding.source.url),
            str(finding.pages or ""),
            str(finding.listings or ""),
            f"{finding.newest:%Y-%m-%d %H:%M%z}" if finding.newest else "",
            plain(finding.problem, style="red"),
        )
    return table

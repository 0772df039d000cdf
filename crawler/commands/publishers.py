"""`scrapy publishers`: the publishers of the registry, as a table."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand

from crawler.publishers import Publisher, PublisherError, Registry

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

_PIPE_WIDTH = 200  # columns of a table that no terminal limits


class Command(ScrapyCommand):
    """Lists the publishers that `scrapy crawl` takes by name.

    Exit status: 0; 1 when a publisher's file has a mistake, after the others were listed.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "List the publishers that can be crawled by name"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters."""
        super().add_options(parser)
        group = parser.add_argument_group(title="Publishers")
        group.add_argument("--country", metavar="CODE", help="only publishers of this country, such as de")
        group.add_argument("--language", metavar="CODE", help="only publishers in this language, such as en")
        group.add_argument(
            "--may-train",
            action="store_true",
            help="only publishers that do not refuse the training of models",
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """List the publishers."""
        assert self.settings is not None
        registry = Registry(self.settings.get("PUBLISHERS_DIR"))
        publishers = []
        for name in registry.names():
            try:
                publishers.append(registry.load(name))
            except PublisherError as error:
                self.exitcode = 1
                print(error, file=sys.stderr)
        chosen = [publisher for publisher in publishers if _matches(publisher, opts)]
        console = Console()
        if not console.is_terminal:
            console.width = _PIPE_WIDTH
        console.print(_table(chosen))
        console.print(f"{len(chosen)} of {len(publishers)} publishers. Crawl one with: scrapy crawl NAME", style="dim")


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
        table.add_row(Text(publisher.key, style="bold"), *map(Text, cells), Text(training, style="yellow"))
    return table

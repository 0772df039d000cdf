"""`scrapy articles`: what the store holds, as a table or in a file's format, counted, or one article in full."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier.files import whole_file
from classifier.terminal import printable, told
from crawler import formats, views
from crawler.commands.filters import (
    NotFoundError,
    add_filters,
    add_paging,
    check_publisher,
    make_searchable,
    order_of,
    position_of,
    selection_of,
)
from crawler.publishers import PublisherError, Registry
from crawler.store import Group, Store, StoreError
from crawler.terminal import output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

TABLE_LIMIT = 50


class Command(ScrapyCommand):
    """Prints articles from the store.

    Exit status: 0, also when no article matches; 1 when the store is out of reach or a name is unknown; 2
    for a mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "List, count or write out the stored articles, or show one with the label of every block"

    def long_desc(self) -> str:
        """Return what to expect."""
        return (
            "Prints the stored articles that pass all filters, the newest first, or, with --low-confidence, the least "
            "sure first. Under a table stands how to print the next."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters and the formats."""
        super().add_options(parser)
        add_filters(parser)
        add_paging(parser, f"{TABLE_LIMIT} in a table, else all")
        group = parser.add_argument_group(title="What to print")
        group.add_argument(
            "--format",
            choices=["table", "jsonl", "csv", "parquet"],
            default="table",
            help="table (the default), JSON Lines, CSV without the blocks, or Parquet",
        )
        group.add_argument("--output", metavar="FILE", type=Path, help="write to this file")
        group.add_argument(
            "--count",
            metavar="BY",
            nargs="?",
            const="",
            choices=["", *Group],
            help=f"print only how many there are, in all or by {', '.join(Group)}",
        )
        group.add_argument("--show", metavar="URL", help="show the article of this address, block by block")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Print what was asked for."""
        if args:
            raise UsageError(f"not understood: {' '.join(args)}", print_help=False)
        if opts.output and (opts.format == "table" or opts.count is not None):
            raise UsageError("--output takes --format jsonl, csv or parquet", print_help=False)
        if opts.format == "parquet" and not opts.output and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal: name a file with --output FILE", print_help=False)
        if opts.show is not None and opts.format in ("csv", "parquet"):
            raise UsageError("--show prints a table or --format jsonl", print_help=False)
        assert self.settings is not None
        try:
            with Store.from_settings(self.settings) as store:
                self._print(store, opts)
        except (StoreError, PublisherError, NotFoundError) as error:
            print(f"scrapy articles: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except OSError as error:
            print(f"scrapy articles: {printable(told(error, opts.output or 'the output'))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

    def _print(self, store: Store, opts: Namespace) -> None:
        if opts.show is not None:
            _show(store, opts)
            return
        assert self.settings is not None
        folder = self.settings.get("PUBLISHERS_DIR")
        selection = selection_of(opts)
        after = position_of(opts)
        check_publisher(opts.publisher, store, lambda: Registry(folder))
        make_searchable(store, selection)
        if opts.count is not None:
            if opts.count:
                views.print_counts(store.count_by(Group(opts.count), selection), Group(opts.count))
            else:
                print(store.count(selection))
            return
        limit = TABLE_LIMIT if opts.limit is None and opts.format == "table" else opts.limit
        if opts.format == "table":
            page = store.summaries(selection, order=order_of(opts), after=after, limit=limit)
            views.print_table(page, store.count(selection, at_most=views.COUNTED))
            return
        found = store.find(selection, order=order_of(opts), after=after, limit=limit)
        with _sink(opts.output) as file:
            if opts.format == "jsonl":
                formats.write_lines(found, file)
            elif opts.format == "csv":
                formats.write_csv(found, file)
            else:
                tables = (table for table, _ in store.tables(selection, order=order_of(opts), after=after, limit=limit))
                formats.write_parquet(tables, file)


def _show(store: Store, opts: Namespace) -> None:
    article = store.get(opts.show)
    if article is None:
        raise NotFoundError(f"no article of the address {opts.show}; `scrapy articles` lists what there is")
    if opts.format == "table":
        views.print_article(article)
    else:
        with _sink(opts.output) as file:
            formats.write_lines([article], file)


@contextmanager
def _sink(path: Path | None) -> Iterator[BinaryIO]:
    """The file to write to, whole or as it was before; a reader of the standard output may leave early."""
    if path:
        with whole_file(path) as file:
            yield file
        return
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except BrokenPipeError:
        output().on_broken_pipe()

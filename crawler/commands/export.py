"""`scrapy export`: writes a corpus of articles to a folder, and goes on where it was stopped."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier.terminal import printable
from crawler.commands.filters import (
    NotFoundError,
    add_filters,
    check_publisher,
    make_searchable,
    number,
    selection_of,
)
from crawler.export import MANIFEST, ExportError, Manifest, open_export, write_shards
from crawler.publishers import PublisherError, Registry
from crawler.store import Selection, Store, StoreError
from crawler.terminal import output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

SHARD_SIZE = 10_000
FILTERS = (
    "publisher", "since", "until", "language", "section", "author", "text", "labels", "access", "duplicates", "model",
    "low_confidence", "ignore_rights",
)  # fmt: skip


class Command(ScrapyCommand):
    """Writes articles to a folder in shards, with a manifest.

    Exit status: 0 when the corpus is complete; 1 when it is not, and the same command will go on; 2 for a
    mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options] DIR"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Write a corpus of stored articles to a folder, in shards with a manifest"

    def long_desc(self) -> str:
        """Return what to expect."""
        return (
            "Writes articles, the newest first, to DIR/articles-NNNNN.jsonl.gz or .parquet, and what they are to "
            f"DIR/{MANIFEST}: counts, checksums, and how many articles are left out and why. Near-duplicates are left "
            "out, and so are articles whose publisher refuses the training of models or reserves AI use or text and "
            "data mining. When it was stopped, the same command goes on."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters and the form of the corpus."""
        super().add_options(parser)
        add_filters(parser, duplicates="without")
        group = parser.add_argument_group(title="The corpus")
        group.add_argument(
            "--format",
            choices=["jsonl", "parquet"],
            default="jsonl",
            help="gzipped JSON Lines (the default), or Parquet",
        )
        group.add_argument(
            "--shard-size", metavar="N", type=number, default=SHARD_SIZE, help="articles a file (default: %(default)s)"
        )
        group.add_argument(
            "--ignore-rights",
            action="store_true",
            help="also articles whose publisher refuses such use; for those who have its permission",
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Write the corpus."""
        if len(args) != 1:
            raise UsageError("name one folder to write to", print_help=False)
        if opts.shard_size == 0:
            raise UsageError("--shard-size: a file holds at least one article", print_help=False)
        selection_of(opts)
        assert self.settings is not None
        registry = Registry(self.settings.get("PUBLISHERS_DIR"))
        try:
            with Store.from_settings(self.settings) as store:
                check_publisher(opts.publisher, store, lambda: registry)
                _export(store, Path(args[0]), opts, registry)
        except (StoreError, PublisherError, ExportError, NotFoundError) as error:
            print(f"scrapy export: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            print("Stopped: the same command goes on from the last whole file.", file=sys.stderr)
            self.exitcode = 130


def _export(store: Store, folder: Path, opts: Namespace, registry: Registry) -> None:
    wanted = Manifest(opts.format, opts.shard_size, {name: getattr(opts, name) for name in FILTERS})
    with open_export(folder, wanted) as manifest:
        base = selection_of(opts, datetime.fromisoformat(manifest.began_at))
        make_searchable(store, base)
        selection = base if opts.ignore_rights else replace(base, reserved=False, not_publishers=_refusing(registry))
        if not manifest.shards:
            manifest.left_out = _left_out(store, base, selection)
        console = Console(stderr=True)
        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Writing articles", total=store.count(selection), completed=manifest.articles)
            for articles in write_shards(store, folder, manifest, selection):
                progress.update(task, completed=articles)
    size = decimal(sum(shard.bytes for shard in manifest.shards))
    output().print(f"{manifest.articles:,} articles in {len(manifest.shards)} files, {size}", markup=False)
    for reason, count in manifest.left_out.items():
        output().print(f"  left out, {reason}: {count:,}", markup=False)


def _refusing(registry: Registry) -> tuple[str, ...]:
    publishers = (registry.load(name) for name in registry.names())
    return tuple(publisher.key for publisher in publishers if publisher.may_train is False)


def _left_out(store: Store, base: Selection, selection: Selection) -> dict[str, int]:
    """Count what the export leaves out of what the filters let through; an article counts for one reason."""
    counts: dict[str, Any] = {}
    if base.duplicates is False:
        counts["near-duplicates of other articles"] = store.count(replace(base, duplicates=True))
    if selection.reserved is False:
        counts["AI use or text and data mining reserved"] = store.count(replace(base, reserved=True))
        trained = store.count(replace(base, reserved=False))
        counts["publisher refuses the training of models"] = trained - store.count(selection)
    return counts

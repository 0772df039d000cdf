"""`scrapy reclassify`: reads the archive again with the current model, and goes on where it was stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier import ModelError
from classifier.terminal import printable
from crawler.commands.filters import NotFoundError, check_publisher
from crawler.pipelines.workers import WorkerError, Workers
from crawler.publishers import PublisherError, Registry
from crawler.rereading import Changes, Rereading, version_of
from crawler.store import Selection, Store, StoreError
from crawler.terminal import output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class Command(ScrapyCommand):
    """Reads the archive again with the current model.

    Exit status: 0 when all of it was read; 1 when it was not, and the same command will go on; 2 for a mistake
    in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Label the stored pages again with the current model, without a crawl"

    def long_desc(self) -> str:
        """Return what to expect."""
        return (
            "Reads the raw page of each article with the model of CLASSIFIER_MODEL, updates labels and text, and says "
            "what changed. An article whose text changed becomes a new revision; what it said before is kept. Titles, "
            "dates and other facts stay as the crawl read them. When it was stopped, the same command goes on."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters."""
        super().add_options(parser)
        group = parser.add_argument_group(title="Which articles")
        group.add_argument("--publisher", metavar="NAME", help="only this publisher's articles")
        group.add_argument(
            "--older-than-model", action="store_true", help="only articles that another model than the current one read"
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Read the archive again."""
        if args:
            raise UsageError(f"not understood: {' '.join(args)}", print_help=False)
        assert self.settings is not None
        folder = self.settings.get("PUBLISHERS_DIR")
        try:
            with Store.from_settings(self.settings) as store:
                check_publisher(opts.publisher, store, lambda: Registry(folder))
                asyncio.run(self._reread(store, opts))
        except (StoreError, PublisherError, NotFoundError, ModelError, WorkerError) as error:
            print(f"scrapy reclassify: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            print("Stopped: the same command goes on from here.", file=sys.stderr)
            self.exitcode = 130

    async def _reread(self, store: Store, opts: Namespace) -> None:
        assert self.settings is not None
        model = self.settings.get("CLASSIFIER_MODEL") or ""
        # Nothing but the reading takes time here, so that all cores may read.
        workers = Workers(
            self.settings.getint("CLASSIFY_WORKERS") or os.cpu_count() or 1, self.settings.getint("CLASSIFY_TIMEOUT")
        )
        try:
            version = await version_of(workers, model)
            selection = Selection(publisher=opts.publisher, not_model=version if opts.older_than_model else None)
            name = f"{version} {opts.publisher or ''} {'older' if opts.older_than_model else 'all'}"
            run = Rereading(store, name, selection, workers, model)
            before = run.changes.seen if opts.older_than_model else 0
            console = Console(stderr=True)
            if run.changes.seen:
                console.print(f"Going on behind {run.changes.seen:,} articles", highlight=False)
            columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
                total = before + store.count(selection)
                task = progress.add_task("Reading pages", total=total, completed=run.changes.seen)
                async for changes in run.run():
                    progress.update(task, completed=changes.seen)
            _print(run.changes, version)
        finally:
            await workers.close()


def _print(changes: Changes, version: str) -> None:
    """Print how labels and texts changed."""
    console = output()
    console.print(f"{changes.read:,} articles read again with model {printable(version)}", markup=False)
    console.print(f"  {changes.relabelled:,} with other labels, {changes.rewritten:,} with another text", markup=False)
    if changes.labels:
        table = Table("before", "now", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("blocks", justify="right")
        for change, count in changes.labels.most_common():
            table.add_row(*change.split(">"), f"{count:,}")
        console.print(table)
    left = {
        "blocks cut another way": changes.other_blocks,
        "articles left alone, raw page not kept": changes.without_page,
        "articles left alone, no text found": changes.without_text,
        "articles left alone, unreadable": changes.unreadable,
    }
    for what, count in left.items():
        if count:
            console.print(f"  {count:,} {what}", markup=False)

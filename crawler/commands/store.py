"""`scrapy store`: looks after the database."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress
from rich.table import Table
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier.terminal import told
from crawler.store import Store, StoreError
from crawler.store.retention import Retention
from crawler.store.spool import replay, spool_folder_of, waiting_records

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from crawler.store import Status


class Command(ScrapyCommand):
    """Looks after the database.

    Exit status: 0 when it was done; 1 when it was not, or, of ``status``, when something is left to do; 2 for
    a mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "status | migrate | replay | prune"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Look after the database: its status, its migrations, and what waits to be written"

    def long_desc(self) -> str:
        """Return what each action does."""
        return (
            "status: what the database holds, how large it is, and what is left to do. "
            "migrate: bring an older database up to date; a crawl does so by itself when it begins. "
            "replay: write the articles that crawls left on this machine's disk, because the database was away or "
            "the crawl was killed; the next crawl does so by itself. "
            "prune: delete the raw pages that are older than the settings PAGES_KEEP_DAYS and "
            "PAGES_KEEP_DAYS_BY_PUBLISHER allow; the end of a crawl does so by itself."
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Do what was asked for."""
        actions: dict[str, Callable[[Store], None]] = {
            "status": self._status,
            "migrate": self._migrate,
            "replay": self._replay,
            "prune": self._prune,
        }
        if len(args) != 1 or args[0] not in actions:
            raise UsageError(f"say one of: {', '.join(actions)}", print_help=False)
        assert self.settings is not None
        try:
            with Store.connect(self.settings.get("MONGO_URI"), self.settings.get("MONGO_DATABASE")) as store:
                actions[args[0]](store)
        except StoreError as error:
            print(f"scrapy store: {error}", file=sys.stderr)
            self.exitcode = 1
        except OSError as error:
            print(f"scrapy store: {told(error)}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

    def _migrate(self, store: Store) -> None:
        store.migrate(lambda migration: print(f"{migration.version}: {migration.title}", flush=True))
        print(f"The database has schema version {store.status().schema_version}, the newest.")

    def _replay(self, store: Store) -> None:
        store.migrate(lambda migration: None)
        spools = self._spools()
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Writing", total=waiting_records(spools))
            replayed = replay(spools, store.write_records, lambda count: progress.advance(task, count))
        print(f"{replayed.written:,} articles written from {spools}")
        for outcome, count in sorted(replayed.outcomes.items()):
            print(f"  {count:,} {outcome}")
        if replayed.refused:
            kept = ", ".join(map(str, replayed.kept_in))
            print(f"{replayed.refused:,} cannot be stored and lie in {kept}", file=sys.stderr)
            self.exitcode = 1

    def _prune(self, store: Store) -> None:
        assert self.settings is not None
        print(f"{store.prune(Retention.from_settings(self.settings)):,} raw pages deleted")

    def _spools(self) -> Path:
        assert self.settings is not None
        return spool_folder_of(self.settings)

    def _status(self, store: Store) -> None:
        status = store.status()
        _print_status(status)
        for version, title in status.pending:
            print(f"Migration {version} has yet to run ({title}): `scrapy store migrate` runs it")
            self.exitcode = 1
        if waiting := waiting_records(self._spools()):
            print(f"{waiting:,} articles wait in {self._spools()}: `scrapy store replay` writes them")
            self.exitcode = 1


def _print_status(status: Status) -> None:
    """Print a few lines and a row a collection."""
    console = Console(highlight=False)
    console.print(
        f"MongoDB {status.server_version} at {status.address}, database {status.database}, "
        f"schema version {status.schema_version}",
        markup=False,
    )
    last = f"{status.last_crawl_at:%Y-%m-%d %H:%M} UTC" if status.last_crawl_at else "never"
    console.print(f"Last crawl ended: {last}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("collection")
    for name in ("documents", "bytes each", "data", "on disk", "indexes"):
        table.add_column(name, justify="right")
    for name, size in status.collections.items():
        each = decimal(size.data_bytes // size.documents) if size.documents else ""
        sizes = map(decimal, (size.data_bytes, size.disk_bytes, size.index_bytes))
        table.add_row(name, f"{size.documents:,}", each, *sizes)
    console.print(table)

"""`scrapy alerts`: what is unusual about publishers, and what to do about it."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier.files import whole_file
from classifier.terminal import printable, told
from crawler.store import Store, StoreError
from crawler.store.alerts import now
from crawler.terminal import output, plain

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from crawler.store import Alert


class Command(ScrapyCommand):
    """Lists the alerts that are open, writes the pages that they want labelled, or accepts a change.

    Exit status: 0 when no alert is open, or what was asked for was done; 1 when one is, or the store is out of
    reach; 2 for a mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "List what is unusual about publishers, and get the pages to label"

    def long_desc(self) -> str:
        """Return what the command does, in full."""
        return (
            "Each crawl is compared with the publisher's own past; a figure that left its usual range is an open "
            "alert until it is back or --accept calls usual what it is now."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filter and what can be done."""
        super().add_options(parser)
        group = parser.add_argument_group(title="Alerts")
        group.add_argument("--publisher", metavar="NAME", help="only this publisher's alerts")
        what = group.add_mutually_exclusive_group()
        what.add_argument(
            "--pages",
            metavar="DIR",
            type=Path,
            help="write the pages to label into a folder, for `python -m classifier label PAGE --html`",
        )
        what.add_argument(
            "--accept",
            metavar="NAME",
            help="end the alerts of this publisher: later crawls are compared with how it is now",
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Do what was asked for."""
        if args:
            raise UsageError(f"not understood: {' '.join(args)}", print_help=False)
        assert self.settings is not None
        try:
            with Store.from_settings(self.settings) as store:
                if opts.accept is not None:
                    self._accept(store, opts.accept)
                elif opts.pages is not None:
                    self._write_pages(store, store.alerts.open(opts.publisher), opts.pages)
                else:
                    self._list(store.alerts.open(opts.publisher))
        except StoreError as error:
            print(f"scrapy alerts: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except OSError as error:
            print(f"scrapy alerts: {printable(told(error, opts.pages or 'the output'))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

    def _accept(self, store: Store, publisher: str) -> None:
        figures = [alert.figure for alert in store.alerts.open(publisher)]
        ended = store.alerts.end(publisher, figures, now(), accepted=True)
        if not ended:
            print(f"scrapy alerts: no alert of {printable(publisher)} is open", file=sys.stderr)
            self.exitcode = 1
        for alert in ended:
            print(printable(f"{alert.publisher}: {alert.figure} is usual as it is since {alert.since:%Y-%m-%d %H:%M}"))

    def _write_pages(self, store: Store, alerts: Sequence[Alert], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pages = {page.page: alert.publisher for alert in alerts for page in alert.pages}
        for digest, publisher in pages.items():
            if raw := store.page(digest):
                # Compressed, so that no browser runs a stranger's page from the disk by a double click.
                file = folder / f"{publisher.replace(':', '-').replace('/', '-')}-{digest[:12]}.html.gz"
                with whole_file(file) as out:
                    out.write(gzip.compress(raw.html, mtime=0))
                print(f"{printable(str(file))}\t{printable(raw.url)}")
        if not pages:
            print("No page is marked for labelling.", file=sys.stderr)

    def _list(self, alerts: Sequence[Alert]) -> None:
        console = output()
        if not alerts:
            console.print("No alert is open.")
            return
        self.exitcode = 1
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("publisher", overflow="fold")
        table.add_column("raised (UTC)", no_wrap=True)
        table.add_column("what changed", overflow="fold", ratio=1)
        table.add_column("pages to label", justify="right")
        for alert in alerts:
            table.add_row(
                plain(alert.publisher),
                f"{alert.raised_at:%Y-%m-%d %H:%M}",
                plain(alert.message),
                str(len(alert.pages)),
            )
        console.print(table)
        console.print("--pages DIR writes the pages to label; --accept NAME calls usual what it is now.", style="dim")

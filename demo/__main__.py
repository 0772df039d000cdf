"""`python -m demo`: crawls the two sites and shows what was kept, what was removed, and what to type next."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from scrapy.utils.project import get_project_settings

from crawler.store import Store, StoreError
from crawler.store.home import default_home
from demo.server import PUBLISHERS, running_sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.store import PublisherCounts

NAMES = sorted(file.stem for file in PUBLISHERS.glob("*.toml"))
SHOWN = "http://www.quayside-markets.example/crypto/halden-slides-upgrade-delay.html"
NEXT = f"""\
[bold]Now type[/]
  . .venv/bin/activate
  scrapy articles                                          [dim]# what is stored[/]
  scrapy articles --publisher {NAMES[0]} --format jsonl
  scrapy articles --show {SHOWN}
  python -m classifier label PAGE.html                     [dim]# label a page of your own[/]
  scrapy crawl site -a domain=www.example.com              [dim]# crawl a site of your choice[/]
  make demo                                                [dim]# again: nothing is stored twice[/]"""


class CommandError(Exception):
    """A command of the demo failed, and has said why."""


def main() -> int:
    """Run the demo.

    Returns:
        The exit status.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        # Held open from first to last, so that all commands share one start of the embedded server.
        with Store.from_settings(get_project_settings()) as store, running_sites() as server:
            environment = {**os.environ, **server.environment}
            for name in NAMES:
                _scrapy(console, "crawl", name, "-L", "WARNING", environment=environment)
            console.print(_table(store.count_labels(NAMES)))
            _scrapy(console, "articles", "--show", SHOWN, environment=environment)
    except StoreError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except CommandError:
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped. What was stored stays; `make demo` goes on from there.")
        return 130
    where = "MongoDB at MONGO_URI" if os.environ.get("MONGO_URI") else str(default_home())
    console.print(f"\nThe articles are in {where}.\n\n{NEXT}")
    return 0


def _scrapy(console: Console, *arguments: str, environment: Mapping[str, str]) -> None:
    """Run a command of Scrapy's as one types it, in this terminal.

    Raises:
        CommandError: it ended with a status other than 0.
    """
    console.print(f"\n[bold]$ scrapy {' '.join(arguments)}[/]")
    with subprocess.Popen([sys.executable, "-m", "scrapy", *arguments], env=environment) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # The command got the Ctrl-C as well, and is left the time to end in order.
            process.wait()
            raise
    if status:
        raise CommandError


def _table(counts: Mapping[str, PublisherCounts]) -> Table:
    table = Table(title="In the store", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("publisher")
    table.add_column("articles", justify="right")
    for number, (name, held) in enumerate(counts.items()):
        if not number:
            for label in held.blocks:
                table.add_column(label, justify="right")
        table.add_row(name, str(held.articles), *map(str, held.blocks.values()))
    return table


if __name__ == "__main__":
    sys.exit(main())

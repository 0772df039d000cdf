"""`python -m demo.relaunch`: shows what the watch says when a site changes its layout between two crawls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from crawler.store import Store
from demo.server import Resource, SiteServer, running_sites
from demo.sites import SITES, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "www.quayside-markets.example"
NAME = "quayside-markets"
# The site is small: the settings that are right for real ones would have it crawled for weeks before they judged it.
QUICKLY = ("-L", "WARNING", "-s", "WATCH_MIN_PAGES=5", "-s", "WATCH_MIN_RUNS=2")


def main() -> int:
    """Crawl a site three times as it was, twice as it is after its relaunch, and once more as it was.

    Returns:
        The exit status.
    """
    console = Console(highlight=False, soft_wrap=True)
    with TemporaryDirectory(prefix="broadsheet-relaunch-") as home, running_sites() as server:
        environment = {**os.environ, **server.environment, "BROADSHEET_HOME": home, "MONGO_URI": ""}
        environment.pop("MONGO_DATABASE", None)
        # Held open from first to last, so that all commands share one start of the embedded server.
        with Store.open(None, home=Path(home)):
            for day, story in enumerate(("templates", "templates", "templates", "relaunch", "relaunch"), 1):
                heading = {1: "As it always was", 4: "The relaunch", 5: "And again: told once is enough"}
                if day in heading:
                    console.print(f"\n[bold]{heading[day]}[/]")
                publish(server, day, story)
                if status := _scrapy(console, "crawl", NAME, *QUICKLY, environment=environment):
                    return status
            _scrapy(console, "alerts", environment=environment)
            console.print("\n[bold]As it was, once more[/]")
            publish(server, 6, "templates")
            _scrapy(console, "crawl", NAME, *QUICKLY, environment=environment)
            return _scrapy(console, "alerts", environment=environment)


def publish(server: SiteServer, day: int, templates: str) -> None:
    """Put the site of a day on the server; its prices move, so that no page is what a crawler has seen.

    Args:
        server: plays the site.
        day: a number.
        templates: the folder of the site with its layout.
    """
    site = Site.load(SITES / HOST, templates)
    for path, text in site.files().items():
        server.resources[HOST, path] = Resource.of(path, text.replace("Copper 9,412", f"Copper 9,4{day:02}"))


def _scrapy(console: Console, *arguments: str, environment: Mapping[str, str]) -> int:
    console.print(f"[dim]$ scrapy {' '.join(arguments)}[/]")
    return subprocess.run([sys.executable, "-m", "scrapy", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""`scrapy articles`: what the store holds, as a table, as JSON lines, or one article with all its blocks."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.publishers import PublisherError, Registry
from crawler.store import Selection, Store, StoredArticle, StoreError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

TABLE_LIMIT = 50
PIPE_WIDTH = 200  # columns of a table that no terminal limits
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
STYLES = {"article": "green", "ad": "red", "disclaimer": "yellow", "teaser": "blue", "other": "bright_black"}
# C0 and C1 controls, marks that reorder text, and line separators that are no line feed.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class NotFoundError(Exception):
    """What the user asked for by name is not there. The message is one line for the user."""


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
        return "List the stored articles, or show one with the label of every block"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters and the formats."""
        super().add_options(parser)
        group = parser.add_argument_group(title="Articles")
        group.add_argument("--publisher", metavar="NAME", help="only this publisher's articles")
        group.add_argument(
            "--since", metavar="WHEN", type=_moment, help="published since: 12h, 2d, 3w ago, or a date (UTC)"
        )
        group.add_argument(
            "--until",
            metavar="WHEN",
            type=_end,
            help="published before, written likewise; of a date, the whole day counts",
        )
        group.add_argument(
            "--limit",
            metavar="N",
            type=_number,
            help=f"at most N articles, 0 for all (default: {TABLE_LIMIT} in a table, all in jsonl)",
        )
        group.add_argument(
            "--format", choices=["table", "jsonl"], default="table", help="table (the default), or JSON lines"
        )
        group.add_argument("--show", metavar="URL", help="show the article of this address, block by block")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Print what was asked for."""
        if args:
            raise UsageError(f"not understood: {' '.join(args)}", print_help=False)
        assert self.settings is not None
        try:
            with Store.from_settings(self.settings) as store:
                if opts.show is not None:
                    self._show(store, opts)
                else:
                    self._list(store, opts, Registry(self.settings.get("PUBLISHERS_DIR")))
        except (StoreError, PublisherError, NotFoundError) as error:
            print(f"scrapy articles: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

    def _show(self, store: Store, opts: Namespace) -> None:
        article = store.get(opts.show)
        if article is None:
            raise NotFoundError(f"no article of the address {opts.show}; `scrapy articles` lists what there is")
        if opts.format == "jsonl":
            _print_lines([article])
        else:
            _print_article(article)

    def _list(self, store: Store, opts: Namespace, registry: Registry) -> None:
        selection = Selection(publisher=opts.publisher, since=opts.since, until=opts.until)
        if opts.publisher is not None:
            _check_publisher(opts.publisher, store.publishers(), registry.names())
        if opts.format == "jsonl":
            _print_lines(store.find(selection, limit=opts.limit))
        else:
            limit = TABLE_LIMIT if opts.limit is None else opts.limit
            _print_table(store.find(selection, limit=limit), store.count(selection))


def printable(text: str) -> str:
    """Replace what would steer a terminal: a stored text is to be read, not obeyed."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"[\t\n\r]+", " ", text))


def _moment(value: str) -> datetime:
    """Read a moment of a command line: some hours, days or weeks ago, or an ISO 8601 date or time."""
    try:
        if ago := re.fullmatch(r"(\d+)([hdw])", value):
            return datetime.now(UTC) - int(ago[1]) * UNITS[ago[2]]
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{value!r} is no time: write 12h, 2d, 3w, or a date such as 2026-07-31") from None


def _end(value: str) -> datetime:
    """Read a moment, of a date its end."""
    moment = _moment(value)
    try:
        return moment + timedelta(days=1) if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", value) else moment
    except OverflowError:
        raise ArgumentTypeError(f"{value!r} is no time: no day follows it") from None


def _number(value: str) -> int:
    if not re.fullmatch(r"\d{1,9}", value):
        raise ArgumentTypeError(f"{value!r} is no number of articles: write 0 for all, or 1 and more")
    return int(value)


def _check_publisher(name: str, stored: list[str], registered: list[str]) -> None:
    """Tell a publisher without articles from a name that nobody knows.

    Raises:
        NotFoundError: no articles can be expected of that name.
    """
    if name in stored:
        return
    if name in registered:
        raise NotFoundError(f"no articles of {name} yet: `scrapy crawl {name}` fetches them")
    known = sorted({*stored, *registered})
    near = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "`scrapy list` prints the names"
    raise NotFoundError(f"no publisher is named {name}: {hint}")


def _print_lines(articles: Iterable[StoredArticle]) -> None:
    """Print one JSON object a line: UTF-8, whatever the locale, with controls escaped."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        for article in articles:
            line = json.dumps(article.as_dict(), ensure_ascii=False, default=_date)
            sys.stdout.write(CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", line) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _console().on_broken_pipe()


def _date(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _print_table(articles: Iterator[StoredArticle], total: int) -> None:
    """Print a row an article, newest first."""
    console = _console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("published (UTC)", overflow="fold")
    table.add_column("article", overflow="fold", ratio=1)
    table.add_column("kept", justify="right", style=STYLES["article"])
    table.add_column("removed", justify="right", style=STYLES["ad"])
    for article in articles:
        kept = article.counts.get("article", 0)
        table.add_row(
            _text(_minute(article.published_at) or "unknown").append(f"\n{printable(article.publisher)}", "dim"),
            _text(article.title or "(no title)").append(f"\n{printable(article.canonical_url)}", "dim"),
            str(kept),
            str(sum(article.counts.values()) - kept),
        )
    if table.row_count:
        console.print(table)
    if table.row_count < total:
        console.print(f"{table.row_count} of {total:,} articles; --limit 0 prints all")
    else:
        console.print(f"{total:,} article{'' if total == 1 else 's'}")


def _print_article(article: StoredArticle) -> None:
    """Print title and facts, then each block with its label: what is kept bright, what was removed dim."""
    console = _console()
    console.print(_text(article.title or "(no title)", "bold"))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(article):
        facts.add_row(name, _text(value))
    console.print(facts)
    kept = article.counts.get("article", 0)
    removed = ", ".join(f"{count} {label}" for label, count in article.counts.items() if label != "article")
    console.print()
    console.print(
        Text.assemble(
            (f"+ {kept} kept", STYLES["article"]),
            "   ",
            (f"- {sum(article.counts.values()) - kept} removed", STYLES["ad"]),
            f" ({printable(removed)})" if removed else "",
        )
    )
    console.print()
    blocks = Table.grid(padding=(0, 1))
    for _ in range(3):
        blocks.add_column(no_wrap=True)
    blocks.add_column(overflow="fold", ratio=1)
    for block in article.blocks:
        is_kept = block.label == "article"
        style = STYLES.get(block.label, "")
        blocks.add_row(
            _text("+" if is_kept else "-", style),
            _text(block.label, style),
            _text(f"{block.p:.2f}", "dim"),
            _text(block.text, "" if is_kept else "dim"),
        )
    console.print(blocks)


def _facts(article: StoredArticle) -> Iterator[tuple[str, str]]:
    rights = article.rights
    said = [("no AI use", rights.robots_noai), ("text and data mining reserved", rights.tdm_reservation)]
    facts = {
        "address": article.canonical_url,
        "fetched from": article.url if article.url != article.canonical_url else "",
        "publisher": article.publisher,
        "authors": ", ".join(article.authors),
        "published": _minute(article.published_at),
        "modified": _minute(article.modified_at),
        "language": article.language,
        "section": article.section,
        "tags": ", ".join(article.tags),
        "access": article.access,
        "rights": ", ".join([text for text, holds in said if holds] + [rights.licence or ""]).strip(", "),
        "duplicate of": article.duplicate_of,
        "confidence": f"{article.confidence:.2f}",
        "classifier": str(article.classifier.get("version", "")),
        "revision": str(article.revision),
        "first seen": _minute(article.first_seen_at),
        "last fetched": _minute(article.crawl.fetched_at),
    }
    return ((name, value) for name, value in facts.items() if value)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _text(value: str, style: str = "") -> Text:
    """Text that rich prints as it is: no markup of its own, no control of the terminal."""
    return Text(printable(value), style=style)


def _console() -> Console:
    """The standard output: in colour on a terminal without NO_COLOR, as wide as it needs to be elsewhere."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console

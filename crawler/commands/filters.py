"""The filters of articles as options of commands, the same for every command that takes some of the store."""

from __future__ import annotations

import difflib
import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from rich.progress import Progress
from scrapy.exceptions import UsageError

from classifier import LABELS
from crawler.dates import parse_moment
from crawler.items import Access
from crawler.store import Order, Position, Selection, SelectionError, StoreError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable
    from datetime import datetime

    from crawler.publishers import Registry
    from crawler.store import Store

LOW_CONFIDENCE = 0.8
DUPLICATES = {"with": None, "without": False, "only": True}


class NotFoundError(Exception):
    """What the user asked for by name is not there. The message is one line for the user."""


def add_filters(parser: ArgumentParser, duplicates: str = "with") -> None:
    """Add the options that `selection_of` reads.

    Args:
        parser: of a command.
        duplicates: what stands for ``--duplicates`` when it is not given.
    """
    group = parser.add_argument_group(title="Which articles")
    group.add_argument("--publisher", metavar="NAME", help="only this publisher's articles")
    group.add_argument(
        "--since",
        metavar="WHEN",
        type=when,
        help="published since: 12h, 2d, 3w ago, or a date (UTC); without a date, first seen since",
    )
    group.add_argument(
        "--until", metavar="WHEN", type=end, help="published before, written likewise; of a date, the whole day counts"
    )
    group.add_argument("--language", metavar="CODE", type=str.lower, help="in this language, such as en")
    group.add_argument("--section", metavar="NAME", help="of this section, as the publisher writes it")
    group.add_argument("--author", metavar="NAME", help="by this author, likewise")
    group.add_argument(
        "--text", metavar="WORDS", help="with these words in title or text; '\"a phrase\"', and -word for without"
    )
    group.add_argument(
        "--with",
        dest="labels",
        metavar="LABEL",
        action="append",
        default=[],
        choices=LABELS,
        help=f"with blocks of this label ({', '.join(LABELS)}); may be given more than once",
    )
    group.add_argument("--access", choices=get_args(Access), help="that can be read so")
    group.add_argument(
        "--duplicates",
        choices=DUPLICATES,
        default=duplicates,
        help="with near-duplicates of other articles, without them, or only them (default: %(default)s)",
    )
    group.add_argument("--model", metavar="VERSION", help="labelled by this version of the model")
    group.add_argument(
        "--low-confidence",
        metavar="P",
        type=share,
        nargs="?",
        const=LOW_CONFIDENCE,
        help=f"whose labels are less sure than P of 1 (default: {LOW_CONFIDENCE})",
    )


def add_paging(parser: ArgumentParser, limit: str) -> None:
    """Add the options for a part of what the filters leave.

    Args:
        parser: of a command.
        limit: what happens without a limit, for the help.
    """
    group = parser.add_argument_group(title="How many")
    group.add_argument("--limit", metavar="N", type=number, help=f"at most N articles, 0 for all (default: {limit})")
    group.add_argument("--after", metavar="POSITION", help="go on where a page ended, with the position it printed")


def selection_of(opts: Namespace, now: datetime | None = None, **more: Any) -> Selection:
    """Read the options of `add_filters`.

    Args:
        opts: the command's options.
        now: what spans of time count back from; the clock by default.
        more: further fields of `Selection`.

    Raises:
        UsageError: together they make no sense.
    """
    try:
        return Selection(
            publisher=opts.publisher,
            since=None if opts.since is None else read_when(opts.since, now),
            until=None if opts.until is None else read_end(opts.until, now),
            language=opts.language,
            section=opts.section,
            author=opts.author,
            text=opts.text,
            labels=tuple(opts.labels),
            access=opts.access,
            duplicates=DUPLICATES[opts.duplicates],
            model=opts.model,
            confidence_below=opts.low_confidence,
            **more,
        )
    except SelectionError as error:
        raise UsageError(str(error), print_help=False) from None


def order_of(opts: Namespace) -> Order:
    """The order that the options ask for."""
    return Order.NEWEST if opts.low_confidence is None else Order.LEAST_CONFIDENT


def position_of(opts: Namespace) -> Position | None:
    """Read the option ``--after``.

    Raises:
        UsageError: it is no position.
    """
    try:
        return None if opts.after is None else Position.parse(opts.after, order_of(opts))
    except SelectionError as error:
        raise UsageError(f"--after: {error}", print_help=False) from None


def check_publisher(name: str | None, store: Store, registry: Callable[[], Registry]) -> None:
    """Tell a publisher without articles from a name that nobody knows.

    Args:
        name: what the user gave; None for no publisher in particular.
        store: where its articles would be.
        registry: gives the registry, when it is needed.

    Raises:
        NotFoundError: no articles can be expected of that name.
    """
    if name is None or name in (stored := store.publishers()):
        return
    registered = registry().names()
    if name in registered:
        raise NotFoundError(f"no articles of {name} yet: `scrapy crawl {name}` fetches them")
    known = sorted({*stored, *registered})
    near = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "`scrapy list` prints the names"
    raise NotFoundError(f"no publisher is named {name}: {hint}")


def make_searchable(store: Store, selection: Selection) -> None:
    """Index the words of new articles, if words are searched; who may only read is told what cannot be found yet."""
    waiting = 0 if selection.text is None else store.count_unsearchable()
    if not waiting:
        return
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Indexing the words of new articles", total=waiting)
            for indexed in store.index_words():
                progress.advance(task, indexed)
    except StoreError as error:
        console.print(f"--text cannot find {waiting:,} articles yet: {error}", markup=False, soft_wrap=True)


def when(value: str) -> str:
    """Check a time of a command line, which is read when it is known what it counts back from."""
    read_when(value)
    return value


def end(value: str) -> str:
    """Check a time, of a date its end."""
    read_end(value)
    return value


def read_when(value: str, now: datetime | None = None) -> datetime:
    """Read a time: a span before now, or an ISO 8601 date or time."""
    try:
        return parse_moment(value, now)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{value!r} is no time: write 12h, 2d, 3w, or a date such as 2026-07-31") from None


def read_end(value: str, now: datetime | None = None) -> datetime:
    """Read a time, of a date its end."""
    try:
        return read_when(value, now) + timedelta(days=bool(re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", value)))
    except OverflowError:
        raise ArgumentTypeError(f"{value!r} is no time: no day follows it") from None


def number(value: str) -> int:
    """Read a number of articles, 0 for all."""
    if not re.fullmatch(r"\d{1,9}", value):
        raise ArgumentTypeError(f"{value!r} is no number of articles: write 0 for all, or 1 and more")
    return int(value)


def share(value: str) -> float:
    """Read a share of 1."""
    try:
        read = float(value)
    except ValueError:
        read = -1.0
    if not 0 < read <= 1:
        raise ArgumentTypeError(f"{value!r} is no share: write a number between 0 and 1, such as {LOW_CONFIDENCE}")
    return read

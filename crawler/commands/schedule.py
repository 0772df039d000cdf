"""`scrapy schedule`: crawls by timetable on scrapyd nodes."""

from __future__ import annotations

import json
import os
import sys
from argparse import RawDescriptionHelpFormatter
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.utils.conf import closest_scrapy_cfg
from scrapy.utils.log import configure_logging

from classifier.terminal import told
from crawler.publishers import PublisherError
from crawler.scheduling.dispatcher import BusyError, Dispatcher
from crawler.scheduling.export import ExportError, crontab, systemd_units
from crawler.scheduling.nodes import NodeError, Nodes
from crawler.scheduling.service import Service
from crawler.scheduling.state import Row, State, now
from crawler.scheduling.timetable import Timetable, TimetableError, seconds_of
from crawler.store import Store, StoreError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from scrapy.settings import BaseSettings

    from crawler.scheduling.timetable import Entry

PIPE_WIDTH = 200  # columns of a table that no terminal limits
ENVIRONMENT = "/etc/broadsheet.env"
HELP = """\
Crawls by timetable on scrapyd nodes. When a publisher is due stands in its file, as `schedule`
in cron's form (UTC) and `priority`; SCHEDULE_DEFAULT is for those without.

  scrapy schedule run                  send what is due to the nodes, until stopped
  scrapy schedule status [NAME ...]    next and last runs, and the nodes
  scrapy schedule now NAME ...         send a publisher's job at once
  scrapy schedule pause NAME ...       leave publishers out (--all for all)
  scrapy schedule resume NAME ...      and take them in again
  scrapy schedule export --as cron     the same timetable for cron, or systemd

The nodes are in SCRAPYD_NODES, their user and password in SCRAPYD_USERNAME and
SCRAPYD_PASSWORD, the state in MongoDB (MONGO_URI). Several `run` may run at once."""


class UnknownError(Exception):
    """A name that is not in the timetable. The message is one line for the user."""


class Command(ScrapyCommand):
    """Runs the timetable, tells about it and steers it.

    Exit status: 0; 1 when something could not be done, or `status` finds a node down or no scheduler at work; 2 for
    a mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False
    _actions: ClassVar[dict[str, str]] = {
        name: f"_{name}" for name in ("run", "status", "now", "pause", "resume", "export")
    }

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "run | status | now | pause | resume | export [options] [NAME ...]"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Crawl publishers by timetable on scrapyd nodes"

    def long_desc(self) -> str:
        """Return the help's text."""
        return HELP

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options of the actions."""
        super().add_options(parser)
        parser.formatter_class = RawDescriptionHelpFormatter
        group = parser.add_argument_group(title="Timetable")
        group.add_argument("--all", action="store_true", help="pause, resume: all publishers")
        group.add_argument("--format", choices=["table", "jsonl"], default="table", help="status: table, or JSON lines")
        group.add_argument("--as", dest="form", choices=["cron", "systemd"], help="export: for cron or for systemd")
        group.add_argument("--output", metavar="DIR", help="export --as systemd: write the units to this folder")
        group.add_argument(
            "--environment",
            metavar="FILE",
            default=ENVIRONMENT,
            help=f"export: where the settings and passwords will be, as NAME=VALUE (default: {ENVIRONMENT})",
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Do what was asked for."""
        action, *names = args or [""]
        if action not in self._actions:
            raise UsageError(f"say one of {', '.join(self._actions)}; `scrapy schedule --help` explains them")
        call: Callable[[list[str], Namespace], None] = getattr(self, self._actions[action])
        try:
            call(names, opts)
        except (StoreError, PublisherError, TimetableError, NodeError, BusyError, ExportError, UnknownError) as error:
            print(f"scrapy schedule: {error}", file=sys.stderr)
            self.exitcode = 1
        except BrokenPipeError:  # a reader of the standard output may leave early
            _console().on_broken_pipe()
        except OSError as error:
            print(f"scrapy schedule: {told(error, opts.output or 'the output')}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

    def _run(self, names: list[str], opts: Namespace) -> None:
        if names:
            raise UsageError("run: takes no names; SCHEDULE_PUBLISHERS chooses publishers")
        assert self.settings is not None
        configure_logging(self.settings)
        nodes = Nodes.from_settings(self._settings)
        with Store.from_settings(self._settings) as store, self._metrics(store):
            Service(self._settings, store, nodes).run()

    def _metrics(self, store: Store) -> AbstractContextManager[None]:
        if not self._settings.get("SCHEDULE_METRICS_PORT"):
            return nullcontext()
        try:
            from crawler.scheduling.metrics import endpoint
        except ImportError:
            raise TimetableError(
                "SCHEDULE_METRICS_PORT needs prometheus-client: pip install 'broadsheet[service]'"
            ) from None
        return endpoint(self._settings, store)

    def _status(self, names: list[str], opts: Namespace) -> None:
        with self._state() as state:
            rows = state.rows(names or None)
            schedulers = state.schedulers()
        if unknown := set(names).difference(row.name for row in rows):
            raise UnknownError(f"not in the timetable: {', '.join(sorted(unknown))}")
        nodes = Nodes.from_settings(self._settings)
        nodes.refresh()
        if not schedulers or not all(node.is_up for node in nodes):
            self.exitcode = 1
        if opts.format == "jsonl":
            for row in rows:
                print(json.dumps(asdict(row), default=_iso))
            return
        console = _console()
        if rows:
            console.print(_rows_table(rows))
        else:
            console.print("There is no timetable yet: `scrapy schedule run` makes it and works by it.")
        console.print(_nodes_table(nodes))
        if schedulers:
            console.print(f"Works on it: {', '.join(schedulers)}", markup=False)
        else:
            console.print("No scheduler works on it: start one with `scrapy schedule run`.", style="red")

    def _now(self, names: list[str], opts: Namespace) -> None:
        with Store.from_settings(self._settings) as store:
            dispatcher = Dispatcher.from_settings(self._settings, store, Nodes.from_settings(self._settings))
            for entry in self._entries(dispatcher.timetable, names, opts):
                dispatcher.state.add(entry)
                run = dispatcher.send_now(entry.name)
                print(f"{entry.name}: job {run.job} sent to {run.node}")

    def _pause(self, names: list[str], opts: Namespace) -> None:
        with self._state() as state:
            entries = self._entries(self._timetable(), names, opts)
            for entry in entries:
                state.add(entry)
            count = state.pause(entry.name for entry in entries)
        print(f"{_publishers(count)} paused; a job that runs goes on")

    def _resume(self, names: list[str], opts: Namespace) -> None:
        with self._state() as state:
            count = sum(state.resume(entry) for entry in self._entries(self._timetable(), names, opts))
        print(f"{_publishers(count)} resumed")

    def _export(self, names: list[str], opts: Namespace) -> None:
        if not opts.form:
            raise UsageError("export: say --as cron or --as systemd")
        entries = self._entries(self._timetable(), names, opts) if names else list(self._timetable())
        command = [str(Path(sys.executable).with_name("scrapy")), "schedule", "now"]
        folder = Path(closest_scrapy_cfg() or ".").absolute().parent
        environment = Path(opts.environment)
        if opts.form == "cron":
            print("\n".join(crontab(entries, command, folder, environment)))
            return
        spread = seconds_of(self._settings, "SCHEDULE_SPREAD")
        units = dict(systemd_units(entries, command, folder, environment, spread))
        if opts.output:
            Path(opts.output).mkdir(parents=True, exist_ok=True)
        for name, text in units.items():
            if opts.output:
                Path(opts.output, name).write_text(text, encoding="utf-8")
            else:
                print(f"# {name}\n{text}")
        if opts.output:
            print(f"{len(units)} units in {opts.output}. Copy them to /etc/systemd/system, and then:")
            print(
                "  systemctl daemon-reload && systemctl enable --now $(cd /etc/systemd/system && ls broadsheet@*.timer)"
            )

    @property
    def _settings(self) -> BaseSettings:
        assert self.settings is not None
        return self.settings

    def _timetable(self) -> Timetable:
        return Timetable.from_settings(self._settings)

    @contextmanager
    def _state(self) -> Iterator[State]:
        with Store.from_settings(self._settings) as store:
            yield State(store)

    @staticmethod
    def _entries(timetable: Timetable, names: list[str], opts: Namespace) -> list[Entry]:
        if opts.all and not names:
            return list(timetable)
        if not names:
            raise UsageError("name a publisher, or say --all")
        entries = []
        for name in names:
            try:
                entry = timetable.entry(name)
            except KeyError:
                nearest = timetable.nearest(name)
                hint = f"did you mean {' or '.join(nearest)}?" if nearest else "`scrapy publishers` lists them all"
                raise UnknownError(f"no publisher is named {name}: {hint}") from None
            if entry is None:
                raise UnknownError(f"{name} is not crawled by timetable: see SCHEDULE_PUBLISHERS and SCHEDULE_DEFAULT")
            entries.append(entry)
        return entries


def _publishers(count: int) -> str:
    return f"{count} publisher{'' if count == 1 else 's'}"


def _rows_table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("publisher", "timetable", "next (UTC)", "now", "last ended (UTC)", "outcome"):
        table.add_column(name, overflow="fold")
    for name in ("took", "new", "changed"):
        table.add_column(name, justify="right")
    for row in rows:
        last = row.last
        style = "" if last is None or last.outcome == "finished" else "red"
        table.add_row(
            Text(row.name, style="bold"),
            Text(row.cron),
            Text("paused", style="yellow") if row.paused else Text(_moment(row.next_at)),
            Text(_doing(row)),
            Text(_moment(last.ended_at) if last else "never"),
            Text(f"{last.outcome} {last.detail}".strip() if last else "", style=style),
            _span(last.seconds) if last else "",
            str(last.stored) if last else "",
            str(last.changed) if last else "",
        )
    return table


def _doing(row: Row) -> str:
    if row.run:
        since = row.run.started_at
        doing = f"{row.run.state} on {row.run.node}"
        if since:
            doing += f" for {_span((now() - since).total_seconds())}"
        return doing + (f", {row.skipped} skipped" if row.skipped else "")
    return "waits for a node" if row.next_at <= now() and not row.paused else ""


def _nodes_table(nodes: Nodes) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("node", style="bold")
    table.add_column("running", justify="right")
    table.add_column("waiting", justify="right")
    table.add_column("")
    for node in nodes:
        counts = [str(node.count("running")), str(node.count("pending"))] if node.is_up else ["", ""]
        table.add_row(node.url, *counts, Text("up", style="green") if node.is_up else Text(node.problem, style="red"))
    return table


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _span(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _console() -> Console:
    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console

"""Kill schedulers while publishers come due all the time, and count the jobs that are doubled or left out.

Usage: python -m benchmarks.schedulers [--times 20] [--publishers 20] [--seed 1]

Two `scrapy schedule run` work on one MongoDB and two nodes. The nodes are played, and take a second or two for a job;
they lose some posts and some answers. Prints a line a kill, and exits with 1 when anything was doubled or left out.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.store import Store
from crawler.store.server import EmbeddedServer
from tests.crawler.scheduling.conftest import FakeNode, serving
from tests.scrapyd_nodes import running_scheduler, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection

DATABASE = "schedulers"
LOST_POSTS, LOST_ANSWERS = 0.05, 0.05


class World:
    """The publishers, the nodes, and what came of each due time."""

    def __init__(self, rows: Collection[dict[str, Any]], crawls: Collection[dict[str, Any]], nodes: list[FakeNode]):
        self.due: Counter[str] = Counter()
        self.at_once: list[str] = []
        self.over = threading.Event()
        self._rows, self._crawls, self._nodes = rows, crawls, nodes

    def run(self, chance: random.Random) -> None:
        """Make idle publishers due, and let the nodes do their jobs, until it is over."""
        ends: dict[str, float] = {}
        while not self.over.wait(0.05):
            for node in self._nodes:
                node.deaf, node.cut = chance.random() < LOST_POSTS, chance.random() < LOST_ANSWERS
                with node.lock:
                    jobs = [*node.lists["pending"], *node.lists["running"]]
                for job in jobs:
                    if job["id"] not in ends:
                        ends[job["id"]] = time.monotonic() + chance.uniform(1.1, 2)
                        node.move(job["id"], "running")
                    elif time.monotonic() > ends[job["id"]]:
                        end = {"job": job["id"], "reason": "finished", "recorded_at": datetime.now(UTC)}
                        self._crawls.insert_one(end)
                        node.move(job["id"], "finished")
            running = Counter(job["spider"] for node in self._nodes for job in node.lists["running"])
            self.at_once += [spider for spider, count in running.items() if count > 1]
            self.make_due()

    def make_due(self) -> None:
        """Let publishers be due of which no job is under way and that are not due already."""
        now = datetime.now(UTC)
        for row in self._rows.find({"run": None, "next_at": {"$gt": now}}):
            self.due[row["_id"]] += 1
            self._rows.update_one({"_id": row["_id"]}, {"$set": {"next_at": now}})

    def has_gone_on(self, jobs: int) -> bool:
        """Whether some more jobs were sent than so many."""
        return self.jobs().total() > jobs + 3

    def jobs(self) -> Counter[str]:
        """Count the jobs of each publisher that nodes have taken, each id once a node."""
        return Counter(job["spider"] for node in self._nodes for jobs in node.lists.values() for job in jobs)


def main() -> int:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=20, help="kills")
    parser.add_argument("--publishers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-schedulers-")))
        server = stack.enter_context(EmbeddedServer(home / "mongodb"))
        store = stack.enter_context(Store.open(server.uri, DATABASE))
        nodes = [stack.enter_context(serving(FakeNode())) for _ in range(2)]
        settings = {
            "MONGO_URI": server.uri,
            "MONGO_DATABASE": DATABASE,
            "PUBLISHERS_DIR": str(publishers(home / "publishers", chosen.publishers)),
            "SCHEDULE_PUBLISHERS": " ".join(names(chosen.publishers)),
            "SCRAPYD_NODES": " ".join(node.url for node in nodes),
        }
        world = World(store.database["schedule"], store.database["crawls"], nodes)
        schedulers = [stack.enter_context(running_scheduler(home / "log", **settings)) for _ in range(2)]
        wait_until(lambda: store.database["schedule"].count_documents({}) == chosen.publishers)
        thread = threading.Thread(target=world.run, args=(random.Random(chosen.seed),))
        thread.start()
        for number in range(1, chosen.times + 1):
            wait_until(partial(world.has_gone_on, world.jobs().total()))
            time.sleep(chance.uniform(0, 1))
            killed = chance.randrange(2)
            schedulers[killed].kill()
            schedulers[killed] = stack.enter_context(running_scheduler(home / "log", **settings))
            print(f"kill {number}: {world.jobs().total()} jobs of {world.due.total()} that were due", flush=True)
        world.make_due = lambda: None  # type: ignore[method-assign]
        idle = {"run": None, "next_at": {"$gt": datetime.now(UTC)}}
        wait_until(lambda: store.database["schedule"].count_documents(idle) == chosen.publishers)
        world.over.set()
        thread.join()
    jobs = world.jobs()
    doubled, left_out = (jobs - world.due).total(), (world.due - jobs).total()
    print(f"{chosen.times} kills, {jobs.total()} jobs: {doubled} doubled, {left_out} left out, ", end="")
    print(f"{len(world.at_once)} times two of a publisher at once")
    return int(bool(doubled or left_out or world.at_once))


def names(count: int) -> Iterator[str]:
    """Name the publishers."""
    return (f"paper-{number}" for number in range(count))


def publishers(folder: Path, count: int) -> Path:
    """Write the publishers' files; by themselves they are due once a year."""
    folder.mkdir()
    for name in names(count):
        text = f'name = "{name}"\ndomain = "{name}.example"\nschedule = "0 0 1 1 *"\n'
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


if __name__ == "__main__":
    sys.exit(main())

"""Real scrapyd nodes on the loopback, as a user starts them and deploys to them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent
CREDENTIALS = {"SCRAPYD_USERNAME": "operator", "SCRAPYD_PASSWORD": "pass-of-the-node"}
# Long enough for a machine that has much else to do; it is only waited for by a test that fails.
TIMEOUT = 600.0


def wait_until(happens: Callable[[], Any], timeout: float = TIMEOUT) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + timeout
    while not (result := happens()):
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s in vain"
        time.sleep(0.05)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without proxies and without what an operator may have set, and with ``more``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("SCRAPYD_", "MONGO_", "SCHEDULE_"))
    }
    return {**kept, **more}


@dataclass
class Node:
    """A scrapyd that runs."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def get(self, service: str, **fields: Any) -> dict[str, Any]:
        return self._answer(requests.get(f"{self.url}/{service}.json", fields, auth=tuple(CREDENTIALS.values())))

    def post(self, service: str, **fields: Any) -> dict[str, Any]:
        fields = {"project": "broadsheet", **fields}
        return self._answer(requests.post(f"{self.url}/{service}.json", fields, auth=tuple(CREDENTIALS.values())))

    def state(self, job: str) -> str | None:
        return self.get("status", job=job)["currstate"]

    def wait_for(self, job: str, state: str = "finished") -> None:
        wait_until(lambda: self.state(job) == state)

    def log(self, job: str) -> str:
        return next(self.folder.rglob(f"{job}.log")).read_text()

    @staticmethod
    def _answer(response: requests.Response) -> dict[str, Any]:
        response.raise_for_status()
        return response.json()


@contextmanager
def running_scheduler(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `scrapy schedule run`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [SCRIPTS / "scrapy", "schedule", "run"],
            cwd=PROJECT,
            env=clean_environment(**{**CREDENTIALS, **environment}),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_node(folder: Path, port: int | None = None, **environment: str) -> Iterator[Node]:
    """Run a scrapyd in a folder with the shipped scrapyd.conf."""
    shutil.copy(PROJECT / "scrapyd.conf", folder)
    port = port or free_port()
    with (folder / "scrapyd.log").open("ab") as log:
        process = subprocess.Popen(
            [SCRIPTS / "scrapyd"],
            cwd=folder,
            env=clean_environment(SCRAPYD_HTTP_PORT=str(port), **CREDENTIALS, **environment),
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), timeout=120)
        assert process.poll() is None, (folder / "scrapyd.log").read_text()
        yield Node(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.terminate()
        process.wait()


def deploy(*nodes: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Type `make deploy`."""
    return subprocess.run(
        ["make", "--no-print-directory", "deploy", f"BIN={SCRIPTS}", f"READY={PROJECT}/Makefile"],
        cwd=PROJECT,
        env=clean_environment(SCRAPYD_NODES=" ".join(nodes), **{**CREDENTIALS, **environment}),
        capture_output=True,
        text=True,
        check=False,
    )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

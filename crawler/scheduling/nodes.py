"""The scrapyd nodes: what runs where, which of them is down, and the sending of a job."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

from urllib3 import PoolManager, Timeout, make_headers
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

# Seconds; the first job after an upgrade waits until the node has listed the spiders of the new version.
TIMEOUT = Timeout(connect=5, read=30)
# A node takes further jobs while it has fewer than this waiting: what does not wait there can still go elsewhere.
MAX_PENDING = 1
# Seconds until a node that was down is asked again: doubled with each failure, up to the last.
FIRST_RETRY, LAST_RETRY = 5, 300

NEVER = datetime.fromtimestamp(0, UTC)

JobState = Literal["pending", "running", "finished"]


class NodeError(Exception):
    """A node did not do what it was asked to. The message is one line for the user."""


class DownError(NodeError):
    """Nothing reached the node, or it is of no use as it is: whatever was asked was not done."""


class UnsureError(NodeError):
    """The node did not answer: what was asked may have been done or not."""


class RefusedError(NodeError):
    """The node will not run the job."""


class SettingError(NodeError):
    """The settings name no node that could be used."""


@dataclass(frozen=True, slots=True)
class NodeJob:
    """A job that a node knows.

    Attributes:
        project: whose spider it is.
        spider: name of its spider.
        state: where it stands.
        seconds: how long it took, once it is finished.
    """

    project: str
    spider: str
    state: JobState
    seconds: float | None = None


@dataclass(slots=True)
class Node:
    """A scrapyd server, and what it said last.

    Attributes:
        url: its address, without the slash at the end.
        jobs: the jobs that it knew when it was asked last, by their ids.
        asked_at: when that was (UTC).
        problem: why it cannot be used; empty while it can.
        failures: how often in a row it was down.
        retry_at: when it is asked again, by the monotonic clock.
        sent_at: when it was sent a job last, likewise.
    """

    url: str
    jobs: dict[str, NodeJob] = field(default_factory=dict)
    asked_at: datetime = NEVER
    problem: str = "not asked yet"
    failures: int = 0
    retry_at: float = 0.0
    sent_at: float = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it answered when it was asked last."""
        return not self.problem

    def count(self, *states: JobState) -> int:
        """Count its jobs in these states."""
        return sum(job.state in states for job in self.jobs.values())


class Nodes:
    """All nodes of the timetable.

    Args:
        urls: their addresses.
        project: the name under which Broadsheet is deployed to them.
        user: of all nodes.
        password: likewise.
        job_settings: settings of Scrapy's that each job is given, as NAME=VALUE.

    Raises:
        SettingError: there is no node, or an address is not one.
    """

    def __init__(
        self,
        urls: Iterable[str],
        project: str,
        user: str = "",
        password: str = "",
        job_settings: Iterable[str] = (),
    ) -> None:
        self._nodes = {url.rstrip("/"): Node(url.rstrip("/")) for url in urls}
        for url in self._nodes:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
                raise SettingError(
                    "SCRAPYD_NODES: write addresses such as http://127.0.0.1:6800, with user and password in "
                    "SCRAPYD_USERNAME and SCRAPYD_PASSWORD"
                )
        if not self._nodes:
            raise SettingError("SCRAPYD_NODES: name one node at least, such as http://127.0.0.1:6800")
        self._project = project
        self._job_settings = tuple(job_settings)
        self._headers = make_headers(basic_auth=f"{user}:{password}") if user else {}
        self._headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._http = PoolManager(timeout=TIMEOUT, retries=False)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read SCRAPYD_NODES, SCRAPYD_PROJECT, SCRAPYD_USERNAME, SCRAPYD_PASSWORD and SCHEDULE_JOB_SETTINGS."""
        return cls(
            (settings.get("SCRAPYD_NODES") or "").replace(",", " ").split(),
            settings.get("SCRAPYD_PROJECT"),
            settings.get("SCRAPYD_USERNAME") or "",
            settings.get("SCRAPYD_PASSWORD") or "",
            (settings.get("SCHEDULE_JOB_SETTINGS") or "").split(),
        )

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def get(self, url: str) -> Node | None:
        """Return the node of that address; None when the settings name it no more."""
        return self._nodes.get(url)

    def refresh(self) -> None:
        """Ask all nodes at once what they do; those that are down only when their time has come."""
        due = [node for node in self if node.retry_at <= time.monotonic()]
        with ThreadPoolExecutor(len(self._nodes)) as threads:
            list(threads.map(self._ask, due))

    def best(self, crowded: bool = False) -> Node | None:
        """Choose the node for the next job: the one with the fewest jobs, of several the one that rested longest.

        Args:
            crowded: whether nodes on which jobs wait already are as good.
        """
        free = [node for node in self if node.is_up and (crowded or node.count("pending") < MAX_PENDING)]
        return min(free, key=lambda node: (node.count("pending", "running"), node.sent_at), default=None)

    def runs(self, spider: str, ended: str = "") -> bool:
        """Tell whether a node that answers has a job of that spider that has not ended.

        Args:
            spider: the publisher.
            ended: id of a job that has, which a node may have been asked before it did.
        """
        jobs = ((name, job) for node in self if node.is_up for name, job in node.jobs.items())
        return any(
            (job.project, job.spider) == (self._project, spider) and job.state != "finished" and name != ended
            for name, job in jobs
        )

    def send(self, node: Node, spider: str, job: str, priority: int) -> None:
        """Send a job. The node takes a job that it knows already for granted.

        Args:
            node: where to.
            spider: the publisher.
            job: id of the job.
            priority: the greatest of a node's waiting jobs starts first.

        Raises:
            DownError: it has not got it.
            UnsureError: it may have got it.
            RefusedError: it will not run it.
        """
        fields = [("project", self._project), ("spider", spider), ("jobid", job), ("priority", str(priority))]
        fields += [("setting", setting) for setting in self._job_settings]
        try:
            self._request("POST", f"{node.url}/schedule.json", fields)
        except (DownError, UnsureError) as error:
            self._failed(node, error)
            raise
        except RefusedError as error:
            if str(error).startswith("project "):
                down = DownError(f"has no project {self._project}: deploy it with `make deploy`")
                self._failed(node, down)
                raise down from None
            raise
        node.sent_at = time.monotonic()
        node.jobs[job] = NodeJob(self._project, spider, "pending")

    def cancel(self, node: Node, job: str) -> None:
        """End a job in good order, or take it out of the queue.

        Raises:
            NodeError: it may go on.
        """
        self._request("POST", f"{node.url}/cancel.json", [("project", self._project), ("job", job)])

    def _ask(self, node: Node) -> None:
        asked_at = datetime.now(UTC)
        try:
            node.jobs = _jobs(self._request("GET", f"{node.url}/listjobs.json"))
        except NodeError as error:
            self._failed(node, error)
            return
        if node.failures:
            logger.info("Node %s is back", node.url)
        node.asked_at, node.problem, node.failures, node.retry_at = asked_at, "", 0, 0.0

    @staticmethod
    def _failed(node: Node, error: NodeError) -> None:
        wait = min(LAST_RETRY, FIRST_RETRY * 2**node.failures)
        if str(error) != node.problem:
            logger.warning("Node %s: %s", node.url, error)
        node.problem = str(error)
        node.failures = min(node.failures + 1, 10)
        node.retry_at = time.monotonic() + wait

    def _request(self, method: str, url: str, fields: list[tuple[str, str]] | None = None) -> dict[str, Any]:
        try:
            body = None if fields is None else urlencode(fields)
            response = self._http.request(method, url, body=body, headers=self._headers, redirect=False)
        except (NewConnectionError, NameResolutionError, ConnectTimeoutError) as error:
            raise DownError(f"is out of reach ({_reason(error)})") from None
        except HTTPError as error:
            raise UnsureError(f"did not answer ({_reason(error)})") from None
        if response.status == 401:
            raise DownError("does not accept SCRAPYD_USERNAME and SCRAPYD_PASSWORD")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("status") not in ("ok", "error"):
            # Of a proxy that stands before the node it is not known what the node has done.
            raise UnsureError(f"does not answer as scrapyd does (HTTP status {response.status})")
        if answer["status"] == "error":
            # Where the project fails, scrapyd answers with its traceback.
            *_, reason = str(answer.get("message")).strip().split("\n")
            raise RefusedError(reason[:500])
        return answer


def _jobs(answer: dict[str, Any]) -> dict[str, NodeJob]:
    jobs = {}
    states: tuple[JobState, ...] = ("finished", "running", "pending")
    try:
        for state in states:
            for job in answer[state]:
                seconds = None
                if state == "finished":
                    # Both by the node's own clock, whatever its zone.
                    took = datetime.fromisoformat(job["end_time"]) - datetime.fromisoformat(job["start_time"])
                    seconds = took.total_seconds()
                jobs[job["id"]] = NodeJob(job["project"], job["spider"], state, seconds)
    except (KeyError, TypeError, ValueError):
        raise DownError("does not answer as scrapyd does") from None
    return jobs


def _reason(error: HTTPError) -> str:
    text = str(error).rpartition(": ")[2]
    return text[:120] or type(error).__name__

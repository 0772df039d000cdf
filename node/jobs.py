"""The door for jobs: what a job may set, and that the same job enters once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapyd import Config, webservice
from twisted.web import error, http

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from scrapyd.website import Root
    from twisted.web.server import Request

# What scrapyd itself reads; everything else in a request is an argument of the spider.
_OWN = frozenset({"project", "spider", "_version", "jobid", "priority", "setting"})
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Neither a path nor the name of a class is one of these.
_PLAIN = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?|true|false|debug|info|warning|error|critical", re.IGNORECASE)
_ARGUMENT = re.compile(r"[^\x00-\x1f\x7f]{0,500}")


class JobError(ValueError):
    """A job asks for what it may not have; the message never holds the value, which may be a secret."""


@dataclass(frozen=True, slots=True)
class JobRules:
    """What a job may bring along.

    Attributes:
        settings: names of settings, each of which takes a number, a truth value or a log level, and nothing
            else; and NAME=VALUE for a setting that may have exactly that value, which can be a path or a class.
        arguments: names of spider arguments.
    """

    settings: frozenset[str]
    arguments: frozenset[str]

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Read the options ``job_settings`` and ``job_arguments`` of scrapyd.conf; without them, nothing passes."""
        return cls(
            frozenset(config.get("job_settings", "").split()), frozenset(config.get("job_arguments", "").split())
        )

    def check(self, settings: Iterable[str], arguments: Mapping[str, str], job: str | None = None) -> None:
        """Check a job.

        Args:
            settings: each as NAME=VALUE.
            arguments: of the spider.
            job: the id asked for.

        Raises:
            JobError: it may not be run.
        """
        if job is not None and not _JOB_ID.fullmatch(job):
            raise JobError("jobid: use letters, digits and . _ - only, 128 at most")
        for setting in settings:
            name, equals, value = setting.partition("=")
            if setting in self.settings and equals:
                continue
            if name not in self.settings:
                raise JobError(
                    f"setting {name[:80]}: not open to jobs; job_settings in scrapyd.conf lists those that are"
                )
            if not _PLAIN.fullmatch(value):
                raise JobError(
                    f"setting {name}: give a number, true, false or a log level; for another value, add {name}=VALUE "
                    "to job_settings in scrapyd.conf"
                )
        for name, value in arguments.items():
            if name not in self.arguments:
                raise JobError(
                    f"argument {name[:80]}: not open to jobs; job_arguments in scrapyd.conf lists those that are"
                )
            if not _ARGUMENT.fullmatch(value):
                raise JobError(f"argument {name}: one line of at most 500 characters, please")


class Schedule(webservice.Schedule):  # type: ignore[misc]
    """scrapyd's ``schedule.json``, which checks each job and takes one that it knows already for granted.

    A client that did not hear the answer can thus ask again with the same ``jobid``.
    """

    def __init__(self, root: Root) -> None:
        super().__init__(root)
        self._rules = JobRules.from_config(Config())

    def render_POST(self, txrequest: Request) -> dict[str, Any]:
        """Queue a job."""
        try:
            fields = {name.decode(): [value.decode() for value in values] for name, values in txrequest.args.items()}
            job = fields.get("jobid", [None])[0]
            arguments = {name: values[0] for name, values in fields.items() if name not in _OWN}
            self._rules.check(fields.get("setting", ()), arguments, job)
        except (JobError, UnicodeDecodeError) as refusal:
            reason = str(refusal) if isinstance(refusal, JobError) else "not UTF-8"
            raise error.Error(code=http.OK, message=reason.encode()) from None
        if job is not None and self._knows(job):
            return {"jobid": job}
        answer: dict[str, Any] = super().render_POST(txrequest)
        return answer

    def _knows(self, job: str) -> bool:
        launcher = self.root.launcher
        return (
            any(process.job == job for process in launcher.processes.values())
            or any(message["_job"] == job for queue in self.root.poller.queues.values() for message in queue.list())
            or any(finished.job == job for finished in launcher.finished)
        )

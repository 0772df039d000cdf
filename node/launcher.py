"""scrapyd's launcher, which lets no job outlive its node."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapyd.launcher import Launcher as ScrapydLauncher
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ProcessExitedAlready

if TYPE_CHECKING:
    from scrapyd.launcher import ScrapyProcessProtocol


class Launcher(ScrapydLauncher):  # type: ignore[misc]
    """Tells the jobs to end when the node is stopped, and waits until they have.

    Without it they would go on with nobody to look after them, and a scheduler would take them for lost and send
    them again. Crawls that are told to end store what they have fetched and record their figures. Of a node that is
    killed, `node.runner` has them end.
    """

    def stopService(self) -> Deferred[Any]:
        """Stop; fires when the last job has ended."""
        super().stopService()
        return DeferredList([_ended(process) for process in list(self.processes.values())])


def _ended(process: ScrapyProcessProtocol) -> Deferred[None]:
    waiting: Deferred[None] = Deferred()

    def end(result: Any) -> Any:
        waiting.callback(None)
        return result

    process.deferred.addBoth(end)
    with suppress(ProcessExitedAlready):
        process.transport.signalProcess("INT")
    return waiting

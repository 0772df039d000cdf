"""The frontier of a crawl that may be cut off."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.core.scheduler import Scheduler
from scrapy.utils.job import job_dir

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

_IN_ORDER = "ended.in.order"
_ENDS_IN_ORDER = ("finished", "shutdown", "closespider_")


class JobScheduler(Scheduler):
    """Scrapy's own, which a kill does not lead astray.

    Scrapy notes what its queues on the disk hold only when a crawl ends in order. After a kill, the queues of the job
    folder would be lost, and with them what was under way, while the addresses counted as seen. So the folder of a
    crawl that did not end in order is emptied: the sources are asked again, and the store tells which pages were done
    (see `crawler.middlewares.conditional`).
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the scheduler."""
        if folder := job_dir(crawler.settings):
            mark = Path(folder, _IN_ORDER)
            if not mark.exists():
                shutil.rmtree(Path(folder, "requests.queue"), ignore_errors=True)
                for name in ("requests.seen", "spider.state"):
                    Path(folder, name).unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        return super().from_crawler(crawler)

    def close(self, reason: str) -> Deferred[None] | None:
        """Note how the crawl ended."""
        closing = super().close(reason)
        if self.dqdir and reason.startswith(_ENDS_IN_ORDER):
            Path(self.dqdir).parent.joinpath(_IN_ORDER).touch()
        return closing

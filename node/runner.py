"""Runs one Scrapy command from a project's egg: `python -m node.runner crawl NAME`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import warnings

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the command line from the egg that SCRAPY_PROJECT and SCRAPYD_EGG_VERSION name.

    scrapyd's own runner puts the egg last on the path, where a copy of the project in the working folder or
    in site-packages hides it; here the egg comes first, so that what was deployed is what runs.
    """
    end_with_the_node()
    # pkg_resources, with which scrapyd opens eggs, warns of its own age in the log of every job.
    warnings.filterwarnings("ignore", category=UserWarning, module="scrapyd.runner")
    # Here and not at the top: the processes that a crawl starts read this module again.
    from scrapyd.runner import project_environment

    before = set(sys.path)
    with project_environment(os.environ["SCRAPY_PROJECT"]):
        sys.path.sort(key=before.__contains__)
        from scrapy.cmdline import execute

        execute()


def end_with_the_node() -> None:
    """Have the kernel interrupt this process when scrapyd is killed: nobody would know of the job any more.

    Of Linux alone; elsewhere only a node that is stopped in order ends its jobs.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


if __name__ == "__main__":
    main()

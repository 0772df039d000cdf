"""`make deploy` to real scrapyd nodes, and jobs that run from the zipped egg."""

from __future__ import annotations

import subprocess
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pymongo import MongoClient

from crawler.publishers import Registry
from demo.server import PUBLISHERS, running_sites
from tests.scrapyd_nodes import (
    CREDENTIALS,
    PROJECT,
    SCRIPTS,
    Node,
    clean_environment,
    deploy,
    running_node,
    running_scheduler,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

QUICK = ["AUTOTHROTTLE_ENABLED=0", "CLASSIFY_WORKERS=1"]


@pytest.fixture(scope="module")
def environment(mongo_uri: str) -> Iterator[dict[str, str]]:
    """What an operator sets, here with the demo's sites."""
    with running_sites() as sites:
        yield {**sites.environment, "MONGO_URI": mongo_uri, "MONGO_DATABASE": "test_deployed"}


@pytest.fixture(scope="module")
def node(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with the project on it, whose jobs see the demo's sites."""
    folder = tmp_path_factory.mktemp("node")
    # A copy of the project that would hide the egg if it were taken first.
    (folder / "crawler").mkdir()
    (folder / "crawler" / "__init__.py").write_text("raise ImportError('not the deployed one')")
    with running_node(folder, **environment) as node:
        done = deploy(node.url)
        assert done.returncode == 0, done.stdout + done.stderr
        yield node


@pytest.fixture(scope="module")
def kept(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """The database of the node's jobs."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        yield client["test_deployed"]
        client.drop_database("test_deployed")


def test_every_publisher_is_a_spider_of_the_node(node):
    spiders = node.get("listspiders", project="broadsheet")["spiders"]
    assert set(spiders) == {"site", *Registry(PUBLISHERS).names()}


def test_the_egg_stays_zipped_and_holds_all_that_a_job_needs(node):
    (egg,) = node.folder.rglob("*.egg")
    names = zipfile.ZipFile(egg).namelist()
    assert "classifier/data/model.skops" in names
    assert {f"crawler/publishers/{name}.toml" for name in Registry().names()} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "demo", "benchmarks"))]


def test_jobs_run_side_by_side_and_leave_their_documents(node, kept):
    limits = {"northfield-courier": 3, "quayside-markets": 2}
    for spider, limit in limits.items():
        node.post("schedule", spider=spider, jobid=f"job-{spider}", limit=limit, setting=[*QUICK, "DOWNLOAD_DELAY=0.5"])
    wait_until(lambda: len(node.get("listjobs", project="broadsheet")["running"]) == 2)
    for spider, limit in limits.items():
        node.wait_for(f"job-{spider}")
        assert "'DOWNLOAD_DELAY': '0.5'" in node.log(f"job-{spider}")
        articles = list(kept["articles"].find({"crawl.job": f"job-{spider}"}))
        assert 1 <= len(articles) <= limit, node.log(f"job-{spider}")
        assert {article["publisher"] for article in articles} == {spider}
        record = kept["crawls"].find_one({"job": f"job-{spider}"})
        assert record["reason"] == "finished"
        assert record["found"] == limit


@pytest.fixture(scope="module")
def cut_short(node: Node, kept: Database[dict[str, Any]]) -> dict[str, str]:
    """A job that is cancelled in mid-crawl; the environment that it had."""
    settings = [*QUICK, "DOWNLOAD_DELAY=1", "LOG_LEVEL=DEBUG"]
    node.post("schedule", spider="quayside-markets", jobid="cut-short", setting=settings)
    wait_until(lambda: kept["articles"].find_one({"crawl.job": "cut-short"}))
    environment = next(process.environ() for process in psutil.process_iter() if "_job=cut-short" in _command(process))
    assert node.post("cancel", job="cut-short")["prevstate"] == "running"
    node.wait_for("cut-short")
    return environment


@pytest.mark.usefixtures("cut_short")
def test_a_cancelled_job_leaves_nothing_half_done(node, kept):
    record = kept["crawls"].find_one({"job": "cut-short"})
    assert record["reason"] == "shutdown"
    assert 0 < record["fetched"] < record["found"]
    written = list(kept["articles"].find({"crawl.job": "cut-short"}))
    assert len(written) == record["stored"] + record["changed"] + record["unchanged"]
    pages = set(kept["pages"].distinct("_id"))
    assert {article["page"] for article in kept["articles"].find()} <= pages
    assert "Spider closed (shutdown)" in node.log("cut-short")
    assert not [process for process in psutil.process_iter() if "_job=cut-short" in _command(process)]


def test_no_secret_is_in_a_log_or_in_a_jobs_environment(node, cut_short, mongo_uri):
    assert not set(CREDENTIALS) & set(cut_short)
    mongo_password = mongo_uri.partition("://")[2].partition("@")[0].partition(":")[2]
    logs = "".join(file.read_text() for file in node.folder.rglob("*.log"))
    assert "cut-short" in logs
    for secret in (mongo_password, CREDENTIALS["SCRAPYD_PASSWORD"]):
        assert secret not in logs


def test_a_deploy_that_a_node_refuses_fails(node):
    done = deploy(node.url, SCRAPYD_PASSWORD="wrong")
    assert done.returncode != 0
    assert f"Not deployed to {node.url}" in done.stderr
    assert "wrong" not in done.stdout + done.stderr


def test_a_deploy_without_credentials_says_what_to_set(node):
    done = deploy(node.url, SCRAPYD_PASSWORD="")
    assert done.returncode != 0
    assert "SCRAPYD_PASSWORD: set it" in done.stderr


def test_a_node_ends_its_jobs_before_it_stops_and_the_scheduler_knows(node, kept, environment, tmp_path):
    """Last, as it stops the node of all tests."""
    more = {**environment, "SCRAPYD_NODES": node.url, "SCHEDULE_PUBLISHERS": "northfield-courier"}

    def row() -> dict[str, Any]:
        return kept["schedule"].find_one({}) or {}

    with running_scheduler(tmp_path / "schedule.log", **more):
        wait_until(row)
        kept["schedule"].update_one({}, {"$set": {"next_at": datetime(2026, 7, 1, tzinfo=UTC)}})
        run = wait_until(lambda: row()["run"])
        wait_until(lambda: row()["run"]["state"] == "running")
        wait_until(lambda: kept["articles"].find_one({"crawl.job": run["job"]}))
        node.process.terminate()
        node.process.wait(300)
        assert not [process for process in psutil.process_iter() if run["job"] in _command(process)]
        with running_node(node.folder, int(node.url.rpartition(":")[2]), **environment):
            wait_until(lambda: row()["run"] is None)
            shown = subprocess.run(
                [SCRIPTS / "scrapy", "schedule", "status"],
                cwd=PROJECT,
                env=clean_environment(**CREDENTIALS, **more),
                capture_output=True,
                text=True,
                check=True,
            ).stdout
    assert run["job"] == "northfield-courier-20260701T000000Z"
    assert row()["last"]["outcome"] == "shutdown"
    (line,) = [line for line in shown.splitlines() if "northfield-courier" in line]
    assert "shutdown" in line
    (line,) = [line for line in shown.splitlines() if node.url in line]
    assert "up" in line


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""

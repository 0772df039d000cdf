"""What a node refuses: to listen without credentials, and jobs that reach for more than they may."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import psutil
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from scrapyd import Config

from node.jobs import JobError, JobRules
from tests.scrapyd_nodes import CREDENTIALS, PROJECT, SCRIPTS, Node, clean_environment, running_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = JobRules(frozenset({"LOG_LEVEL", "DOWNLOAD_DELAY", "CLASSIFIER_MODEL=/models/b.skops"}), frozenset({"since"}))
KEPT = ".broadsheet/scrapyd/eggs/kept/1.egg"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that knows a project, of which no job ever starts, and keeps the egg of another."""
    folder = tmp_path_factory.mktemp("node")
    (folder / KEPT).parent.mkdir(parents=True)
    (folder / KEPT).touch()
    (folder / "scrapy.cfg").write_text("[settings]\nbroadsheet = crawler.settings\n[scrapyd]\npoll_interval = 600\n")
    with running_node(folder) as node:
        yield node


@pytest.fixture
def egg() -> bytes:
    """A ZIP file, for which scrapyd takes an egg."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("evil.py", "")
    return content.getvalue()


def start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(PROJECT / "scrapyd.conf", folder)
    return subprocess.run(
        [SCRIPTS / "scrapyd"],
        cwd=folder,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("missing", ["SCRAPYD_USERNAME", "SCRAPYD_PASSWORD"])
def test_a_node_does_not_listen_without_credentials(tmp_path, address, missing):
    done = start(tmp_path, SCRAPYD_BIND_ADDRESS=address, **{**CREDENTIALS, missing: ""})
    assert done.returncode != 0
    assert f"will not listen on {address} without a user and a password" in done.stderr
    assert f"set {missing}" in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_in_a_file_are_refused(tmp_path):
    (tmp_path / "scrapy.cfg").write_text("[scrapyd]\npassword = in-a-file\n")
    done = start(tmp_path, **CREDENTIALS)
    assert done.returncode != 0
    assert "SCRAPYD_PASSWORD in the environment" in done.stderr
    assert "in-a-file" not in done.stderr


@pytest.mark.parametrize("service", ["daemonstatus.json", "listjobs.json", "logs/", "jobs", ""])
@pytest.mark.parametrize("credentials", [None, ("operator", "guess")])
def test_every_page_of_a_node_asks_for_credentials(node, service, credentials):
    assert requests.get(f"{node.url}/{service}", auth=credentials).status_code == 401


def test_the_shipped_configuration_listens_on_the_loopback_only(node):
    open_to = {
        found.laddr.ip for found in psutil.Process(node.process.pid).net_connections() if found.status == "LISTEN"
    }
    assert open_to == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"setting": "LOG_FILE=/etc/cron.d/x"}, "setting LOG_FILE: not open to jobs"),
        ({"setting": "ITEM_PIPELINES={}"}, "setting ITEM_PIPELINES: not open to jobs"),
        ({"setting": "MONGO_URI=mongodb://me:hunter2@elsewhere"}, "setting MONGO_URI: not open to jobs"),
        ({"setting": "CLASSIFIER_MODEL=/tmp/evil.skops"}, "setting CLASSIFIER_MODEL: not open to jobs"),
        ({"setting": "DOWNLOAD_DELAY=os.system"}, "setting DOWNLOAD_DELAY: give a number"),
        ({"setting": "LOG_LEVEL"}, "setting LOG_LEVEL: give a number"),
        ({"setting": ["LOG_LEVEL=INFO", "EXTENSIONS=x"]}, "setting EXTENSIONS: not open to jobs"),
        ({"urls": "/etc/passwd"}, "argument urls: not open to jobs"),
        ({"publisher": "x"}, "argument publisher: not open to jobs"),
        ({"since": "2d\n-s"}, "argument since: one line"),
        ({"jobid": "../../x"}, "jobid: use letters"),
        ({"jobid": ""}, "jobid: use letters"),
    ],
)
def test_a_job_that_asks_for_too_much_is_refused(node, fields, words):
    answer = node.post("schedule", spider="zeit", **fields)
    assert answer["status"] == "error"
    assert words in answer["message"]
    assert "hunter2" not in (node.folder / "scrapyd.log").read_text() + answer["message"]
    assert node.get("daemonstatus")["pending"] == 0


def test_the_same_job_is_queued_once(node):
    for _ in range(2):
        answer = node.post("schedule", spider="zeit", jobid="once", since="2d", setting="LOG_LEVEL=debug")
        assert answer["jobid"] == "once"
    assert node.get("daemonstatus")["pending"] == 1
    node.post("cancel", job="once")


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        *(
            (service, {"project": project, "version": "1"})
            for project in ("", ".", "..", "../..", "/tmp", "a/../../b", "..%2f..")
            for service in ("addversion", "delversion", "delproject")
        ),
        ("delversion", {"version": "../../../scrapyd"}),
        ("delversion", {"version": "/etc/passwd"}),
        ("schedule", {"project": "../broadsheet", "spider": "zeit"}),
        ("schedule", {"spider": "../../zeit"}),
        ("schedule", {"spider": "zeit", "_version": "../../../scrapyd"}),
        ("cancel", {"project": "../broadsheet", "job": "../x"}),
    ],
)
def test_no_name_leads_out_of_a_nodes_folders(node, egg, service, fields):
    before = files_of(node)
    if service == "addversion":
        answer = requests.post(
            f"{node.url}/addversion.json", fields, files={"egg": egg}, auth=tuple(CREDENTIALS.values())
        ).json()
    else:
        answer = node.post(service, **fields)
    assert answer["status"] == "error"
    assert files_of(node) == before
    assert node.get("daemonstatus")["pending"] == 0


def test_no_version_leads_out_of_the_folder_of_its_project(node, egg):
    before = files_of(node)
    # It is kept, though no project in it can be run.
    requests.post(
        f"{node.url}/addversion.json",
        {"project": "other", "version": "../../../evil"},
        files={"egg": egg},
        auth=tuple(CREDENTIALS.values()),
    )
    (new,) = files_of(node) - before - {".broadsheet/scrapyd/dbs/other.db"}
    assert new.rpartition("/")[0] == ".broadsheet/scrapyd/eggs/other"
    assert node.post("delproject", project="other")["status"] == "ok"
    assert [name for name in files_of(node) if name.endswith(".egg")] == [KEPT]


@pytest.mark.parametrize("path", ["../../../scrapyd.conf", "..%2f..%2f..%2fscrapyd.conf", "%2e%2e/%2e%2e/dbs/jobs.db"])
@pytest.mark.parametrize("service", ["logs", "items"])
def test_logs_lead_nowhere_else(node, service, path):
    prepared = requests.Request("GET", f"{node.url}/{service}/", auth=tuple(CREDENTIALS.values())).prepare()
    prepared.url = f"{node.url}/{service}/{path}"  # as it is, and not as requests would tidy it up
    with requests.Session() as session:
        assert session.send(prepared).status_code == 404


def files_of(node: Node) -> set[str]:
    """The files in a node's folder but its log, which tells of each request."""
    files = (str(file.relative_to(node.folder)) for file in node.folder.rglob("*") if file.is_file())
    return {name for name in files if name != "scrapyd.log" and not name.endswith("-journal")}


@given(st.text(), st.text())
def test_no_value_but_plain_ones_passes(name, value):
    allowed = {"LOG_LEVEL", "DOWNLOAD_DELAY"}
    for setting in (f"{name}={value}", *(f"{known}={value}" for known in allowed)):
        try:
            RULES.check([setting], {})
        except JobError:
            continue
        given_name, _, given_value = setting.partition("=")
        assert setting == "CLASSIFIER_MODEL=/models/b.skops" or given_name in allowed
        assert not set("/\\") & set(given_value)
        assert given_value.replace(".", "", 1).lstrip("+-").isalnum()


def test_a_value_that_the_operator_wrote_down_passes():
    RULES.check(["CLASSIFIER_MODEL=/models/b.skops", "DOWNLOAD_DELAY=0.5", "LOG_LEVEL=DEBUG"], {"since": "2d"}, "a-1")
    with pytest.raises(JobError):
        RULES.check(["CLASSIFIER_MODEL=/models/c.skops"], {})


def test_without_rules_nothing_passes():
    rules = JobRules.from_config(Config({}))
    rules.check([], {})
    with pytest.raises(JobError):
        rules.check(["LOG_LEVEL=INFO"], {})

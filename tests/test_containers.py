"""compose.yaml and Dockerfile, as far as they can be tried without a container engine: each command is run for real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
from dockerfile_parse import DockerfileParser
from ruamel.yaml import YAML

from tests.scrapyd_nodes import PROJECT, SCRIPTS, clean_environment, free_port, wait_until

COMPOSE = PROJECT / "compose.yaml"
SECRETS = {"MONGO_PASSWORD": "m0ngo", "SCRAPYD_PASSWORD": "scr4pyd"}


def interpolated(value: Any, environment: dict[str, str]) -> Any:
    """Fill in variables as compose does."""
    if isinstance(value, dict):
        return {key: interpolated(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, environment) for item in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name, operator, rest = found["name"], found["operator"], found["rest"]
        if operator == ":?" and not environment.get(name):
            raise KeyError(f"{name}: {rest}")
        return environment.get(name) or rest or ""

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<rest>[^}]*))?\}", fill, value)


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def services(raw: dict[str, Any]) -> dict[str, Any]:
    return interpolated(raw["services"], SECRETS)


@pytest.fixture(scope="module")
def image() -> DockerfileParser:
    return DockerfileParser(path=str(PROJECT / "Dockerfile"))


def test_compose_yaml_is_valid_by_the_compose_specification():
    command = [SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_there_are_a_database_two_nodes_and_a_scheduler(services):
    assert set(services) == {"mongo", "node-1", "node-2", "scheduler"}
    hosts = {urlsplit(node).hostname for node in services["scheduler"]["environment"]["SCRAPYD_NODES"].split()}
    assert hosts == {"node-1", "node-2"}


def test_every_service_is_pinned_watched_and_without_privileges(services):
    for service in services.values():
        assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+", service["image"])
        assert service["user"].partition(":")[0] not in ("root", "0")
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service
    assert services["mongo"]["image"].startswith("mongo:8.")


def test_what_is_to_be_kept_is_on_volumes(raw, services, image):
    mounts = dict(mount.split(":") for service in services.values() for mount in service.get("volumes", []))
    assert set(mounts) == set(raw["volumes"]) == {"mongo", "node-1", "node-2"}
    (kept,) = [step["value"] for step in image.structure if step["instruction"] == "VOLUME"]
    assert mounts["node-1"] == mounts["node-2"] == kept


def test_passwords_are_asked_for_and_stand_nowhere(raw):
    for name in SECRETS:
        with pytest.raises(KeyError, match=f"{name}: set it in .env"):
            interpolated(raw, {**SECRETS, name: ""})
    assert ".env" in (PROJECT / ".gitignore").read_text().split()
    assert ".env" in (PROJECT / ".dockerignore").read_text().split()


def test_the_images_steps_are_those_of_the_readme(image):
    steps = [step["value"] for step in image.structure if step["instruction"] == "RUN"]
    packages, install = steps
    # The README asks for Python, make and a package index.
    assert re.search(r"apt-get install --yes --no-install-recommends (.*?) &&", packages)[1].split() == ["make"]
    assert image.baseimage.startswith("python:3.11.")
    # What the README says to type installs first, and just this.
    assert "make demo" in (PROJECT / "README.md").read_text()
    assert install == "make venv"
    wanted = _make("venv")
    assert wanted
    assert _make("demo")[: len(wanted)] == wanted


def test_the_image_runs_as_nobody_special_and_its_command_is_there(image):
    users = [step["value"] for step in image.structure if step["instruction"] == "USER"]
    assert users == ["broadsheet"]
    assert re.search(r"useradd --uid (\d+)", image.content)[1] == "10001"
    assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-slim-\w+", image.baseimage)
    assert (SCRIPTS / YAML(typ="safe", pure=True).load(image.cmd)[0]).exists()


def test_every_command_runs_outside_a_container(services, mongo_uri, tmp_path):
    """The database is this test run's own; the rest is started as compose does, on other ports."""
    server = urlsplit(mongo_uri)
    ports = {"27017": str(server.port), "6800": str(free_port())}
    places = {**ports, "mongo:": "127.0.0.1:", "node-1:": "127.0.0.1:", "node-2:": "127.0.0.1:"}

    def run(name: str, check: bool = True) -> subprocess.Popen[bytes]:
        """Start a service's command, or its health check."""
        service = services[name]
        command = service["healthcheck"]["test"][1:] if check else service["command"]
        environment = {
            **clean_environment(PATH=f"{SCRIPTS}:{os.environ['PATH']}", HOSTNAME="127.0.0.1"),
            **{key: _replaced(value, places) for key, value in service.get("environment", {}).items()},
            "MONGO_URI": mongo_uri,
            "MONGO_DATABASE": f"test_{tmp_path.name}",
            "SCRAPYD_BIND_ADDRESS": "127.0.0.1",
            "SCRAPYD_HTTP_PORT": ports["6800"],
        }
        command = [_replaced(part, ports) for part in command]
        where = PROJECT if name == "scheduler" else folder
        return subprocess.Popen(
            command, cwd=where, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def healthy(name: str) -> bool:
        return run(name).wait(60) == 0

    folder = tmp_path / "node"
    folder.mkdir()
    (folder / "scrapyd.conf").write_text((PROJECT / "scrapyd.conf").read_text())
    assert healthy("mongo")
    assert not healthy("node-1")
    assert not healthy("scheduler")
    started = []
    try:
        started.append(run("node-1", check=False))
        wait_until(lambda: healthy("node-1"))
        assert services["node-1"]["healthcheck"] == services["node-2"]["healthcheck"]
        assert services["node-1"]["command"] == services["node-2"]["command"]
        started.append(run("scheduler", check=False))
        wait_until(lambda: healthy("scheduler"))
    finally:
        for process in started:
            process.terminate()
        # A node ends with the signal that it was given.
        assert [process.wait(300) for process in started] == [-signal.SIGTERM, 0]


def _replaced(text: str, parts: dict[str, str]) -> str:
    for part, other in parts.items():
        text = text.replace(part, other)
    return text


def _make(target: str) -> list[str]:
    command = ["make", "--dry-run", "--no-print-directory", target, "READY=no-such-file", "VENV=elsewhere"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.replace(f' {target}"', "").splitlines()

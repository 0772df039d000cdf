from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crawler
from crawler.publishers import Publisher, PublisherError, Registry

GOOD = 'name = "Courier"\ndomain = "www.courier.example"\n'


def test_every_bundled_publisher_is_valid():
    registry = Registry()
    publishers = [registry.load(name) for name in registry.names()]
    assert len(publishers) > 150
    assert all(publisher.sources and publisher.languages and len(publisher.country) == 2 for publisher in publishers)


def test_a_file_that_cannot_be_read_stops_no_other_publisher(tmp_path):
    (tmp_path / "courier.toml").write_text(GOOD)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / ".#courier.toml").symlink_to("editor@machine.1")  # an editor's lock on the file that it has open
    registry = Registry(tmp_path)
    assert registry.load("courier").name == "Courier"
    for name, why in (("folder", "Is a directory"), (".#courier", "No such file")):
        with pytest.raises(PublisherError, match=rf"{name}\.toml: cannot be read \({why}.*; mend or remove it"):
            registry.load(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = what", ["not TOML", "line 1"]),
        ('name = "Courier"', ["domain:", "is missing", "www.example.com"]),
        ('name = "Courier"\ndomain = "https://courier.example/"', ["domain:", "host alone"]),
        (GOOD + 'langauges = ["en"]', ["langauges:", "not a key", "languages"]),
        (GOOD + 'languages = "en"', ["languages:", "not a list"]),
        (GOOD + 'languages = ["english"]', ["languages:", "'english'"]),
        (GOOD + 'country = "Austria"', ["country:", "two-letter"]),
        (GOOD + 'schedule = "often"', ["schedule:", "'often'", '"*/15 * * * *"']),
        (GOOD + 'schedule = "61 * * * *"', ["schedule:", "61", '"*/15 * * * *"']),
        (GOOD + "priority = 1.5", ["priority:", "1.5", "whole number"]),
        (GOOD + "priority = true", ["priority:", "whole number"]),
        (GOOD + 'allow_private = "no"', ["allow_private:", "true or false"]),
        (GOOD + 'render = "yes"', ["render:", "true or false"]),
        (GOOD + "delay = -1", ["delay:", "seconds"]),
        (GOOD + "exclude = ['(']", ["exclude:", "no regular expression"]),
        (GOOD + "rights = true", ["rights:", "[rights]"]),
        (GOOD + "[rights]\nmay_train = 1", ["rights.may_train:", "true or false"]),
        (GOOD + "[rights]\ntrain = true", ["rights.train:", "may_train"]),
        (
            GOOD + '[[sources]]\nkind = "rss"\nurl = "https://a.example"',
            ["sources[1].kind:", "'rss'", "feed"],
        ),
        (GOOD + '[[sources]]\nkind = "feed"\nurl = "/feed"', ["sources[1].url:", "'/feed'", "absolute"]),
        (GOOD + '[sources]\nkind = "feed"', ["sources:", "[[sources]]"]),
    ],
)
def test_a_mistake_is_named_with_file_key_and_mend(text, words):
    with pytest.raises(PublisherError) as raised:
        Publisher.from_toml("courier", text, "courier.toml")
    message = str(raised.value)
    assert message.startswith("courier.toml: ")
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ('schedule = "*/15 6-22 * * *"', "*/15 6-22 * * *"),
        ('schedule = "0 6 * * 1-5"', "0 6 * * mon-fri"),
    ],
)
def test_the_days_of_a_schedule_are_read_as_cron_reads_them(written, read):
    assert Publisher.from_toml("courier", GOOD + written, "courier.toml").schedule == read


def test_the_keys_that_a_scheduler_and_a_test_site_need():
    text = GOOD + "priority = -3\nallow_private = true"
    publisher = Publisher.from_toml("courier", text, "courier.toml")
    assert (publisher.priority, publisher.allow_private) == (-3, True)
    publisher = Publisher.from_toml("courier", GOOD, "courier.toml")
    assert (publisher.priority, publisher.allow_private, publisher.render) == (0, False, False)


def test_a_source_may_be_one_a_day():
    text = GOOD + '[[sources]]\nkind = "sitemap"\nurl = "https://courier.example/{today:%Y}/{today:%m-%d}.xml?x={y}"'
    before = datetime.now(UTC)
    url = Publisher.from_toml("courier", text, "courier.toml").sources[0].url
    days = {f"https://courier.example/{day:%Y}/{day:%m-%d}.xml?x={{y}}" for day in (before, datetime.now(UTC))}
    assert url in days


def test_an_extra_folder_adds_and_replaces(tmp_path: Path):
    (tmp_path / "courier.toml").write_text(GOOD)
    (tmp_path / "derstandard.toml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("not a publisher")
    registry = Registry(tmp_path)
    assert "notes" not in registry.names()
    assert registry.load("courier").domain == registry.load("derstandard").domain == "www.courier.example"


def test_a_mistake_in_one_file_stops_no_other_publisher(tmp_path: Path):
    (tmp_path / "courier.toml").write_text(GOOD)
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe")
    registry = Registry(tmp_path)
    assert registry.load("courier").name == "Courier"
    with pytest.raises(PublisherError, match=r"broken\.toml: not UTF-8"):
        registry.load("broken")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(PublisherError, match=r"PUBLISHERS_DIR: .*nowhere is not a folder"):
        Registry(tmp_path / "nowhere")


def test_the_nearest_names_are_found():
    assert Registry().nearest("DerStandart")[0] == "derstandard"
    assert Registry().nearest("zzzzzzzz") == []


def test_the_registry_reads_from_a_zipped_egg(tmp_path: Path):
    egg = tmp_path / "project.egg"
    package = Path(crawler.__file__).parent
    with zipfile.ZipFile(egg, "w") as archive:
        for file in package.rglob("*"):
            if file.suffix in (".py", ".toml"):
                archive.write(file, f"crawler/{file.relative_to(package)}")
    program = "import crawler; from crawler.publishers import Registry; r = Registry();"
    program += "print(crawler.__file__, r.load(r.names()[0]).name)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(egg)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(egg) in done.stdout

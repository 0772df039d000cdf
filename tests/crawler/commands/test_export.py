"""`scrapy export`: a corpus that can be checked, and gone on with."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from crawler.export import Manifest, open_export
from crawler.items import Article, Rights
from crawler.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database

    Make = Callable[..., Article]
    Export = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.filterwarnings("ignore:.*size changed")


@pytest.fixture
def database(emptied: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied


@pytest.fixture
def export(command: Export, filled: Store, tmp_path: Path) -> Export:
    """Runs the command with shards of three articles, and a publisher that refuses the training of models."""
    folder = tmp_path / "publishers"
    folder.mkdir()
    (folder / "closed.toml").write_text('name = "Closed"\ndomain = "www.closed.example"\n[rights]\nmay_train = false\n')
    return partial(command, "export", "-s", f"PUBLISHERS_DIR={folder}", "--shard-size", "3")


@pytest.fixture
def filled(store: Store, make_article: Make) -> Store:
    """Seven articles to export, and one of each kind that is left out."""
    for number in range(7):
        store.write(make_article(url=f"https://news.example/{number}"))
    store.write(make_article(url="https://news.example/copy", duplicate_of="https://news.example/1"))
    store.write(make_article(url="https://news.example/noai", rights=Rights(robots_noai=True)))
    store.write(make_article(url="https://closed.example/1", publisher="closed"))
    return store


def read(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest, when it has been checked, and the addresses of the articles."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    names: list[str] = []
    for shard in manifest["shards"]:
        path = folder / shard["name"]
        body = path.read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (shard["bytes"], shard["sha256"])
        if path.suffix == ".parquet":
            found = parquet.read_table(path)["canonical_url"].to_pylist()
        else:
            found = [json.loads(line)["canonical_url"] for line in gzip.decompress(body).splitlines()]
        assert len(found) == shard["articles"]
        names += [name.rpartition("/")[2] for name in found]
    assert manifest["articles"] == len(names)
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(s["name"] for s in manifest["shards"])}
    return manifest, names


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_corpus_has_no_copies_and_respects_rights_and_says_so(export: Export, tmp_path: Path, form: str) -> None:
    status, out, err = export(str(tmp_path / "corpus"), "--format", form)
    assert (status, err) == (0, "")
    assert "7 articles in 3 files" in out
    manifest, names = read(tmp_path / "corpus")
    assert names == list("6543210")
    assert manifest["complete"]
    assert list(manifest["left_out"].values()) == [1, 1, 1]


def test_who_has_permission_takes_all(export: Export, tmp_path: Path) -> None:
    assert export(str(tmp_path / "corpus"), "--ignore-rights", "--duplicates", "with")[0] == 0
    assert len(read(tmp_path / "corpus")[1]) == 10


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_export_that_was_cut_off_goes_on_to_the_same_end(
    export: Export, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--format", form, "--since", "9999d")
    assert export(str(tmp_path / "whole"), *options)[0] == 0
    reading = "find" if form == "jsonl" else "tables"
    honest, shards = getattr(Store, reading), []

    def cut_off(self: Store, *args: Any, **kwargs: Any) -> Any:
        shards.append(1)
        if len(shards) == 2:
            raise StoreError("out of reach")
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(Store, reading, cut_off)
    assert export(str(tmp_path / "cut"), *options) == (1, "", "scrapy export: out of reach\n")
    before = json.loads((tmp_path / "cut" / "manifest.json").read_bytes())
    assert (before["articles"], before["complete"]) == (3, False)
    assert export(str(tmp_path / "cut"), *options)[0] == 0
    manifest, names = read(tmp_path / "cut")
    assert len(shards) == 4  # one before the cut, the cut, two after
    whole, all_names = read(tmp_path / "whole")
    assert (names, manifest["shards"], manifest["left_out"]) == (all_names, whole["shards"], whole["left_out"])
    # Once more, there is nothing to do.
    assert export(str(tmp_path / "cut"), *options)[0] == 0
    assert len(shards) == 4


def test_a_folder_with_anything_else_is_left_alone(export: Export, tmp_path: Path) -> None:
    assert export(str(tmp_path))[2].endswith("holds files that are not of an export: name a new folder\n")
    export(str(tmp_path / "corpus"))
    status, _, err = export(str(tmp_path / "corpus"), "--language", "de")
    assert status == 1
    assert "holds an export with other options (filters:" in err
    (tmp_path / "corpus" / "manifest.json").write_text("[]")
    assert "manifest.json is no manifest of an export" in export(str(tmp_path / "corpus"))[2]
    assert export()[0] == 2


def test_a_corpus_of_nothing_is_complete(export: Export, tmp_path: Path) -> None:
    assert export(str(tmp_path / "corpus"), "--language", "xx")[0] == 0
    manifest, names = read(tmp_path / "corpus")
    assert (names, manifest["complete"]) == ([], True)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_shard_that_is_gone_or_cut_off_is_written_again(export: Export, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "corpus"
    assert export(str(folder), "--format", form)[0] == 0
    before = read(folder)
    shards = sorted(folder.glob("articles-*"))
    shards[0].unlink()
    (folder / ".articles-00000.jsonl.gz.1.part").touch()  # of an export that was killed
    shards[1].write_bytes(shards[1].read_bytes()[:100])
    assert export(str(folder), "--format", form)[0] == 0
    assert read(folder) == before


def test_a_shard_whose_articles_are_gone_is_not_said_to_be_whole(export: Export, filled: Store, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    assert export(str(folder))[0] == 0
    (folder / "articles-00001.jsonl.gz").unlink()
    filled.database["articles"].delete_many({"canonical_url": "https://news.example/3"})
    status, _, err = export(str(folder))
    assert (status, len(list(folder.iterdir()))) == (1, 3)
    assert "articles-00001.jsonl.gz is gone or cut off, and the store has other articles now: export to a new" in err


def test_two_exports_do_not_write_to_one_folder(export: Export, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    with open_export(folder, Manifest("jsonl", 3, {})):
        status, _, err = export(str(folder))
    assert (status, list(folder.iterdir())) == (1, [])
    assert err.endswith(f"another export is writing to {folder}: wait for its end, or name a new folder\n")
    assert export(str(folder))[0] == 0

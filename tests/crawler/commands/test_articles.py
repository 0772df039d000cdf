"""`scrapy articles`, run as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from crawler.items import BlockRecord, Fetch, Rights
from crawler.store import arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    from crawler.items import Article
    from crawler.store import Store

    Make = Callable[..., Article]
    Environment = dict[str, str]

URL = "https://news.example/harbour"
ESCAPE = "\x1b"
NASTY = "Harbour [red]reopens[/red] \x1b]0;owned\x07\x9b31m\u202e\u2028 港"


@pytest.fixture
def database(emptied: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied


def run(environment: Environment, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", "articles", *options],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def articles(command: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """A function that runs the command in this process: exit status, output and errors."""
    return partial(command, "articles")


@pytest.fixture
def filled(store: Store, make_article: Make) -> Store:
    """Articles published one, two and three days ago."""
    now = datetime.now(UTC)
    for days in (1, 2, 3):
        published = now - timedelta(days=days) + timedelta(hours=1)
        store.write(make_article(url=f"{URL}/{days}", title=f"Day {days}", published_at=published))
    return store


def test_the_table_lists_the_newest_first(filled: Store, articles: Callable[..., Any]) -> None:
    status, out, err = articles()
    assert (status, err) == (0, "")
    assert re.findall(r"Day (\d) +1 +4", out) == ["1", "2", "3"]
    assert f"{URL}/1" in out
    assert "news" in out
    assert out.endswith("3 articles\n")
    assert ESCAPE not in out


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (["--since", "2d"], "12"),
        (["--since", "1w", "--until", "30h"], "23"),
        (["--since", "48h", "--publisher", "news"], "12"),
        (["--limit", "1"], "1"),
        (["--until", "2000-01-01"], ""),
        (["--since", "2000-01-01T00:00:00+02:00"], "123"),
    ],
)
def test_filters(filled: Store, articles: Callable[..., Any], options: list[str], days: str) -> None:
    status, out, err = articles("--format", "jsonl", *options)
    assert (status, err) == (0, "")
    assert [json.loads(line)["title"] for line in out.splitlines()] == [f"Day {day}" for day in days]


def test_until_a_date_counts_the_whole_day(store: Store, make_article: Make, articles: Callable[..., Any]) -> None:
    store.write(make_article(published_at=datetime(2026, 7, 1, 23, 59, tzinfo=UTC)))
    assert "1 article\n" in articles("--until", "2026-07-01")[1]
    assert "0 articles\n" in articles("--until", "2026-06-30")[1]
    assert "0 articles\n" in articles("--until", "2026-07-01T12:00")[1]


def test_a_table_cut_short_says_so(filled: Store, articles: Callable[..., Any]) -> None:
    out = articles("--limit", "2")[1]
    more = re.search(r"\n2 of 3 articles; the next: --after (\S+)\n$", out)
    assert more
    status, out, _ = articles("--after", more[1])
    assert (status, re.findall(r"Day (\d) ", out)) == (0, ["3"])
    assert articles("--limit", "0")[1].endswith("\n3 articles\n")


def test_json_lines_are_the_documents(store: Store, make_article: Make, articles: Callable[..., Any]) -> None:
    store.write(make_article(title=NASTY))
    _, out, _ = articles("--format", "jsonl")
    (line,) = out.splitlines()
    document = json.loads(line)
    assert document["title"] == NASTY
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u202e]", line)
    assert "港" in line
    assert document["published_at"] == "2026-07-01T12:00:00Z"
    assert document["blocks"][2] == {
        "label": "ad",
        "text": "Our trading course: Save Your Spot",
        "xpath": "/html/body/p[2]",
        "p": 0.91,
    }
    assert document["crawl"]["etag"] == '"tag"'


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--with", "disclaimer", "--with", "ad"], "odd"),
        (["--language", "DE"], "odd"),
        (["--section", "Ports"], "odd"),
        (["--author", "B. Writer"], "odd"),
        (["--access", "paywalled"], "odd"),
        (["--duplicates", "only"], "odd"),
        (["--duplicates", "without"], "plain"),
        (["--model", "2"], "odd"),
        (["--low-confidence"], "odd"),
        (["--low-confidence", "0.95"], "odd plain"),
        (["--text", "lighthouse"], "odd"),
    ],
)
def test_every_filter_has_an_option(
    store: Store, make_article: Make, articles: Callable[..., Any], options: list[str], found: str
) -> None:
    store.write(make_article(url=f"{URL}/plain", title="plain", counts={"article": 1}))
    odd = {
        "language": "de",
        "section": "Ports",
        "authors": ["B. Writer"],
        "access": "paywalled",
        "duplicate_of": f"{URL}/plain",
        "classifier": {"version": "2"},
        "confidence": 0.4,
        "text": "A lighthouse.",
    }
    store.write(make_article(url=f"{URL}/odd", title="odd", **odd))
    status, out, err = articles("--format", "jsonl", *options)
    assert (status, err) == (0, "")
    assert " ".join(json.loads(line)["title"] for line in out.splitlines()) == found
    assert articles("--count", *options)[1] == f"{len(found.split())}\n"


def test_counts_by_publisher(filled: Store, articles: Callable[..., Any], make_article: Make) -> None:
    filled.write(make_article(url=f"{URL}/x", publisher=f"wire{NASTY}"))
    rows = articles("--count", "publisher")[1].strip().splitlines()
    assert rows[0].split() == ["publisher", "articles"]
    assert rows[2].split() == ["news", "3"]
    assert ESCAPE not in "".join(rows)
    assert "2026-07-01" in articles("--count", "day")[1]


def test_csv_is_for_spreadsheets_and_runs_nothing_there(
    store: Store, make_article: Make, articles: Callable[..., Any], tmp_path: Path
) -> None:
    store.write(make_article(title='=cmd|"/c calc"!A1', authors=["A", "B"], text="one\n\ntwo, three"))
    file = tmp_path / "articles.csv"
    assert articles("--format", "csv", "--output", str(file)) == (0, "", "")
    with file.open(newline="", encoding="utf-8") as opened:
        (row,) = csv.DictReader(opened)
    assert row["title"] == '\'=cmd|"/c calc"!A1'
    assert (row["authors"], row["text"], row["ad"]) == ("A; B", "one\n\ntwo, three", "1")
    assert (row["published_at"], row["robots_noai"]) == ("2026-07-01T12:00:00Z", "false")


@pytest.mark.filterwarnings("ignore:.*size changed")
def test_parquet_holds_what_json_lines_hold(
    filled: Store, make_article: Make, articles: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.write(make_article(url=f"{URL}/x", title=NASTY, published_at=None, tags=["a", "b"]))
    monkeypatch.setattr(arrow, "ROWS", 3)
    file = tmp_path / "articles.parquet"
    assert articles("--format", "parquet", "--output", str(file)) == (0, "", "")
    table = parquet.read_table(file)
    rows = [json.loads(line) for line in articles("--format", "jsonl")[1].splitlines()]
    assert set(table.column_names) == set(rows[0])
    read = json.loads(json.dumps(table.to_pylist(), default=lambda date: date.isoformat().replace("+00:00", "Z")))
    assert read == rows
    assert parquet.read_metadata(file).num_row_groups == 2
    assert articles("--format", "parquet", "--until", "1999-01-01", "--output", str(file))[0] == 0
    assert parquet.read_table(file).num_rows == 0


def test_show_prints_facts_and_every_block_with_its_label(
    store: Store, make_article: Make, articles: Callable[..., Any]
) -> None:
    article = make_article(
        url=f"{URL}?print=1",
        canonical_url=URL,
        title=NASTY,
        section="Ports",
        rights=Rights(robots_noai=True, licence="CC BY 4.0"),
    )
    article.blocks.append(BlockRecord("article", f"Last [bold]words[/bold] {NASTY}", "/p", 0.5))
    store.write(article)
    status, out, err = articles("--show", URL)
    assert (status, err) == (0, "")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", out)
    assert "[red]reopens[/red]" in out
    for fact in ("A. Writer", "2026-07-01 12:00", "no AI use, CC BY 4.0", f"{URL}?print=1", "Ports", "0.90"):
        assert fact in out
    marks = re.findall(r"^([+-]) (\w+) +(\d\.\d\d) (.{4})", out, re.MULTILINE)
    assert marks == [
        ("-", "other", "0.99", "Harb"),
        ("+", "article", "0.98", "Ship"),
        ("-", "ad", "0.91", "Our "),
        ("-", "disclaimer", "0.93", "Disc"),
        ("-", "teaser", "0.90", "Ten "),
        ("+", "article", "0.50", "Last"),
    ]
    assert "+ 1 kept   - 4 removed (1 other, 1 ad, 1 disclaimer, 1 teaser)" in out
    assert json.loads(articles("--show", URL, "--format", "jsonl")[1])["section"] == "Ports"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--publisher", "nws"], 1, "no publisher is named nws: did you mean news"),
        (["--publisher", "@@@@"], 1, "no publisher is named @@@@: `scrapy list` prints the names"),
        (["--publisher", "ne\x1bws\nx"], 1, "no publisher is named ne\N{REPLACEMENT CHARACTER}ws x: did you"),
        (["--show", "https://news.example/none"], 1, "no article of the address https://news.example/none"),
        (["--since", "yesterday"], 2, "'yesterday' is no time: write 12h, 2d, 3w, or a date"),
        (["--since", "999999999999w"], 2, "'999999999999w' is no time"),
        (["--until", "2026-13-01"], 2, "'2026-13-01' is no time"),
        (["--until", "9999-12-31"], 2, "'9999-12-31' is no time"),
        (["--limit", "-1"], 2, "'-1' is no number of articles"),
        (["--format", "yaml"], 2, "invalid choice: 'yaml'"),
        (["--after", "x"], 2, "--after: 'x' is no position in the order 'newest'"),
        (["--text=-no"], 2, "'-no' holds no word to look for"),
        (["--with", "pitch"], 2, "invalid choice: 'pitch'"),
        (["--low-confidence", "7"], 2, "'7' is no share"),
        (["--count", "size"], 2, "invalid choice: 'size'"),
        (["--output", "/x"], 2, "--output takes --format"),
        (["--show", URL, "--format", "csv"], 2, "--show prints a table or --format jsonl"),
        (["--format", "csv", "--output", "/none/x.csv"], 1, "/none/x.csv: No such file or directory"),
        (["--publsher", "news"], 2, "not understood: --publsher news"),
    ],
)
def test_mistakes_are_told(
    filled: Store, articles: Callable[..., Any], options: list[str], status: int, message: str
) -> None:
    left, out, err = articles(*options)
    assert left == status
    assert out == ""
    assert message in err.splitlines()[-1]
    assert status == 2 or len(err.splitlines()) == 1


def test_a_registered_publisher_without_articles_is_told_apart(
    filled: Store, articles: Callable[..., Any], tmp_path: Any, environment: Environment
) -> None:
    (tmp_path / "gazette.toml").write_text("")
    status, _, err = articles("--publisher", "gazette", "-s", f"PUBLISHERS_DIR={tmp_path}")
    assert (status, err) == (
        1,
        "scrapy articles: no articles of gazette yet: `scrapy crawl gazette` fetches them\n",
    )
    assert "did you mean gazette" in articles("--publisher", "gazete", "-s", f"PUBLISHERS_DIR={tmp_path}")[2]


def test_a_server_out_of_reach_is_one_line_and_no_password(environment: Environment) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        uri = f"mongodb://user:secret@{address}/?serverSelectionTimeoutMS=300"
        done = run({**environment, "MONGO_URI": uri})
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert address in line
    assert "MONGO_URI" in line
    assert "secret" not in line


def test_the_embedded_server_serves_when_no_address_is_set(environment: Environment, tmp_path: Any) -> None:
    done = run({**environment, "MONGO_URI": "", "BROADSHEET_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 articles\n", "")
    assert (tmp_path / "mongo" / "db").is_dir()


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_reader_that_leaves_early_gets_no_traceback(
    store: Store, make_article: Make, environment: Environment, form: str
) -> None:
    for number in range(60):
        store.write(make_article(url=f"{URL}/{number}", text="long " * 2000, title="wide " * 400))
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", "articles", "--format", form, "--limit", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.read(10)
        command.stdout.close()
        assert command.stderr.read() == b""


def on_a_terminal(environment: Environment, *options: str) -> str:
    """What the command writes when its output is a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", "articles", *options], env=environment, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        return b"".join(_chunks(ours)).decode()


def _chunks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(descriptor, 4096)
        except OSError:  # the terminal has closed
            os.close(descriptor)
            return


def test_colour_is_for_terminals_without_NO_COLOR(store: Store, make_article: Make, environment: Environment) -> None:
    store.write(make_article())
    coloured = on_a_terminal(environment, "--show", URL)
    assert f"{ESCAPE}[32marticle" in coloured
    assert f"{ESCAPE}[31mad" in coloured
    assert f"{ESCAPE}[2mTen more ports to see" in coloured  # what was removed is dim
    assert f"{ESCAPE}[2mShips queued" not in coloured
    plain = on_a_terminal({**environment, "NO_COLOR": "1"}, "--show", URL)
    assert ESCAPE not in plain
    assert "+ article" in plain


def test_a_terminal_without_unicode_gets_what_it_can_show(
    store: Store, make_article: Make, environment: Environment
) -> None:
    store.write(make_article(title="港 opens"))
    ascii_only = {**environment, "PYTHONIOENCODING": "ascii"}
    table = run(ascii_only)
    assert (table.returncode, table.stderr) == (0, "")
    assert "? opens" in table.stdout
    assert json.loads(run(ascii_only, "--format", "jsonl").stdout)["title"] == "港 opens"


def test_the_last_visit_is_a_fact(store: Store, make_article: Make, articles: Callable[..., Any]) -> None:
    store.write(make_article())
    store.touch(URL, Fetch("job-2", "news", datetime(2026, 8, 1, 9, 30, tzinfo=UTC), 304))
    assert re.search(r"last fetched +2026-08-01 09:30", articles("--show", URL)[1])

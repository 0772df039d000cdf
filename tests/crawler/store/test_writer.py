"""A crawl's articles are written in batches, patiently, and what cannot be written lies in the spool."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crawler.store import Outcome, Record, RefusedError, StoreError, UnavailableError
from crawler.store.spool import Spool, waiting_records
from crawler.store.writer import Manners, SpooledError, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from crawler.items import Article

    Make = Callable[..., Article]

NEVER = 600.0  # seconds: longer than any test waits


class Server:
    """Stands in for the store: fails as it is told, and knows the batches that it was given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.batches: list[list[str]] = []

    def write_records(self, records: list[Record]) -> list[Outcome | RefusedError]:
        self.batches.append([record.article["title"] for record in records])
        if self.failures:
            raise self.failures.pop(0)
        return [
            RefusedError("bad cannot be stored") if record.article["title"] == "bad" else Outcome.STORED
            for record in records
        ]


class Trial:
    """A writer on a spool, with all that it counted."""

    def __init__(self, folder: Path, server: Server, **manners: float) -> None:
        self.folder = folder
        self.counts: list[str] = []
        self.is_stopping = False
        usual: dict[str, Any] = {"batch_size": 3, "batch_seconds": 0.01, "patience": NEVER, "timeout": NEVER}
        self._spool = Spool(folder)
        self._writer = Writer(
            server,  # type: ignore[arg-type]
            self._spool,
            Manners(**usual | manners),
            lambda: self.is_stopping,
            self.counts.append,
        )

    def run(self, *articles: Article) -> list[Any]:
        """Write articles at the same time; return the outcomes and errors."""

        async def all_of_them() -> list[Any]:
            self._writer.start()
            writes: list[Awaitable[Outcome]] = [self._writer.write(article) for article in articles]
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            await self._writer.close()
            self._spool.close()
            return outcomes

        return asyncio.run(all_of_them())


def test_a_batch_is_written_when_it_is_full(tmp_path: Path, make_article: Make) -> None:
    server = Server()
    trial = Trial(tmp_path, server, batch_seconds=NEVER)
    assert trial.run(*[make_article()] * 6) == [Outcome.STORED] * 6
    assert [len(batch) for batch in server.batches] == [3, 3]
    assert trial.counts == ["batches", "batches"]
    assert waiting_records(tmp_path) == 0


def test_a_batch_is_written_when_its_first_article_has_waited(tmp_path: Path, make_article: Make) -> None:
    server = Server()
    assert Trial(tmp_path, server, batch_size=100).run(make_article()) == [Outcome.STORED]
    assert server.batches == [["Harbour reopens"]]


def test_a_server_that_is_away_is_asked_again(tmp_path: Path, make_article: Make, caplog: Any) -> None:
    server = Server(UnavailableError("away"), UnavailableError("away"))
    with caplog.at_level("INFO"):
        trial = Trial(tmp_path, server)
        assert trial.run(make_article(), make_article()) == [Outcome.STORED] * 2
    assert trial.counts == ["held_back", "held_back", "batches"]
    told = [record.message for record in caplog.records if record.name == "crawler.store.writer"]
    assert len(told) == 2
    assert told[0].startswith("away. The crawl holds back")
    assert told[1].startswith("MongoDB is back")


@pytest.mark.parametrize(
    ("failure", "manners"),
    [(UnavailableError("away"), {"patience": 0.0}), (StoreError("no right to write"), {"patience": NEVER})],
)
def test_what_cannot_be_written_lies_in_the_spool(
    tmp_path: Path, make_article: Make, failure: Exception, manners: dict[str, float]
) -> None:
    server = Server(failure)
    outcomes = Trial(tmp_path, server, batch_size=1, **manners).run(*[make_article()] * 4)
    assert [type(outcome) for outcome in outcomes] == [SpooledError] * 4
    assert {str(outcome) for outcome in outcomes} == {str(failure)}
    # It is not asked again for those that came later.
    assert len(server.batches) == 1
    assert waiting_records(tmp_path) == 4


def test_a_crawl_that_is_stopped_does_not_wait(tmp_path: Path, make_article: Make) -> None:
    trial = Trial(tmp_path, Server(UnavailableError("away")))
    trial.is_stopping = True
    (outcome,) = trial.run(make_article())
    assert isinstance(outcome, SpooledError)
    assert waiting_records(tmp_path) == 1


def test_a_refused_article_holds_up_no_other_and_is_not_tried_again(tmp_path: Path, make_article: Make) -> None:
    good, bad, huge = make_article(), make_article(title="bad"), make_article(text="x" * 16_000_000)
    outcomes = Trial(tmp_path, Server()).run(good, bad, huge)
    assert outcomes[0] is Outcome.STORED
    assert [type(outcome) for outcome in outcomes[1:]] == [RefusedError, RefusedError]
    assert waiting_records(tmp_path) == 0


def test_a_fault_of_ours_reaches_who_waits_and_loses_nothing(tmp_path: Path, make_article: Make) -> None:
    trial = Trial(tmp_path, Server(ZeroDivisionError()))
    (outcome,) = trial.run(make_article())
    assert isinstance(outcome, ZeroDivisionError)
    assert waiting_records(tmp_path) == 1

"""Near-equal articles are linked to the one that was published first, whoever stores them when."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store.duplicates import BAND_BITS, MAX_DISTANCE, bands_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.items import Article
    from crawler.store import Store

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]

HASH = 0x0123456789ABCDEF


def keep(store: Store, make_article: Make, name: str, simhash: int, day: int) -> None:
    store.write(
        make_article(
            url=f"https://{name}.example/story",
            publisher=name,
            text=f"The story as {name} tells it.",
            content_hash=name,
            published_at=datetime(2026, 7, day, tzinfo=UTC),
            simhash=f"{simhash:016x}",
            simhash_bands=bands_of(simhash),
        )
    )


def links(database: Documents) -> dict[str, str | None]:
    return {article["publisher"]: article["duplicate_of"] for article in database.articles.find()}


@pytest.mark.parametrize("order", list(itertools.permutations(["wire", "daily", "late"])))
def test_whichever_comes_first_the_earliest_is_the_original(
    store: Store, database: Documents, make_article: Make, order: tuple[str, ...]
) -> None:
    # daily is near both, which are not near each other
    hashes = {"wire": HASH, "daily": HASH ^ 0x7F, "late": HASH ^ 0x3FFF}
    days = {"wire": 1, "daily": 2, "late": 3}
    for name in order:
        keep(store, make_article, name, hashes[name], days[name])
        store.duplicates.link(f"https://{name}.example/story", lambda text, other: True)
    original = "https://wire.example/story"
    assert links(database) == {"wire": None, "daily": original, "late": original}


def test_a_near_hash_of_another_text_is_no_duplicate(store: Store, database: Documents, make_article: Make) -> None:
    keep(store, make_article, "wire", HASH, 1)
    keep(store, make_article, "daily", HASH, 2)
    seen: list[tuple[str, str]] = []
    assert store.duplicates.link("https://daily.example/story", lambda *texts: bool(seen.append(texts))) is None
    assert seen == [("The story as daily tells it.", "The story as wire tells it.")]
    assert links(database) == {"wire": None, "daily": None}


def test_where_the_text_of_an_original_changes_its_duplicates_are_linked_anew(
    store: Store, database: Documents, make_article: Make
) -> None:
    for day, name in enumerate(("wire", "daily", "late"), start=1):
        keep(store, make_article, name, HASH, day)
        store.duplicates.link(f"https://{name}.example/story", lambda text, other: True)
    wire, daily = "https://wire.example/story", "https://daily.example/story"
    assert links(database) == {"wire": None, "daily": wire, "late": wire}
    # What was the earliest says something else now, and the other two are still like each other.
    database.articles.update_one({"canonical_url": wire}, {"$set": {"text": "Other news."}})

    def is_same(text: str, other: str) -> bool:
        return "Other news." not in (text, other)

    assert store.duplicates.link(wire, is_same) is None
    assert links(database) == {"wire": None, "daily": None, "late": daily}


def test_a_duplicate_whose_text_changes_is_one_no_longer(store: Store, database: Documents, make_article: Make) -> None:
    for day, name in enumerate(("wire", "daily"), start=1):
        keep(store, make_article, name, HASH, day)
        store.duplicates.link(f"https://{name}.example/story", lambda text, other: True)
    assert links(database)["daily"] is not None
    # Too few words to be hashed.
    database.articles.update_one({"publisher": "daily"}, {"$set": {"simhash": "", "simhash_bands": []}})
    assert store.duplicates.link("https://daily.example/story", lambda text, other: True) is None
    assert links(database) == {"wire": None, "daily": None}


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=MAX_DISTANCE))
def test_hashes_that_are_near_share_a_band_but_for_one_bit(simhash: int, bits: set[int]) -> None:
    other = simhash ^ sum(1 << bit for bit in bits)
    differing = [(a ^ b).bit_count() for a, b in zip(bands_of(simhash), bands_of(other), strict=True)]
    assert min(differing) <= 1
    assert all(band >> BAND_BITS == number for number, band in enumerate(bands_of(other)))


def test_links_are_looked_up_and_written_by_index(store: Store, database: Documents, make_article: Make) -> None:
    for number in range(300):
        keep(store, make_article, f"site{number}", number * 0x9E3779B97F4A7C15 % 2**64, 3)
    keep(store, make_article, "wire", HASH, 2)
    keep(store, make_article, "daily", HASH ^ 1, 1)
    database.command("profile", 2)
    store.duplicates.link("https://daily.example/story", lambda text, other: True)
    database.command("profile", 0)
    assert links(database)["wire"] == "https://daily.example/story"
    operations = list(database["system.profile"].find({"ns": f"{database.name}.articles"}))
    assert len(operations) >= 5
    for operation in operations:
        assert "IXSCAN" in operation["planSummary"], operation["command"]
        assert operation["docsExamined"] < 20, operation["command"]

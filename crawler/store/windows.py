"""Searching for words from the newest article backwards, so that a common word is not looked up in all articles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.store.selection import Order, Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection

    from crawler.store.connection import Document
    from crawler.store.selection import Position

FEW = 300  # articles that are read and sorted in no time
MANY = 16_000
GROWTH = 4


def windows(
    articles: Collection[Document], selection: Selection, order: Order, after: Position | None = None
) -> Iterator[Selection]:
    """Cut a search for words into stretches of time that are to be read one after the other.

    MongoDB finds words in no order: it reads all articles that have them before it sorts the first of them out. But
    the index of words holds the date, so that in a stretch of time it reads no others. The stretches are measured
    in articles, of whatever words, and grow, so that of a word that is not quite common few are asked for.

    Args:
        articles: the collection.
        selection: which articles.
        order: in what order they are read; other orders than by time are left whole.
        after: behind which of them.

    Yields:
        Selections that make up the whole, in the order; the selection itself where there is nothing to gain.
    """
    words = Selection(text=selection.text, since=selection.since, until=selection.until)
    if (
        selection.text is None
        or order is not Order.NEWEST
        or articles.count_documents(words.condition(order, after), limit=FEW) < FEW
    ):
        yield selection
        return
    length, until = FEW, selection.until
    while True:
        stretch = Selection(since=selection.since, until=until).condition(order, after)
        dates = articles.find(stretch, {"_id": False, "dated_at": True}, sort=order.sort, skip=length, limit=1)
        since = next((row["dated_at"] for row in dates), None)
        if since is None:
            yield replace(selection, until=until)
            return
        # The articles of the very moment at which a stretch begins are all in it.
        yield replace(selection, since=since, until=until)
        length, until = min(length * GROWTH, MANY), since

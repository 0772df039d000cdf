"""Reads the archive again with the current model, in worker processes, and says what that changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from classifier import LABELS
from crawler.items import content_hash_of
from crawler.pipelines.workers import WorkerError, Workers
from crawler.reading import Reading, model_version, read_page
from crawler.similarity import is_nearly_same
from crawler.store import Position
from crawler.store.duplicates import bands_of
from crawler.store.selection import Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawler.store import Selection, Store
    from crawler.store.archive import ArchivedArticle
    from crawler.store.connection import Document

BATCH = 64  # articles read, classified and written at a time


@dataclass(slots=True)
class Changes:
    """What reading articles again has changed so far.

    Attributes:
        read: articles that were read again.
        relabelled: of these, articles in which a block's label changed.
        rewritten: of these, articles whose text changed: each is a new revision.
        without_page: articles left alone, since their raw page is not kept.
        without_text: articles left alone, since the model finds no text in them.
        unreadable: articles left alone, since reading them takes too long or crashes.
        labels: number of blocks by old and new label, as ``ad>teaser``, of those that changed.
        other_blocks: number of blocks that are there only before or only after, since pages are cut another way now.
    """

    read: int = 0
    relabelled: int = 0
    rewritten: int = 0
    without_page: int = 0
    without_text: int = 0
    unreadable: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    other_blocks: int = 0

    @property
    def seen(self) -> int:
        """All articles so far."""
        return self.read + self.without_page + self.without_text + self.unreadable

    def as_document(self) -> dict[str, Any]:
        """The figures as MongoDB holds them."""
        figures = {name: getattr(self, name) for name in self.__slots__}
        return figures | {"labels": [[change, count] for change, count in self.labels.items()]}

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read what `as_document` made."""
        return cls(**{**document, "labels": Counter(dict(document["labels"]))})

    def count(self, before: Document, after: Reading) -> None:
        """Count an article that was read again.

        Args:
            before: its document.
            after: what the model says now.
        """
        old = {(block["xpath"], block["text"]): block["label"] for block in before["blocks"]}
        new = {(block.xpath, block.text): block.label for block in after.blocks}
        changed = [f"{old[key]}>{new[key]}" for key in old.keys() & new.keys() if old[key] != new[key]]
        other = len(old.keys() ^ new.keys())
        self.read += 1
        self.relabelled += bool(changed or other)
        self.rewritten += before["text"] != after.text
        self.labels.update(changed)
        self.other_blocks += other


class Rereading:
    """One run over a selection of articles, newest first, which goes on where an earlier one was stopped.

    Args:
        store: where articles and pages are.
        name: of the run; a run of the same name that was stopped is gone on with.
        selection: the articles.
        workers: the processes that read pages.
        model: path of a model file; empty for the shipped model.
    """

    def __init__(self, store: Store, name: str, selection: Selection, workers: Workers, model: str) -> None:
        self._archive = store.archive
        self._duplicates = store.duplicates
        self._name = name
        self._selection = selection
        self._workers = workers
        self._model = model
        begun = self._archive.begun(name)
        self._after = Position.parse(begun["position"], Order.NEWEST) if begun else None
        self.changes = Changes.from_document(begun["changes"]) if begun else Changes()

    async def run(self) -> AsyncIterator[Changes]:
        """Read the articles.

        Yields:
            What changed so far, after each batch.

        Raises:
            StoreError: the store is out of reach; the run can go on later.
        """
        while articles := self._archive.read(self._selection, self._after, BATCH):
            readings = await asyncio.gather(*(self._read(article) for article in articles))
            news = [
                (article, news)
                for article, reading in zip(articles, readings, strict=True)
                if (news := self._news(article, reading))
            ]
            self._archive.rewrite(news)
            # Also where the text is as it was: the run may have been stopped when it was new and not yet linked.
            for article, _ in news:
                self._duplicates.link(article.document["canonical_url"], is_nearly_same)
            self._after = articles[-1].position
            self._archive.note(self._name, {"position": str(self._after), "changes": self.changes.as_document()})
            yield self.changes
        self._archive.end(self._name)

    async def _read(self, article: ArchivedArticle) -> Reading | WorkerError | None:
        if article.page is None:
            return None
        page = article.page
        try:
            return await self._workers.run(read_page, page.html, page.url, page.encoding, self._model)
        except WorkerError as error:
            return error

    def _news(self, article: ArchivedArticle, reading: Reading | WorkerError | None) -> dict[str, Any]:
        """Count what changed in an article, and give its new fields; none if it is left alone."""
        if article.page is None:
            self.changes.without_page += 1
        elif isinstance(reading, WorkerError):
            self.changes.unreadable += 1
        elif reading is None or not reading.text.strip():
            self.changes.without_text += 1
        else:
            self.changes.count(article.document, reading)
            return _fields(article.document, reading)
        return {}


async def version_of(workers: Workers, model: str) -> str:
    """Load the model in a worker and return its version.

    Raises:
        classifier.ModelError: it cannot be used.
        WorkerError: the worker died.
    """
    return await workers.run(model_version, model)


def _fields(document: Document, reading: Reading) -> dict[str, Any]:
    counts = Counter(block.label for block in reading.blocks)
    return {
        "text": reading.text,
        "blocks": reading.blocks,
        "counts": {label: counts[label] for label in LABELS},
        "confidence": reading.confidence,
        "content_hash": content_hash_of(document["title"], reading.text),
        "simhash": "" if reading.simhash is None else f"{reading.simhash:016x}",
        "simhash_bands": [] if reading.simhash is None else bands_of(reading.simhash),
        "classifier": {"version": reading.version},
    }

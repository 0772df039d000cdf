"""`scrapy drafts`: the pages of which the model is least sure, as labelled HTML to correct."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from classifier import ModelError
from classifier.files import whole_file
from classifier.terminal import printable, told
from crawler.commands.filters import (
    NotFoundError,
    add_filters,
    check_publisher,
    make_searchable,
    number,
    selection_of,
)
from crawler.publishers import PublisherError, Registry
from crawler.store import Order, Store, StoreError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

PAGES = 20


class Command(ScrapyCommand):
    """Writes pages of the archive as labelled HTML.

    Exit status: 0; 1 when the store, the model or the folder is of no use; 2 for a mistake in the command line.
    """

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what stands behind the command's name."""
        return "[options] DIR"

    def short_desc(self) -> str:
        """Return what the command does, in a line."""
        return "Write the pages the model is least sure of as labelled HTML, to correct and to train on"

    def long_desc(self) -> str:
        """Return what to expect."""
        return (
            "Takes the articles that pass all filters, the least sure first, and writes the raw page of each to DIR as "
            "labelled HTML with the labels of the current model. Correct the labels, then train with `python -m "
            "classifier train training_data DIR`. A file that is there already is left as it is."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the filters."""
        super().add_options(parser)
        add_filters(parser, duplicates="without")
        parser.add_argument(
            "--limit", metavar="N", type=number, default=PAGES, help="at most N pages, 0 for all (default: %(default)s)"
        )

    def run(self, args: list[str], opts: Namespace) -> None:
        """Write the pages."""
        # Scrapy imports every command to run any of them, and the model takes a second to import.
        from classifier.storage import load_classifier
        from crawler.drafts import draft_of

        if len(args) != 1:
            raise UsageError("name one folder to write to", print_help=False)
        selection = selection_of(opts)
        assert self.settings is not None
        publishers, model = self.settings.get("PUBLISHERS_DIR"), self.settings.get("CLASSIFIER_MODEL")
        folder = Path(args[0])
        try:
            classifier = load_classifier(Path(model) if model else None)
            folder.mkdir(parents=True, exist_ok=True)
            with Store.from_settings(self.settings) as store:
                check_publisher(opts.publisher, store, lambda: Registry(publishers))
                make_searchable(store, selection)
                written = 0
                for article in store.summaries(selection, order=Order.LEAST_CONFIDENT):
                    file = folder / f"{article.page[:16]}.html"
                    page = None if file.exists() else store.page(article.page)
                    draft = page and draft_of(page, classifier)
                    if not draft:
                        continue
                    # Half a draft would be taken for one that a person corrects, and never be drawn again.
                    with whole_file(file) as out:
                        out.write(draft.encode(errors="replace"))
                    print(f"{file}  {article.confidence:.2f}  {printable(article.canonical_url)}")
                    written += 1
                    if written == opts.limit:
                        break
        except (StoreError, PublisherError, NotFoundError, ModelError) as error:
            print(f"scrapy drafts: {printable(str(error))}", file=sys.stderr)
            self.exitcode = 1
        except OSError as error:
            print(f"scrapy drafts: {printable(told(error, folder))}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            self.exitcode = 130

"""Articles and counts as tables for a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from classifier.terminal import printable
from crawler.terminal import output, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.store import Articles, Group, GroupCount, StoredArticle, Summary

COUNTED = 1_001  # articles are counted so far under a table: a larger number takes long and says little more
STYLES = {"article": "green", "ad": "red", "disclaimer": "yellow", "teaser": "blue", "other": "bright_black"}


def print_table(articles: Articles[Summary], count: int) -> None:
    """Print a row an article, and how to go on where there are more.

    Args:
        articles: the articles of a page.
        count: how many there are in all, as far as they were counted: up to `COUNTED`.
    """
    console = output()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("published (UTC)", overflow="fold")
    table.add_column("article", overflow="fold", ratio=1)
    table.add_column("kept", justify="right", style=STYLES["article"])
    table.add_column("removed", justify="right", style=STYLES["ad"])
    for article in articles:
        kept = article.counts.get("article", 0)
        table.add_row(
            plain(_minute(article.published_at) or "unknown").append(f"\n{printable(article.publisher)}", "dim"),
            plain(article.title or "(no title)").append(f"\n{printable(article.canonical_url)}", "dim"),
            str(kept),
            str(sum(article.counts.values()) - kept),
        )
    if table.row_count:
        console.print(table)
    total = f"more than {COUNTED - 1:,}" if count >= COUNTED else f"{count:,}"
    if articles.position and table.row_count < count:
        console.print(f"{table.row_count:,} of {total} articles; the next: --after {articles.position}", soft_wrap=True)
    else:
        console.print(f"{total} article{'' if count == 1 else 's'}")


def print_counts(counts: Iterable[GroupCount], group: Group) -> None:
    """Print how many articles there are of each."""
    table = Table(str(group), box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("articles", justify="right")
    for row in counts:
        value = f"{row.value:%Y-%m-%d}" if isinstance(row.value, datetime) else row.value
        table.add_row(plain("(none)", "dim") if value is None else plain(value), f"{row.articles:,}")
    output().print(table)


def print_article(article: StoredArticle) -> None:
    """Print title and facts, then each block with its label: what is kept bright, what was removed dim."""
    console = output()
    console.print(plain(article.title or "(no title)", "bold"))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(article):
        facts.add_row(name, plain(value))
    console.print(facts)
    kept = article.counts.get("article", 0)
    removed = ", ".join(f"{count} {label}" for label, count in article.counts.items() if label != "article")
    console.print()
    console.print(
        Text.assemble(
            (f"+ {kept} kept", STYLES["article"]),
            "   ",
            (f"- {sum(article.counts.values()) - kept} removed", STYLES["ad"]),
            f" ({printable(removed)})" if removed else "",
        )
    )
    console.print()
    blocks = Table.grid(padding=(0, 1))
    for _ in range(3):
        blocks.add_column(no_wrap=True)
    blocks.add_column(overflow="fold", ratio=1)
    for block in article.blocks:
        is_kept = block.label == "article"
        style = STYLES.get(block.label, "")
        blocks.add_row(
            plain("+" if is_kept else "-", style),
            plain(block.label, style),
            plain(f"{block.p:.2f}", "dim"),
            plain(block.text, "" if is_kept else "dim"),
        )
    console.print(blocks)


def _facts(article: StoredArticle) -> Iterator[tuple[str, str]]:
    rights = article.rights
    said = [("no AI use", rights.robots_noai), ("text and data mining reserved", rights.tdm_reservation)]
    facts = {
        "address": article.canonical_url,
        "fetched from": article.url if article.url != article.canonical_url else "",
        "publisher": article.publisher,
        "authors": ", ".join(article.authors),
        "published": _minute(article.published_at),
        "modified": _minute(article.modified_at),
        "language": article.language,
        "section": article.section,
        "tags": ", ".join(article.tags),
        "access": article.access,
        "rights": ", ".join([text for text, holds in said if holds] + [rights.licence or ""]).strip(", "),
        "duplicate of": article.duplicate_of,
        "confidence": f"{article.confidence:.2f}",
        "classifier": str(article.classifier.get("version", "")),
        "revision": str(article.revision),
        "first seen": _minute(article.first_seen_at),
        "last fetched": _minute(article.crawl.fetched_at),
    }
    return ((name, value) for name, value in facts.items() if value)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""

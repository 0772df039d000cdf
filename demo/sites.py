"""The demo's two publishers: articles kept as TOML, and the pages, sitemaps and feeds made of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

SITES = Path(__file__).parent / "sites"
_LABEL = re.compile(r' data-block-label="[a-z]+"')


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article of a site.

    Attributes:
        body: its blocks as labelled HTML; a block without a label is story.
        source: the agency it came from, for a site that carries copy of others.
        described: whether its page has Open Graph tags, on a site that leaves them out of some.
    """

    slug: str
    path: str
    url: str
    title: str
    summary: str
    section: str
    authors: list[str]
    published: datetime
    tags: list[str]
    body: str
    source: str | None = None
    biography: str | None = None
    described: bool = False
    minutes: int | None = None
    comments: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """One publisher's site.

    Attributes:
        host: its host name, which is also the name of its folder.
        articles: newest first.
        about: the rest of ``site.toml``.
        templates: the folder with the site's layout; what it lacks comes from ``templates``.
    """

    host: str
    articles: list[Article]
    about: Mapping[str, Any]
    templates: str = "templates"

    @property
    def base(self) -> str:
        """The address of the site, without a closing slash."""
        return f"http://{self.host}"

    @classmethod
    def load(cls, folder: Path, templates: str = "templates") -> Site:
        """Read a site from its folder, with one of its layouts."""
        about = tomllib.loads((folder / "site.toml").read_text("utf-8"))
        articles = []
        for file in (folder / "articles").glob("*.toml"):
            fields = tomllib.loads(file.read_text("utf-8"))
            path = about["path"].format(slug=file.stem, **fields)
            articles.append(Article(slug=file.stem, path=path, url=f"http://{folder.name}{path}", **fields))
        return cls(folder.name, sorted(articles, key=lambda a: a.published, reverse=True), about, templates)

    def labelled_pages(self) -> dict[str, str]:
        """Every HTML page of the site as labelled HTML, by its path."""
        return dict(self._pages())

    def files(self) -> dict[str, str]:
        """What the site serves, by its path: the pages without their labels, robots.txt, sitemaps, feed."""
        files = {path: _LABEL.sub("", html) for path, html in self._pages()}
        feeds = _environment(SITES / "feeds")
        for name in feeds.list_templates():
            files[f"/{name}"] = feeds.get_template(name).render(self._context())
        return files

    def _context(self) -> dict[str, Any]:
        by_slug = {article.slug: article for article in self.articles}
        return {
            "site": {**self.about, "base": self.base, "articles": self.articles},
            "most_read": [by_slug[slug] for slug in self.about["most_read"]],
        }

    def _pages(self) -> Iterator[tuple[str, str]]:
        layouts = (SITES / self.host / self.templates, SITES / self.host / "templates")
        templates = _environment(*layouts)
        shared = self._context()

        def page(template: str, path: str, **values: Any) -> tuple[str, str]:
            html = templates.get_template(f"{template}.html").render(shared, url=self.base + path, **values)
            return path, html

        yield page("listing", "/", title=self.about["motto"], cards=self.articles)
        for section in self.about["sections"]:
            cards = [article for article in self.articles if article.section == section]
            yield page("listing", f"/{section}/", title=section.title(), cards=cards)
        for entry in self.about["pages"]:
            yield page("page", entry["path"], title=entry["title"], body=Markup(entry["body"]))
        for article in self.articles:
            template = article.section if article.section in self.about["templates"] else "story"
            body = _restyle(article.body, self.about["templates"][template])
            related = [other for other in self.articles if other is not article]
            related.sort(key=lambda other: other.section != article.section)
            values = {"title": article.title, "article": article, "body": body, "related": related[:3]}
            yield page(template, article.path, **values)


def load_sites() -> list[Site]:
    """Read the bundled sites, in the order of their names."""
    return [Site.load(file.parent) for file in sorted(SITES.glob("*/site.toml"))]


def _environment(*folders: Path) -> Environment:
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    environment.filters["rfc2822"] = format_datetime
    return environment


def _restyle(body: str, markup: Mapping[str, str]) -> Markup:
    """Give the elements of an article the tags and classes of its site.

    Args:
        body: labelled HTML in plain tags.
        markup: ``tag.class`` for each tag; for a tag and a label (``"p ad"``) where these look different.
    """
    root = lxml.html.fragment_fromstring(body, create_parent="div")
    for element in root.iterdescendants():
        labelled = f"{element.tag} {element.get('data-block-label')}"
        element.tag, *classes = markup.get(labelled, markup.get(element.tag, element.tag)).split(".")
        if classes:
            element.set("class", " ".join(classes))
    return Markup("".join(lxml.html.tostring(element, encoding="unicode") for element in root))

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.parsing import parse_html
from crawler.items import Rights
from crawler.metadata import read_facts

URL = "https://www.courier.example/local/library-stays-open"
NODE = {
    "@type": "NewsArticle",
    "headline": "Library stays open &amp; free",
    "datePublished": "2025-03-09T08:00:00+01:00",
    "dateModified": "2025-03-09T10:00:00Z",
    "author": [{"@type": "Person", "name": "Jane Doe"}, {"@id": "#joe"}],
    "inLanguage": "en-GB",
    "articleSection": "Local",
    "keywords": "library, council",
    "image": {"@type": "ImageObject", "url": "/photo.jpg"},
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "isAccessibleForFree": "False",
}


def facts(head: str = "", body: str = "", text: str = "", html: str = "<html>"):
    root = parse_html(f"{html}<head>{head}</head><body>{body}<p>x</p></body></html>")
    return read_facts(root, URL, text)


def ld(*nodes) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def test_json_ld_comes_first():
    joe = {"@type": "Person", "@id": "#joe", "name": "Joe Roe"}
    graph = {"@graph": [{"@type": "WebSite", "name": "Courier"}, joe, NODE]}
    found = facts(ld(graph) + '<meta property="og:title" content="Another title">')
    assert found.title == "Library stays open & free"
    assert found.authors == ["Jane Doe", "Joe Roe"]
    assert found.published_at == datetime(2025, 3, 9, 7, tzinfo=UTC)
    assert found.published_at.hour == 8, "the publisher's own time"
    assert found.modified_at == datetime(2025, 3, 9, 10, tzinfo=UTC)
    assert (found.language, found.section, found.tags) == ("en", "Local", ["library", "council"])
    assert found.image == "https://www.courier.example/photo.jpg"
    assert found.access == "paywalled"
    assert found.rights.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert found.page_type == "article"


def test_open_graph_and_meta_elements_come_next():
    found = facts(
        """<meta property="og:title" content="Library stays open | Northfield Courier">
        <meta property="og:site_name" content="Northfield Courier"><meta property="og:type" content="article">
        <meta property="article:published_time" content="2025-03-09">
        <meta name="author" content="By Jane Doe and Joe Roe">
        <meta property="article:tag" content="library"><meta property="article:tag" content="council">
        <meta property="article:content_tier" content="metered"><meta property="og:locale" content="de_AT">
        <meta name="robots" content="index, NOAI"><meta name="tdm-reservation" content="1">"""
    )
    assert found.title == "Library stays open"
    assert found.authors == ["Jane Doe", "Joe Roe"]
    assert found.published_at == datetime(2025, 3, 9, tzinfo=UTC)
    assert (found.tags, found.access, found.language) == (["library", "council"], "metered", "de")
    assert found.rights == Rights(robots_noai=True, tdm_reservation=True)
    assert found.page_type == "article"


def test_microdata_and_html_come_last():
    found = facts(
        "<title>Library stays open - courier.example</title>",
        """<div itemscope itemtype="https://schema.org/NewsArticle">
        <time itemprop="datePublished" datetime="2025-03-09"></time>
        <span itemprop="author" itemscope><b itemprop="name">Jane Doe</b></span></div>""",
        html='<html lang="en-US">',
    )
    assert found.title == "Library stays open"
    assert found.authors == ["Jane Doe"]
    assert found.published_at == datetime(2025, 3, 9, tzinfo=UTC)
    assert found.language == "en"
    assert found.page_type == "article"


@pytest.mark.parametrize(
    ("body", "day"),
    [
        ('<time datetime="2025-03-01">1 March</time><h1>Library</h1><time datetime="2025-03-09">9 March</time>', 9),
        ('<h1>Library</h1><time class="updated" datetime="2025-03-10"></time><time datetime="2025-03-09"></time>', 9),
        ("<p>Published on 9 March 2025</p>", 9),
    ],
)
def test_without_markup_the_date_that_readers_see_is_taken(body, day):
    assert facts(body=body).published_at == datetime(2025, 3, day, tzinfo=UTC)


def test_a_bare_year_is_no_date():
    assert facts(body="<h1>Library</h1><p>Story</p><footer>© 2025 Courier</footer>").published_at is None


def test_people_are_named_before_the_house():
    house = {**NODE, "author": {"@type": "Organization", "name": "Courier"}, "publisher": {"name": "The Courier"}}
    assert facts(ld(house) + '<meta name="vendor.author" content="Jane Doe">').authors == ["Jane Doe"]
    assert facts(ld(house), '<span class="byline">By the desk</span>').authors == ["Courier"]
    assert facts(ld(house), '<span class="byline">By Jane Doe</span>').authors == ["Jane Doe"]
    label = '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Jane Doe">'
    assert facts(ld(house) + label).authors == ["Jane Doe"]


def test_the_pages_own_node_is_taken_and_no_teasers():
    teaser = {**NODE, "headline": "Ten more libraries to see", "url": "https://www.courier.example/ten"}
    own = {**NODE, "mainEntityOfPage": {"@id": URL}}
    listing = {"@type": "ItemList", "itemListElement": [{**teaser, "url": URL}]}
    assert facts(ld(teaser, listing, own)).title == "Library stays open & free"
    assert facts(ld(listing) + "<title>Local news</title>").title == "Local news"


def test_a_broken_script_takes_no_other_with_it():
    assert facts('<script type="application/ld+json">{"@type": NewsArticle,</script>' + ld(NODE)).section == "Local"


@pytest.mark.parametrize(
    ("named", "canonical"),
    [
        ("/local/library", "https://www.courier.example/local/library"),
        (
            "https://amp.courier.example/local/library?utm_source=x",
            "https://amp.courier.example/local/library",
        ),
        ("https://elsewhere.example/local/library", URL),
        ("https://www.courier.example/", URL),
        ("javascript:alert(1)", URL),
        ("http://[", URL),
        ("", URL),
    ],
)
def test_a_page_may_not_speak_for_another(named, canonical):
    assert facts(f'<link rel="canonical" href="{named}">').canonical_url == canonical


def test_the_language_of_the_text_wins_over_that_of_the_template():
    german = "Der Gemeinderat hat gestern beschlossen, die alte Bibliothek am Marktplatz weiter zu betreiben. " * 4
    assert facts(text=german, html='<html lang="en">').language == "de"
    assert facts(text=german).language == "de"
    assert facts(text="Nur kurz.", html='<html lang="en">').language == "en"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ('<meta property="og:type" content="product">', "other"),
        ('<meta property="og:type" content="website">', ""),
        (ld({"@type": "CollectionPage"}), "other"),
        (ld({"@type": "BlogPosting"}), "article"),
        ("", ""),
    ],
)
def test_what_the_page_says_that_it_is(head, kind):
    assert facts(head).page_type == kind


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*NODE, "@id", "name"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*NODE, "@graph", "mainEntity", "publisher", "url"]), json_values))
def test_no_json_breaks_the_reading(values):
    found = facts(ld({"@type": "NewsArticle", **values}))
    assert all(isinstance(name, str) for name in [*found.authors, *found.tags])
    assert found.title is None or isinstance(found.title, str)


def test_json_nested_without_end_is_left_out():
    assert facts('<script type="application/ld+json">' + "[" * 100_000 + "</script>" + ld(NODE)).section == "Local"

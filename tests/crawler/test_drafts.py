"""A page as it was fetched becomes labelled HTML, whatever it keeps out of sight."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from classifier.labelled import read_labelled
from classifier.storage import load_classifier
from crawler.drafts import draft_of
from crawler.store import RawPage


def test_a_story_that_only_the_json_of_a_page_holds_has_no_element_to_label() -> None:
    paragraphs = [f"Paragraph {number} of a story that no element of the page shows to its reader." for number in "123"]
    data = json.dumps({"@type": "NewsArticle", "articleBody": "\n\n".join(paragraphs * 9)})
    html = f"<p>Loading</p><script type='application/ld+json'>{data}</script>".encode()
    draft = draft_of(RawPage("https://news.example/", html, None, datetime.now(UTC)), load_classifier())
    assert draft is not None
    assert len(read_labelled(draft).labels) == 1

"""The Prometheus endpoint: what it says of a crawl under way, and whom it lets in."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families
from scrapy.exceptions import NotConfigured
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from crawler.extensions.metrics import Metrics
from crawler.metrics import MetricsEndpoint, MetricsError
from tests.scrapyd_nodes import wait_until

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.fixture
def port():
    """A port that is free, and the next one too, unless another program is very quick."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def read(url):
    answer = requests.get(url, timeout=5)
    answer.raise_for_status()
    samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            samples[sample.name, *sorted(sample.labels.items())] = sample.value
    return samples


def test_a_crawl_under_way_tells_its_figures(site, crawl, port):
    publisher = ("publisher", site.domain.removeprefix("domain=http://"))
    stored = ("broadsheet_crawl_pages_total", ("outcome", "stored"), publisher)
    failed = ("broadsheet_crawl_pages_total", ("outcome", "failed"), publisher)
    paths = [f"/story-of-the-day-10000{number}" for number in range(4)]
    gone = "/gone-story-of-the-day-100009"
    site.sitemap("/sitemap.xml", dict.fromkeys([*paths, gone]))
    site.put(gone, b"gone", content_type="text/plain", status=404)
    for number, path in enumerate(paths):
        site.article(path, f"Story number {number}")
    words = ("broadsheet_crawl_median_words", publisher)
    seen = []

    def settled(now: dict[tuple[object, ...], float], pages: int) -> bool:
        return now[stored] + now[failed] == pages and (words in now) == (pages > 0)

    def look() -> None:
        """Read the figures before any page is answered, and hold the last back until they tell of all others."""
        asked = sum("story" in path for path in site.asked)
        if asked in (1, 5):
            wait_until(lambda: settled(read(url), asked - 1))
            seen.append(read(url))

    url = f"http://127.0.0.1:{port}/metrics"
    for path in (*paths, gone):
        site.answers[path].before = look
    slowly = ("-s", "CONCURRENT_REQUESTS=1", "-s", "DOWNLOAD_TIMEOUT=600")
    done = crawl("site", "-a", site.domain, "-s", f"METRICS_PORT={port}", *slowly)
    assert done.status == 0, done.log
    assert url in done.log

    first, last = seen
    blocks = ("broadsheet_crawl_blocks_total", ("label", "article"), publisher)
    answered = ("broadsheet_crawl_responses_total", publisher, ("status", "200"))
    received = ("broadsheet_crawl_received_bytes_total", publisher)
    assert first["broadsheet_crawl_found_total", publisher] == last["broadsheet_crawl_found_total", publisher] == 5
    assert first[stored] == first[failed] == first[blocks] == 0
    assert last[stored] >= 3
    assert last[blocks] >= 3 * last[stored]
    assert last[answered] - first[answered] == last[stored]
    assert last[received] > first[received]
    assert words not in first
    assert last[words] > 100
    assert 0.5 < last["broadsheet_crawl_mean_confidence", publisher] <= 1
    assert last["broadsheet_crawl_start_time_seconds", publisher] > 1.7e9
    assert last["process_resident_memory_bytes",] > 0
    for name, *_ in last:
        assert re.sub("_total$", "", name) in DOCS.read_text("utf-8") or name.startswith("process_")


def test_a_crawl_whose_port_is_taken_goes_on_and_says_so(caplog):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        crawler = get_crawler(settings_dict={"METRICS_PORT": taken.getsockname()[1], "EXTENSIONS": {Metrics: 0}})
    assert not [extension for extension in crawler.extensions.middlewares if isinstance(extension, Metrics)]
    assert "METRICS_PORT: cannot listen on 127.0.0.1" in caplog.text


def test_crawls_on_one_machine_take_the_ports_of_a_range_in_turn(port):
    settings = Settings({"METRICS_PORT": f"{port},{port + 20}"})
    first = MetricsEndpoint.from_settings(settings, CollectorRegistry())
    second = MetricsEndpoint.from_settings(settings, CollectorRegistry())
    try:
        assert first.url != second.url
        assert read(first.url)
        assert read(second.url)
    finally:
        first.close()
        second.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(first.url, timeout=5)


@pytest.mark.parametrize(
    "auth", [None, ("prometheus", "wrong"), ("someone", "sécret"), ("prometheus", ""), ("", "sécret")]
)
def test_with_a_password_only_who_knows_it_is_let_in(auth):
    registry = CollectorRegistry()
    Counter("broadsheet_secret", "For the test", registry=registry).inc()
    endpoint = MetricsEndpoint(registry, [0], password="sécret")
    try:
        refused = requests.get(endpoint.url, auth=auth and tuple(part.encode() for part in auth), timeout=5)
        assert refused.status_code == 401
        assert "broadsheet_secret" not in refused.text
        for header in ("Basic", "Basic !", "Basic é", "Bearer sécret"):
            sent = {"Authorization": header.encode()}
            assert requests.get(endpoint.url, headers=sent, timeout=5).status_code == 401
        allowed = requests.get(endpoint.url, auth=(b"prometheus", "sécret".encode()), timeout=5)
        assert "broadsheet_secret_total 1.0" in allowed.text
    finally:
        endpoint.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "metrics.example"])
def test_beyond_the_loopback_a_password_is_needed(host):
    with pytest.raises(MetricsError, match=f"{host} of METRICS_HOST is not the loopback: set METRICS_PASSWORD"):
        MetricsEndpoint.from_settings(Settings({"METRICS_PORT": 9410, "METRICS_HOST": host}), CollectorRegistry())


def test_without_a_port_there_is_no_endpoint():
    with pytest.raises(NotConfigured):
        MetricsEndpoint.from_settings(Settings({"METRICS_PORT": ""}), CollectorRegistry())


@pytest.mark.parametrize("port", ["http", "9429,9410", "-1", "70000"])
def test_a_port_that_is_none_is_named(port):
    with pytest.raises(MetricsError, match="METRICS_PORT: give a port"):
        MetricsEndpoint.from_settings(Settings({"METRICS_PORT": port}), CollectorRegistry())

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

from crawler.metrics import MetricsEndpoint, MetricsError

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
    seen = {}
    publisher = ("publisher", site.domain.removeprefix("domain=http://"))
    stored = ("broadsheet_crawl_pages_total", ("outcome", "stored"), publisher)
    paths = [f"/story-of-the-day-10000{number}" for number in range(4)]
    site.sitemap("/sitemap.xml", dict.fromkeys([*paths, "/gone-story-of-the-day-100009"]))
    for number, path in enumerate(paths):
        site.article(path, f"Story number {number}")
    answered = len(paths)

    def look():
        nonlocal answered
        answered -= 1
        if not answered:
            seen.update(read(f"http://127.0.0.1:{port}/metrics"))

    for path in paths:
        site.answers[path].before = look
    done = crawl("site", "-a", site.domain, "-s", f"METRICS_PORT={port}", "-s", "CONCURRENT_REQUESTS=1")
    assert done.status == 0, done.log
    assert f"http://127.0.0.1:{port}/metrics" in done.log

    assert seen["broadsheet_crawl_found_total", publisher] == 5
    assert 0 <= seen[stored] <= 3
    assert seen["broadsheet_crawl_blocks_total", ("label", "article"), publisher] >= 0
    assert seen["broadsheet_crawl_responses_total", publisher, ("status", "200")] >= 3
    assert seen["broadsheet_crawl_start_time_seconds", publisher] > 1.7e9
    assert seen["process_resident_memory_bytes",] > 0
    for name, *_ in seen:
        assert re.sub("_total$", "", name) in DOCS.read_text("utf-8") or name.startswith("process_")


def test_a_crawl_whose_port_is_taken_goes_on_and_says_so(site, crawl, database):
    site.sitemap("/sitemap.xml", {"/story-of-the-day-100001": None})
    site.article("/story-of-the-day-100001")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = crawl("site", "-a", site.domain, "-s", f"METRICS_PORT={taken.getsockname()[1]}")
    assert done.status == 0, done.log
    assert "METRICS_PORT: cannot listen on 127.0.0.1" in done.log
    assert database.articles.count_documents({}) == 1


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

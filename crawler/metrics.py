"""The Prometheus endpoint, and what it says of a crawl and of the publishers in the store."""

from __future__ import annotations

import hmac
from base64 import b64decode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from scrapy.exceptions import NotConfigured

from crawler.figures import figures_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client import Metric
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from crawler.figures import Figures


class MetricsError(Exception):
    """The endpoint cannot be opened as it is set. The message is one line for the user."""


class MetricsEndpoint:
    """Serves a registry over HTTP from threads of its own until it is closed.

    Args:
        registry: what is served, with the process's own memory and CPU time added.
        ports: the first of these that is free is taken.
        host: the address to listen on.
        user: whom to let in; only asked for with a password.
        password: empty lets everyone in, which is only possible on the loopback.

    Raises:
        MetricsError: the host is not the loopback and there is no password, or no port is free.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        ports: Iterable[int],
        host: str = "127.0.0.1",
        user: str = "prometheus",
        password: str = "",
    ) -> None:
        if not (password or _is_loopback(host)):
            raise MetricsError(
                f"{host} of METRICS_HOST is not the loopback: set METRICS_PASSWORD, which Prometheus then has to send"
            )
        ProcessCollector(registry=registry)
        app = make_wsgi_app(registry)
        tried = list(ports)
        for port in tried:
            try:
                # Nothing is served before whoever asks is asked for the password.
                self._server, self._thread = start_http_server(port, host, CollectorRegistry())
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            self._server.set_app(_with_password(app, user, password) if password else app)
            break
        else:
            raise MetricsError(f"cannot listen on {host}:{tried[0]} or later ({reason})")

    @classmethod
    def from_settings(cls, settings: BaseSettings, registry: CollectorRegistry, setting: str = "METRICS_PORT") -> Self:
        """Open the endpoint that the settings ask for.

        Args:
            settings: hold METRICS_HOST, METRICS_USER, METRICS_PASSWORD and the ports.
            registry: what is served.
            setting: name of the setting with the ports: one, or the first and the last of a range.

        Raises:
            NotConfigured: there is no port.
            MetricsError: the settings are at odds, or no port is free.
        """
        value = settings.get(setting)
        ports = [value] if isinstance(value, int) else settings.getlist(setting)
        if not ports:
            raise NotConfigured
        try:
            first, last = int(ports[0]), int(ports[-1])
            span = range(first, last + 1)
            if not span or first < 0 or last > 65535:
                raise ValueError
        except ValueError:
            raise MetricsError(f"{setting}: give a port, or the first and last of a range: 9410,9429") from None
        host = settings.get("METRICS_HOST") or "127.0.0.1"
        user = settings.get("METRICS_USER") or "prometheus"
        try:
            return cls(registry, span, host, user, settings.get("METRICS_PASSWORD") or "")
        except MetricsError as error:
            raise MetricsError(f"{setting}: {error}") from None

    @property
    def url(self) -> str:
        """Where Prometheus finds the metrics."""
        host, port = self._server.server_address[:2]
        name = host.decode() if isinstance(host, bytes) else host
        return f"http://[{name}]:{port}/metrics" if ":" in name else f"http://{name}:{port}/metrics"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class CrawlCollector(Collector):
    """The figures of a crawl that runs, read from its stats whenever Prometheus asks."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the crawl; nothing before its spider is there."""
        if not self._crawler.spider:
            return
        figures = figures_of(self._crawler)
        publisher = figures.publisher
        started = GaugeMetricFamily(
            "broadsheet_crawl_start_time_seconds", "When the crawl began, in Unix time", labels=["publisher"]
        )
        if figures.started_at:
            started.add_metric([publisher], figures.started_at.timestamp())
        yield started
        found = CounterMetricFamily("broadsheet_crawl_found", "Article addresses found", labels=["publisher"])
        found.add_metric([publisher], figures.found)
        yield found
        pages = CounterMetricFamily(
            "broadsheet_crawl_pages", "Article pages by what became of them", labels=["publisher", "outcome"]
        )
        for outcome, count in _outcomes(figures).items():
            pages.add_metric([publisher, outcome], count)
        yield pages
        blocks = CounterMetricFamily(
            "broadsheet_crawl_blocks", "Blocks of articles by label", labels=["publisher", "label"]
        )
        for label, count in figures.blocks.items():
            blocks.add_metric([publisher, label], count)
        yield blocks
        words = GaugeMetricFamily(
            "broadsheet_crawl_median_words", "Words of the text of an article, the median", labels=["publisher"]
        )
        confidence = GaugeMetricFamily(
            "broadsheet_crawl_mean_confidence", "Confidence of the articles' pages, the mean", labels=["publisher"]
        )
        if figures.articles:
            words.add_metric([publisher], figures.median_words)
            confidence.add_metric([publisher], figures.mean_confidence)
        yield from (words, confidence)
        yield from self._traffic(publisher)

    def _traffic(self, publisher: str) -> Iterator[Metric]:
        # A copy: the crawl goes on in another thread.
        stats = dict(self._crawler.stats.get_stats())
        responses = CounterMetricFamily(
            "broadsheet_crawl_responses", "HTTP responses by status", labels=["publisher", "status"]
        )
        prefix = "downloader/response_status_count/"
        for name, value in stats.items():
            if name.startswith(prefix):
                responses.add_metric([publisher, name.removeprefix(prefix)], value)
        yield responses
        received = CounterMetricFamily(
            "broadsheet_crawl_received_bytes", "Bytes of HTTP responses", labels=["publisher"]
        )
        received.add_metric([publisher], stats.get("downloader/response_bytes", 0))
        yield received


def _outcomes(figures: Figures) -> dict[str, int]:
    return {
        "stored": figures.stored,
        "changed": figures.changed,
        "unchanged": figures.unchanged,
        "not_article": figures.not_articles,
        "dropped": figures.dropped,
        "failed": figures.failed,
    }


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with_password(app: WSGIApplication, user: str, password: str) -> WSGIApplication:
    """Let in only who sends the user and password (HTTP Basic, RFC 7617)."""
    expected = f"{user}:{password}".encode()

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scheme, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        try:
            given = b64decode(sent) if scheme.lower() == "basic" else b""
        except ValueError:
            given = b""
        if hmac.compare_digest(given, expected):
            return app(environ, start_response)
        start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="metrics"')])
        return [b""]

    return guarded

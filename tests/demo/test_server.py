"""The sites answer as publishers' sites do, under their own addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urldefrag
from urllib.robotparser import RobotFileParser

import feedparser
import lxml.etree
import lxml.html
import pytest
import requests

if TYPE_CHECKING:
    from demo.server import SiteServer

HOSTS = ["www.northfield-courier.example", "www.quayside-markets.example"]
Get = Callable[..., requests.Response]


@pytest.fixture
def get(site_server: SiteServer) -> Get:
    proxies = {"http": site_server.environment["http_proxy"]}

    def get(url: str, **headers: str) -> requests.Response:
        return requests.get(url, proxies=proxies, headers=headers, timeout=10)

    return get


def locations(response: requests.Response) -> list[str]:
    return [node.text for node in lxml.etree.fromstring(response.content).iter("{*}loc")]


@pytest.mark.parametrize("host", HOSTS)
def test_every_article_is_found_from_robots_txt(host: str, get: Get) -> None:
    robots = RobotFileParser()
    robots.parse(get(f"http://{host}/robots.txt").text.splitlines())
    assert not robots.can_fetch("broadsheet", f"http://{host}/members/2026/11/22/weekend-briefing")
    [index] = robots.site_maps()
    pages, news = map(get, locations(get(index)))
    assert f"http://{host}/" in locations(pages)
    articles = locations(news)
    assert len(articles) >= 7
    assert [entry.link for entry in feedparser.parse(get(f"http://{host}/feed.xml").content).entries] == articles
    assert {get(url).status_code for url in articles} == {200}


def test_every_link_leads_to_a_page_or_into_the_private_area(site_server: SiteServer) -> None:
    served = {f"http://{host}{path}": resource for (host, path), resource in site_server.resources.items()}
    for url, resource in served.items():
        if resource.content_type.startswith("text/html"):
            page = lxml.html.fromstring(resource.body.decode())
            page.make_links_absolute(url)
            for link in page.xpath("//a/@href"):
                target = urldefrag(link).url
                assert target in served or "/members/" in target, f"{link} on {url}"


def test_a_page_that_has_not_changed_is_not_sent_again(get: Get) -> None:
    first = get(f"http://{HOSTS[0]}/about")
    again = get(f"http://{HOSTS[0]}/about", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(f"http://{HOSTS[0]}/about", **{"If-None-Match": '"older"'}).status_code == 200


def test_pages_are_compressed_for_those_who_accept_it(get: Get) -> None:
    zipped = get(f"http://{HOSTS[1]}/", **{"Accept-Encoding": "gzip"})
    plain = get(f"http://{HOSTS[1]}/", **{"Accept-Encoding": "identity"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.text == plain.text
    assert int(zipped.headers["Content-Length"]) < int(plain.headers["Content-Length"])


def test_other_hosts_and_pages_do_not_exist(get: Get) -> None:
    assert get("http://www.elsewhere.example/").status_code == 404
    assert get(f"http://{HOSTS[0]}/members/2026/11/22/weekend-briefing").status_code == 404
    assert get(f"http://{HOSTS[0]}/../server.py").status_code == 404


def test_labels_are_not_served(site_server: SiteServer) -> None:
    assert all(b"data-block-label" not in resource.body for resource in site_server.resources.values())

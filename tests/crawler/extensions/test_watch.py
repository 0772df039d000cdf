"""A bundled site is relaunched between two crawls, and whoever runs them is told, once."""

from __future__ import annotations

import gzip
from datetime import timedelta

from demo.relaunch import NAME, QUICKLY, publish
from demo.server import running_sites


def test_a_relaunch_is_told_once_and_its_pages_can_be_labelled(crawl, scrapy, database, tmp_path):
    with running_sites() as server:
        publish(server, 1, "templates")
        done = crawl(NAME, *QUICKLY, **server.environment)
        assert done.status == 0, done.log
        # The crawls of the days before, which cost time and would say the same.
        record = database.crawls.find_one()
        for days in (1, 2):
            earlier = {"started_at": record["started_at"] - timedelta(days=days), "job": f"earlier-{days}"}
            database.crawls.insert_one({**record, **earlier, "_id": days})
        publish(server, 2, "relaunch")
        told = crawl(NAME, *QUICKLY, **server.environment).log
        publish(server, 3, "relaunch")
        told_again = crawl(NAME, *QUICKLY, **server.environment).log
    assert f"WARNING: {NAME}: article text per page fell from " in told
    assert "the layout has probably changed; " in told
    assert f"pages to label: http://www.{NAME}.example/" in told
    assert f"{NAME}: article text" not in told_again

    listed = scrapy("alerts", "--pages", str(tmp_path / "pages"))
    assert listed.status == 0, listed.log
    files = list((tmp_path / "pages").iterdir())
    assert 1 <= len(files) <= 5
    assert all(b"Read the rest in the Quayside app" in gzip.decompress(file.read_bytes()) for file in files)

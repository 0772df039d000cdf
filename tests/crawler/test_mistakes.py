"""What a user sees of mistakes and of missing parts: one clear line, an exit status, no traceback."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["derstandart"], "no publisher is named 'derstandart'; did you mean derstandard"),
        (["site"], "domain: is missing; say -a domain=www.example.com"),
        (["site", "-a", "domain=ftp://a.example"], "'ftp://a.example' is not a site"),
        (["site", "-a", "domain=a.example", "-a", "limit=0"], "limit: '0' is not a number above 0"),
    ],
)
def test_a_mistake_is_told_in_one_line(crawl, arguments, words):
    done = crawl(*arguments)
    assert done.status == 1
    assert words in done.log
    assert len(done.log.splitlines()) == 1


def test_a_broken_publishers_file_is_told_in_one_line(crawl, tmp_path):
    (tmp_path / "courier.toml").write_text('name = "Courier"\ndomain = "courier.example"\nlangauges = ["en"]\n')
    done = crawl("courier", PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 1
    assert "courier.toml: langauges: is not a key of a publisher; use one of" in done.log
    assert len(done.log.splitlines()) == 1


def test_without_a_store_no_crawl_begins(site, crawl):
    done = crawl(
        "site",
        "-a",
        site.domain,
        MONGO_URI="mongodb://reader:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=300",
    )
    assert done.status == 1
    errors = [line for line in done.log.splitlines() if " ERROR: " in line]
    assert len(errors) == 1
    assert "127.0.0.1:1" in errors[0]
    assert "MONGO_URI" in errors[0]
    assert "Traceback" not in done.log
    assert "hunter2" not in done.log
    assert site.asked == []


def test_without_a_model_no_crawl_begins(site, crawl, tmp_path):
    done = crawl("site", "-a", site.domain, CLASSIFIER_MODEL=str(tmp_path / "none.skops"))
    assert done.status == 1
    errors = [line for line in done.log.splitlines() if " ERROR: " in line]
    assert len(errors) == 1
    assert "none.skops" in errors[0]
    assert "Traceback" not in done.log
    assert site.asked == []


def test_the_password_stands_in_no_log_job_file_or_figures(site, crawl, mongo_uri, database, tmp_path):
    site.article("/library-stays-open-after-all")
    site.put("/", b'<a href="/library-stays-open-after-all">x</a>')
    done = crawl("site", "-a", site.domain, "-L", "DEBUG", "-s", f"JOBDIR={tmp_path / 'job'}")
    assert done.status == 0, done.log
    password = mongo_uri.partition("://")[2].partition("@")[0].partition(":")[2]
    assert password
    assert password not in done.log
    assert password not in str(list(database.crawls.find()))
    job_files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert job_files
    assert not [path for path in job_files if password.encode() in path.read_bytes()]

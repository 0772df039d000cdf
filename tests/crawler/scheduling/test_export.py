"""The timetable in the forms of other schedulers."""

from __future__ import annotations

import configparser
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.scheduling.export import ExportError, calendar, crontab, systemd_units
from crawler.scheduling.timetable import Entry

ENTRIES = [
    Entry("courier", "0 * * * *", 0, timedelta(seconds=7)),
    Entry("herald", "30 6 * * mon-fri", 0, timedelta(0)),
]


def test_a_line_of_the_crontab_does_what_it_says(tmp_path):
    """The part behind the five fields is given to a shell, as cron does."""
    folder = tmp_path / "of the % project"
    folder.mkdir()
    settings = tmp_path / "settings.env"
    settings.write_text("SCRAPYD_NODES=http://a.example\n")
    show = ["sh", "-c", 'echo "$PWD $SCRAPYD_NODES $@"', "sh"]
    lines = list(crontab([Entry("courier", "*/5 * * * *", 0, timedelta(0))], show, folder, settings))
    *head, line = lines
    assert "CRON_TZ=UTC" in head
    *fields, command = line.split(" ", 5)
    assert fields == ["*/5", "*", "*", "*", "*"]
    # An unescaped % would end the command.
    assert command.replace(r"\%", "").count("%") == 0
    done = subprocess.run(["sh", "-c", command.replace(r"\%", "%")], capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder} http://a.example courier\n"


def test_publishers_of_one_form_start_apart():
    lines = list(crontab(ENTRIES, ["scrapy"], Path("/srv"), Path("/etc/b.env")))
    assert lines[-2:] == [
        "0 * * * * sleep 7; cd /srv && set -a && . /etc/b.env && scrapy courier",
        "30 6 * * mon-fri sleep 0; cd /srv && set -a && . /etc/b.env && scrapy herald",
    ]


def test_every_publisher_has_a_timer_of_the_one_service():
    command = ["/opt/my tools/scrapy", "schedule", "now"]
    units = dict(systemd_units(ENTRIES, command, Path("/srv/b"), Path("/etc/b.env"), timedelta(minutes=15)))
    assert set(units) == {"broadsheet@.service", "broadsheet@courier.timer", "broadsheet@herald.timer"}
    read = {name: configparser.ConfigParser(interpolation=None) for name in units}
    for name, text in units.items():
        read[name].optionxform = str
        read[name].read_string(text)
    service = read["broadsheet@.service"]["Service"]
    assert service["ExecStart"] == '"/opt/my tools/scrapy" schedule now %i'
    assert service["EnvironmentFile"] == "/etc/b.env"
    timer = read["broadsheet@herald.timer"]["Timer"]
    assert timer["OnCalendar"] == "Mon..Fri *-*-* 06:30:00 UTC"
    assert (timer["RandomizedDelaySec"], timer["FixedRandomDelay"]) == ("900", "true")


# What `systemd-analyze calendar` says of each is the meaning of the cron form.
@pytest.mark.parametrize(
    ("cron", "written"),
    [
        ("0 * * * *", "*-*-* *:00:00 UTC"),
        ("*/15 * * * *", "*-*-* *:00/15:00 UTC"),
        ("5,35 */6 * * *", "*-*-* 00/6:05,35:00 UTC"),
        ("*/15 6-22/2 1,15 jan-mar *", "*-01..03-01,15 06..22/2:00/15:00 UTC"),
        ("0 0 */10 */3 *", "*-01/3-01/10 00:00:00 UTC"),
        ("0 6 * * mon,thu-sat", "Mon,Thu..Sat *-*-* 06:00:00 UTC"),
    ],
)
def test_a_cron_form_means_the_same_to_systemd(cron, written):
    assert calendar(cron) == written


@pytest.mark.parametrize("cron", ["0 0 last * *", "0 6 * * */2"])
def test_what_systemd_cannot_say_is_told(cron):
    with pytest.raises(ExportError, match="cannot be written for systemd"):
        calendar(cron)

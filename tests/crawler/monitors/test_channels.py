"""A webhook and a mail server get the notice; neither a log nor an error gets their secrets."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from scrapy.settings import Settings

from crawler.monitors.channels import ChannelError, Log, Mail, Notice, Webhook, channels_of
from crawler.store import Alert, MarkedPage

SECRET = "T0ps3cret"
MOMENT = datetime(2026, 11, 24, 6, tzinfo=UTC)
PAGE = "https://news.example/straße"


@pytest.fixture(scope="module")
def notice():
    def alert(figure, message):
        return Alert(
            publisher="courier",
            figure=figure,
            message=message,
            since=MOMENT,
            raised_at=MOMENT,
            job="1",
            pages=(MarkedPage(PAGE, "0" * 64),),
        )

    fell = alert("words", "article text per page fell from 640 to 90 words since Tuesday: the layout ...")
    return Notice("courier", "raised", (fell, alert("share", "articles fell from 90% to 20% ...")))


@pytest.fixture
def hook():
    """A server that answers what it is told to, and keeps what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            self.server.heard.append((self.path, json.loads(self.rfile.read(length))))
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.heard, server.answers = [], []
        server.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_gets_the_notice_as_json_even_if_it_is_busy_at_first(hook, notice):
    hook.answers = [503]
    Webhook(hook.url).tell(notice)
    (path, body), again = hook.heard
    assert (path, body) == again
    assert path == f"/{SECRET}"
    assert body["text"] == (
        "courier: article text per page fell from 640 to 90 words since Tuesday: the layout ...\n"
        "courier: articles fell from 90% to 20% ...\n"
        f"pages to label: {PAGE}"
    )
    assert body["publisher"] == "courier"
    assert body["state"] == "raised"
    assert [alert["figure"] for alert in body["alerts"]] == ["words", "share"]
    assert body["pages"] == [PAGE]


@pytest.mark.parametrize("answers", [[404], [307], [500]])
def test_a_webhook_that_refuses_or_sends_elsewhere_is_an_error_without_its_secret(hook, notice, answers):
    hook.answers = answers
    with pytest.raises(ChannelError, match=f"answered {answers[0]}") as caught:
        Webhook(hook.url).tell(notice)
    assert len(hook.heard) == 1
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_webhook_out_of_reach_is_an_error_without_its_secret(hook, notice):
    url = hook.url
    hook.socket.close()
    with pytest.raises(ChannelError, match=r"the webhook at 127.0.0.1 failed \(ConnectionError\)") as caught:
        Webhook(url).tell(notice)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


class MailServer:
    """Keeps the mail that it gets."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture(scope="module")
def mail():
    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    handler = MailServer()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(
        handler, "127.0.0.1", handler.port, authenticator=check, auth_required=True, auth_require_tls=False
    )
    controller.start()
    yield handler
    controller.stop()


def mail_settings(mail, **others):
    return Settings(
        {
            "WATCH_MAIL_TO": "desk@courier.example, night@courier.example",
            "WATCH_MAIL_FROM": "broadsheet@courier.example",
            "WATCH_MAIL_HOST": "127.0.0.1",
            "WATCH_MAIL_PORT": str(mail.port),
            "WATCH_MAIL_USER": "broadsheet",
            "WATCH_MAIL_PASSWORD": SECRET,
            **others,
        }
    )


def test_a_mail_goes_to_all(mail, notice):
    _, channel = channels_of(mail_settings(mail))
    channel.tell(notice)
    (envelope, message) = mail.messages.pop()
    assert envelope.mail_from == "broadsheet@courier.example"
    assert envelope.rcpt_tos == ["desk@courier.example", "night@courier.example"]
    assert message["Subject"] == "[broadsheet] courier: words, share changed"
    assert "article text per page fell from 640 to 90 words since Tuesday" in message.get_content()
    assert PAGE in message.get_content()
    assert message["Date"]


def test_a_wrong_password_is_an_error_that_does_not_hold_it(mail, notice):
    _, channel = channels_of(mail_settings(mail, WATCH_MAIL_PASSWORD=SECRET + "x"))
    with pytest.raises(ChannelError, match="does not accept WATCH_MAIL_USER's password") as caught:
        channel.tell(notice)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert mail.messages == []


def test_a_password_is_not_sent_in_the_clear_to_another_machine(mail, notice, monkeypatch):
    monkeypatch.setattr("crawler.monitors.channels._LOCAL", ())
    _, channel = channels_of(mail_settings(mail))
    with pytest.raises(ChannelError, match="has no TLS, and a password is not sent without"):
        channel.tell(notice)


def test_a_mail_server_out_of_reach_is_an_error(hook, notice):
    port = hook.server_port
    hook.socket.close()
    with pytest.raises(ChannelError, match=f"the mail server 127.0.0.1:{port} failed"):
        Mail(("desk@courier.example",), "desk@courier.example", "127.0.0.1", port).tell(notice)


def test_only_what_is_asked_for_is_built():
    assert [type(channel) for channel in channels_of(Settings())] == [Log]
    with pytest.raises(ChannelError, match="WATCH_WEBHOOK is not an address"):
        channels_of(Settings({"WATCH_WEBHOOK": "hooks.example/T0ps3cret"}))


def test_a_channel_never_shows_its_password():
    assert SECRET not in repr(Mail(("a@b.example",), "a@b.example", "mail.example", 465, "user", SECRET))

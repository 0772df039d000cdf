"""A webhook and a mail server get the notice; neither a log nor an error gets their secrets."""

from __future__ import annotations

import json
import logging
import ssl
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from scrapy.settings import Settings

from crawler.monitors.channels import ChannelError, Log, Mail, Notice, Webhook, channels_of
from crawler.store import Alert, MarkedPage

# One of the servers is meant to be as little safe as it says.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

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
            self.send_header("Retry-After", "86400")
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


@pytest.mark.parametrize("answers", [[404], [307], [500], [503, 429, 503]])
def test_a_webhook_that_refuses_or_sends_elsewhere_is_an_error_without_its_secret(hook, notice, answers, caplog):
    hook.answers = list(answers)
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError, match=f"answered {answers[-1]}") as caught:
        Webhook(hook.url).tell(notice)
    assert len(hook.heard) == len(answers)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_a_webhook_out_of_reach_is_an_error_without_its_secret(hook, notice, caplog):
    url = hook.url
    hook.socket.close()
    failed = r"the webhook at 127.0.0.1 failed \(ConnectionError\)"
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError, match=failed) as caught:
        Webhook(url).tell(notice)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


class MailServer:
    """Keeps the mail that it gets."""

    def __init__(self):
        self.messages = []
        self.passwords = []
        self.answer = "250 OK"

    def check(self, server, session, envelope, mechanism, data):
        self.passwords.append(data.password.decode())
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone"):
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.messages.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer


@contextmanager
def mail_server(**how):
    handler = MailServer()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(handler, "127.0.0.1", handler.port, authenticator=handler.check, auth_required=True, **how)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture
def mail():
    """A server on this machine, without TLS."""
    with mail_server(auth_require_tls=False) as handler:
        yield handler


@pytest.fixture(scope="module")
def authority():
    """Vouches for the servers with TLS."""
    return trustme.CA()


@pytest.fixture(params=["STARTTLS", "TLS"])
def safe_mail(request, authority, monkeypatch):
    """A server that takes a password over TLS alone."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if request.param == "STARTTLS":
        how = {"tls_context": context, "require_starttls": True, "auth_require_tls": True}
    else:
        how = {"ssl_context": context, "auth_require_tls": False}
    with mail_server(**how) as handler:
        if request.param == "TLS":
            monkeypatch.setattr("crawler.monitors.channels._SMTPS", handler.port)
        monkeypatch.setattr("crawler.monitors.channels._LOCAL", ())
        yield handler


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """This machine trusts the authority."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


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


@pytest.mark.usefixtures("trusted")
def test_a_mail_goes_over_tls_with_the_password(safe_mail, notice):
    _, channel = channels_of(mail_settings(safe_mail))
    channel.tell(notice)
    assert [message["Subject"] for _, message in safe_mail.messages] == ["[broadsheet] courier: words, share changed"]
    assert safe_mail.passwords == [SECRET]


def test_a_server_that_nobody_vouches_for_gets_neither_mail_nor_password(safe_mail, notice):
    _, channel = channels_of(mail_settings(safe_mail))
    with pytest.raises(ChannelError, match=r"failed \(SSLCertVerificationError\)"):
        channel.tell(notice)
    assert safe_mail.messages == safe_mail.passwords == []


@pytest.mark.parametrize("answer", ["451 try later", "552 mailbox full", "421 going down"])
def test_a_mail_that_the_server_does_not_take_is_an_error(mail, notice, answer):
    mail.answer = answer
    _, channel = channels_of(mail_settings(mail))
    with pytest.raises(ChannelError, match=f"the mail server 127.0.0.1:{mail.port} failed"):
        channel.tell(notice)
    mail.answer = "250 OK"
    channel.tell(notice)
    assert len(mail.messages) == 1


def test_a_mailbox_that_is_refused_keeps_the_mail_from_no_other(mail, notice, caplog):
    _, channel = channels_of(mail_settings(mail, WATCH_MAIL_TO="desk@courier.example, gone@courier.example"))
    channel.tell(notice)
    assert mail.messages[0][0].rcpt_tos == ["desk@courier.example"]
    assert "The mail server 127.0.0.1 refuses gone@courier.example" in caplog.messages


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

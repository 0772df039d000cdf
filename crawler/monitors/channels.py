"""The ways in which people are told of an alert: the log, a webhook, e-mail."""

from __future__ import annotations

import logging
import smtplib
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any, ClassVar, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, parse_url

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.store import Alert, AlertState

logger = logging.getLogger(__name__)

_TIMEOUT = 10  # seconds
_TRIES = 3
_SMTPS = 465
_SUBMISSION = 587
_LOCAL = ("localhost", "127.0.0.1", "::1")


class ChannelError(Exception):
    """Somebody could not be told. The message is one line for the user and never holds a password or a token."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told after a run.

    Attributes:
        publisher: whom it is about.
        state: whether the alerts began or are over.
        alerts: at least one.
    """

    publisher: str
    state: AlertState
    alerts: tuple[Alert, ...]

    @property
    def pages(self) -> list[str]:
        """Addresses of the pages to label, each once."""
        if self.state == "over":
            return []
        return list(dict.fromkeys(page.url for alert in self.alerts for page in alert.pages))

    @property
    def subject(self) -> str:
        """The notice in a few words."""
        what = ", ".join(alert.figure for alert in self.alerts)
        return f"{self.publisher}: {what} {'changed' if self.state == 'raised' else 'back to what is usual'}"

    @property
    def sentences(self) -> list[str]:
        """The notice in full."""
        if self.state == "over":
            return [f"{self.publisher} is back to what is usual; it was: {alert.message}" for alert in self.alerts]
        sentences = [f"{self.publisher}: {alert.message}" for alert in self.alerts]
        if pages := self.pages:
            sentences.append("pages to label: " + " ".join(pages))
        return sentences


class Channel(ABC):
    """One way to tell people.

    Attributes:
        name: as stats and the store name it.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: BaseSettings) -> Self | None:
        """Build the channel.

        Returns:
            None if the settings do not ask for it.

        Raises:
            ChannelError: they ask for what cannot be.
        """

    @abstractmethod
    def tell(self, notice: Notice) -> None:
        """Tell of alerts that began or are over.

        Raises:
            ChannelError: nobody was told.
        """


class Log(Channel):
    """Tells in the log, as a warning; always on."""

    name = "log"

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Build the channel."""
        return cls()

    def tell(self, notice: Notice) -> None:
        """Write one line."""
        level = logging.WARNING if notice.state == "raised" else logging.INFO
        logger.log(level, "%s", "; ".join(notice.sentences))


class Webhook(Channel):
    """Posts JSON to an address; its ``text`` is what Slack, Mattermost and their like show.

    Settings: ``WATCH_WEBHOOK``, of which only the host ever appears in logs, for the rest is often a secret.
    """

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._url = url
        self._host = parse_url(url).host
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # else says the whole address with each try

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self | None:
        """Build the channel if there is an address."""
        url = settings.get("WATCH_WEBHOOK") or ""
        if url and not url.startswith(("http://", "https://")):
            raise ChannelError("WATCH_WEBHOOK is not an address: begin it with https://")
        return cls(url) if url else None

    def tell(self, notice: Notice) -> None:
        """Post the notice; a server that is out of reach or busy is asked again."""
        alerts = [
            {"figure": alert.figure, "message": alert.message, "since": alert.since.isoformat()}
            for alert in notice.alerts
        ]
        body: dict[str, Any] = {
            "text": "\n".join(notice.sentences),
            "publisher": notice.publisher,
            "state": notice.state,
            "alerts": alerts,
            "pages": notice.pages,
        }
        again = Retry(
            _TRIES - 1,
            backoff_factor=0.5,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
            respect_retry_after_header=False,  # it may ask for hours, and the next run will tell as well
        )
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=again))
            session.mount("https://", HTTPAdapter(max_retries=again))
            try:
                # What is meant for one host is not to be sent on to another.
                answer = session.post(self._url, json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True)
            except requests.RequestException as error:
                # The error itself quotes the address.
                raise ChannelError(f"the webhook at {self._host} failed ({type(error).__name__})") from None
            if not answer.ok or answer.is_redirect:
                raise ChannelError(f"the webhook at {self._host} answered {answer.status_code}")


@dataclass(frozen=True, slots=True)
class Mail(Channel):
    """Sends an e-mail.

    On port 465 over TLS, elsewhere over STARTTLS where the server has it; a password is only sent over either, or to
    this machine.

    Settings: ``WATCH_MAIL_TO``, ``WATCH_MAIL_FROM``, ``WATCH_MAIL_HOST``, ``WATCH_MAIL_PORT``, ``WATCH_MAIL_USER``,
    ``WATCH_MAIL_PASSWORD``.
    """

    name = "mail"

    recipients: tuple[str, ...]
    sender: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self | None:
        """Build the channel if there is somebody to write to."""
        recipients = tuple(name.strip() for name in settings.getlist("WATCH_MAIL_TO") if name.strip())
        if not recipients:
            return None
        host = settings.get("WATCH_MAIL_HOST") or ""
        if not host:
            raise ChannelError("WATCH_MAIL_TO needs a server: set WATCH_MAIL_HOST")
        return cls(
            recipients,
            settings.get("WATCH_MAIL_FROM") or recipients[0],
            host,
            settings.getint("WATCH_MAIL_PORT") or _SUBMISSION,
            settings.get("WATCH_MAIL_USER") or "",
            settings.get("WATCH_MAIL_PASSWORD") or "",
        )

    def tell(self, notice: Notice) -> None:
        """Send one message to all."""
        message = EmailMessage()
        message["Subject"] = f"[broadsheet] {notice.subject}"
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="broadsheet")
        message.set_content("\n\n".join(notice.sentences).replace(" http", "\n  http") + "\n")
        try:
            with self._connect() as server:
                if self.user:
                    server.login(self.user, self.password)
                if refused := server.send_message(message):
                    logger.error("The mail server %s refuses %s", self.host, ", ".join(refused))
        except smtplib.SMTPAuthenticationError:
            # The answer may quote what was sent.
            raise ChannelError(f"the mail server {self.host} does not accept WATCH_MAIL_USER's password") from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise ChannelError(f"the mail server {self.host}:{self.port} failed ({type(error).__name__})") from None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.port == _SMTPS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self.user and self.host not in _LOCAL:
                raise ChannelError(f"the mail server {self.host} has no TLS, and a password is not sent without")
        except BaseException:
            server.close()
            raise
        return server


def channels_of(settings: BaseSettings) -> list[Channel]:
    """Build the channels that the settings ask for.

    Raises:
        ChannelError: one of them cannot be.
    """
    built = [channel.from_settings(settings) for channel in (Log, Webhook, Mail)]
    return [channel for channel in built if channel]

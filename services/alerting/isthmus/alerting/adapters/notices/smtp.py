"""Mail: one for an alarm, one for what comes together; threads by alarm."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from ipaddress import ip_network
from typing import Annotated, Literal, Self

import aiosmtplib
from pydantic import AfterValidator, Field, FilePath, model_validator

from isthmus.alerting.adapters.notices.addresses import pinned
from isthmus.alerting.adapters.notices.outbound import Networks, failed
from isthmus.alerting.adapters.notices.secrets import Part, Secret
from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.delivery import Answer, Verdict
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.redaction import excerpt
from isthmus.runtime.errors import Retryable, Unauthorized

PORTS = {"starttls": 587, "tls": 465, "none": 25}  # RFC 8314, 3.3; RFC 6409; RFC 5321
SUBJECT_MAX = 200
PERMANENT = 500  # RFC 5321, 4.2.1: 4yz may be taken later, 5yz never


def _address(text: str) -> str:
    _, address = parseaddr(text)
    if not text.isprintable() or address.count("@") != 1 or address.startswith("@"):
        raise ValueError("expected a mail address, name@host or Name <name@host>")
    return text


def _field(name: str) -> str:
    if name not in wording.FIELDS:
        raise ValueError(f"{name!r}, expected one of {', '.join(wording.FIELDS)}")
    return name


Address = Annotated[str, AfterValidator(_address)]


class EmailPart(Part):
    """A mail server, and whom it writes to."""

    host: str = Field(min_length=1)
    """The server."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; 587 with starttls, 465 with tls, 25 without."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the way there is encrypted; `none` goes only with allow_networks."""
    ca_file: FilePath | None = None
    """Certificates (PEM) of the authorities that sign the server; without it, the system's."""
    username: str | None = None
    """Name to log in with."""
    password: Secret | None = None
    """Its password; never sent without TLS."""
    sender: Address
    """Address that the mails come from."""
    to: list[Address] = Field(min_length=1)
    """Addresses that they go to."""
    allow_networks: Networks = Field(default=[])
    """Networks (CIDR) of inner addresses that the server may have; none by default."""
    timeout_s: float = Field(default=15, gt=0, le=20)
    """Seconds for one mail."""
    events: list[Event] = Field(default=[Event.ALERT, Event.END])
    """What they hear of."""
    group_by: list[Annotated[str, AfterValidator(_field)]] = Field(default=[])
    """Fields: what is alike in them goes in one mail, when it comes within `group_wait_s`."""
    group_wait_s: float = Field(default=30, ge=0, le=3600)
    """Seconds that are waited for more of the same group."""
    batch_max: int = Field(default=100, ge=1, le=1000)
    """Most notices in one mail."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.security == "none" and self.username:
            raise ValueError("security: 'none', expected starttls or tls to log in")
        if self.security == "none" and not self.allow_networks:
            raise ValueError("security: 'none', expected allow_networks around the server")
        return self


class Email:
    """Writes mails through one server."""

    def __init__(self, part: EmailPart, links: Mapping[str, str]) -> None:
        self._part = part
        self._links = links
        self._networks = [ip_network(each) for each in part.allow_networks]
        self._tls = ssl.create_default_context(cafile=str(part.ca_file) if part.ca_file else None)

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        """See Receiver."""
        secrets: list[str] = []
        try:
            secrets = [self._part.password.read()] if self._part.password else []
            async with asyncio.timeout(self._part.timeout_s):
                return await self._send(self.mail(notices, now), secrets)
        except (Retryable, Unauthorized) as error:
            return failed(error, secrets)
        except TimeoutError:
            return failed(Retryable(f"no answer within {self._part.timeout_s:g} s"), secrets)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code, error.message, error, secrets)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _refused(first.code, first.message, error, secrets)
        except (aiosmtplib.SMTPException, OSError) as error:
            return failed(Retryable(f"{type(error).__name__}: {error}"), secrets)

    async def close(self) -> None:
        """See Receiver; a connection lasts as long as a mail."""

    def mail(self, notices: Sequence[Notice], now: datetime) -> EmailMessage:
        """The mail about these alarms; its id is the same when it is sent again."""
        mail = EmailMessage()
        mail["From"] = self._part.sender
        mail["To"] = ", ".join(self._part.to)
        mail["Subject"] = _shortened(_subject(notices))
        mail["Date"] = format_datetime(now)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer, please
        if len(notices) == 1:
            notice = notices[0]
            mail["Message-ID"] = f"<{notice.alarm_id}.{notice.seq}@isthmus.invalid>"
            mail["References"] = f"<{notice.alarm_id}@isthmus.invalid>"
        else:
            keys = " ".join(each.key for each in notices)
            mail["Message-ID"] = f"<{sha256(keys.encode()).hexdigest()[:32]}@isthmus.invalid>"
        mail.set_content("\n".join(self._text(notices)))
        return mail

    def _text(self, notices: Sequence[Notice]) -> Iterator[str]:
        for each in notices:
            if len(notices) > 1:
                yield wording.subject(each)
            yield from wording.lines(each, self._links)
            yield ""

    async def _send(self, mail: EmailMessage, secrets: Sequence[str]) -> Answer:
        part = self._part
        port = part.port or PORTS[part.security]
        server = aiosmtplib.SMTP(
            hostname=part.host,
            sock=await self._connected(part.host, port),
            use_tls=part.security == "tls",
            start_tls=part.security == "starttls",
            tls_context=None if part.security == "none" else self._tls,
            timeout=part.timeout_s,
        )
        async with server:
            if part.username:
                await server.login(part.username, secrets[0])
            said, answer = await server.send_message(mail)
        if said:  # some were taken: the mail cannot be sent again without doubling theirs
            lost = "; ".join(f"{name}: {r.code} {r.message}" for name, r in said.items())
            return Answer(Verdict.SENT, 250, excerpt(f"not to {lost}", secrets))
        return Answer(Verdict.SENT, 250, excerpt(answer, secrets))

    async def _connected(self, host: str, port: int) -> socket.socket:
        address = await pinned(host, port, self._networks)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except BaseException:
            connection.close()
            raise
        return connection


def _refused(code: int, text: str, error: Exception, secrets: Sequence[str]) -> Answer:
    verdict = Verdict.REJECTED if code >= PERMANENT else Verdict.RETRYABLE
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        verdict = Verdict.UNAUTHORIZED
    return Answer(verdict, code, excerpt(text, secrets))


def _subject(notices: Sequence[Notice]) -> str:
    if len(notices) == 1:
        return wording.subject(notices[0])
    alerts = sum(each.event is Event.ALERT for each in notices)
    sites = ", ".join(sorted({each.site for each in notices}))
    return f"{len(notices)} notices, {alerts} of them alarms: {sites}"


def _shortened(text: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= SUBJECT_MAX else f"{text[: SUBJECT_MAX - 1]}…"

"""Mail, through a real SMTP server."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from pydantic import ValidationError
from tests.notices import START, a_notice, certificate

from isthmus.alerting.adapters.notices.smtp import Email, EmailPart
from isthmus.alerting.domain.notices.delivery import Verdict
from isthmus.alerting.domain.notices.notice import Event
from isthmus.demo.kafka import free_port

PASSWORD = "hunter2-hunter2"


class Mailbox:
    """Takes mails, unless it is told to answer otherwise."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 2.0.0 taken"
        self.refused: dict[str, str] = {}

    async def handle_RCPT(self, _s: Any, _t: Any, envelope: Envelope, to: str, _o: Any) -> str:
        if to in self.refused:
            return self.refused[to]
        envelope.rcpt_tos.append(to)
        return "250 ok"

    async def handle_DATA(self, _s: Any, _t: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.recipients = list(envelope.rcpt_tos)
        if self.answer.startswith("250"):
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
        return self.answer


def _login(_server: Any, _session: Any, _envelope: Any, _how: str, shown: Any) -> AuthResult:
    assert isinstance(shown, LoginPassword)
    return AuthResult(success=shown.password == PASSWORD.encode(), handled=False)


@contextmanager
def smtp_server(box: Mailbox, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server with STARTTLS, if it has a certificate."""
    more: dict[str, Any] = {}
    if tls:
        more = {"tls_context": tls, "authenticator": _login, "auth_required": True}
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def box() -> Mailbox:
    """An empty one."""
    return Mailbox()


@pytest.fixture
def port(box: Mailbox) -> Iterator[int]:
    """The port of a server without TLS."""
    with smtp_server(box) as found:
        yield found


def email(port: int, **more: Any) -> Email:
    part = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "Isthmus <alarms@plant.example>",
        "to": ["desk@plant.example", "Night shift <night@plant.example>"],
        "allow_networks": ["127.0.0.0/8"],
        "timeout_s": 5,
    }
    links = {"alarm": "https://x.example/{alarm_id}"}
    return Email(EmailPart.model_validate(part | more), links)


async def test_a_mail_says_what_is_wrong_and_what_to_do(port: int, box: Mailbox) -> None:
    """To everybody who is named, and as nothing that asks for an answer."""
    answer = await email(port).send([a_notice()], START)

    (mail,) = box.mails
    assert (answer.verdict, answer.status) == (Verdict.SENT, 250)
    assert box.recipients == ["desk@plant.example", "night@plant.example"]
    assert mail["Subject"] == ("[HIGH] hagen/furnace-1: Temperature is 85 Cel, above 80 Cel.")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "First: Check the cooling." in mail.get_content()
    assert "Alarm: https://x.example/a1" in mail.get_content()


async def test_the_mails_of_an_alarm_are_a_thread_and_a_repetition_has_the_same_id(
    port: int, box: Mailbox
) -> None:
    """So that a mail system shows one, and shows them together."""
    told = email(port)
    for notice in (a_notice(), a_notice(), a_notice(Event.END, 2)):
        await told.send([notice], START)

    ids = [mail["Message-ID"] for mail in box.mails]
    assert ids[0] == ids[1] != ids[2]
    assert {mail["References"] for mail in box.mails} == {"<a1@isthmus.invalid>"}
    assert "Cleared" in box.mails[2]["Subject"]


async def test_several_notices_are_one_mail(port: int, box: Mailbox) -> None:
    """Each with its own heading."""
    notices = [a_notice(), a_notice(alarm_id="a2", subject="hagen/furnace-2")]

    await email(port).send([*notices, a_notice(Event.END, 2)], START)

    (mail,) = box.mails
    assert mail["Subject"] == "3 notices, 2 of them alarms: hagen"
    assert "[HIGH] hagen/furnace-2" in mail.get_content()


async def test_a_message_cannot_add_a_header(port: int, box: Mailbox) -> None:
    """What a device says stands in the text, whatever it is."""
    evil = "hot\r\nBcc: all@plant.example\r\n\r\nlook"

    await email(port).send([a_notice(message=evil, subject="x\ny")], START)

    assert box.mails[0]["Bcc"] is None
    assert box.recipients == ["desk@plant.example", "night@plant.example"]


@pytest.mark.parametrize(
    ("answer", "verdict", "status"),
    [
        ("451 4.3.0 try later", Verdict.RETRYABLE, 451),
        ("554 5.6.0 not this", Verdict.REJECTED, 554),
    ],
)
async def test_the_code_says_what_becomes_of_the_mail(
    port: int, box: Mailbox, answer: str, verdict: Verdict, status: int
) -> None:
    """RFC 5321: what begins with 4 may be taken later, what begins with 5 never."""
    box.answer = answer

    found = await email(port).send([a_notice()], START)

    assert (found.verdict, found.status) == (verdict, status)


async def test_a_recipient_who_is_refused_holds_up_no_other(port: int, box: Mailbox) -> None:
    """The attempt says who got nothing; all of them refused is a refusal."""
    box.refused["night@plant.example"] = "550 5.1.1 unknown"
    some = await email(port).send([a_notice()], START)
    box.refused["desk@plant.example"] = "550 5.1.1 unknown"
    none = await email(port).send([a_notice()], START)

    assert some.verdict is Verdict.SENT
    assert "not to night@plant.example: 550" in some.excerpt
    assert (none.verdict, none.status) == (Verdict.REJECTED, 550)


async def test_a_password_is_shown_over_tls_only_and_never_to_us(
    box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS with the plant's own authority; a wrong password needs a person."""
    pem, context = certificate(tmp_path)
    login: dict[str, Any] = {
        "security": "starttls",
        "ca_file": pem,
        "username": "isthmus",
        "password": {"env": "MAIL_PASSWORD"},
    }
    with smtp_server(box, context) as port:
        monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
        right = await email(port, **login).send([a_notice()], START)
        monkeypatch.setenv("MAIL_PASSWORD", "wrong-wrong")
        wrong = await email(port, **login).send([a_notice()], START)
        stranger = await email(port, **login | {"ca_file": None}).send([a_notice()], START)

    assert right.verdict is Verdict.SENT
    assert (wrong.verdict, wrong.status) == (Verdict.UNAUTHORIZED, 535)
    assert stranger.verdict is Verdict.RETRYABLE
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.excerpt
    assert len(box.mails) == 1


async def test_nobody_there_or_no_answer_is_a_matter_of_time(port: int) -> None:
    """Never an exception."""
    nobody = await email(1).send([a_notice()], START)
    mute = await asyncio.start_server(lambda *_: asyncio.sleep(5), "127.0.0.1", 0)
    silent = await email(mute.sockets[0].getsockname()[1], timeout_s=0.3).send([a_notice()], START)
    mute.close()
    refused = await email(port, allow_networks=["10.0.0.0/8"]).send([a_notice()], START)

    assert nobody.verdict is silent.verdict is Verdict.RETRYABLE
    assert refused.verdict is Verdict.UNAUTHORIZED


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"to": ["nobody"]}, "expected a mail address"),
        ({"to": ["a@b.example\nBcc: c@d.example"]}, "expected a mail address"),
        ({"to": []}, "at least 1 item"),
        ({"allow_networks": []}, "expected allow_networks"),
        ({"username": "isthmus"}, "go together"),
        ({"group_by": ["colour"]}, "expected one of"),
    ],
)
def test_a_mistake_in_the_configuration_has_its_reason(more: dict[str, Any], reason: str) -> None:
    """Strict: nothing is guessed."""
    with pytest.raises(ValidationError, match=reason):
        email(25, **more)

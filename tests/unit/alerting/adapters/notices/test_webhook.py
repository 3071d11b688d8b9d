"""Webhooks: what is posted, how it is signed, and what becomes of an answer."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from tests.notices import KEY, START, Heard, Server, a_notice, http_server

from isthmus.alerting.adapters.notices.webhook import Webhook, WebhookPart, message_id, signature
from isthmus.alerting.domain.notices.delivery import Verdict
from isthmus.alerting.domain.notices.notice import Event


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys: the one that is used, and the next."""
    monkeypatch.setenv("HOOK_KEY", KEY)
    monkeypatch.setenv("NEXT_KEY", f"whsec_{base64.b64encode(b'n' * 32).decode()}")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A receiver that says thanks."""
    async with http_server() as found:
        yield found


def webhook(server: Server, **more: Any) -> Webhook:
    part = {
        "url": f"{server.url}/in",
        "signed_by": [{"env": "HOOK_KEY"}],
        "allow_networks": ["127.0.0.0/8"],
    }
    return Webhook(
        WebhookPart.model_validate(part | more), {"alarm": "https://x.example/{alarm_id}"}
    )


def verified(heard: Heard, key: bytes) -> bool:
    """As a receiver does, by the specification."""
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(key, signed + heard.body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    return expected in heard.headers["webhook-signature"].split(" ")


async def test_a_receiver_can_prove_who_sent_it_and_when(server: Server) -> None:
    """The signature covers the id, the time and every byte of the body."""
    hook = webhook(server)

    answer = await hook.send([a_notice()], START)

    await hook.close()
    (heard,) = server.heard
    assert (answer.verdict, answer.status, answer.excerpt) == (Verdict.SENT, 200, "thanks")
    assert heard.headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert verified(heard, KEY.encode())
    assert not verified(heard, b"another key")
    assert not verified(Heard("", "", heard.headers, heard.body + b" "), KEY.encode())


def test_the_signature_is_that_of_the_specification() -> None:
    """The example in its reference libraries."""
    headers = signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        START.fromtimestamp(1614265330, START.tzinfo),
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_two_keys_sign_while_one_takes_the_place_of_the_other(server: Server) -> None:
    """A receiver that has either of them is content."""
    hook = webhook(server, signed_by=[{"env": "HOOK_KEY"}, {"env": "NEXT_KEY"}])

    await hook.send([a_notice()], START)

    await hook.close()
    assert verified(server.heard[0], KEY.encode())
    assert verified(server.heard[0], b"n" * 32)


async def test_an_event_says_what_a_person_needs_and_repeats_its_id(server: Server) -> None:
    """`alarm_id:seq`, the key by which a receiver tells duplicates."""
    hook = webhook(server)
    for _ in range(2):
        await hook.send([a_notice(Event.END, 4, value="85.2", unit="Cel")], START)

    await hook.close()
    assert {heard.headers["webhook-id"] for heard in server.heard} == {"a1:4"}
    (event,) = server.heard[0].json["events"]
    assert (event["id"], event["event"], event["resolved"]) == ("a1:4", "end", True)
    assert event["alarm"]["first_action"] == "Check the cooling."
    assert event["alarm"]["value"] == "85.2"
    assert event["links"] == {"alarm": "https://x.example/a1"}


def test_the_id_of_a_digest_is_the_same_for_the_same_notices() -> None:
    """And another for others."""
    one, two = a_notice(), a_notice(seq=2)

    assert message_id([one, two]) == message_id([one, two])
    assert message_id([one, two]) != message_id([two])


async def test_no_secret_comes_back_in_an_excerpt(server: Server) -> None:
    """A receiver that echoes what it got must not fill our store with it."""
    server.answer = lambda heard: (500, {}, f"{KEY} {heard.headers['authorization']}".encode())
    hook = webhook(server, bearer={"env": "NEXT_KEY"})

    answer = await hook.send([a_notice()], START)

    await hook.close()
    assert answer.excerpt == "[secret] Bearer [secret]"


async def test_a_url_that_is_a_secret_is_never_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of some services, whoever knows the URL may post."""
    monkeypatch.setenv("HOOK_URL", f"{server.url}/services/T0/B0/xyzzy")
    server.answer = lambda heard: (404, {}, f"no such hook: {heard.target}".encode())
    hook = webhook(server, url=None, url_secret={"env": "HOOK_URL"})

    answer = await hook.send([a_notice()], START)

    await hook.close()
    assert server.heard[0].target == "/services/T0/B0/xyzzy"
    assert answer.status == 404
    assert "xyzzy" not in answer.excerpt


async def test_what_cannot_be_asked_is_answered_with_the_reason(server: Server) -> None:
    """And never raised: whoever tells it records what happened."""
    hook = webhook(server, allow_networks=[])

    answer = await hook.send([a_notice()], START)

    await hook.close()
    assert answer.verdict is Verdict.UNAUTHORIZED
    assert answer.status is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"url": None}, "expected one of url, url_secret"),
        ({"url": "ftp://x.example"}, r"expected http\(s\)"),
        ({"url": "https://user:pass@x.example"}, "without a name or password"),
        ({"signed_by": []}, "at least 1 item"),
        ({"signed_by": [{"env": "SHORT"}]}, "too short"),
        ({"allow_networks": ["10.0.0.1/8"]}, "host bits"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
async def test_a_mistake_in_the_configuration_has_its_reason(
    server: Server, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], reason: str
) -> None:
    """Strict: nothing is guessed."""
    monkeypatch.setenv("SHORT", "hunter2")

    with pytest.raises(ValidationError, match=reason):
        webhook(server, **more)

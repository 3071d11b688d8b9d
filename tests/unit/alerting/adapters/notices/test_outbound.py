"""HTTP to receivers, over real sockets."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.notices import Server, certificate, http_server

from isthmus.alerting.adapters.notices.outbound import Outbound, Reach, Reply, judged
from isthmus.alerting.domain.notices.delivery import Verdict
from isthmus.runtime.errors import Retryable, Unauthorized

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A receiver that says thanks."""
    async with http_server() as found:
        yield found


async def post(server_url: str, **reach: Any) -> Reply:
    outbound = Outbound(Reach(**{"allow_networks": LOOPBACK, "timeout_s": 2, **reach}))
    try:
        return await outbound.request("POST", f"{server_url}/in", b"{}", {"x-own": "1"})
    finally:
        await outbound.close()


async def test_a_request_arrives_as_it_was_given(server: Server) -> None:
    """Method, path, headers and body; the host is the one that was meant."""
    reply = await post(server.url)

    (heard,) = server.heard
    assert reply == Reply(200, "thanks")
    assert (heard.method, heard.target, heard.body) == ("POST", "/in", b"{}")
    assert heard.headers["host"] == f"127.0.0.1:{server.port}"
    assert heard.headers["x-own"] == "1"


async def test_an_inner_address_is_refused_before_anything_is_sent(server: Server) -> None:
    """Unless the receiver allows it."""
    for allowed in ([], ["10.0.0.0/8"]):
        with pytest.raises(Unauthorized, match=r"loopback|TLS"):
            await post(server.url, allow_networks=allowed)
    with pytest.raises(Unauthorized, match="link-local"):
        await post("https://169.254.169.254", allow_networks=[])

    assert server.heard == []


async def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time (DNS rebinding) gains nothing."""
    asked: list[Any] = []
    resolve = socket.getaddrinfo

    def rebound(host: Any, *more: Any, **other: Any) -> Any:
        asked.append(host)
        answer = "127.0.0.1" if asked.count(host) == 1 else "127.9.9.9"
        return resolve(answer if host == "hook.example" else host, *more, **other)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    reply = await post(f"http://hook.example:{server.port}")

    assert reply.status == 200
    assert asked.count("hook.example") == 1
    assert server.heard[0].headers["host"] == f"hook.example:{server.port}"


async def test_a_redirect_is_not_followed(server: Server) -> None:
    """It could lead to an inner address."""
    server.answer = lambda _: (302, {"location": f"{server.url}/elsewhere"}, b"")

    answer = judged(await post(server.url), [])

    assert (answer.verdict, answer.status) == (Verdict.RETRYABLE, 302)
    assert "redirects are not followed" in answer.excerpt
    assert len(server.heard) == 1


async def test_a_receiver_that_does_not_answer_in_time_is_given_up(server: Server) -> None:
    """Within the timeout, all in all."""
    server.delay_s = 5

    with pytest.raises(Retryable, match=r"no answer within 0\.2 s"):
        await post(server.url, timeout_s=0.2)


async def test_nobody_there_is_a_matter_of_time() -> None:
    """The port is closed."""
    with pytest.raises(Retryable, match="ConnectError"):
        await post("http://127.0.0.1:1")


async def test_a_name_that_nobody_knows_is_a_matter_of_time() -> None:
    """The resolver may be down."""
    with pytest.raises(Retryable, match="cannot be resolved"):
        await post("https://nowhere.invalid")


async def test_a_long_answer_is_cut(server: Server) -> None:
    """Its beginning is all that anybody needs."""
    server.answer = lambda _: (200, {}, b"x" * 1_000_000)

    assert len((await post(server.url)).text) == 4096


async def test_credentials_are_read_from_their_files_with_each_request(
    server: Server, tmp_path: Path
) -> None:
    """A secret that was exchanged needs no restart."""
    file = tmp_path / "token"
    file.write_text("first\n")
    outbound = Outbound(Reach(allow_networks=LOOPBACK, bearer={"file": file}))
    await outbound.request("GET", server.url)
    file.write_text("second\n")
    await outbound.request("GET", server.url)
    await outbound.close()
    file.write_text("pass")
    await post(server.url, username="isthmus", password={"file": file})

    shown = [each.headers["authorization"] for each in server.heard]
    assert shown == ["Bearer first", "Bearer second", "Basic aXN0aG11czpwYXNz"]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.SENT),
        (204, Verdict.SENT),
        (307, Verdict.RETRYABLE),
        (400, Verdict.REJECTED),
        (401, Verdict.UNAUTHORIZED),
        (403, Verdict.UNAUTHORIZED),
        (404, Verdict.RETRYABLE),
        (408, Verdict.RETRYABLE),
        (413, Verdict.REJECTED),
        (422, Verdict.REJECTED),
        (429, Verdict.RETRYABLE),
        (500, Verdict.RETRYABLE),
        (503, Verdict.RETRYABLE),
    ],
)
def test_the_status_says_what_becomes_of_the_message(status: int, verdict: Verdict) -> None:
    """Only what is wrong with the message itself ends it."""
    assert judged(Reply(status, ""), []).verdict is verdict


async def test_a_receiver_may_ask_to_be_left_alone(server: Server) -> None:
    """Seconds of Retry-After, at most an hour."""
    server.answer = lambda _: (429, {"retry-after": "120"}, b"")
    assert judged(await post(server.url), []).retry_after_s == 120
    server.answer = lambda _: (429, {"retry-after": "999999"}, b"")
    assert (await post(server.url)).retry_after_s == 3600


async def test_tls_is_verified_by_the_authorities_that_are_given(tmp_path: Path) -> None:
    """And by the system's, where none are: they know nothing of this one."""
    pem, context = certificate(tmp_path)
    async with http_server(context) as server:
        assert (await post(server.url, ca_file=pem)).status == 200
        with pytest.raises(Retryable, match="CERTIFICATE_VERIFY_FAILED"):
            await post(server.url)


async def test_the_name_is_verified_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate must be of the name in the URL."""
    pem, context = certificate(tmp_path)
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, *more, **other: resolve("127.0.0.1", *more, **other)
    )
    async with http_server(context) as server:
        good = await post(f"https://hook.example:{server.port}", ca_file=pem)
        with pytest.raises(Retryable, match="Hostname mismatch"):
            await post(f"https://other.example:{server.port}", ca_file=pem)

    assert good.status == 200

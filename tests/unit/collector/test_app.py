"""The collector's wiring."""

import asyncio
import socket
from pathlib import Path

import pytest

from isthmus.collector.app import build
from isthmus.collector.settings import Settings
from isthmus.simulators import ber

SNMPV2_TRAP = 0xA7  # RFC 3416, section 3


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a collector whose Kafka is not there."""
    monkeypatch.setenv("ISTHMUS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("ISTHMUS_KAFKA__START_TIMEOUT_S", "0.1")
    monkeypatch.setenv("ISTHMUS_COLLECTOR__SITE", "hagen")
    return Settings()


async def test_a_collector_that_owns_nothing_is_not_ready(settings: Settings) -> None:
    """It says which topic it waits for."""
    reasons = await build(settings).unready()
    assert reasons["targets"] == "inventory.targets.hagen.v1: no partition assigned yet"


def test_a_collector_without_kafka_ends_with_a_status(settings: Settings) -> None:
    """It does not wait for ever, and does not poll unowned devices."""
    with pytest.raises(SystemExit) as ended:
        build(settings).run()
    assert ended.value.code == 2


def test_a_collector_serves_health_and_what_holds_its_targets(settings: Settings) -> None:
    """Its data goes to Kafka."""
    paths = set(build(settings).http.openapi()["paths"])
    envelopes = {"/v1/envelopes", "/v1/envelopes/{site}/{target}"}
    assert paths == {"/livez", "/readyz", "/metrics"} | envelopes


def test_a_site_from_a_file_needs_a_spool(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its lock keeps a second process out, and Kafka may be away; one line says so."""
    file = tmp_path / "hagen.yaml"
    file.write_text("targets: []")
    monkeypatch.setenv("ISTHMUS_TARGETS__FILE", str(file))
    with pytest.raises(SystemExit, match="ISTHMUS_SPOOL__FOLDER: missing"):
        build(Settings())


async def test_a_site_from_a_file_starts_without_kafka(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is alive, says why it is not ready, and needs no topic."""
    file = tmp_path / "hagen.yaml"
    file.write_text("targets: []")
    monkeypatch.setenv("ISTHMUS_TARGETS__FILE", str(file))
    monkeypatch.setenv("ISTHMUS_SPOOL__FOLDER", str(tmp_path / "spool"))
    async with build(Settings()) as app:
        reasons = await app.unready()
    assert list(reasons) == ["kafka"]
    assert "127.0.0.1:1" in reasons["kafka"]


def test_traps_are_heard_when_there_is_a_port(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is dropped is measured from the start; without a port there is no such thing."""
    name = "isthmus_collector_dropped_notifications_total"
    assert build(settings).registry.get_sample_value(name, {"reason": "rate"}) is None
    monkeypatch.setenv("ISTHMUS_TRAPS__PORT", "0")
    monkeypatch.setenv("ISTHMUS_TRAPS__SOURCES", "127.0.0.0/8")
    monkeypatch.setenv("ISTHMUS_TRAPS__CREDENTIALS", "ro")
    assert build(Settings()).registry.get_sample_value(name, {"reason": "rate"}) == 0


async def test_traps_of_a_site_from_a_file_are_of_its_targets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file says whose address they come from; no topic is needed, nor Kafka."""
    switch = "{protocol: snmp, host: 127.0.0.1, port: 1, credential: ro}"
    (tmp_path / "hagen.yaml").write_text(
        f"targets: [{{target: a, interval_s: 3600, profile: network, endpoint: {switch}}}]"
    )
    (tmp_path / "secrets.yaml").write_text("ro: {community: public}")
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        port = sender.getsockname()[1]
    monkeypatch.setenv("ISTHMUS_TARGETS__FILE", str(tmp_path / "hagen.yaml"))
    monkeypatch.setenv("ISTHMUS_CREDENTIALS__FILE", str(tmp_path / "secrets.yaml"))
    monkeypatch.setenv("ISTHMUS_SPOOL__FOLDER", str(tmp_path / "spool"))
    monkeypatch.setenv("ISTHMUS_TRAPS__PORT", str(port))
    monkeypatch.setenv("ISTHMUS_TRAPS__SOURCES", "127.0.0.0/8")
    monkeypatch.setenv("ISTHMUS_TRAPS__CREDENTIALS", "ro")
    binds = ber.sequence(
        ber.sequence(ber.object_id(ber.oid("1.3.6.1.2.1.1.3.0")), ber.integer(42, ber.TIMETICKS)),
        ber.sequence(
            ber.object_id(ber.oid("1.3.6.1.6.3.1.1.4.1.0")),
            ber.object_id(ber.oid("1.3.6.1.6.3.1.1.5.3")),
        ),
    )
    trap = ber.tlv(SNMPV2_TRAP, ber.integer(7) + ber.integer(0) + ber.integer(0) + binds)
    message = ber.sequence(ber.integer(1), ber.tlv(ber.OCTET_STRING, b"public"), trap)
    async with build(Settings()) as app, asyncio.timeout(10):
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(message, ("127.0.0.1", port))
        while not app.registry.get_sample_value("isthmus_collector_notifications_total"):
            await asyncio.sleep(0.05)

"""The collector's wiring."""

from pathlib import Path

import pytest

from isthmus.collector.app import build
from isthmus.collector.settings import Settings


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


def test_traps_need_the_topic_of_targets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A site from a file does not know whose address they come from; one line says so."""
    file = tmp_path / "hagen.yaml"
    file.write_text("targets: []")
    monkeypatch.setenv("ISTHMUS_TARGETS__FILE", str(file))
    monkeypatch.setenv("ISTHMUS_SPOOL__FOLDER", str(tmp_path))
    monkeypatch.setenv("ISTHMUS_TRAPS__PORT", "1162")
    monkeypatch.setenv("ISTHMUS_TRAPS__SOURCES", "127.0.0.0/8")
    monkeypatch.setenv("ISTHMUS_TRAPS__CREDENTIALS", "ro")
    with pytest.raises(SystemExit, match="ISTHMUS_TRAPS__PORT: 1162: needs targets on Kafka"):
        build(Settings())

"""The collector's wiring."""

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


def test_a_collector_serves_health_and_nothing_else(settings: Settings) -> None:
    """Its data goes to Kafka."""
    paths = set(build(settings).http.openapi()["paths"])
    assert paths == {"/livez", "/readyz", "/metrics"}

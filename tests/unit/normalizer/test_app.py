"""The wiring of the service."""

from pathlib import Path
from typing import Any

import pytest

from isthmus.normalizer.app import build
from isthmus.normalizer.settings import Settings
from isthmus.runtime.errors import IsthmusError


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    """Settings of a normaliser whose Kafka is not there, with the small catalogue."""
    monkeypatch.setenv("ISTHMUS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("ISTHMUS_KAFKA__START_TIMEOUT_S", "0.1")
    monkeypatch.setenv("ISTHMUS_CATALOG__FOLDER", str(folder))
    return Settings()


def test_a_normaliser_serves_health_and_metrics_only(settings: Settings) -> None:
    """Its data goes to Kafka."""
    assert set(build(settings).http.openapi()["paths"]) == {"/livez", "/readyz", "/metrics"}


def test_the_catalogue_in_use_is_measured_from_the_start(settings: Settings) -> None:
    """Before the first observation."""
    registry = build(settings).registry

    values = [s for m in registry.collect() for s in m.samples if s.name.endswith("catalog_info")]
    assert [sample.value for sample in values] == [1.0]


def test_a_catalogue_with_a_mistake_is_no_start(settings: Settings, folder: Path) -> None:
    """One line that names the file."""
    (folder / "traps.yaml").unlink()

    with pytest.raises(IsthmusError, match=r"traps\.yaml: No such file"):
        build(settings)


def test_a_normaliser_without_kafka_ends_with_a_status(settings: Settings) -> None:
    """It does not wait for ever."""
    with pytest.raises(SystemExit) as ended:
        build(settings).run()

    assert ended.value.code == 2


def test_a_normaliser_takes_what_devices_and_what_systems_of_record_say(
    settings: Settings,
) -> None:
    """From a topic each, by the same rules."""
    subscribers: Any = build(settings).broker.subscribers
    topics = {each.topics[0].name for each in subscribers}

    assert topics == {"collector.observations.v1", "inventory.imports.v1"}

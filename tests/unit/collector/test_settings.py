"""The collector's settings."""

import pytest

from isthmus.collector.settings import Settings
from isthmus.runtime.settings import load


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The least that a collector needs."""
    least = {
        "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092",
        "ISTHMUS_COLLECTOR__SITE": "hagen",
    }
    for name, value in least.items():
        monkeypatch.setenv(name, value)
    return least


def test_a_collector_needs_no_more_than_kafka_and_its_site(environ: dict[str, str]) -> None:
    """Its name is the host's, and its session short enough for a quick take-over."""
    settings = load(Settings, environ)
    assert settings.collector.name
    assert settings.kafka.session_timeout_s == 10
    assert settings.credentials.file is None


def test_a_site_that_cannot_be_a_topic_is_refused(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mistake names variable and value."""
    monkeypatch.setenv("ISTHMUS_COLLECTOR__SITE", "Hagen Werk")
    environ["ISTHMUS_COLLECTOR__SITE"] = "Hagen Werk"
    with pytest.raises(SystemExit, match="ISTHMUS_COLLECTOR__SITE: 'Hagen Werk'"):
        load(Settings, environ)


@pytest.mark.parametrize(
    ("traps", "says"),
    [
        ({"PORT": "1162"}, "sources and credentials: expected both"),
        ({"PORT": "1162", "SOURCES": "plant", "CREDENTIALS": "ro"}, "'plant'"),
        ({"PORT": "99999", "SOURCES": "10.0.0.0/8", "CREDENTIALS": "ro"}, "ISTHMUS_TRAPS__PORT"),
    ],
)
def test_traps_need_networks_and_credentials(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    traps: dict[str, str],
    says: str,
) -> None:
    """Whoever listens says from whom; the mistake names what is expected."""
    for name, value in traps.items():
        monkeypatch.setenv(f"ISTHMUS_TRAPS__{name}", value)
        environ[f"ISTHMUS_TRAPS__{name}"] = value
    with pytest.raises(SystemExit, match=says):
        load(Settings, environ)

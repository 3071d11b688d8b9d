"""What inventory can be told."""

import pytest

from isthmus.inventory.settings import Settings
from isthmus.runtime.settings import load

NEEDED = {
    "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "ISTHMUS_STORE__URI": "mongodb://127.0.0.1",
    "ISTHMUS_STORE__DATABASE": "inventory",
    "ISTHMUS_ACCESS__MODE": "off",
}


def test_kafka_and_the_store_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed files are optional."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)

    assert load(Settings, NEEDED).targets.files == ""


def test_a_misspelt_setting_is_named_with_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, before anything starts."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match="did you mean ISTHMUS_TARGETS__FILES"):
        load(Settings, NEEDED | {"ISTHMUS_TARGETS__FILE": "x"})

"""Settings of alerting."""

from pathlib import Path

import pytest

from isthmus.alerting.settings import Settings
from isthmus.runtime.settings import load

ENVIRON = {
    "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "ISTHMUS_STORE__URI": "mongodb://127.0.0.1:27017",
    "ISTHMUS_STORE__DATABASE": "alerting",
    "ISTHMUS_ACCESS__MODE": "off",
}


def test_rules_may_come_from_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, the shipped rules are all."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert load(Settings).rules.folder is None
    monkeypatch.setenv("ISTHMUS_RULES__FOLDER", "/etc/rules")

    assert load(Settings).rules.folder == Path("/etc/rules")

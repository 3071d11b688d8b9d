"""The wiring of alerting, as far as it goes without its parts."""

from pathlib import Path

import pytest

from isthmus.alerting.app import build
from isthmus.alerting.settings import Rules, Settings
from isthmus.runtime.settings import Kafka
from isthmus.runtime.store import Store


def settings(folder: Path) -> Settings:
    return Settings(
        kafka=Kafka(bootstrap_servers="127.0.0.1:1"),
        store=Store(uri="mongodb://127.0.0.1:1", database="alerting"),
        rules=Rules(folder=folder),
    )


def test_a_folder_of_rules_that_is_not_there_is_a_mistake_at_start(tmp_path: Path) -> None:
    """Not a service without its rules."""
    with pytest.raises(SystemExit, match=r"ISTHMUS_RULES__FOLDER: .*: expected a folder"):
        build(settings(tmp_path / "none"))


async def test_refused_rules_are_told_and_the_service_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the log and as a figure."""
    (tmp_path / "own.yaml").write_text("rules: [{name: b}]")
    app = build(settings(tmp_path))

    refused = app.registry.get_sample_value("isthmus_alerting_rules", {"outcome": "refused"})
    assert refused
    assert "own.yaml: rule b: priority: Field required" in capsys.readouterr().err
    assert "/v1/alarms/{id}/acknowledge" in app.http.openapi()["paths"]

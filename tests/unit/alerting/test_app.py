"""The wiring of alerting, as far as it goes without its parts."""

from pathlib import Path

import pytest

from isthmus.alerting.app import build
from isthmus.alerting.settings import Notices, Rules, Settings
from isthmus.runtime.access import Access
from isthmus.runtime.settings import Kafka
from isthmus.runtime.store import Store


def settings(folder: Path) -> Settings:
    return Settings(
        kafka=Kafka(bootstrap_servers="127.0.0.1:1"),
        store=Store(uri="mongodb://127.0.0.1:1", database="alerting"),
        access=Access(mode="off"),
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
    assert "own.yaml:1: rule b: priority: Field required" in capsys.readouterr().err
    assert "/v1/alarms/{id}/acknowledge" in app.http.openapi()["paths"]


def routed(folder: Path, text: str) -> Settings:
    """Settings with a routing file."""
    file = folder / "notices.yaml"
    file.write_text(text)
    return settings(folder).model_copy(update={"notices": Notices(file=file)})


async def test_without_a_routing_file_the_service_says_that_nobody_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the log and on `/readyz`; what was told before can still be seen."""
    app = build(settings(tmp_path))

    assert app.facts["notices"] == "off"
    assert "notices_off" in capsys.readouterr().err
    assert "/v1/deliveries" in app.http.openapi()["paths"]


def test_a_mistake_in_the_routing_file_ends_the_start_with_its_line(tmp_path: Path) -> None:
    """Not a service that tells nobody."""
    with pytest.raises(SystemExit, match=r"notices\.yaml:1: receivers: missing"):
        build(routed(tmp_path, "route: {to: [desk]}"))


async def test_each_receiver_has_a_task_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that none holds up another."""
    monkeypatch.setenv("HOOK_KEY", "k" * 32)
    hook = "{url: https://x.example, signed_by: [{env: HOOK_KEY}]}"
    receivers = f"{{a: {{webhook: {hook}}}, b: {{webhook: {hook}}}}}"

    app = build(routed(tmp_path, f"receivers: {receivers}\nroute: {{to: [a, b]}}"))

    assert {"receiver_a", "receiver_b"} <= set(app._tasks)
    assert "notices" not in app.facts

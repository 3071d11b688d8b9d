"""The commands that help to keep the catalogue."""

import json
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from tests.unit.normalizer.handlers.bench import observation, plain

from isthmus.normalizer.api import commands
from isthmus.runtime.errors import IsthmusError
from isthmus.telemetry.v1.observation_pb2 import Observation

ACME = "- {name: Acme, sources: [a page], checked: 2026-03-01}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with an Observation."""
    file = tmp_path / "observation.json"
    file.write_text(MessageToJson(observation()), encoding="utf-8")
    return file


class Topic:
    """A topic in memory, which remembers how it was asked for."""

    records: Sequence[Any] = ()
    asked: tuple[Any, ...] = ()

    def __init__(self, kafka: object, topic: str, **limits: object) -> None:
        Topic.asked = (topic, limits)

    async def batches(self) -> AsyncIterator[tuple[Sequence[Any], int]]:
        """Its records, two at a time."""
        for at in range(0, len(self.records), 2):
            yield self.records[at : at + 2], len(self.records) - at


def log(*messages: Observation) -> list[Any]:
    """Records of the log."""
    return [
        SimpleNamespace(
            key=f"{each.site}/{each.target}".encode(), value=each.SerializeToString(), headers=[],
            topic="t", partition=0, offset=n,
        )
        for n, each in enumerate(messages)
    ]  # fmt: skip


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch, folder: Path) -> type[Topic]:
    """What stands on every topic."""
    monkeypatch.setenv("ISTHMUS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("ISTHMUS_CATALOG__FOLDER", str(folder))
    monkeypatch.setattr(commands, "TopicExtract", Topic)
    monkeypatch.setattr(Topic, "records", ())
    return Topic


def test_an_observation_is_explained(
    file: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line by line."""
    assert commands.explain(str(file), str(folder)) == 0
    assert "  vendor 'WAGO' <- 'WAGO' by modbus:VendorName (0.90)" in capsys.readouterr().out


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, folder: Path) -> None:
    """Its name, and where it goes wrong."""
    wrong = tmp_path / "x.json"
    wrong.write_bytes(b'{"site": "\xe9"}')

    with pytest.raises(IsthmusError, match=r"x\.json: .* at byte 10, expected UTF-8"):
        commands.explain(str(wrong), str(folder))


def test_a_catalogue_without_mistakes_is_summed_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipeline goes on."""
    assert commands.lint(str(folder)) == 0
    assert "13 vendors, 9 families known in" in (said := capsys.readouterr().out)
    assert said.endswith("3 lifecycle facts; 0 mistakes\n")


def test_a_mistake_of_a_catalogue_stops_a_pipeline(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a line that names the file."""
    families = folder / "families" / "all.yaml"
    families.write_text(families.read_text().replace("^FC-", "^XX-"))

    assert commands.lint(str(folder)) == 1
    assert "catalog: catalog/families/all.yaml: danfoss-vlt: " in capsys.readouterr().out


def test_a_replay_prints_what_would_change(
    topic: type[Topic], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many, or each; with a status for a pipeline; times are those that were asked for."""
    new = folder.with_name("new")
    pump = plain(VendorName="Acme", serial_number="SN4711")
    topic.records = log(*(observation(devices=[pump], target=f"t-{n}") for n in range(3)))
    shutil.copytree(folder, new)
    with (new / "vendors" / "all.yaml").open("a") as vendors:
        vendors.write(ACME)

    assert commands.replay("2026-03-01", None, str(new), diff=False) == 1
    brief = capsys.readouterr()
    assert commands.replay(None, None, str(new), diff=True) == 1
    whole = capsys.readouterr().out

    assert brief.out.startswith("3 of 3 sources would change (key 3); 3 observations")
    assert "3 observations read, 0 to come" in brief.err
    assert whole.count("  key + unique global|serial|acme/SN4711") == 3
    assert commands.replay(None, None, str(folder), diff=True) == 0


def test_a_replay_asks_for_its_period(topic: type[Topic], folder: Path) -> None:
    """From a moment on and before another."""
    commands.replay("2026-03-01", "2026-03-02T06:00+01:00", str(folder), diff=False)

    assert topic.asked == (
        "collector.observations.v1",
        {
            "since": datetime(2026, 3, 1, tzinfo=UTC),
            "until": datetime(2026, 3, 2, 5, tzinfo=UTC),
        },
    )
    with pytest.raises(IsthmusError, match="--from: 'noon'"):
        commands.replay("noon", None, str(folder), diff=False)


def test_a_case_is_made_of_a_file(
    file: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a new folder, whose files are told."""
    target = tmp_path / "cases" / "bus"

    assert commands.case(str(file), str(target), "a bench", str(folder)) == 0
    assert {each.name for each in target.iterdir()} == {
        "observation.json", "report.json", "origin.txt",
    }  # fmt: skip
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert len(json.loads((target / "report.json").read_text())["reports"]) == 2
    with pytest.raises(IsthmusError, match="is there already, expected a new folder"):
        commands.case(str(file), str(target), "a bench", str(folder))


def test_a_case_is_made_of_the_newest_record_of_a_source(
    topic: type[Topic], folder: Path, tmp_path: Path
) -> None:
    """Others on its partition are left out."""
    mine = [observation(error=f"read {n}") for n in range(3)]
    topic.records = log(*mine, observation(target="other"))

    assert commands.case("hagen/bus", str(tmp_path / "bus"), "live", str(folder)) == 0

    observed = json.loads((tmp_path / "bus" / "observation.json").read_text())
    assert observed["error"] == "read 2"
    assert topic.asked[1]["key"] == "hagen/bus"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff", "value: 1 bytes are no isthmus.telemetry.v1.Observation"),
        (None, "hagen/bus: the newest record is a tombstone"),
    ],
)
def test_a_newest_record_that_is_no_observation_is_one_line(
    topic: type[Topic], folder: Path, tmp_path: Path, value: bytes | None, reason: str
) -> None:
    """And no folder is made."""
    [record] = log(observation())
    record.value = value
    topic.records = [record]

    with pytest.raises(IsthmusError, match=reason):
        commands.case("hagen/bus", str(tmp_path / "bus"), "live", str(folder))
    assert not (tmp_path / "bus").exists()


def test_a_source_that_nobody_read_is_one_line(
    topic: type[Topic], folder: Path, tmp_path: Path
) -> None:
    """It says what was looked for."""
    with pytest.raises(IsthmusError, match="hagen/x: neither a file nor a source that was read"):
        commands.case("hagen/x", str(tmp_path / "x"), "live", str(folder))


def test_what_no_rule_knows_is_listed(
    topic: type[Topic], capsys: pytest.CaptureFixture[str]
) -> None:
    """From the topic, as it stands."""
    topic.records = []

    assert commands.unrecognised() == 0
    assert capsys.readouterr().out == "0 looks that no rule knows\n"
    assert topic.asked == ("normalizer.unrecognised.v1", {})

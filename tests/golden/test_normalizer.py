"""Every golden case comes out as its `report.json` says, and the simulated fleet as its truth."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import ParseDict

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.cases import reported
from isthmus.telemetry.v1.observation_pb2 import Observation

FOLDER = Path(__file__).parent
FLEET = FOLDER.parents[1] / "simulators" / "fleet.yaml"
TRUTHS: list[dict[str, Any]] = yaml.safe_load(FLEET.read_text())["devices"]


def cases() -> list[str]:
    """The names of all cases."""
    return sorted(f.parent.name for f in FOLDER.glob("*/observation.json"))


def expected(case: str) -> dict[str, Any]:
    """What a case's `report.json` holds."""
    found: dict[str, Any] = json.loads((FOLDER / case / "report.json").read_text())
    return found


def made(case: str, normalizer: Normalizer) -> dict[str, Any]:
    """What the normaliser makes of a case: its reports, or why it rejects the observation."""
    observed = json.loads((FOLDER / case / "observation.json").read_text())
    return reported(normalizer, ParseDict(observed, Observation()))


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    """The normaliser with the catalogue that comes with it."""
    return Normalizer(catalog.load(catalog.SHIPPED))


@pytest.fixture(scope="module")
def reports(normalizer: Normalizer) -> dict[str, dict[str, Any]]:
    """The reports of all cases by source."""
    found = [r for case in cases() for r in made(case, normalizer).get("reports", ())]
    return {"/".join([r["site"], r["target"], r.get("device", "")]).rstrip("/"): r for r in found}


def test_there_are_cases_enough() -> None:
    """A folder that is not found would make all other tests here pass."""
    assert len(cases()) >= 150


@pytest.mark.parametrize("case", cases())
def test_a_case_says_where_it_is_from(case: str) -> None:
    """Whoever doubts it can look."""
    assert (FOLDER / case / "origin.txt").read_text().strip()


@pytest.mark.parametrize("case", cases())
def test_a_case_comes_out_as_written(case: str, normalizer: Normalizer) -> None:
    """What was observed makes exactly the reports in the folder."""
    assert made(case, normalizer) == expected(case)


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        pytest.param(source, device["truth"], id=source)
        for device in TRUTHS
        for source in device["sources"]
    ],
)
def test_the_fleet_comes_out_as_its_truth(
    source: str, truth: dict[str, str], reports: dict[str, dict[str, Any]]
) -> None:
    """Each source of a simulated device tells all that is true of the device."""
    report = reports[source]
    found = {a["name"]: a["value"] for a in report.get("attributes", ())}
    found["site"] = report["site"]
    found["reachability"] = report["reachability"].removeprefix("REACHABILITY_").lower()
    found["health"] = report.get("health", "HEALTH_UNKNOWN").removeprefix("HEALTH_").lower()

    assert {name: found.get(name) for name in truth} == truth


@pytest.mark.parametrize("device", [d for d in TRUTHS if len(d["sources"]) > 1], ids=str)
def test_the_sources_of_one_device_share_a_unique_key(
    device: dict[str, Any], reports: dict[str, dict[str, Any]]
) -> None:
    """Inventory can know the device again, whoever shows it."""
    shared = set.intersection(*(_unique(reports[source]) for source in device["sources"]))

    assert shared


def test_no_two_devices_share_a_key(reports: dict[str, dict[str, Any]]) -> None:
    """Nothing that only looks like an identity makes one asset of two devices."""
    owners: dict[tuple[str, str, str], str] = {}
    for device in TRUTHS:
        for source in device["sources"]:
            for key in reports[source]["keys"]:
                claim = (key["scope"], key["kind"], key["value"])

                assert owners.setdefault(claim, device["name"]) == device["name"]


def _unique(report: dict[str, Any]) -> set[str]:
    return {k["value"] for k in report["keys"] if k["tier"] == "KEY_TIER_UNIQUE"}

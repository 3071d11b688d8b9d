"""Devices that no rule was written from: how well the catalogue does on what it has not seen.

Whoever writes rules does not look in here; whoever adds a case does not look at the rules. A case
that taught us something moves to the golden cases, and another one takes its place.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from google.protobuf.json_format import ParseDict

from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.domain import canonical, versions
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import cases
from isthmus.telemetry.v1.observation_pb2 import Observation

FOLDER = Path(__file__).parent
CASES = sorted(file.parent for file in FOLDER.glob("*/observation.json"))
VERSIONS = ("firmware", "software")
# What was reached, rounded down; raised when the catalogue gets better.
LEAST = {"vendor": 0.94, "model": 0.78, "firmware": 0.78, "class": 0.80, "serial": 0.90}


class Verdict(NamedTuple):
    """What came of one attribute of one case."""

    case: str
    attribute: str
    expected: str
    found: str
    right: bool


def verdicts(normalizer: Normalizer) -> Iterator[Verdict]:
    """Every attribute that the cases know the truth of."""
    for folder in CASES:
        truth = yaml.safe_load((folder / "truth.yaml").read_text())["truth"]
        observed = json.loads((folder / "observation.json").read_text())
        reports = cases.reported(normalizer, ParseDict(observed, Observation()))["reports"]
        said = {a["name"]: a for a in reports[0].get("attributes", ())}
        for name, expected in truth.items():
            yield _verdict(folder.name, name, str(expected), said, normalizer.catalog)


def _verdict(
    case: str, name: str, expected: str, said: Mapping[str, Any], known: Catalog
) -> Verdict:
    names = VERSIONS if name in VERSIONS else (name,)
    found = [said[each]["value"] for each in names if each in said]
    right = any(_same(name, expected, value, known) for value in found)
    return Verdict(case, name, expected, " | ".join(found), right)


def _same(name: str, expected: str, found: str, known: Catalog) -> bool:
    if name == "serial":
        prefixes = [""] + [prefix for vendor in known.vendors for prefix in vendor.serial_prefixes]
        printed = [expected.removeprefix(prefix) for prefix in prefixes]
        return canonical.serial(found) in map(canonical.serial, printed)
    if name == "vendor":
        vendor = known.vendor(expected)
        return found == (vendor.name if vendor else expected)
    if name in VERSIONS:
        order = versions.order(expected, "dotted")
        return bool(order) and order == versions.order(found, "dotted")
    return canonical.folded(expected).replace(" ", "") == canonical.folded(found).replace(" ", "")


@pytest.fixture(scope="module")
def judged() -> list[Verdict]:
    """All verdicts on the catalogue that comes with the service."""
    return list(verdicts(Normalizer(catalog.load(catalog.SHIPPED))))


def test_there_are_cases_enough() -> None:
    """Of many makers: a handful would say nothing about the others."""
    assert len(CASES) >= 80


@pytest.mark.parametrize("attribute", LEAST)
def test_unseen_devices_are_known_as_well_as_before(
    attribute: str, judged: list[Verdict], record_property: Any
) -> None:
    """The share of cases with the right value, beside the share that was reached once."""
    mine = [verdict for verdict in judged if verdict.attribute == attribute]
    share = sum(verdict.right for verdict in mine) / len(mine)
    wrong = "\n".join(f"{v.case}: {v.expected!r}, found {v.found!r}" for v in mine if not v.right)
    record_property(f"heldout_{attribute}", round(share, 3))

    assert share >= LEAST[attribute], wrong


def main() -> None:
    """Print the shares, and what is wrong."""
    found = list(verdicts(Normalizer(catalog.load(catalog.SHIPPED))))
    total = Counter(v.attribute for v in found)
    right = Counter(v.attribute for v in found if v.right)
    for v in found:
        if not v.right:
            print(f"{v.case}: {v.attribute} {v.expected!r}, found {v.found!r}")
    for attribute, count in total.items():
        print(f"{attribute}: {right[attribute]} of {count}, {right[attribute] / count:.0%}")


if __name__ == "__main__":
    main()

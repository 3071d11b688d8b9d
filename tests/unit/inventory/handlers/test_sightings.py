"""What devices have seen comes from their reports to the store."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.inventory.plant import Plant

from isthmus.inventory.domain.relations.links import Sighting, SightingKind
from isthmus.inventory.handlers.sightings import Sighted, sighted
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAC = "28:63:36:8a:10:07"


def report(second: int = 0, port: str = "7", **more: str) -> report_pb2.Report:
    """A switch that has learned one address on this port."""
    made = report_pb2.Report(
        id=f"r{second}", site="hagen", target="switch-1",
        observed_at=NOON + timedelta(seconds=second),
    )  # fmt: skip
    made.sightings.kind.append(report_pb2.SIGHTING_KIND_FDB)
    said = {"port": port, "mac": MAC, "address": "", "name": "", "remote_port": "",
            "description": "", **more}  # fmt: skip
    for column, value in said.items():
        getattr(made.sightings, column).append(value)
    return made


def test_columns_become_sightings() -> None:
    """Each of its kind, under the source's name."""
    made = report(address="10.0.0.7")
    made.device = "stack-2"

    told = sighted(made)

    assert (told.source, told.site, told.at) == ("hagen/switch-1/stack-2", "hagen", NOON)
    assert told.sightings == (Sighting(SightingKind.FDB, "7", MAC, "10.0.0.7"),)


def test_wrong_columns_are_refused() -> None:
    """Of unequal length, of no kind, or with what is no MAC address."""
    short, kindless = report(), report()
    short.sightings.name.append("more")
    kindless.sightings.kind[0] = report_pb2.SIGHTING_KIND_UNSPECIFIED

    for wrong in (short, kindless, report(mac="28-63-36-8A-10-07")):
        with pytest.raises(Rejected, match=r"Report\.sightings: .*expected"):
            sighted(wrong)


async def test_of_one_source_the_latest_table_is_kept() -> None:
    """Whatever their order in a batch; what cannot be read keeps no other back."""
    plant = Plant()
    other = report(mac="?")
    other.target = "switch-2"

    await Sighted(plant).note([report(9, "8"), other, report(3, "7"), report_pb2.Report(id="x")])

    (kept,) = plant.tables.values()
    assert (kept.at, kept.sightings[0].port) == (NOON + timedelta(seconds=9), "8")


async def test_what_says_the_same_again_is_not_written() -> None:
    """A switch says so with each read."""
    plant = Plant()
    for second in (0, 10):
        await Sighted(plant).note([report(second)])

    assert plant.tables["hagen/switch-1"].at == NOON
    await Sighted(plant).note([report(20, "8")])
    assert plant.tables["hagen/switch-1"].at == NOON + timedelta(seconds=20)

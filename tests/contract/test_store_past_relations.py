"""Relations as they were, on the real store, and how they end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.contract.said import NOON
from tests.contract.test_store_past import Fleet, _at, _id
from tests.contract.test_store_relations import keep

from isthmus.inventory.adapters.past_relations import MongoPast
from isthmus.inventory.adapters.relations import MongoRelations
from isthmus.inventory.adapters.sightings import MongoSightings
from isthmus.inventory.domain.relations.ageing import followed
from isthmus.inventory.domain.relations.links import Sighting, SightingKind, table
from isthmus.inventory.domain.relations.relations import Act, RelationKind, declared
from isthmus.inventory.handlers.relations import Relations
from isthmus.inventory.handlers.sightings import Sighted
from isthmus.telemetry.v1 import report_pb2

SWITCH, PLC, PANEL = map(_id, (1, 2, 3))
HAGEN = frozenset({"hagen"})


class Plant:
    """A switch and what hangs on it, with all stores of relations."""

    def __init__(self, database: Any, fleet: Fleet) -> None:
        self.database = database
        self.fleet = fleet
        self.store = MongoRelations(database)
        self.sightings = MongoSightings(database)

    async def see(self, hour: int, *names: str) -> None:
        """What the switch shows at an hour."""
        seen = [Sighting(SightingKind.LLDP, str(n), name=name) for n, name in enumerate(names)]
        made = table("hagen/switch", "hagen", _at(hour), seen)
        before = (await self.sightings.tables_of(["hagen/switch"])).get("hagen/switch")
        await self.sightings.keep([followed(before, made)])

    def asked(self, hour: int) -> Relations:
        """Questions at an hour."""
        past = MongoPast(self.database)
        return Relations(self.store, self.sightings, past, now=lambda: _at(hour))

    async def edges(self, hour: int, as_of: datetime | None = None) -> list[tuple[str, str, str]]:
        """The topology of the site."""
        drawn = await self.asked(hour).then(as_of).topology("hagen", "", HAGEN)
        return sorted((each.kind.value, each.start, each.end) for each in drawn.relations)


@pytest.fixture
async def plant(database: Any) -> Plant:
    """Three assets, each a source of its own."""
    fleet = await Fleet.of(database)
    plant = Plant(database, fleet)
    await plant.store.prepare()
    await plant.sightings.prepare()
    for id, name in ((SWITCH, "switch"), (PLC, "plc-1"), (PANEL, "panel")):
        await fleet.make(id, 0, source=name, name=name.upper())
        await database["identity_keys"].insert_one({"_id": f"hagen|hostname|{name}", "asset": id})
    return plant


def link(one: str, other: str) -> tuple[str, str, str]:
    return ("connects_to", min(one, other), max(one, other))


async def test_a_link_is_over_with_the_table_that_lacks_it(plant: Plant) -> None:
    """At once; and the past has it still."""
    await plant.see(1, "plc-1", "panel")
    assert await plant.edges(1) == sorted([link(SWITCH, PLC), link(SWITCH, PANEL)])

    await plant.see(5, "panel")
    await plant.see(7)

    assert await plant.edges(7) == []
    assert await plant.edges(8, _at(6)) == [link(SWITCH, PANEL)]
    assert await plant.edges(8, _at(2)) == sorted([link(SWITCH, PLC), link(SWITCH, PANEL)])
    assert await plant.edges(8, _at(0)) == []


async def test_assets_of_then_have_the_relations_of_then(plant: Plant) -> None:
    """One that moved to another site since, with its link."""
    await plant.see(1, "plc-1")
    await plant.fleet.make(PLC, 3, site="lyon", source="plc-1")

    found = await plant.asked(4).then(_at(2)).of(PLC, None)

    assert found
    assert found.node.site == "hagen"
    assert [each.other(PLC) for each in found.relations] == [SWITCH]
    assert await plant.asked(4).then(_at(2)).of(PLC, frozenset({"lyon"})) is None


async def test_what_was_declared_then_stood_then(plant: Plant) -> None:
    """From its declaration to its withdrawal."""
    said = declared(RelationKind.FEEDS, PANEL, PLC, "why", "jo", _at(1))
    places = ("hagen", "hagen")
    await plant.store.declare(said, Act(_at(1), "jo", "declared", "why"), places)
    gone = declared(RelationKind.FEEDS, PANEL, PLC, "why", "jo", _at(3))
    await plant.store.declare(
        type(gone)(**{**_fields(gone), "removed": True}), Act(_at(3), "al", "withdrawn"), places
    )

    assert await plant.edges(5) == []
    assert await plant.edges(5, _at(2)) == [("feeds", PANEL, PLC)]
    assert await plant.edges(5, _at(4)) == await plant.edges(5, _at(0)) == []


def _fields(said: Any) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__dataclass_fields__}


async def test_links_of_a_silent_source_are_stale_and_then_over(plant: Plant) -> None:
    """After an hour, and after a month."""
    await plant.see(1, "plc-1")

    async def stale(hour: int) -> list[bool]:
        drawn = await plant.asked(hour).topology("hagen", "", HAGEN)
        return [each.is_stale(drawn.at) for each in drawn.relations]

    assert await stale(1) == [False]
    assert await stale(3) == [True]
    assert await stale(24 * 31 + 2) == []


async def test_a_silent_gateway_is_a_stranger(plant: Plant) -> None:
    """Known by what stands behind it."""
    await plant.database["assets"].update_one(
        {"_id": PLC}, {"$set": {"views.0.relation": ["behind", "hagen/gw", "3"]}}
    )

    [found] = await plant.asked(1).strangers("hagen", HAGEN)

    assert (found.id, found.evidence[0].source) == ("hagen/gw", "hagen/plc-1")


def report(hour: float, *names: str) -> report_pb2.Report:
    made = report_pb2.Report(
        site="hagen", target="switch", observed_at=NOON + timedelta(hours=hour), interval_s=60,
        reachability="REACHABILITY_ONLINE",
    )  # fmt: skip
    for name in names:
        seen = made.sightings
        seen.kind.append(report_pb2.SIGHTING_KIND_LLDP)
        seen.name.append(name)
        for column in (seen.port, seen.mac, seen.address, seen.remote_port, seen.description):
            column.append("")
    return made


async def test_a_switch_that_answers_and_shows_nobody_has_lost_them(plant: Plant) -> None:
    """Not with the fast reads between two slow ones, and not while it does not answer."""
    sighted = Sighted(plant.sightings)
    await sighted.note([report(1, "plc-1")])

    silent = report(9)
    silent.reachability = report_pb2.REACHABILITY_OFFLINE
    await sighted.note([report(2), silent])
    assert await plant.edges(9) == [link(SWITCH, PLC)]

    restarted = Sighted(plant.sightings)
    await restarted.note([report(4.5)])
    assert await plant.edges(9) == []
    assert await plant.edges(9, _at(4)) == [link(SWITCH, PLC)]


async def test_an_older_table_ends_nothing(plant: Plant) -> None:
    """A backlog that comes late."""
    await plant.see(5, "plc-1")
    await keep(plant.sightings, table("hagen/switch", "hagen", _at(1), ()))

    assert await plant.edges(6) == [link(SWITCH, PLC)]

"""Targets and zones from files and from people."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.polling.zones import Zone, patched, zone
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.handlers.polling.orders import target_record, zone_record
from isthmus.inventory.handlers.polling.wanted import Kind, Wanted
from isthmus.inventory.handlers.races import TRIES
from isthmus.inventory.ports.polling import Publishing, Row, Standing, T
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

GOOD: dict[str, Any] = {
    "target": "plc-1",
    "path": "nordwerk/hagen",
    "interval_s": 2,
    "profile": "schneider-m340",
    "endpoint": {"protocol": "modbus", "host": "127.0.0.1", "port": 1},
}
PAUSE = {"paused": True, "reason": "smoke"}


def row(number: int, **more: Any) -> dict[str, Any]:
    """A target with a name and an address of its own."""
    endpoint = {**GOOD["endpoint"], "port": number}
    return {**GOOD, "target": f"plc-{number}", "endpoint": endpoint, **more}


@dataclass
class Store(Generic[T]):
    """What is wanted, in memory, with every publication; loses as many races as it is told."""

    kept: dict[str, Standing[T]] = field(default_factory=dict)
    published: list[Outgoing] = field(default_factory=list)
    lost_races: int = 0

    async def known(self, ids: Collection[str]) -> Mapping[str, Standing[T]]:
        return {id: self.kept[id] for id in ids if id in self.kept}

    async def put(self, versions: Sequence[Publishing[T]]) -> Mapping[str, str]:
        self.lost_races -= 1
        if self.lost_races >= 0:
            return {each.version.value.id: each.version.value.id for each in versions}
        return {each.version.value.id: way for each in versions if (way := self._put(each))}

    def _put(self, publishing: Publishing[T]) -> str | None:
        new = publishing.version
        for id, other in self.kept.items():
            same = not other.removed and other.value.place == new.value.place
            if same and id != new.value.id:
                return id
        self.kept[new.value.id] = new
        self.published.append(publishing.record)
        return None

    async def holders(self, places: Collection[str]) -> Mapping[str, str]:
        standing = ((id, each) for id, each in self.kept.items() if not each.removed)
        return {each.value.place: id for id, each in standing if each.value.place in places}

    async def listed(
        self, *, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Standing[T]]:
        found = [each for id, each in sorted(self.kept.items()) if id > after]
        return [e for e in found if not sites or e.value.site in sites][:limit]


class Topics:
    """Two sites."""

    async def sites(self) -> set[str]:
        return {"hagen", "lyon"}


@dataclass
class Fixture:
    """Targets and zones on stores in memory."""

    store: Store[Target] = field(default_factory=Store)
    rules: Store[Zone] = field(default_factory=Store)
    woken: int = 0

    def __post_init__(self) -> None:
        targets = Kind("target", target, target_record)
        zones = Kind("zone", zone, zone_record)
        self.targets = Wanted(targets, self.store, Topics(), written=self._wake)
        self.zones = Wanted(zones, self.rules, Topics(), written=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def target(self, id: str) -> Target:
        return self.store.kept[id].value


def rows(*contents: object) -> list[Row]:
    return [Row("hagen.yaml", n, "hagen", content) for n, content in enumerate(contents, 1)]


async def test_seeds_are_published_once() -> None:
    """Rows that say what is stored write nothing."""
    fixture = Fixture()

    first = await fixture.targets.seed(rows(row(1), row(2)))
    second = await fixture.targets.seed(rows(row(1), row(2, interval_s=5)))

    assert (first, second, fixture.woken) == (2, 1, 2)
    topics = [each.topic for each in fixture.store.published]
    assert topics == ["inventory.targets.hagen.v1"] * 3
    assert fixture.target("hagen/plc-2").interval_s == 5


async def test_a_bad_row_is_one_line_and_the_others_go_on() -> None:
    """The line names the file, the row, the field, the value and what was expected."""
    fixture = Fixture()

    with capture_logs() as logs:
        bad = [row(2, interval_s=-1), {**GOOD, "site": "paris"}, GOOD, GOOD]
        written = await fixture.targets.seed(rows(*bad))

    lines = [(log["row"], log["reason"]) for log in logs if log["event"] == "target_rejected"]
    assert written == 1
    assert [number for number, _ in lines] == [1, 2, 4]
    assert lines[0][1].startswith("interval_s: -1, expected")
    assert lines[1][1] == "site: 'paris', expected a site that has its topics: hagen, lyon"
    assert lines[2][1] == "target: 'hagen/plc-1', expected once in its site"


async def test_a_second_target_for_an_endpoint_is_refused_and_the_other_named() -> None:
    """Two collectors could own one each, and talk to one device at the same time."""
    fixture = Fixture()
    twin = row(1, target="twin")

    with capture_logs() as logs:
        written = await fixture.targets.seed(rows(row(1), twin))
    with pytest.raises(Taken, match=r"endpoint: is the one of target 'hagen/plc-1'"):
        await fixture.targets.put(twin | {"site": "hagen"})

    (line,) = [log for log in logs if log["event"] == "target_rejected"]
    assert (written, line["row"]) == (1, 2)
    assert "'hagen/plc-1'" in line["reason"]
    assert (await fixture.targets.put(twin | {"site": "lyon"}))[1]  # the same address, elsewhere


async def test_targets_that_move_one_after_the_other_all_move() -> None:
    """One takes the place that another of the same file leaves."""
    fixture = Fixture()
    await fixture.targets.seed(rows(row(1), row(2)))

    moved = await fixture.targets.seed(
        rows(row(1, endpoint=row(2)["endpoint"]), row(2, endpoint=row(3)["endpoint"]))
    )

    assert moved == 2
    assert fixture.target("hagen/plc-1").endpoint["port"] == 2


async def test_a_target_that_vanished_from_the_seeds_stays() -> None:
    """Only a person stops the reading of a target."""
    fixture = Fixture()
    await fixture.targets.seed(rows(GOOD))

    assert await fixture.targets.seed(rows()) == 0

    assert "hagen/plc-1" in fixture.store.kept


async def test_what_people_changed_since_a_file_was_read_stays() -> None:
    """A restart repeats no row: neither over a change, nor over a removal."""
    fixture = Fixture()
    await fixture.targets.seed(rows(row(1), row(2)))
    await fixture.targets.put(row(1, site="hagen", interval_s=60))
    await fixture.targets.remove("hagen/plc-2")

    assert await fixture.targets.seed(rows(row(1), row(2))) == 0

    assert fixture.target("hagen/plc-1").interval_s == 60
    assert fixture.store.kept["hagen/plc-2"].removed


async def test_a_new_row_is_taken_but_lifts_no_pause() -> None:
    """Who edits the file may not know why the device was stopped."""
    fixture = Fixture()
    await fixture.targets.seed(rows(GOOD))
    await fixture.targets.put({**GOOD, "site": "hagen", "envelope": PAUSE})

    await fixture.targets.seed(rows(GOOD | {"interval_s": 5}))

    assert fixture.target("hagen/plc-1").interval_s == 5
    assert fixture.target("hagen/plc-1").envelope == PAUSE


async def test_a_removed_target_is_a_tombstone_once() -> None:
    """The second time there is nothing to remove; a new row brings it back."""
    fixture = Fixture()
    await fixture.targets.seed(rows(GOOD))

    removed = [await fixture.targets.remove(f"hagen/{name}") for name in ("plc-1", "plc-1", "x")]

    assert removed == [True, False, False]
    gone = fixture.store.published[-1]
    assert (gone.topic, gone.key, gone.value) == (
        "inventory.targets.hagen.v1", b"hagen/plc-1", None,
    )  # fmt: skip
    assert (await fixture.targets.put(GOOD | {"site": "hagen"}))[1]
    assert not fixture.store.kept["hagen/plc-1"].removed


async def test_a_person_adds_a_target() -> None:
    """The first time it is written, the second time it is so already."""
    fixture = Fixture()

    results = [await fixture.targets.put({**GOOD, "site": "lyon"}) for _ in range(2)]

    assert [changed for _, changed in results] == [True, False]
    assert results[0][0].id == "lyon/plc-1"


async def test_what_belongs_to_a_site_without_topics_is_refused() -> None:
    """Its record could never be published, and would hold up all others."""
    fixture = Fixture()

    with pytest.raises(Invalid, match="site: 'paris'"):
        await fixture.targets.put({**GOOD, "site": "paris"})
    with pytest.raises(Invalid, match="site: 'paris'"):
        await fixture.zones.change("paris", "paris", lambda before: before or Zone("paris"))


async def test_a_zone_is_changed_on_what_stands() -> None:
    """A pause of a site whose rules somebody else has written meanwhile keeps those."""
    fixture = Fixture()
    await fixture.zones.seed(rows({"do_not_poll": ["127.0.0.9"]}))
    fixture.rules.lost_races = 2

    made = await fixture.zones.change(
        "hagen", "hagen", lambda before: patched(before or Zone("hagen"), {"envelope": PAUSE})
    )

    assert made == Zone("hagen", "", PAUSE, ("127.0.0.9",))
    assert fixture.rules.kept["hagen"].revision == 2


async def test_a_writer_that_loses_every_race_tries_again_later() -> None:
    """Retryable: nothing was lost, nothing is wrong."""
    fixture = Fixture()
    fixture.store.lost_races = TRIES

    with pytest.raises(Retryable, match="faster"):
        await fixture.targets.put(GOOD | {"site": "hagen"})


@given(st.lists(st.tuples(st.sampled_from(["put", "seed", "remove"]), *[st.integers(1, 3)] * 2)))
def test_whatever_is_done_one_endpoint_has_one_target_and_the_topic_says_so(
    orders: list[tuple[str, int, int]],
) -> None:
    """The last record of each key is what stands; no two that stand share a place."""
    fixture = Fixture()

    async def carry_out() -> None:
        for verb, name, port in orders:
            wanted = row(name, site="hagen", endpoint=row(port)["endpoint"])
            if verb == "remove":
                await fixture.targets.remove(f"hagen/plc-{name}")
            elif verb == "seed":
                await fixture.targets.seed(rows(wanted))
            else:
                try:
                    await fixture.targets.put(wanted)
                except Taken:
                    continue

    with capture_logs():
        asyncio.run(carry_out())

    said = {(r.key or b"").decode(): r.value for r in fixture.store.published}
    live = {id: each.value for id, each in fixture.store.kept.items() if not each.removed}
    places = [each.place for each in live.values()]
    assert len(set(places)) == len(places)
    assert {id for id, value in said.items() if value is not None} == set(live)


async def test_what_no_topic_takes_is_refused_at_once() -> None:
    """Its record could never be published, and would hold up the stop that someone orders next."""
    fixture = Fixture()
    many = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(100_000)]

    with pytest.raises(Invalid, match=r"zone: 1,\d{3},\d{3} bytes, expected at most 900,000"):
        await fixture.zones.put({"site": "hagen", "do_not_poll": many})
    with pytest.raises(Invalid, match="zone: "):
        await fixture.zones.change(
            "hagen", "hagen", lambda _: patched(Zone("hagen"), {"do_not_poll": many})
        )
    assert await fixture.zones.seed(rows({"do_not_poll": many}, {"path": "a"})) == 1
    assert [each.key for each in fixture.rules.published] == [b"hagen/a"]

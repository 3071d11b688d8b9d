"""The rows of a site's file."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.virtual_time import virtual_time

from isthmus.collector.handlers.desired import DesiredFile
from isthmus.collector.ports import SiteRows
from isthmus.runtime.errors import Rejected

PAUSED = {"paused": True, "reason": "maintenance"}


@dataclass
class Wanted:
    """Stands for targets and zones: what is wanted now, and each step to it."""

    targets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    zones: list[Mapping[str, Any]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    silent: tuple[str, ...] = ()
    """Their devices do not answer: whatever changes, their last request is waited for first."""

    async def want_target(
        self, partition: int, name: str, fields: Mapping[str, Any] | None
    ) -> None:
        self.steps.append(f"{'-' if fields is None else '+'}{name}")
        self.targets.pop(name, None)
        if name in self.silent:
            await asyncio.sleep(3)
        if fields is not None:
            if fields.get("profile") == "wrong":
                raise Rejected(f"{name}: profiles/wrong.yaml: registers: missing")
            self.targets[name] = fields

    def want_zones(self, zones: list[Mapping[str, Any]]) -> None:
        if any("gap" in zone for zone in zones):
            raise Rejected("zone hagen/x: gap: unknown")
        self.zones = zones


@dataclass
class Port:
    """One `want`."""

    want: Any


@pytest.fixture
def wanted() -> Wanted:
    """Nothing is wanted."""
    return Wanted()


@pytest.fixture
def desired(wanted: Wanted) -> DesiredFile:
    """The rows of the site hagen."""
    targets: Any = Port(wanted.want_target)
    zones: Any = Port(wanted.want_zones)
    return DesiredFile("hagen", targets, zones)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged as an error."""
    reasons: list[str] = []

    class Log:
        def error(self, event: str, *, reason: str) -> None:
            reasons.append(reason)

    monkeypatch.setattr("isthmus.collector.handlers.desired.log", Log())
    return reasons


def rows(*targets: Any, zones: tuple[Any, ...] = ()) -> SiteRows:
    """The rows of a file of which each row is a line."""
    return SiteRows(targets, zones, lambda part, row, text: f"hagen.yaml:{row + 1}: {text}")


def row(target: str, **fields: Any) -> dict[str, Any]:
    return {"target": target, "interval_s": 60, "profile": "p", "endpoint": {}, **fields}


async def test_what_is_no_longer_in_the_file_stops_before_anything_else_starts(
    desired: DesiredFile, wanted: Wanted
) -> None:
    """A target that was renamed must not be two connections to one device."""
    await desired.take(rows(row("a"), row("b")))
    wanted.steps.clear()
    await desired.take(rows(row("z"), row("a", interval_s=1)))
    assert wanted.steps == ["-hagen/b", "+hagen/z", "+hagen/a"]
    assert set(wanted.targets) == {"hagen/z", "hagen/a"}
    assert wanted.targets["hagen/a"]["interval_s"] == 1


@virtual_time
async def test_silent_devices_hold_up_no_other(desired: DesiredFile, wanted: Wanted) -> None:
    """Whatever a file changes takes effect in under five seconds, a pause above all."""
    wanted.silent = tuple(f"hagen/silent-{number}" for number in range(20))
    silent = [row(name.removeprefix("hagen/")) for name in wanted.silent]
    await desired.take(rows(*silent, row("z")))

    for change in ([], [row(each["target"], interval_s=5) for each in silent]):
        taking = asyncio.create_task(desired.take(rows(*change, row("z", envelope=PAUSED))))
        await asyncio.sleep(4)
        assert wanted.targets["hagen/z"].get("envelope") == PAUSED
        await taking
        await desired.take(rows(*silent, row("z")))


async def test_traps_are_heard_of_targets_that_the_file_wants_and_can_have(
    wanted: Wanted, said: list[str]
) -> None:
    """Not of a bad row, and no more of one that is gone."""
    heard: dict[str, Any] = {}
    targets: Any = Port(wanted.want_target)
    zones: Any = Port(wanted.want_zones)
    senders: Any = Port(heard.__setitem__)
    desired = DesiredFile("hagen", targets, zones, senders)
    await desired.take(rows(row("a"), row("b"), row("c")))
    assert heard == wanted.targets
    await desired.take(rows(row("a", interval_s=5), row("b", profile="wrong")))
    assert heard == {**wanted.targets, "hagen/b": None, "hagen/c": None}
    assert heard["hagen/a"]["interval_s"] == 5


async def test_rows_need_not_repeat_the_site(desired: DesiredFile, wanted: Wanted) -> None:
    """Targets and zones are of the collector's own site, unless they say another one."""
    await desired.take(rows(row("a"), zones=({"path": "e/s"}, {"site": "lyon"})))
    assert wanted.targets["hagen/a"]["site"] == "hagen"
    assert wanted.zones == [{"site": "hagen", "path": "e/s"}, {"site": "lyon"}]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("plc", "hagen.yaml:2: 'plc': expected a target with its fields"),
        ([{"password": "s3cret"}], "hagen.yaml:2: list: expected a target with its fields"),
        (row("b", intervall_s=5), "hagen.yaml:2: intervall_s: unknown field, expected one of site"),
        ({"profile": "p"}, "hagen.yaml:2: target: None: expected a name"),
        (row("a"), "hagen.yaml:2: target: 'a': stands in the file twice"),
        (row("b", profile="wrong"), "hagen.yaml:2: hagen/b: profiles/wrong.yaml: registers"),
    ],
)
async def test_a_bad_row_is_one_sentence_and_the_others_go_on(
    desired: DesiredFile, wanted: Wanted, said: list[str], bad: Any, reason: str
) -> None:
    """With file, line and field."""
    await desired.take(rows(row("a"), bad, row("c")))
    assert set(wanted.targets) == {"hagen/a", "hagen/c"}
    [sentence] = said
    assert sentence.startswith(reason)


async def test_a_row_that_turns_bad_stops_its_target(
    desired: DesiredFile, wanted: Wanted, said: list[str]
) -> None:
    """What is wanted of it cannot be done; it comes back when it is mended."""
    await desired.take(rows(row("a"), row("b")))
    await desired.take(rows(row("a", profil="x"), row("b", profile="wrong")))
    assert wanted.targets == {}
    assert len(said) == 2
    await desired.take(rows(row("a"), row("b")))
    assert set(wanted.targets) == {"hagen/a", "hagen/b"}


async def test_rules_that_cannot_be_understood_change_nothing_at_all(
    desired: DesiredFile, wanted: Wanted
) -> None:
    """They might forbid what the rest of the file wants."""
    await desired.take(rows(row("a")))
    wanted.steps.clear()
    paused = {"path": "e/s", "envelope": {"paused": True}}
    for zones, says in (
        (({"gap": 1},), "zone hagen/x: gap"),
        (("hagen/x",), "hagen.yaml:1: 'hagen/x': expected a zone"),
        ((paused, {}, {"path": "e/s"}), "hagen.yaml:3: path: 'e/s': stands in the file twice"),
        (({}, {"envelope": {}}), "hagen.yaml:2: path: '': stands in the file twice"),
    ):
        with pytest.raises(Rejected, match=says):
            await desired.take(rows(row("b"), zones=zones))
    assert wanted.steps == []
    assert set(wanted.targets) == {"hagen/a"}

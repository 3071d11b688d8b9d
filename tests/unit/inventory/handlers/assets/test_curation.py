"""What people ask for on assets."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from tests.unit.inventory.domain.world import report, serial
from tests.unit.inventory.memory import MemoryAssets, Service, run

from isthmus.inventory.domain.assets.model import Asset, ChangeKind, Status
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.domain.assets.vocabulary import FIELDS
from isthmus.inventory.domain.custom_fields import definition
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.curation import Asked, Curation, Outdated, Unknown, said_of
from isthmus.inventory.handlers.races import TRIES
from isthmus.inventory.ports.assets import Committed
from isthmus.runtime.errors import Retryable

MARA = Asked("mara", reason="as found on site")


@pytest.fixture
def service() -> Service:
    """A press that two sources describe, and a saw."""
    service = Service()
    run(service.take(
        report("press", 0, serial("1"), attributes={"name": "PRESS", "firmware": "3"}),
        report("scada", 0, serial("1"), device="Press"),
        report("saw", 0, serial("2"), attributes={"name": "SAW"}),
    ))  # fmt: skip
    return service


def _of(service: Service, source: str) -> Asset:
    return next(a for a in service.store.live.values() if source in a.sources)


def _sources(service: Service) -> list[tuple[str, ...]]:
    return sorted(asset.sources for asset in service.store.live.values())


def test_an_edit_is_kept_and_published(service: Service) -> None:
    """In the one form of its field, with who asked; null and nothing both take it back."""
    press = _of(service, "hagen/press")

    edited = run(
        service.curation.edit(press.id, {"name": " Press 1 ", "tags": ["B", "a"]}, None, MARA)
    )
    assert edited == _of(service, "hagen/press")
    assert (edited.attributes["name"], edited.attributes["tags"]) == ("Press 1", "a,b")
    assert {(c.field, c.cause.actor) for c in service.store.history[-2:]} == {
        ("name", "mara"), ("tags", "mara"),
    }  # fmt: skip
    assert service.topic.records[-1].topic == "inventory.changes.v1"

    back = run(service.curation.edit(press.id, {"name": None, "tags": ""}, None, MARA))
    assert back.fields() == press.fields()
    assert back.sources == press.sources


def test_a_found_asset_is_accepted_or_ignored(service: Service) -> None:
    """And that is history as any other field is."""
    saw = _of(service, "hagen/saw")

    for status in (Status.ACCEPTED, Status.IGNORED):
        assert run(service.curation.edit(saw.id, {}, status, MARA)).status is status
        assert service.store.history[-1].after == status.value


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"wheels": "4"}, "wheels", "no such field"),
        ({"wheels": None}, "wheels", "no such field"),
        ({"custom.": "4"}, "custom.", "no such field"),
        ({"custom." + "x" * 61: "4"}, "custom." + "x" * 61, "no such field"),
        ({"criticality": "vital"}, "criticality", "'vital', expected one of"),
        ({"purchase_price": "4.850,00"}, "purchase_price", "expected a decimal number"),
        ({"owner": ["a"]}, "owner", "expected a text"),
    ],
)
def test_a_wrong_edit_is_refused_and_nothing_is_written(
    service: Service, fields: dict[str, Any], field: str, says: str
) -> None:
    """One line that names the field, the value and what was expected."""
    versions = len(service.store.versions)

    with pytest.raises(Invalid, match=says) as refused:
        run(service.curation.edit(_of(service, "hagen/saw").id, fields, None, MARA))

    assert refused.value.field == field
    assert len(service.store.versions) == versions


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_said(name: str) -> None:
    """Its example is taken as it is."""
    assert said_of(name, FIELDS[name].example) == FIELDS[name].example


def test_nobody_edits_what_they_may_not_see(service: Service) -> None:
    """An asset of another site is unknown, and so is one that is not there."""
    saw = _of(service, "hagen/saw")
    asked = Asked("mara", frozenset({"lyon"}))

    for id, who in ((saw.id, asked), ("nothing", MARA)):
        with pytest.raises(Unknown, match=f"there is no asset '{id}'"):
            run(service.curation.edit(id, {"name": "x"}, None, who))
    allowed = Asked("mara", frozenset({"hagen"}))
    assert run(service.curation.edit(saw.id, {"name": "x"}, None, allowed)).revision == 2


def test_an_edit_of_an_older_revision_is_refused(service: Service) -> None:
    """What the caller has read is not what is there."""
    saw = _of(service, "hagen/saw")

    current = Asked("mara", revision=saw.revision)
    run(service.curation.edit(saw.id, {"name": "x"}, None, current))
    with pytest.raises(Outdated, match="revision 1, but it is 2 now"):
        run(service.curation.edit(saw.id, {"name": "y"}, None, current))


def test_two_assets_become_one_and_two_again(service: Service) -> None:
    """The first keeps its id; the other one gets everything back."""
    press, saw = _of(service, "hagen/press"), _of(service, "hagen/saw")

    both = run(service.curation.join(press.id, saw.id, MARA))
    assert both.sources == ("hagen/press", "hagen/saw", "hagen/scada/Press")
    assert service.store.holder(serial("2").id) == press.id

    back = run(service.curation.restore(saw.id, MARA))
    assert (back.id, back.sources, back.fields()) == (saw.id, saw.sources, saw.fields())
    assert _of(service, "hagen/press").fields() == press.fields()
    assert service.store.holder(serial("2").id) == saw.id
    kinds = [change.kind for change in service.store.history]
    assert (kinds.count(ChangeKind.MERGED), kinds.count(ChangeKind.SPLIT)) == (2, 2)


def test_the_revision_that_was_read_is_that_of_the_asset_that_stays(service: Service) -> None:
    """Whatever that of the other one is."""
    press, saw = _of(service, "hagen/press"), _of(service, "hagen/saw")
    run(service.curation.edit(saw.id, {"name": "x"}, None, MARA))

    with pytest.raises(Outdated):
        run(service.curation.join(press.id, saw.id, Asked("mara", revision=press.revision + 1)))
    asked = Asked("mara", revision=press.revision)
    assert run(service.curation.join(press.id, saw.id, asked)).id == press.id


def test_an_asset_is_not_joined_with_itself_or_with_nothing(service: Service) -> None:
    """In words."""
    saw = _of(service, "hagen/saw")

    with pytest.raises(Invalid, match="expected another asset"):
        run(service.curation.join(saw.id, saw.id, MARA))
    with pytest.raises(Unknown):
        run(service.curation.join(saw.id, "nothing", MARA))


def test_an_asset_of_another_site_is_not_joined(service: Service) -> None:
    """Both ends are the caller's, or neither."""
    press, saw = _of(service, "hagen/press"), _of(service, "hagen/saw")

    with pytest.raises(Unknown):
        run(service.curation.join(press.id, saw.id, Asked("mara", frozenset({"lyon"}))))


def test_some_sources_become_an_asset_of_their_own_and_stay_so(service: Service) -> None:
    """Although they go on to bring the same serial number."""
    press = _of(service, "hagen/press")

    heir = run(service.curation.part(press.id, ["hagen/scada/Press"], MARA))
    run(service.take(
        report("press", 10, serial("1")), report("scada", 10, serial("1"), device="Press")
    ))  # fmt: skip

    assert _of(service, "hagen/scada/Press").id == heir.id != press.id
    assert _sources(service) == [("hagen/press",), ("hagen/saw",), ("hagen/scada/Press",)]


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (["hagen/saw"], "['hagen/saw'], expected some of hagen/press, hagen/scada/Press"),
        ([], "none, expected some of"),
        (["hagen/press", "hagen/scada/Press"], "expected at least one to stay"),
    ],
)
def test_only_some_of_its_own_sources_can_be_parted(
    service: Service, sources: list[str], says: str
) -> None:
    """With those that it has."""
    with pytest.raises(Invalid) as refused:
        run(service.curation.part(_of(service, "hagen/press").id, sources, MARA))

    assert refused.value.field == "sources"
    assert says in refused.value.reason


def test_only_what_was_merged_can_be_restored(service: Service) -> None:
    """Neither a living asset nor one that never was, nor twice."""
    press, saw = _of(service, "hagen/press"), _of(service, "hagen/saw")
    run(service.curation.join(press.id, saw.id, MARA))
    run(service.curation.restore(saw.id, MARA))

    for id in (press.id, saw.id, "nothing"):
        with pytest.raises(Unknown, match=r"no asset .* was merged"):
            run(service.curation.restore(id, MARA))


def test_a_merge_that_reports_made_can_be_undone_too(service: Service) -> None:
    """And is not made again by the next report."""
    saw = _of(service, "hagen/saw")
    run(service.take(report("scada", 10, serial("1"), device="Press")))
    run(service.take(report("mill", 10, attributes={"name": "MILL"})))
    mill = _of(service, "hagen/mill")
    run(service.take(report("mill", 20, serial("2"))))
    assert _of(service, "hagen/mill").id == saw.id

    run(service.curation.restore(mill.id, MARA))
    run(service.take(report("mill", 30, serial("2")), report("saw", 30, serial("2"))))

    assert _of(service, "hagen/mill").id == mill.id
    assert _of(service, "hagen/saw").id == saw.id


def test_an_asset_whose_place_was_taken_can_be_joined_and_restored(service: Service) -> None:
    """Although no source describes it any more."""
    old = _of(service, "hagen/saw")
    run(service.take(report("saw", 10, serial("3"))))
    left = service.store.live[old.id]
    assert left.sources == ()
    new = _of(service, "hagen/saw")

    run(service.curation.join(new.id, old.id, MARA))
    back = run(service.curation.restore(old.id, MARA))

    assert back.fields() == left.fields()
    assert (back.sources, back.keys) == ((), left.keys)


@dataclass
class Busy(MemoryAssets):
    """A store in which others are always faster."""

    async def commit(self, steps: Any) -> Committed:
        return Committed(complete=False)


def test_races_without_end_are_told_to_the_caller() -> None:
    """The same request may succeed later."""
    service = Service()
    run(service.take(report("saw", 0, serial("2"))))
    busy = Service(Busy(claims=service.store.claims, documents=service.store.documents))

    with pytest.raises(Retryable, match=f"{TRIES} times in a row"):
        run(busy.curation.edit(_of(busy, "hagen/saw").id, {"name": "x"}, None, MARA))


def test_another_policy_holds_for_edits_too(service: Service) -> None:
    """An operator's word counts where the policy lets it."""
    service.curation.policy = Policy({"firmware": ("operator",)})
    press = _of(service, "hagen/press")

    edited = run(service.curation.edit(press.id, {"firmware": "9"}, None, MARA))

    assert edited.attributes["firmware"] == "9"


OWN = {
    f"custom.{name}": definition(name, row)
    for name, row in {
        "power": {"type": "number", "required": True},
        "hall": {"sites": ["lyon"]},
        "strokes": {"type": "number", "classes": ["press"]},
        "spare": {"type": "reference"},
    }.items()
}


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"custom.power": "7 kW"}, "custom.power", "'7 kW', expected a decimal number"),
        ({"custom.power": None}, "custom.power", "empty, expected a value: the field is required"),
        ({"custom.hall": "2"}, "custom.hall", "the asset stands on hagen, expected one of lyon"),
        ({"custom.strokes": "2"}, "custom.strokes", "class is unknown, expected one of press"),
        ({"custom.spare": str(uuid.UUID(int=7))}, "custom.spare", "expected the id of an asset"),
        ({"custom.A": "x"}, "custom.A", "no such field"),
    ],
)
def test_a_custom_field_is_checked_by_its_definition(
    service: Service, fields: dict[str, object], field: str, reason: str
) -> None:
    """The value, the site and class of the asset, and what it refers to; nothing is written."""
    saw = _of(service, "hagen/saw")
    curation = Curation(service.store, service.store, service.commits, lambda: OWN)

    with pytest.raises(Invalid, match=reason) as raised:
        run(curation.edit(saw.id, {"location": "hall 2", **fields}, None, MARA))

    assert raised.value.field == field
    assert _of(service, "hagen/saw") == saw


def test_a_custom_field_takes_what_fits_it(service: Service) -> None:
    """Of the class that the same edit says, and of an asset that the caller sees."""
    saw, press = _of(service, "hagen/saw"), _of(service, "hagen/press")
    curation = Curation(service.store, service.store, service.commits, lambda: OWN)
    said = {"class": "press", "custom.strokes": "1E+2", "custom.spare": press.id}

    edited = run(curation.edit(saw.id, said, None, MARA))

    assert edited.attributes["custom.strokes"] == "100"
    assert edited.attributes["custom.spare"] == press.id

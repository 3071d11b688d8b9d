"""Messages from and to the domain."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.protobuf.json_format import MessageToDict

from isthmus.assets.v1 import asset_pb2, change_pb2
from isthmus.inventory.domain.ledger import NOBODY, Removal, Write
from isthmus.inventory.domain.model import (
    ATTRIBUTES,
    Asset,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Report,
    Tier,
    described,
    view,
)
from isthmus.inventory.handlers import records
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

AT = datetime(2026, 3, 1, 12, 0, 0, 250_700, tzinfo=UTC)
ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
KEY = Key(Tier.UNIQUE, "global", "serial", "siemens/1")
REPORT = Report(
    ID, "hagen", "plc", "unit-1", "x/hagen", AT, Reachability.ONLINE, Health.OFF_SPEC, "fan=3",
    (KEY,), {"class": "plc", "vendor": "Siemens"},
)  # fmt: skip


def message() -> report_pb2.Report:
    return report_pb2.Report(
        id=ID,
        site="hagen",
        target="plc",
        device="unit-1",
        path="x/hagen",
        observed_at=AT,
        reachability=report_pb2.REACHABILITY_ONLINE,
        health=report_pb2.HEALTH_OFF_SPEC,
        health_reason="fan=3",
        keys=[
            report_pb2.IdentityKey(
                tier=report_pb2.KEY_TIER_UNIQUE, scope="global", kind="serial", value="siemens/1"
            )
        ],
        attributes=[
            report_pb2.Attribute(name="class", value="plc"),
            report_pb2.Attribute(name="vendor", value="Siemens", raw="SIEMENS AG"),
            report_pb2.Attribute(name="location", value="hall 3"),
        ],
    )


def asset() -> Asset:
    return described(Asset("a", AT, AT, revision=3), [view(REPORT, None)])


def test_a_report_is_read_field_by_field() -> None:
    """Times to the millisecond that the store keeps; attributes that no asset has are left."""
    assert records.report(message()) == replace(REPORT, observed_at=AT.replace(microsecond=250_000))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("id", "seven", "Report.id: 'seven', expected a UUID"),
        ("reachability", 77, "Report.reachability: 77, expected"),
        ("health", 77, "Report.health: 77, expected"),
    ],
)
def test_a_report_with_a_wrong_field_is_rejected(field: str, value: object, says: str) -> None:
    """With the field, its value and what was expected."""
    wrong = message()
    setattr(wrong, field, value)

    with pytest.raises(Rejected, match=says):
        records.report(wrong)


def test_every_attribute_that_an_asset_has_is_kept_and_published() -> None:
    """From the report's attributes through the domain to the asset's fields."""
    said = message()
    del said.attributes[:]
    said.attributes.extend(report_pb2.Attribute(name=n, value=f"a {n}") for n in ATTRIBUTES)

    shown = records.asset_message(described(asset(), [view(records.report(said), None)]))

    assert {n: getattr(shown, n) for n in ATTRIBUTES} == {n: f"a {n}" for n in ATTRIBUTES}


@pytest.mark.parametrize(("kind", "is_part"), [("PART_OF", True), ("BEHIND", False)])
def test_a_part_is_told_from_a_device_behind_its_endpoint(kind: str, is_part: bool) -> None:
    """For the endpoint of a part is a device too, and no mere way to others."""
    said = message()
    assert not records.report(said).part
    said.relation.CopyFrom(report_pb2.Relation(kind=f"RELATION_KIND_{kind}"))

    assert records.report(said).part is is_part


def test_a_report_without_its_time_is_rejected() -> None:
    """Without it nothing can be put in order."""
    wrong = message()
    wrong.ClearField("observed_at")

    with pytest.raises(Rejected, match="observed_at"):
        records.report(wrong)


def test_a_report_with_half_a_key_is_rejected() -> None:
    """An empty value would make one asset of every device that has none."""
    wrong = message()
    wrong.keys[0].value = ""

    with pytest.raises(Rejected, match=r"Report\.keys: "):
        records.report(wrong)


def test_a_written_asset_publishes_its_version_and_its_history() -> None:
    """Version first, each under the asset's id, ids deterministic, the trace passed on."""
    change = Change("a", ChangeKind.CHANGED, REPORT, "firmware", "1", "2")
    write = Write(None, asset(), (change,), REPORT)

    version, history = records.written(write, b"00-trace")

    said = asset_pb2.Asset.FromString(version.value or b"")
    assert (version.topic, version.key) == ("inventory.assets.v1", b"a")
    assert dict(version.headers)["ce_id"] == b"a/3"
    assert dict(version.headers)["traceparent"] == b"00-trace"
    assert MessageToDict(said)["class"] == "plc"
    assert MessageToDict(said)["health"] == "HEALTH_OFF_SPEC"
    assert list(said.keys) == ["global|serial|siemens/1"]
    told = change_pb2.Change.FromString(history.value or b"")
    assert (history.topic, history.key) == ("inventory.changes.v1", b"a")
    assert dict(history.headers)["ce_id"] == told.id.encode() == change.id.encode()
    assert (told.kind, told.field) == (change_pb2.CHANGE_KIND_CHANGED, "firmware")
    assert told.source == "hagen/plc/unit-1"


@pytest.mark.parametrize("health", Health)
@pytest.mark.parametrize("reachability", Reachability)
def test_every_state_has_its_word_on_the_topic(health: Health, reachability: Reachability) -> None:
    """No state of the domain is unknown to the message."""
    made = records.asset_message(replace(asset(), health=health, reachability=reachability))

    assert report_pb2.Reachability.Name(made.reachability) == f"REACHABILITY_{reachability.name}"
    assert (made.health == report_pb2.HEALTH_UNSPECIFIED) == (health is Health.UNKNOWN)


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_of_change_has_its_word_on_the_topic(kind: ChangeKind) -> None:
    """Also that of an asset that is gone."""
    change = Change("a", kind, REPORT)

    _, history = records.removed(Removal(asset(), NOBODY, (change,), REPORT), None)

    told = change_pb2.Change.FromString(history.value or b"")
    assert change_pb2.ChangeKind.Name(told.kind) == f"CHANGE_KIND_{kind.name}"


def test_a_removed_asset_publishes_its_tombstone() -> None:
    """Readers of the compacted topic forget it."""
    (gone,) = records.removed(Removal(asset(), "b", (), REPORT), None)

    assert (gone.topic, gone.key, gone.value) == ("inventory.assets.v1", b"a", None)

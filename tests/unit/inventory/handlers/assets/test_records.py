"""Messages from and to the domain."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.protobuf.json_format import MessageToDict

from isthmus.assets.v1 import asset_pb2, change_pb2
from isthmus.inventory.domain.assets.model import (
    Asset,
    Cause,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Relation,
    Report,
    Said,
    Status,
    Tier,
    cause,
    view,
)
from isthmus.inventory.domain.assets.plan import NOBODY, Removal, Write
from isthmus.inventory.domain.assets.precedence import described
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Kind, Origin
from isthmus.inventory.handlers.assets import records
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

AT = datetime(2026, 3, 1, 12, 0, 0, 250_700, tzinfo=UTC)
ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
KEY = Key(Tier.UNIQUE, "global", "serial", "siemens/1")
REPORT = Report(
    ID, "hagen", "plc", "unit-1", "x/hagen", AT, Reachability.ONLINE, Health.OFF_SPEC, "fan=3",
    (KEY,), {
        "class": Said("plc", 1.0), "vendor": Said("Siemens", 0.9, "fc43:VendorName", "SIEMENS"),
    },
)  # fmt: skip
CAUSE = cause(REPORT)


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
            report_pb2.Attribute(name="class", value="plc", confidence=1),
            report_pb2.Attribute(
                name="vendor", value="Siemens", raw="SIEMENS", rule="fc43:VendorName",
                confidence=0.9,
            ),
            report_pb2.Attribute(name="wheels", value="4", confidence=1),
        ],
    )  # fmt: skip


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


def test_a_report_with_an_amount_that_is_no_number_is_rejected() -> None:
    """What finance adds up must be a number, whoever says it."""
    wrong = message()
    wrong.attributes.add(name="purchase_price", value="4.850,00")

    with pytest.raises(Rejected, match=r"Report.attributes.purchase_price: '4.850,00', expected"):
        records.report(wrong)


def test_every_field_that_an_asset_has_is_kept_and_published() -> None:
    """From the report's attributes through the domain to the asset's fields."""
    said = message()
    numbers = {name for name, field in FIELDS.items() if field.kind is Kind.NUMBER}
    texts = {name: "7.50" if name in numbers else f"a {name}" for name in FIELDS}
    del said.attributes[:]
    said.attributes.extend(
        report_pb2.Attribute(name=n, value=text, confidence=1)
        for n, text in {**texts, "custom.cabinet": "7"}.items()
    )

    shown = records.asset_message(described(asset(), [view(records.report(said), None)]))

    single = [name for name, field in FIELDS.items() if field.kind is not Kind.TAGS]
    assert {n: getattr(shown, n) for n in single} == {n: texts[n] for n in single}
    assert list(shown.tags) == ["a tags"]
    assert dict(shown.custom) == {"cabinet": "7"}


def test_what_an_asset_is_reached_through_is_published() -> None:
    """By the names of its sources; each once, of all its views."""
    behind = Relation("behind", "hagen/gw", "unit 1")
    views = [
        view(replace(REPORT, device=device, relation=relation), None)
        for device, relation in (("unit-1", behind), ("unit-2", behind), ("", None))
    ]

    assert list(records.asset_message(described(asset(), views)).upstream) == ["hagen/gw"]


def test_tags_are_published_word_by_word() -> None:
    """None at all where there are none."""
    tagged = replace(asset(), attributes={"tags": "line-1,retrofit"})

    assert list(records.asset_message(tagged).tags) == ["line-1", "retrofit"]
    assert list(records.asset_message(asset()).tags) == []


@pytest.mark.parametrize(
    ("protocol", "origin"),
    [("import", Origin.IMPORT), ("modbus", Origin.DEVICE), ("", Origin.DEVICE)],
)
def test_a_row_of_the_books_is_told_from_a_device(protocol: str, origin: Origin) -> None:
    """By the protocol word."""
    said = message()
    said.protocol = protocol

    assert records.report(said).origin is origin


@pytest.mark.parametrize(
    ("device", "source"), [("", "hagen/plc"), ("chassis", "hagen/plc/chassis")]
)
def test_a_relation_names_the_source_of_the_other_one(device: str, source: str) -> None:
    """With the place that it has there."""
    said = message()
    said.relation.CopyFrom(
        report_pb2.Relation(kind="RELATION_KIND_PART_OF", device=device, position="slot 3")
    )

    assert records.report(said).relation == Relation("part_of", source, "slot 3")
    assert records.report(message()).relation is None


@pytest.mark.parametrize(
    "measured",
    [
        lambda m: setattr(m, "id", str(uuid.uuid4())),
        lambda m: m.observed_at.GetCurrentTime(),
        lambda m: m.value.append(3.5),
        lambda m: setattr(m, "interval_s", 9),
        lambda m: setattr(m, "catalog", "other"),
        lambda m: m.sightings.SetInParent(),
    ],
)
def test_what_a_device_measures_and_when_is_nothing_new(
    measured: Callable[[report_pb2.Report], None],
) -> None:
    """Two reads that say the same have one digest."""
    later = message()
    measured(later)

    assert records.digest(later) == records.digest(message())


@pytest.mark.parametrize(
    "changed",
    [
        lambda m: setattr(m, "reachability", report_pb2.REACHABILITY_OFFLINE),
        lambda m: setattr(m, "health_reason", "fan=4"),
        lambda m: setattr(m, "path", "x/hagen/hall"),
        lambda m: setattr(m, "device", "unit-2"),
        lambda m: m.keys.add(tier="KEY_TIER_WEAK", scope="hagen", kind="hostname", value="p"),
        lambda m: setattr(m.attributes[0], "value", "rtu"),
        lambda m: setattr(m.attributes[1], "confidence", 0.5),
        lambda m: m.relation.SetInParent(),
    ],
)
def test_whatever_else_a_device_says_is_news(
    changed: Callable[[report_pb2.Report], None],
) -> None:
    """Nothing that an asset shows is missed."""
    later = message()
    changed(later)

    assert records.digest(later) != records.digest(message())


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
    change = Change("a", ChangeKind.CHANGED, CAUSE, "firmware", "1", "2")
    write = Write(None, asset(), (change,), CAUSE)

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
    assert (told.source, told.report_id, told.actor) == ("hagen/plc/unit-1", ID, "")
    assert records.published(write, b"00-trace") == [version, history]


def test_what_a_person_changed_says_who_and_why() -> None:
    """On the topic as in the history."""
    asked = Cause(ID, AT, "hagen", "operator", "mara")
    change = Change("a", ChangeKind.SPLIT, asked, "", "a", "b", "a cloned serial number")

    _, history = records.published(Removal(asset(), NOBODY, (change,), asked), None)

    told = change_pb2.Change.FromString(history.value or b"")
    assert (told.source, told.actor) == ("operator", "mara")
    assert (told.before, told.after, told.evidence) == ("a", "b", "a cloned serial number")


@pytest.mark.parametrize("status", Status)
def test_every_status_is_published(status: Status) -> None:
    """So that alarms of an ignored asset can stay silent."""
    assert records.asset_message(replace(asset(), status=status)).status == status.value


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
    change = Change("a", kind, CAUSE)

    _, history = records.removed(Removal(asset(), NOBODY, (change,), CAUSE), None)

    told = change_pb2.Change.FromString(history.value or b"")
    assert change_pb2.ChangeKind.Name(told.kind) == f"CHANGE_KIND_{kind.name}"


def test_a_removed_asset_publishes_its_tombstone() -> None:
    """Readers of the compacted topic forget it."""
    (gone,) = records.removed(Removal(asset(), "b", (), CAUSE), None)

    assert (gone.topic, gone.key, gone.value) == ("inventory.assets.v1", b"a", None)

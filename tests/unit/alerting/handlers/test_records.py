"""Between protobuf and the domain."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.alarms.v1.alarm_pb2 import Alarm as AlarmMessage
from isthmus.alarms.v1.alarm_pb2 import AlarmState, Priority
from isthmus.alarms.v1.transition_pb2 import Transition as TransitionMessage
from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarm import Alarm, Condition, Kind, State, Transition
from isthmus.alerting.handlers.records import HEALTH, REACHABILITY, outbox, reading
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.report_pb2 import Health, Quality, Reachability, Relation, Report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm(
    "id", "hot", "hagen/t", "hagen", "p", "critical", "Look.", "temperature", 0,
    condition=Condition.ACTIVE, unacknowledged=True, message="85", value=85, unit="Cel",
    raised_at=NOW, seq=1, revision=3,
)  # fmt: skip


def test_the_words_are_those_of_the_platform() -> None:
    """Unspecified is unknown."""
    assert set(HEALTH.values()) == {
        "normal", "failure", "check_function", "off_spec", "maintenance_required", "unknown",
    }  # fmt: skip
    assert set(REACHABILITY.values()) == {
        "online", "degraded", "offline", "not_asked", "unknown",
    }  # fmt: skip


def test_a_report_is_read_in_the_platform_s_words() -> None:
    """The source is the report's key; a device behind an endpoint is a source of its own."""
    report = Report(
        site="hagen", target="gw", device="unit-3", reachability=Reachability.REACHABILITY_DEGRADED,
        health=Health.HEALTH_OFF_SPEC, metric=["t"], value=[1.5], unit=["Cel"],
    )  # fmt: skip
    read = reading(report)

    assert (read.source, read.reachability, read.health) == (
        "hagen/gw/unit-3",
        "degraded",
        "off_spec",
    )
    assert (list(read.metric), list(read.value), list(read.unit)) == (["t"], [1.5], ["Cel"])
    assert reading(Report(site="hagen", target="gw")).source == "hagen/gw"


def test_only_good_values_are_measurements() -> None:
    """Bad and doubtful ones are not there for the rules; no quality means that all are good."""
    report = Report(
        site="s", target="t", metric=["a", "b", "c", "d"], value=[1, 2, 3, 4], unit=["Cel"] * 4
    )
    assert len(reading(report).metric) == 4
    report.quality.extend(
        [
            Quality.QUALITY_BAD,
            Quality.QUALITY_GOOD,
            Quality.QUALITY_UNCERTAIN,
            Quality.QUALITY_UNSPECIFIED,
        ]
    )
    read = reading(report)

    assert (list(read.metric), list(read.value), list(read.unit)) == (["b"], [2], ["Cel"])


def test_qualities_that_do_not_stand_beside_the_values_are_rejected() -> None:
    """Nobody could say which value is the bad one."""
    report = Report(metric=["a", "b"], value=[1, 2], unit=["1", "1"], quality=["QUALITY_GOOD"])

    with pytest.raises(Rejected, match=r"Report\.quality: 1 entries, expected 2, one for each"):
        reading(report)


@pytest.mark.parametrize(
    ("kind", "is_part"),
    [
        ("RELATION_KIND_PART_OF", True),
        ("RELATION_KIND_PERIPHERAL_OF", True),
        ("RELATION_KIND_INSTALLED_ON", True),
        ("RELATION_KIND_BEHIND", False),
        ("RELATION_KIND_EXPOSED_BY", False),
    ],
)
def test_a_part_is_told_from_a_device_that_is_asked_by_itself(kind: str, is_part: bool) -> None:
    """A module answers with its chassis, a unit behind a gateway for itself."""
    assert reading(Report(site="s", target="t", relation=Relation(kind=kind))).part is is_part
    assert not reading(Report(site="s", target="t")).part


def test_a_word_of_a_newer_version_is_unknown() -> None:
    """An enum grows; an older consumer goes on."""
    report = Report(site="s", target="t")
    report.MergeFromString(b"\x58\x63")  # field 11, health: 99

    assert reading(report).health == "unknown"


@pytest.mark.parametrize("nanos", [123_999_000, 123_000_000, 123_456_789])
def test_times_are_read_as_the_store_keeps_them(nanos: int) -> None:
    """Else a replay would be later than what is stored of it."""
    report = Report(site="s", target="t", observed_at=Timestamp(seconds=1_767_225_600, nanos=nanos))

    assert reading(report).at == NOW.replace(microsecond=123_000)


def test_an_alarm_is_published_whole() -> None:
    """With each of its transitions before it."""
    step = Transition(1, Kind.RAISED, State.UNACKNOWLEDGED, NOW, "", "", 85, "Cel")
    first, second = outbox(ALARM, (step,), b"00-trace")
    transition = TransitionMessage.FromString(first.value or b"")
    alarm = AlarmMessage.FromString(second.value or b"")

    assert transition.kind == TransitionKind.TRANSITION_KIND_RAISED
    assert (transition.alarm_id, transition.seq, transition.site) == ("id", 1, "hagen")
    assert alarm.state == AlarmState.ALARM_STATE_UNACKNOWLEDGED
    assert alarm.priority == Priority.PRIORITY_CRITICAL
    assert (alarm.condition, alarm.value, alarm.unit) == ("temperature", 85, "Cel")
    assert alarm.raised_at.ToDatetime(UTC) == NOW
    assert not alarm.HasField("cleared_at")


def test_an_alarm_that_was_never_raised_is_nobody_s_business() -> None:
    """A delay that runs is not on the topic."""
    pending = replace(ALARM, seq=0, raised_at=None, condition=Condition.PENDING_ON)

    assert list(outbox(pending, (), None)) == []

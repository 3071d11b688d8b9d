"""The messages are a contract: bytes of every released version are still understood."""

from pathlib import Path

import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

import isthmus.alarms.v1.alarm_pb2
import isthmus.alarms.v1.maintenance_pb2
import isthmus.alarms.v1.rule_pb2
import isthmus.alarms.v1.transition_pb2
import isthmus.assets.v1.asset_pb2
import isthmus.assets.v1.change_pb2
import isthmus.telemetry.v1.discovery_pb2
import isthmus.telemetry.v1.envelope_pb2
import isthmus.telemetry.v1.observation_pb2
import isthmus.telemetry.v1.report_pb2
import isthmus.telemetry.v1.target_pb2
import isthmus.telemetry.v1.touches_pb2
import isthmus.telemetry.v1.unrecognised_pb2  # noqa: F401  (imports put the messages into the pool)
from isthmus.runtime.registry import registry

SAMPLES = Path(__file__).parents[2] / "proto" / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.bin"))


def message_class(name: str) -> type[Message]:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)


@pytest.mark.parametrize("name", NAMES)
def test_bytes_that_were_once_published_are_still_understood(name: str) -> None:
    """A renumbered, retyped or removed field changes what the kept bytes mean."""
    message = message_class(name).FromString((SAMPLES / f"{name}.bin").read_bytes())

    expected = json_format.Parse((SAMPLES / f"{name}.json").read_text(), message_class(name)())

    assert message == expected
    assert len(UnknownFieldSet(message)) == 0


def test_every_message_on_a_topic_has_a_sample() -> None:
    """Another team's decoder can be tried without our services."""
    on_topics = {t.sample for t in registry().values() if t.sample is not None}

    assert on_topics == set(NAMES)
    assert all(t.message == t.sample for t in registry().values() if t.sample is not None)

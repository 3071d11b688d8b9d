"""What inventory takes from people is just what the collectors take from inventory."""

from dataclasses import fields

import pytest

from isthmus.collector.domain import discovery as running
from isthmus.collector.domain import envelope as collectors
from isthmus.inventory.api.assets.models import EnvelopeModel, WindowModel
from isthmus.inventory.domain.polling import discovery, envelope
from isthmus.telemetry.v1 import envelope_pb2 as pb


def test_each_limit_has_the_same_name_everywhere() -> None:
    """Message, collector, inventory and API."""
    names = set(pb.Envelope.DESCRIPTOR.fields_by_name)

    assert {field.name for field in fields(collectors.Envelope)} == names
    assert set(envelope._CHECKS) == names
    assert set(EnvelopeModel.model_fields) == names
    window = set(pb.Window.DESCRIPTOR.fields_by_name)
    assert {field.name for field in fields(collectors.Window)} == window
    assert set(WindowModel.model_fields) == set(envelope.WINDOW) == window


def test_each_limit_has_the_same_range_everywhere() -> None:
    """What a person may write is not refused behind his back."""
    assert dict(collectors.RANGES) == {**envelope.COUNTS, **envelope.NUMBERS}
    assert sorted(envelope.CONNECTIONS) == sorted(collectors.CONNECTION)
    assert envelope.DAYS == collectors.DAYS


def test_a_job_has_the_same_limits_everywhere() -> None:
    """A collector does not trust the topic with how much it may send."""
    assert discovery.ADDRESSES_MAX == running.ADDRESSES_MAX
    assert discovery.REQUESTS_PER_S_MAX == running.REQUESTS_PER_S_MAX


@pytest.mark.parametrize("network", ["127.0.0.0/28", "127.0.0.4/30", "127.0.0.6/31", "::8/125"])
def test_hosts_are_counted_alike(network: str) -> None:
    """Progress is shown against the number that the collector goes through."""
    said = discovery._network("ranges", network)

    assert discovery.hosts(said) == running._hosts(said)

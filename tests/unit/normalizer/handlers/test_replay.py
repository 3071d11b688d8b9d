"""What another catalogue would change, before it is merged."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.normalizer.catalogue import small
from tests.unit.normalizer.handlers.bench import AT_S, observation, plain

from isthmus.normalizer.domain.catalog import Catalog, Vendor
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.replay import Replay
from isthmus.telemetry.v1.observation_pb2 import Observation

ACME = replace(small(), vendors=(*small().vendors, Vendor("Acme")))
PUMP = plain(VendorName="Acme", ProductCode="P-7", serial_number="SN4711")


def log(*messages: Observation | None) -> list[Any]:
    """Records of the log."""
    return [
        SimpleNamespace(
            key=b"k", value=message and message.SerializeToString(), headers=[], topic="t",
            partition=0, offset=n,
        )
        for n, message in enumerate(messages)
    ]  # fmt: skip


def compared(after: Catalog, *messages: Observation | None) -> Replay:
    """What a catalogue makes of messages, beside the small one."""
    replay = Replay(Normalizer(small()), Normalizer(after))
    replay.take(log(*messages))
    return replay


def test_the_same_catalogue_changes_nothing() -> None:
    """A replay is the same each time."""
    replay = compared(small(), observation(devices=[PUMP]), observation())

    assert replay.changes == {}
    assert list(replay.lines()) == [
        "0 of 2 sources would change (nothing); 2 observations, 0 of them rejected"
    ]


def test_a_change_names_source_attribute_and_keys() -> None:
    """What inventory would make of it: another vendor, one more key."""
    pump = observation(devices=[plain(**{"ManufacturerUri": "https://acme.example/x"})], target="p")
    ours = replace(small(), vendors=(*small().vendors, Vendor("Acme", uris=("acme.example",))))

    replay = compared(ours, pump, observation(devices=[PUMP], target="q"))

    assert replay.changes == {
        "hagen/p": ("vendor '' -> 'Acme'",),
        "hagen/q": ("key + unique global|serial|acme/SN4711",),
    }
    assert list(replay.lines()) == [
        "hagen/p", "  vendor '' -> 'Acme'",
        "hagen/q", "  key + unique global|serial|acme/SN4711",
        "2 of 2 sources would change (key 1, vendor 1); 2 observations, 0 of them rejected",
    ]  # fmt: skip


def test_the_last_observation_of_a_source_counts() -> None:
    """What it said before is history."""
    plug = observation(devices=[plain(VendorName="WAGO")])

    assert compared(ACME, observation(devices=[PUMP]), plug).changes == {}
    assert compared(ACME, plug, observation(devices=[PUMP])).changes != {}


def test_silence_is_no_change() -> None:
    """Who does not answer says nothing of who it is."""
    away = observation(outcome="OUTCOME_TIMEOUT", devices=[])

    replay = compared(ACME, observation(devices=[PUMP]), away)

    assert list(replay.changes) == ["hagen/bus"]


@pytest.mark.parametrize(("turned", "word"), [(False, "part disappears"), (True, "part appears")])
def test_a_part_that_only_one_catalogue_knows_is_told(turned: bool, word: str) -> None:
    """It would come to be, or go stale."""
    module = {
        "outcome": "OUTCOME_OK", "fact": ["entPhysicalSerialNum.7"], "text": ["JAE2447"],
        "point": ["entPhysicalClass.7"], "value": [9.0], "unit": ["1"],
    }  # fmt: skip
    without = replace(small(), parts=())
    before, after = (without, small()) if turned else (small(), without)
    replay = Replay(Normalizer(before), Normalizer(after))

    replay.take(log(observation(protocol="snmp", devices=[module])))

    assert replay.changes == {"hagen/bus/module-7": (word,)}


def test_what_is_rejected_is_counted_and_what_is_no_picture_is_left_out() -> None:
    """A replay goes on over poison, tombstones and traps."""
    wrong: Any = SimpleNamespace(
        key=b"k", value=b"\xff", headers=[], topic="t", partition=0, offset=9
    )
    trap = observation(trigger="TRIGGER_NOTIFICATION")
    replay = compared(ACME, None, trap, observation(outcome=9))
    replay.take([wrong])

    assert list(replay.lines()) == [
        "0 of 0 sources would change (nothing); 4 observations, 2 of them rejected"
    ]


def test_a_period_may_be_taken_in_pieces() -> None:
    """The log comes in batches."""
    whole = [observation(devices=[PUMP], observed_at={"seconds": AT_S + n}) for n in range(6)]
    pieces = Replay(Normalizer(small()), Normalizer(ACME))
    for message in whole:
        pieces.take(log(message))

    assert list(pieces.lines()) == list(compared(ACME, *whole).lines())

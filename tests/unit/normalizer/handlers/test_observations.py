"""Observations as the domain reads them."""

import pytest
from tests.unit.normalizer.handlers.bench import AT_S, observation

from isthmus.normalizer.domain.observation import Outcome
from isthmus.normalizer.handlers import observations
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation


def test_all_of_a_message_is_read() -> None:
    """In columns, as it was sent."""
    seen = observations.observation(observation(profile="wago-pfc", error="half"))

    assert (seen.site, seen.protocol, seen.profile) == ("hagen", "modbus", "wago-pfc")
    assert (seen.address, seen.outcome, seen.error) == ("10.0.0.1:502", Outcome.OK, "half")
    first, second = seen.devices
    assert (first.path, first.facts, first.texts) == (
        "unit-3", ("VendorName", "serial_number"), ("WAGO", "30-0B2C-7741"),
    )  # fmt: skip
    assert (first.points, first.values[0], first.units) == (
        ("temperature", "level"), 60.5, ("Cel", "m"),
    )  # fmt: skip
    assert second.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("slot_s", "interval_s", "number"),
    [
        (AT_S, 5, AT_S // 5),
        (AT_S + 1, 2.5, round((AT_S + 1) / 2.5)),
        (AT_S, 0, 0),
        (AT_S, -1, 0),
        (AT_S, float("nan"), 0),
        (AT_S, float("inf"), 0),
        (AT_S, 1e-320, 0),
        (0, 5, 0),
    ],
)
def test_a_slot_has_its_number_since_1970(slot_s: int, interval_s: float, number: int) -> None:
    """No schedule, or one that cannot be, is slot 0."""
    seen = observations.observation(observation(slot_at={"seconds": slot_s}, interval_s=interval_s))

    assert seen.slot == number


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (observation(outcome=77), "outcome: 77, expected one of"),
        (observation(devices=[{"path": "a"}]), "devices['a'].outcome: 0, expected one of"),
        (
            observation(devices=[{"outcome": 1, "fact": ["VendorName"]}]),
            "devices[''].text: 0 entries, expected 1, one for each fact",
        ),
        (
            observation(devices=[{"outcome": 1, "text": ["WAGO"]}]),
            "devices[''].text: 1 entries, expected 0, one for each fact",
        ),
        (
            observation(devices=[{"outcome": 1, "point": ["a"], "unit": ["1"]}]),
            "devices[''].value: 0 entries, expected 1, one for each point",
        ),
        (
            observation(devices=[{"outcome": 1, "point": ["a"], "value": [1.0]}]),
            "devices[''].unit: 0 entries, expected 1, one for each point",
        ),
        (
            observation(devices=[{"path": "a", "outcome": 1}] * 2),
            "devices.path: 'a' twice, expected each device once",
        ),
    ],
)
def test_what_has_no_meaning_names_its_field(message: Observation, reason: str) -> None:
    """Who made it can find the mistake."""
    with pytest.raises(Rejected) as caught:
        observations.observation(message)

    assert str(caught.value).startswith(reason)


def test_a_device_that_comes_twice_is_found_in_one_pass() -> None:
    """Also among tens of thousands, when only the last comes twice."""
    devices = [{"path": f"unit-{n}", "outcome": 1} for n in (*range(40_000), 39_999)]

    with pytest.raises(Rejected, match="'unit-39999' twice"):
        observations.observation(observation(devices=devices))


def test_a_trap_is_no_picture_of_a_device() -> None:
    """A read is."""
    assert observations.is_picture(observation())
    assert not observations.is_picture(observation(trigger="TRIGGER_NOTIFICATION"))

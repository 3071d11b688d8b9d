"""What an envelope and a window may say."""

from typing import Any

import pytest

from isthmus.inventory.domain.polling.envelope import envelope, seeded, window
from isthmus.inventory.domain.rows import Invalid

WINDOW = {"days": ["mon", "tue"], "start": "22:00", "end": "05:00", "time_zone": "Europe/Berlin"}
FULL: dict[str, Any] = {
    "connections_max": 2,
    "connection": "per_read",
    "gap_s": 0.1,
    "pause_after_connect_s": 0.0,
    "items_max": 32,
    "device_requests_per_s": 2.0,
    "endpoint_requests_per_s": 4.0,
    "subnet_requests_per_s": 20.0,
    "site_requests_per_s": 100.0,
    "site_connects_per_s": 5.0,
    "backoff_max_s": 900.0,
    "windows": [WINDOW],
    "paused": True,
    "reason": "die change on line 1",
}


def test_everything_may_be_said_and_nothing_must() -> None:
    """What is absent, or null, says nothing."""
    assert envelope(FULL) == FULL
    assert envelope(None) == envelope({}) == envelope(dict.fromkeys(FULL)) == {}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (7, "envelope: 7, expected a mapping of connections_max"),
        ({"gap": 1}, "envelope.gap: unknown field, expected one of"),
        ({"gap_s": -1}, "envelope.gap_s: -1, expected 0 to 60"),
        ({"gap_s": "1 s"}, "envelope.gap_s: '1 s', expected 0 to 60"),
        ({"connections_max": 0}, "envelope.connections_max: 0, expected 1 to 100"),
        ({"items_max": 1.5}, "envelope.items_max: 1.5, expected a whole number"),
        ({"site_requests_per_s": 0}, "envelope.site_requests_per_s: 0, expected 0.001"),
        ({"connection": "pooled"}, "envelope.connection: 'pooled', expected persistent or"),
        ({"paused": "yes"}, "envelope.paused: 'yes', expected true or false"),
        ({"paused": True}, "envelope.reason: missing, expected why it is paused"),
        ({"paused": True, "reason": " "}, "envelope.reason: missing"),
        ({"windows": [WINDOW | {"end": "24:00"}]}, "envelope.windows.0.end: '24:00', expected"),
    ],
)
def test_a_mistake_names_field_value_and_what_was_expected(said: object, says: str) -> None:
    """A limit that nobody understands must not become no limit."""
    with pytest.raises(Invalid) as error:
        envelope(said)

    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"days": ["monday"]}, "window.days.0: 'monday', expected one of mon"),
        ({"days": []}, "window.days: [], expected some of"),
        ({"start": 22}, "window.start: 22, expected HH:MM"),
        ({"end": None}, "window.end: missing, expected HH:MM"),
        ({"time_zone": "Hagen"}, "window.time_zone: 'Hagen', expected an IANA time zone"),
        ({"time_zone": "../etc"}, "window.time_zone: '../etc', expected"),
    ],
)
def test_a_wrong_window_is_refused(change: dict[str, Any], says: str) -> None:
    """Otherwise nothing, or everything, would be polled."""
    with pytest.raises(Invalid) as error:
        window(WINDOW | change)

    assert str(error.value).startswith(says)


def test_a_window_that_names_no_days_holds_on_all() -> None:
    """Hours alone are what most people mean."""
    said = {name: value for name, value in WINDOW.items() if name != "days"}

    assert window(said)["days"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def test_no_seed_file_lifts_the_pause_of_a_person() -> None:
    """The file was written before there was a reason to stop."""
    paused = {"paused": True, "reason": "smoke"}

    assert seeded({"gap_s": 1.0}, paused) == {"gap_s": 1.0, **paused}
    assert seeded({"gap_s": 1.0}, {}) == {"gap_s": 1.0}

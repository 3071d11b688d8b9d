"""What a zone may say."""

from typing import Any

import pytest

from isthmus.inventory.domain.polling.zones import Zone, patched, zone
from isthmus.inventory.domain.rows import Invalid

ROW: dict[str, Any] = {
    "path": "nordwerk/hagen/press-shop",
    "envelope": {"gap_s": 0.1},
    "do_not_poll": ["127.21.0.99", "127.21.7.0/24", "2001:DB8::1", "press-plc-9", "PLC.example"],
    "safety_controllers": ["press-sis"],
    "updated_by": "shift-lead",
}


def test_a_row_is_a_zone() -> None:
    """Addresses and names in one form, so that they are found again."""
    made = zone(ROW, "hagen")

    assert made.id == "hagen/nordwerk/hagen/press-shop"
    assert made.do_not_poll == (
        "127.21.0.99", "127.21.7.0/24", "2001:db8::1", "press-plc-9", "plc.example",
    )  # fmt: skip
    assert zone(made.row) == made
    assert zone({}, "hagen") == Zone("hagen")
    assert Zone("hagen").id == "hagen"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"site": "Hagen"}, "site: 'Hagen', expected letters"),
        ({"path": "a//b"}, "path: 'a//b', expected enterprise"),
        ({"envelope": {"paused": True}}, "envelope.reason: missing"),
        ({"do_not_poll": "127.0.0.1"}, "do_not_poll: '127.0.0.1', expected a list"),
        ({"do_not_poll": ["127.0.0.300"]}, "do_not_poll.0: '127.0.0.300', expected an address"),
        ({"do_not_poll": ["127.0.0.1/24"]}, "do_not_poll.0: '127.0.0.1/24', expected an address"),
        ({"do_not_poll": ["a b"]}, "do_not_poll.0: 'a b', expected a host"),
        ({"do_not_poll": [7]}, "do_not_poll.0: 7, expected a host"),
        ({"safety_controllers": ["x/y"]}, "safety_controllers.0: 'x/y', expected letters"),
        ({"pause": True}, "pause: unknown field, expected one of site, path"),
    ],
)
def test_a_mistake_names_field_value_and_what_was_expected(change: Any, says: str) -> None:
    """A host with a typing error on a do-not-poll list is a host that is polled."""
    with pytest.raises(Invalid) as error:
        zone({**ROW, **change}, "hagen")

    assert str(error.value).startswith(says)


def test_a_pause_leaves_every_other_rule_as_it_is() -> None:
    """Who stops a plant in a hurry must not open what others have closed."""
    before = zone(ROW, "hagen")

    paused = patched(before, {"envelope": {"paused": True, "reason": "smoke"}})
    resumed = patched(paused, {"envelope": {"paused": False}})

    assert paused.envelope == {"gap_s": 0.1, "paused": True, "reason": "smoke"}
    assert paused.do_not_poll == before.do_not_poll
    assert resumed.envelope == {"gap_s": 0.1, "paused": False}


def test_null_takes_a_rule_away() -> None:
    """As in every JSON merge patch; what the zone is called cannot be changed."""
    changed = patched(
        zone(ROW, "hagen"), {"do_not_poll": None, "envelope": {"gap_s": None}, "path": "x"}
    )

    assert (changed.do_not_poll, changed.envelope) == ((), {})
    assert changed.path == ROW["path"]
    assert patched(changed, {"envelope": None}).envelope == {}

"""What a row that names a target must say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.rows import Invalid

GOOD: dict[str, Any] = {
    "target": "press-plc-1",
    "path": "nordwerk/hagen/press-shop",
    "interval_s": 2,
    "profile": "schneider-m340",
    "endpoint": {"protocol": "modbus", "host": "127.21.0.11", "port": 15020, "units": [1]},
}


def test_a_good_row_is_a_target() -> None:
    """The file's site counts unless the row names one."""
    made = target(GOOD, "hagen")

    assert made == Target(site="hagen", **{**GOOD, "interval_s": 2.0})
    assert made.id == "hagen/press-plc-1"
    assert target({**GOOD, "site": "lyon"}, "hagen").site == "lyon"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"site": None}, "site: missing, expected letters"),
        ({"target": "Press PLC"}, "target: 'Press PLC', expected letters"),
        ({"path": "nordwerk//hagen"}, "path: 'nordwerk//hagen', expected enterprise/site"),
        ({"path": ""}, "path: '', expected"),
        ({"interval_s": 0}, "interval_s: 0, expected seconds, above 0"),
        ({"interval_s": "2 s"}, "interval_s: '2 s', expected seconds"),
        ({"interval_s": True}, "interval_s: True, expected"),
        ({"interval_s": float("nan")}, "interval_s: nan, expected"),
        ({"profile": 7}, "profile: 7, expected letters"),
        ({"profil": "m340"}, "profil: unknown field, expected one of site, target"),
        ({"endpoint": "127.0.0.1"}, "endpoint: '127.0.0.1', expected a mapping"),
        ({"endpoint": {"host": "a"}}, "endpoint.protocol: missing, expected"),
        ({"endpoint": {"protocol": "snmp", "when": None}}, "endpoint.when: missing"),
        ({"endpoint": {"protocol": "modbus", "port": float("inf")}}, "endpoint.port: inf, expect"),
        ({"endpoint": {"protocol": "modbus", "port": -(10**400)}}, "endpoint.port: -1000"),
        ({"endpoint": {"protocol": "modbus", "units": [2**60]}}, "endpoint.units: 11529215"),
        ({"endpoint": {"protocol": "modbus", "host": "\ud800"}}, "endpoint.host: '\\ud800', exp"),
        ({"endpoint": {"protocol": "modbus", "a\0b": 1}}, "endpoint: 'a\\x00b', expected fields"),
        ({"path": "a/\ud800"}, "path: 'a/\\ud800', expected"),
    ],
)
def test_a_bad_row_names_field_value_and_what_was_expected(change: Any, says: str) -> None:
    """One line that a person can act on."""
    with pytest.raises(Invalid) as error:
        target({**GOOD, "site": "hagen", **change})

    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    "endpoint",
    [
        {"protocol": "snmp", "community": "t0psecret"},
        {"protocol": "opcua", "user_password": "t0psecret"},
        {"protocol": "opcua", "url": "opc.tcp://op:t0psecret@127.0.0.1:4840"},
    ],
)
def test_a_secret_is_refused_and_not_repeated(endpoint: dict[str, Any]) -> None:
    """It would end on a topic; the message must not carry it on."""
    with pytest.raises(Invalid) as error:
        target({**GOOD, "endpoint": endpoint}, "hagen")

    assert "credential" in str(error.value)
    assert "t0psecret" not in str(error.value)


@given(st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists))
def test_no_row_is_a_surprise(row: object) -> None:
    """Whatever YAML can hold is a target or is refused with a reason."""
    with pytest.raises(Invalid, match="row: "):
        target(row)

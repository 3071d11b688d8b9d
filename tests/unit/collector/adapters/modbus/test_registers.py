"""Register maps as profiles write them: what is impossible is found before anything is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isthmus.collector.adapters.modbus.registers import Profile, Register, text
from isthmus.collector.domain.envelope import Envelope


def register(**fields: Any) -> Register:
    """A register with what a test does not care for."""
    return Register.model_validate({"name": "a", "table": "holding", "address": 0} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "string"},
        {"type": "uint16", "length": 3},
        {"type": "bool"},
        {"type": "uint16", "table": "coil"},
        {"type": "uint16", "address": 70000},
        {"type": "uint32", "address": 65535},
        {"type": "float32", "bits": {0: "on"}},
        {"type": "string", "length": 2, "enum": {0: "off"}},
        {"type": "uint16", "byte_order": "middle"},
        {"type": "uint16", "scale": float("nan")},
    ],
)
def test_an_impossible_register_is_refused(fields: dict[str, Any]) -> None:
    """A mistake in a map is found before anything is read with it."""
    with pytest.raises(ValidationError):
        register(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"forbidden": [{"table": "holding", "first": 1, "last": 9}]},
            "register 'b' lies in a forbidden range",
        ),
        ({"registers": [register(type="uint16")] * 2}, "two registers have the name 'a'"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(fields: dict[str, Any], reason: str) -> None:
    """With one sentence that names the register."""
    registers = [register(type="uint16"), register(name="b", type="uint32", address=1)]
    with pytest.raises(ValidationError, match=reason):
        Profile.model_validate({"protocol": "modbus", "registers": registers} | fields)


def test_a_profile_says_less_than_the_protocol_only_where_it_says_something() -> None:
    """Modbus's own envelope holds field by field."""
    assert Profile(protocol="modbus").envelope == Envelope(
        connections_max=1, gap_s=0.05, device_requests_per_s=2
    )
    behind_a_gateway = Profile(protocol="modbus", envelope=Envelope(gap_s=0.15, items_max=32))
    assert behind_a_gateway.envelope == Envelope(
        connections_max=1, gap_s=0.15, device_requests_per_s=2, items_max=32
    )


@given(st.binary())
def test_every_text_can_be_read(octets: bytes) -> None:
    """Padding goes; no byte makes an error."""
    assert text(octets) == text(octets).strip()
    assert "\0" not in text(octets)

"""Register maps: which requests they need, and what the words mean."""

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isthmus.collector.adapters.modbus.registers import Profile, Register, decode, plan, text


def register(**fields: Any) -> Register:
    """A register with what a test does not care for."""
    return Register.model_validate({"name": "a", "table": "holding", "address": 0} | fields)


def value(words: list[int], **fields: Any) -> Any:
    """What one register says."""
    profile = Profile(protocol="modbus", registers=[register(**fields)])
    facts: dict[str, str] = {}
    points: dict[str, tuple[float, str]] = {}
    [block] = plan(profile, identity=profile.registers[0].identity)
    decode(block, words, facts, points)
    return facts or points


@pytest.mark.parametrize(
    ("type_", "octets"),
    [
        ("int16", struct.pack(">h", -7)),
        ("uint32", struct.pack(">I", 7)),
        ("float32", struct.pack(">f", 1.5)),
        ("float64", struct.pack(">d", -2.25)),
        ("uint64", struct.pack(">Q", 1 << 40)),
    ],
)
@pytest.mark.parametrize("order", ["big", "little"])
def test_numbers_are_read_in_either_word_order(type_: str, octets: bytes, order: str) -> None:
    """High word first, or low word first; bytes within a word never turn."""
    words = list(struct.unpack(f">{len(octets) // 2}H", octets))
    said = value(words if order == "big" else words[::-1], type=type_, word_order=order)
    formats = {"int16": "h", "uint32": "I", "float32": "f", "float64": "d", "uint64": "Q"}
    assert said == {"a": (float(struct.unpack(f">{formats[type_]}", octets)[0]), "1")}


def test_a_scaled_number_is_as_short_as_the_device_means_it() -> None:
    """0.1 * 443 is 44.3."""
    assert value([443], type="int16", scale=0.1, unit="Cel") == {"a": (44.3, "Cel")}


def test_an_enumeration_is_a_word_and_an_unknown_one_its_number() -> None:
    """A firmware with a new state is not an error."""
    assert value([1], type="uint16", enum={1: "run"}) == {"a": "run"}
    assert value([9], type="uint16", enum={1: "run"}) == {"a": "9"}


def test_each_named_bit_is_a_point() -> None:
    """Bit 0 is the least."""
    assert value([0b1000], type="uint16", bits={1: "ready", 3: "trip"}) == {
        "ready": (0.0, "1"),
        "trip": (1.0, "1"),
    }


def test_numbers_that_are_texts() -> None:
    """A serial number in digits, a version in bytes."""
    assert value([0x0111, 0x7F9E], type="uint32", text="decimal") == {"a": "17923998"}
    assert value([0x030A, 0x1B00], type="uint32", text="dotted") == {"a": "3.10.27"}


def test_no_number_is_no_point() -> None:
    """Devices say not-a-number for a sensor that is not there."""
    assert value([0x7FC0, 0], type="float32") == {}


@given(st.binary())
def test_every_text_can_be_read(octets: bytes) -> None:
    """Padding goes; no byte makes an error."""
    assert text(octets) == text(octets).strip()
    assert "\0" not in text(octets)


@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True),
    st.integers(0, 64),
    st.integers(1, 125),
)
def test_a_plan_covers_every_register_and_no_wide_gap(
    addresses: list[int], gap_max: int, registers_max: int
) -> None:
    """Each request is within the limit, and crosses no more undeclared registers than allowed."""
    registers = [register(name=f"r{n}", address=a, type="uint16") for n, a in enumerate(addresses)]
    profile = Profile(
        protocol="modbus", registers=registers, gap_max=gap_max, registers_max=registers_max
    )
    blocks = plan(profile, identity=False)
    assert sorted(r.address for b in blocks for r in b.registers) == sorted(addresses)
    for block in blocks:
        assert block.count <= registers_max
        inside = sorted(r.address for r in block.registers)
        assert all(b - a <= gap_max + 1 for a, b in pairwise(inside))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "string"},
        {"type": "uint16", "length": 3},
        {"type": "bool"},
        {"type": "uint16", "table": "coil"},
        {"type": "uint16", "address": 70000},
    ],
)
def test_an_impossible_register_is_refused(fields: dict[str, Any]) -> None:
    """A mistake in a map is found before anything is read with it."""
    with pytest.raises(ValidationError):
        register(**fields)

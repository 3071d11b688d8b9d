"""Blocks: one request each, and what the octets of its answer mean."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.registers import Register

FORMATS = {
    "int16": "h", "uint16": "H", "float16": "e", "int32": "i", "uint32": "I", "float32": "f",
    "int64": "q", "uint64": "Q", "float64": "d",
}  # fmt: skip
ORDERS = {
    "ABCD": ("big", "big"),
    "CDAB": ("little", "big"),
    "BADC": ("big", "little"),
    "DCBA": ("little", "little"),
}


def register(**fields: Any) -> Register:
    """A register with what a test does not care for."""
    return Register.model_validate({"name": "a", "table": "holding", "address": 0} | fields)


def said(registers: list[Register], data: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """Facts and points of one answer."""
    facts: dict[str, str] = {}
    points: dict[str, Any] = {}
    block = Block(registers)
    assert len(data) == block.size
    block.decode(bytes([block.function, len(data)]) + data, facts, points)
    return facts, points


def value(words: list[int], **fields: Any) -> Any:
    """What one register says."""
    facts, points = said([register(**fields)], struct.pack(f">{len(words)}H", *words))
    return facts or points


def shuffled(octets: bytes, letters: str) -> bytes:
    """The octets of a value in the order of a vendor's letters."""
    words = [octets[n : n + 2] for n in range(0, len(octets), 2)]
    if letters in ("CDAB", "DCBA"):
        words.reverse()
    if letters in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return b"".join(words)


@pytest.mark.parametrize("letters", ORDERS)
@pytest.mark.parametrize("type_", FORMATS)
def test_every_number_is_read_in_each_of_the_four_orders(type_: str, letters: str) -> None:
    """Alone, and between two registers of the usual order."""
    meant = 1.5 if type_.startswith("float") else 0x0102 * 0x1_0001 if "16" not in type_ else 0x0102
    octets = shuffled(struct.pack(f">{FORMATS[type_]}", meant), letters)
    word_order, byte_order = ORDERS[letters]
    middle = register(name="m", address=1, type=type_, word_order=word_order, byte_order=byte_order)
    last = register(name="z", address=1 + middle.words, type="uint16")
    _, points = said([register(type="uint16"), middle, last], b"\0\7" + octets + b"\0\x09")
    assert points == {"a": (7.0, "1"), "m": (float(meant), "1"), "z": (9.0, "1")}


def test_the_four_orders_are_what_manuals_mean_by_their_letters() -> None:
    """0x0A0B0C0D as octets 0A 0B 0C 0D, 0C 0D 0A 0B, 0B 0A 0D 0C, 0D 0C 0B 0A."""
    raw = {"ABCD": "0a0b0c0d", "CDAB": "0c0d0a0b", "BADC": "0b0a0d0c", "DCBA": "0d0c0b0a"}
    for letters, octets in raw.items():
        word_order, byte_order = ORDERS[letters]
        one = register(type="uint32", word_order=word_order, byte_order=byte_order)
        assert said([one], bytes.fromhex(octets)) == ({}, {"a": (float(0x0A0B0C0D), "1")})


def test_a_text_with_its_octets_swapped_is_read_too() -> None:
    """Some firmware packs the first character into the low octet."""
    one = register(type="string", length=2, byte_order="little")
    assert said([one], b"CAEM")[0] == {"a": "ACME"}


@pytest.mark.parametrize(
    ("raw", "scale", "meant"),
    [(443, 0.1, 44.3), (7, 0.3, 2.1), (3, 10, 30.0), (12345, 1e-6, 0.012345)],
)
def test_a_scaled_number_is_as_short_as_the_device_means_it(
    raw: int, scale: float, meant: float
) -> None:
    """443 times 0.1 is 44.3, not 44.300000000000004."""
    assert value([raw], type="int16", scale=scale, unit="Cel") == {"a": (meant, "Cel")}


@given(st.integers(-0x8000, 0x7FFF), st.integers(0, 9))
def test_a_decimal_scale_gives_the_nearest_number(raw: int, digits: int) -> None:
    """The double that is written so: as many digits as the scale has, and no more."""
    scale = float(f"1e-{digits}")
    (number, _) = value([raw & 0xFFFF], type="int16", scale=scale)["a"]
    assert number == float(f"{raw}e-{digits}")


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


@pytest.mark.parametrize(
    ("words", "type_", "meant"),
    [([0x1234], "bcd16", 1234.0), ([0x0098, 0x7654], "bcd32", 987654.0), ([0x12AB], "bcd16", None)],
)
def test_digits_are_numbers_and_what_is_no_digit_is_none(
    words: list[int], type_: str, meant: float | None
) -> None:
    """Binary coded decimals: four digits in a register."""
    assert value(words, type=type_) == ({} if meant is None else {"a": (meant, "1")})


def test_numbers_that_are_texts() -> None:
    """A serial number in digits, a version in bytes."""
    assert value([0x0111, 0x7F9E], type="uint32", text="decimal") == {"a": "17923998"}
    assert value([0x030A, 0x1B00], type="uint32", text="dotted") == {"a": "3.10.27"}


@pytest.mark.parametrize("word", [0x7FC0, 0x7F80, 0xFF80])
def test_no_number_is_no_point(word: int) -> None:
    """Devices say not-a-number, or infinity, for a sensor that is not there."""
    assert value([word, 0], type="float32") == {}


def test_values_may_overlap() -> None:
    """One register as a number, as bits and as a word."""
    registers = [
        register(type="uint16"),
        register(name="b", type="uint16", bits={0: "on"}),
        register(name="c", type="uint16", enum={3: "both"}),
        register(name="d", type="uint32"),
    ]
    facts, points = said(registers, b"\0\3\0\0")
    assert facts == {"c": "both"}
    assert points == {"a": (3.0, "1"), "on": (1.0, "1"), "d": (196608.0, "1")}


def test_bits_are_counted_from_the_least_of_the_first_octet() -> None:
    """Coils 10, 17 and 20 of a block that begins at 10."""
    coils = [register(name=f"c{a}", table="coil", address=a, type="bool") for a in (10, 17, 20)]
    block = Block(coils)
    assert (block.request, block.size) == (bytes.fromhex("01 000a 000b"), 2)
    assert said(coils, b"\x81\x00")[1] == {"c10": (1.0, "1"), "c17": (1.0, "1"), "c20": (0.0, "1")}


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(sorted(FORMATS))), min_size=1))
def test_a_block_reads_each_register_as_if_it_stood_alone(drawn: list[tuple[int, str]]) -> None:
    """Whatever stands beside it, before it, or over it."""
    registers = [register(name=f"r{n}", address=a, type=t) for n, (a, t) in enumerate(drawn)]
    block = Block(registers)
    image = bytes(range(7, 7 + 2 * block.count)) if block.count < 60 else bytes(2 * block.count)
    _, together = said(registers, image)
    alone: dict[str, Any] = {}
    for one in registers:
        start = 2 * (one.address - block.address)
        alone |= said([one], image[start : start + 2 * one.words])[1]
    assert together == alone
    assert all(math.isfinite(number) for number, _ in together.values())

"""The Basic Encoding Rules, against octets from the standards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.simulators import ber


def test_integers_take_as_few_octets_as_their_sign_allows() -> None:
    """128 needs a leading zero, -128 does not (X.690, 8.3)."""
    assert ber.integer(127) == b"\x02\x01\x7f"
    assert ber.integer(128) == b"\x02\x02\x00\x80"
    assert ber.integer(-128) == b"\x02\x01\x80"


def test_long_content_has_a_long_length() -> None:
    """From 128 octets on the length takes octets of its own (X.690, 8.1.3.5)."""
    assert ber.tlv(ber.OCTET_STRING, bytes(200))[:3] == b"\x04\x81\xc8"


@given(st.integers(-(2**63), 2**64))
def test_every_integer_comes_back(value: int) -> None:
    """Encoding and decoding cancel out."""
    ((_, content),) = ber.elements(ber.integer(value))
    assert ber.to_integer(content) == value


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_every_object_identifier_comes_back(arcs: list[int]) -> None:
    """Arcs of any size survive base 128."""
    name = (1, 3, *arcs)
    ((_, content),) = ber.elements(ber.object_id(name))
    assert ber.to_oid(content) == name


@given(st.binary(max_size=40))
def test_garbage_is_refused_and_never_crashes(garbage: bytes) -> None:
    """Any octets either parse or raise BerError."""
    try:
        list(ber.elements(garbage))
    except ber.BerError:
        return


def test_a_cut_element_is_refused() -> None:
    """A length beyond the end is an error."""
    with pytest.raises(ber.BerError):
        list(ber.elements(b"\x04\x05ab"))

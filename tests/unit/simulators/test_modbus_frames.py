"""Framing of simulated Modbus connections, with an MBAP header or as RTU."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.simulators.modbus_frames import MbapFrames, NotModbus, RtuFrames, checksum

# Modbus over Serial Line V1.02, appendix B: the checksum of 02 07 is 41 12.
EXAMPLE = bytes.fromhex("0207")
REQUESTS = {
    0x03: "03 0001 0002", 0x06: "06 0001 0002", 0x10: "10 0001 0001 02 0007",
    0x11: "11", 0x2B: "2b 0e 01 00",
}  # fmt: skip


def test_the_checksum_is_that_of_the_specification() -> None:
    """Low octet first."""
    assert checksum(EXAMPLE) == bytes.fromhex("4112")


@given(st.lists(st.sampled_from(sorted(REQUESTS)), max_size=4), st.integers(1, 7))
def test_requests_come_out_of_any_pieces(codes: list[int], piece: int) -> None:
    """In RTU frames and with headers; writes too, which a record must see."""
    pdus = [bytes.fromhex(REQUESTS[code]) for code in codes]
    for sender, receiver in ((MbapFrames(), MbapFrames()), (RtuFrames(), RtuFrames())):
        stream = b"".join(sender.put(n, 9, pdu) for n, pdu in enumerate(pdus))
        found = []
        for start in range(0, len(stream), piece):
            found += list(receiver.take(stream[start : start + piece]))
        assert [(unit, pdu) for _, unit, pdu in found] == [(9, pdu) for pdu in pdus]


def test_an_rtu_frame_with_a_wrong_checksum_is_passed_over() -> None:
    """A serial device does not answer what it did not understand."""
    frames, good = RtuFrames(), RtuFrames().put(0, 1, bytes.fromhex("03 0000 0001"))
    assert list(frames.take(good[:-1] + b"\x00" + good)) == [(0, 1, bytes.fromhex("03 0000 0001"))]


@pytest.mark.parametrize("frames", [MbapFrames(), RtuFrames()])
def test_what_is_no_request_ends_the_connection(frames: MbapFrames | RtuFrames) -> None:
    """Another protocol on the same port."""
    with pytest.raises(NotModbus):
        list(frames.take(b"GET / HTTP/1.1\r\n\r\n"))

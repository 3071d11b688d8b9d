"""The part of the Basic Encoding Rules (X.690) that SNMP messages use."""

from collections.abc import Iterator

INTEGER, OCTET_STRING, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
# RFC 2578 application types and RFC 3416 exceptions
IP_ADDRESS, COUNTER32, GAUGE32, TIMETICKS, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82

Oid = tuple[int, ...]


class BerError(Exception):
    """The octets are not what BER or SNMP allows."""


def oid(dotted: str) -> Oid:
    return tuple(int(arc) for arc in dotted.strip(".").split("."))


def tlv(tag: int, content: bytes) -> bytes:
    """One element with its definite length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    size = (value + (value < 0)).bit_length() // 8 + 1  # with room for the sign
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def object_id(arcs: Oid) -> bytes:
    content = bytearray([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return tlv(OBJECT_ID, bytes(content))


def sequence(*elements: bytes, tag: int = SEQUENCE) -> bytes:
    return tlv(tag, b"".join(elements))


def elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that lie side by side in `content`, as tag and content."""
    at = 0
    while at < len(content):
        tag, body, at = _element(content, at)
        yield tag, body


def _element(content: bytes, at: int) -> tuple[int, bytes, int]:
    try:
        tag, size = content[at], content[at + 1]
    except IndexError as error:
        raise BerError("cut short") from error
    start = at + 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(content[at + 2 : start], "big")
    end = start + size
    if end > len(content):
        raise BerError("cut short")
    return tag, content[start:end], end


def to_integer(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def to_oid(content: bytes) -> Oid:
    if not content:
        raise BerError("empty object identifier")
    arcs = list(divmod(content[0], 40))
    arc = 0
    for octet in content[1:]:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    return tuple(arcs)

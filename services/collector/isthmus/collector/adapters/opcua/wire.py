"""The answer to a Read, decoded in one pass; whatever is unusual is left to the library."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, variant_from_binary

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # OPC 10000-6, 5.2.2.5
TICKS_LATEST = 2_650_467_743_990_000_000  # the end of the year 9999
GOOD = ua.StatusCode()
# OPC 10000-6, 5.2.2.17: the bits of a DataValue's mask.
VALUE, STATUS, SOURCE, SERVER, SOURCE_PICO, SERVER_PICO = 1, 2, 4, 8, 16, 32
UINT16, UINT32, INT32, INT64 = (struct.Struct(f"<{kind}") for kind in "HIiq")
# OPC 10000-6, 5.1.2: built-in types of a fixed size.
FIXED: dict[int, tuple[struct.Struct, ua.VariantType]] = {
    1: (struct.Struct("<?"), ua.VariantType.Boolean),
    2: (struct.Struct("<b"), ua.VariantType.SByte),
    3: (struct.Struct("<B"), ua.VariantType.Byte),
    4: (struct.Struct("<h"), ua.VariantType.Int16),
    5: (struct.Struct("<H"), ua.VariantType.UInt16),
    6: (struct.Struct("<i"), ua.VariantType.Int32),
    7: (struct.Struct("<I"), ua.VariantType.UInt32),
    8: (struct.Struct("<q"), ua.VariantType.Int64),
    9: (struct.Struct("<Q"), ua.VariantType.UInt64),
    10: (struct.Struct("<f"), ua.VariantType.Float),
    11: (struct.Struct("<d"), ua.VariantType.Double),
}
STRING = 12
# After the type's node id (4 octets): Timestamp, RequestHandle, ServiceResult, then no diagnostics,
# no string table and no additional header (OPC 10000-4, 7.33).
HEADER = struct.Struct("<4sqIIBi3s")
PLAIN = (0, 0, -1, b"\0\0\0"), (0, 0, 0, b"\0\0\0")


def read_response(data: Buffer) -> Any:
    """The ReadResponse in `data`: the same as the library makes of it, at a part of its cost."""
    octets = bytes(data.copy().read(len(data)))
    if len(octets) < HEADER.size:
        return struct_from_binary(ua.ReadResponse, data)
    _, ticks, _, result, diagnostics, strings, more = HEADER.unpack_from(octets)
    if (result, diagnostics, strings, more) not in PLAIN:
        return struct_from_binary(ua.ReadResponse, data)
    response = ua.ReadResponse()
    response.ResponseHeader.Timestamp = _time(ticks)
    (count,) = INT32.unpack_from(octets, HEADER.size)
    place = HEADER.size + INT32.size
    for _ in range(count):
        value, place = _data_value(octets, place)
        response.Results.append(value)
    INT32.unpack_from(octets, place)  # the diagnostics: without them it was cut
    return response


def _data_value(octets: bytes, place: int) -> tuple[ua.DataValue, int]:
    mask = octets[place]
    place += 1
    value: ua.Variant | None = None
    status = GOOD
    source: Any = None
    server: Any = None
    if mask & VALUE:
        value, place = _variant(octets, place)
    if mask & STATUS:
        (code,) = UINT32.unpack_from(octets, place)
        status, place = ua.StatusCode(code), place + 4
    if mask & SOURCE:
        source, place = _time(INT64.unpack_from(octets, place)[0]), place + 8
    if mask & SOURCE_PICO:  # before the server's time, where the library looks behind it
        place += 2
    if mask & SERVER:
        server, place = _time(INT64.unpack_from(octets, place)[0]), place + 8
    if mask & SERVER_PICO:
        place += 2
    return ua.DataValue(value, status, source, server), place


def _variant(octets: bytes, place: int) -> tuple[ua.Variant, int]:
    kind = octets[place]
    fixed = FIXED.get(kind)
    if fixed is not None:
        layout, name = fixed
        (number,) = layout.unpack_from(octets, place + 1)
        return ua.Variant(number, name), place + 1 + layout.size
    if kind == STRING:
        (length,) = INT32.unpack_from(octets, place + 1)
        place += 5
        if length < 0:
            return ua.Variant(None, ua.VariantType.String), place
        text, place = octets[place : place + length], place + length
        if place > len(octets):
            raise ValueError("a text ends behind the message")
        return ua.Variant(text.decode("utf-8", "replace"), ua.VariantType.String), place
    rest = Buffer(octets, place)
    return variant_from_binary(rest), rest.cur_pos


def _time(ticks: int) -> datetime:
    """A time of 100 ns since 1601; what lies outside is the nearest one (5.2.2.5)."""
    return EPOCH + timedelta(microseconds=min(max(ticks, 0), TICKS_LATEST) // 10)

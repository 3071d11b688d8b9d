"""What an SNMP agent holds: its objects in lexicographic order, and their values now."""

from bisect import bisect_right

from isthmus.simulators import ber
from isthmus.simulators.ber import Oid
from isthmus.simulators.devices import SnmpDevice, SnmpType
from isthmus.simulators.state import Scalar, State

# Largest value of the counting types before they wrap (RFC 2578, 7.1).
WRAPS: dict[str, int] = {
    "counter32": 2**32,
    "counter64": 2**64,
    "gauge32": 2**32,
    "timeticks": 2**32,
}
TAGS: dict[SnmpType, int] = {
    "counter32": ber.COUNTER32,
    "counter64": ber.COUNTER64,
    "gauge32": ber.GAUGE32,
    "hex": ber.OCTET_STRING,
    "integer": ber.INTEGER,
    "ip": ber.IP_ADDRESS,
    "mac": ber.OCTET_STRING,
    "oid": ber.OBJECT_ID,
    "string": ber.OCTET_STRING,
    "timeticks": ber.TIMETICKS,
}


class Mib:
    """The objects of one device file, with the values of one device."""

    def __init__(self, device: SnmpDevice, state: State) -> None:
        self.state = state
        self._objects: dict[Oid, tuple[SnmpType, Scalar, float]] = {
            ber.oid(name): (said[0], said[1], said[2] if len(said) == 3 else 1.0)
            for name, said in device.objects.items()
        }
        for entry, table in device.tables.items():
            for index, row in table.rows.items():
                for (column, kind), value in zip(table.columns.items(), row, strict=True):
                    self._objects[ber.oid(f"{entry}.{column}.{index}")] = (kind, value, 1.0)
        self._order = sorted(self._objects)

    def __contains__(self, name: Oid) -> bool:
        return name in self._objects

    def after(self, name: Oid) -> Oid | None:
        """The next object in lexicographic order."""
        place = bisect_right(self._order, name)
        return self._order[place] if place < len(self._order) else None

    def kind(self, name: Oid) -> SnmpType:
        return self._objects[name][0]

    def value(self, name: Oid) -> int | bytes | Oid:
        """The value now: a number, octets, or an object identifier."""
        kind, template, scale = self._objects[name]
        said = self.state.show(template)
        if kind == "oid":
            return ber.oid(str(said))
        if TAGS[kind] in (ber.OCTET_STRING, ber.IP_ADDRESS):
            return _octets(kind, str(said))
        number = round(float(said) / scale) if isinstance(said, float) else int(said)
        return number % WRAPS[kind] if kind in WRAPS else number

    def encoded(self, name: Oid) -> bytes:
        """The value now in BER."""
        value, tag = self.value(name), TAGS[self.kind(name)]
        if isinstance(value, int):
            return ber.integer(value, tag)
        return ber.tlv(tag, value) if isinstance(value, bytes) else ber.object_id(value)


def _octets(kind: SnmpType, said: str) -> bytes:
    if kind in ("hex", "mac"):
        return bytes.fromhex(said.replace(":", ""))
    if kind == "ip":
        return bytes(int(part) for part in said.split("."))
    return said.encode()

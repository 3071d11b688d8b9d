"""What an agent holds."""

from isthmus.simulators import ber
from isthmus.simulators.devices import SnmpDevice
from isthmus.simulators.mib import Mib
from isthmus.simulators.state import State

DEVICE = SnmpDevice.model_validate(
    {
        "source": "test",
        "values": {},
        "objects": {
            "1.3.6.1.2.1.1.5.0": ["string", "{name}"],
            "1.3.6.1.2.1.1.2.0": ["oid", "1.3.6.1.4.1.9.1.1"],
            "1.3.9.1.0": ["integer", "{temperature}", 0.1],
            "1.3.9.2.0": ["counter32", "{octets}"],
        },
        "tables": {
            "1.3.8.1": {
                "columns": {1: "integer", 2: "mac"},
                "rows": {2: [2, "{mac}"], 10: [10, "{mac}"]},
            }
        },
    }
)
STATE = State(
    {"name": "sw1", "temperature": 21.37, "octets": 2**32 + 5, "mac": "00:90:e8:01:02:03"}
)


def test_objects_follow_in_numeric_order() -> None:
    """Index 10 follows index 2, and system follows nothing of the table."""
    mib = Mib(DEVICE, STATE)
    walked: list[ber.Oid] = [(1, 3, 8)]
    while (following := mib.after(walked[-1])) is not None:
        walked.append(following)
    assert walked[1:5] == [
        ber.oid("1.3.8.1.1.2"),
        ber.oid("1.3.8.1.1.10"),
        ber.oid("1.3.8.1.2.2"),
        ber.oid("1.3.8.1.2.10"),
    ]


def test_values_have_the_type_of_their_object() -> None:
    """Scaled numbers round, counters wrap, addresses are octets."""
    mib = Mib(DEVICE, STATE)
    assert mib.value(ber.oid("1.3.6.1.2.1.1.5.0")) == b"sw1"
    assert mib.value(ber.oid("1.3.9.1.0")) == 214
    assert mib.value(ber.oid("1.3.9.2.0")) == 5
    assert mib.value(ber.oid("1.3.8.1.2.10")) == bytes.fromhex("0090e8010203")
    assert mib.encoded(ber.oid("1.3.9.2.0")) == b"\x41\x01\x05"

"""Troubles of a simulated Modbus endpoint, each so often as it was set."""

from collections import deque

from isthmus.simulators.modbus_faults import ModbusFaults
from isthmus.simulators.modbus_frames import MbapFrames

PDU = b"\x03\x04\x00\x01\x00\x02"


def sent(faults: ModbusFaults) -> bytes:
    """One answer to transaction 1 of unit 9."""
    return faults.spoilt(MbapFrames(), 1, 9, PDU)


def test_without_faults_an_answer_is_as_it_is() -> None:
    """Transaction, protocol, length, unit, PDU."""
    faults = ModbusFaults()
    assert sent(faults) == bytes.fromhex("0001 0000 0007 09") + PDU
    assert (faults.delay_s(9), faults.is_busy()) == (0.0, False)


def test_each_fault_spoils_so_many_answers_as_it_says() -> None:
    """Then the device is well again."""
    good = sent(ModbusFaults())
    faults = ModbusFaults(wrong_transaction=1)
    assert sent(faults)[:2] != good[:2]
    assert sent(faults) == good
    assert sent(ModbusFaults(wrong_unit=1))[6] != 9
    assert sent(ModbusFaults(twice=1)) == 2 * good
    assert sent(ModbusFaults(short=1))[7:] == b"\x03\x02\x00\x01"
    busy = ModbusFaults(busy=2)
    assert [busy.is_busy() for _ in range(3)] == [True, True, False]


def test_a_slow_unit_is_always_slow_and_a_late_answer_once() -> None:
    """Further seconds, for one unit or for the next answer."""
    faults = ModbusFaults(slow_s={9: 0.5}, late_s=deque([2.0]))
    assert [faults.delay_s(unit) for unit in (9, 9, 1)] == [2.5, 0.5, 0.0]

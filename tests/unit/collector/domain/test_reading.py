"""What one read says."""

from isthmus.collector.domain.reading import Fault, Outcome, Reading


def test_a_fault_becomes_a_reading_without_devices() -> None:
    """Silence is data: outcome and sentence stay."""
    reading = Reading.failed(Fault(Outcome.TIMEOUT, "10.0.0.1:502: no answer"))
    assert reading == Reading(Outcome.TIMEOUT, "10.0.0.1:502: no answer", ())


def test_a_fault_is_no_sign_of_a_busy_device_by_itself() -> None:
    """Only a device that says so is asked less."""
    assert not Fault(Outcome.REFUSED, "0x02").busy
    assert Fault(Outcome.REFUSED, "0x06", busy=True).busy

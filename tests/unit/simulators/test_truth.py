"""The truth log."""

from typing import Any

from isthmus.simulators.truth import TruthLog


def test_changes_are_numbered_without_a_gap(clock: Any) -> None:
    """A change that changes nothing takes no number."""
    log = TruthLog(clock)
    log.add("press-plc-1", "firmware", "3.20", "3.30")
    log.add("press-plc-1", "firmware", "3.30", "3.30")
    log.add("press-plc-1", "silent", False, True)
    assert [change["seq"] for change in log.as_list()] == [1, 2]
    assert log.as_list()[0] == {
        "seq": 1,
        "at": 1000.0,
        "device": "press-plc-1",
        "what": "firmware",
        "before": "3.20",
        "after": "3.30",
    }

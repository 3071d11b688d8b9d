"""The device's own record."""

from typing import Any

from isthmus.simulators.record import Record


def test_the_most_connections_stay_after_they_closed() -> None:
    """Two at once are remembered when only one is left."""
    record = Record()
    record.connected()
    record.connected()
    record.disconnected()
    assert (record.connections, record.connections_most) == (1, 2)


def test_a_burst_counts_within_any_second(clock: Any) -> None:
    """The busiest second may lie across two seconds of the clock."""
    record = Record(clock)
    for now in (10.7, 10.9, 11.1, 11.95):
        clock.now = now
        record.began("fc03")
        record.ended()
    assert record.requests_per_s_most == 3
    assert record.requests == {"fc03": 4}


def test_requests_that_overlap_are_in_flight_together() -> None:
    """The highest number of unanswered requests stays in the record."""
    record = Record()
    record.began("Get")
    record.began("Set", write=True)
    record.ended()
    record.ended()
    assert record.as_dict()["in_flight_most"] == 2
    assert record.writes == 1


def test_who_listens_hears_everything_with_its_time(clock: Any) -> None:
    """A history of the device's own: connections, requests and writes, in order."""
    record, heard = Record(clock), []
    record.note = lambda *note: heard.append(note)
    clock.now = 1.0
    record.connected()
    record.began("fc03")
    clock.now = 2.0
    record.ended()
    record.began("fc06", write=True)
    record.disconnected()

    assert heard == [
        (1.0, "opened", ""),
        (1.0, "asked", "fc03"),
        (2.0, "answered", ""),
        (2.0, "wrote", "fc06"),
        (2.0, "closed", ""),
    ]

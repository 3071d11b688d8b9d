"""Ages of reports: measured when judged, and of what was taken alone."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from isthmus.alerting.handlers.ages import aged
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.telemetry.v1.report_pb2 import Report

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def batch() -> Batch[Report]:
    report = Report(observed_at=AT)
    return Batch([Record(report, "k", "t", 0, n, None) for n in range(2)])


async def test_what_was_taken_is_told_after_the_handler() -> None:
    """A report that was refused was not judged."""
    heard: list[datetime] = []

    async def handler(batch: Batch[Report]) -> Iterable[Outgoing]:
        assert heard == []
        batch.reject(batch.records[0], Rejected("no"))
        return [Outgoing("t", None, None, [])]

    made = await aged(handler, heard.extend)(batch())

    assert heard == [AT]
    assert [each.topic for each in made] == ["t"]


async def test_a_batch_that_failed_is_not_told() -> None:
    """It comes again, and is then as old as it is then."""
    heard: list[datetime] = []

    async def handler(batch: Batch[Report]) -> Iterable[Outgoing]:
        raise Retryable("store: away")

    with pytest.raises(Retryable):
        await aged(handler, heard.extend)(batch())

    assert heard == []

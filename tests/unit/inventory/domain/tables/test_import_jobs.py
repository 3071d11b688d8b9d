"""The work of one import."""

from datetime import UTC, datetime

import pytest

from isthmus.inventory.domain.tables.import_jobs import Format, ImportJob, ImportState, held_back
from isthmus.inventory.domain.tables.mappings import mapping

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = {"system": "sap", "site": "hagen", "external_id": "Nr", "columns": {"vendor": "Maker"}}


def test_a_job_ends_with_its_reason() -> None:
    """And keeps what it had come to."""
    job = ImportJob("1", mapping("sap", ROW), Format.CSV, 10, False, "mara", NOON, published=7)

    ended = job.ended(ImportState.FAILED, NOON, "file: empty")

    assert (ended.state, ended.reason, ended.finished_at) == (
        ImportState.FAILED,
        "file: empty",
        NOON,
    )
    assert ended.published == 7
    assert ended.names == ("vendor",)


@pytest.mark.parametrize(
    ("gone", "before", "gone_max", "unnamed", "reason"),
    [
        (0, 10, None, True, ""),
        (1, 10, None, False, ""),
        (1, 9, None, False, "withdraws nothing: 1 of 9 rows are gone, expected at most 0; if that "
                            "is so, import it with gone_max=1"),
        (9, 9, 9, False, ""),
        (9, 9, 8, False, "withdraws nothing: 9 of 9 rows are gone, expected at most 8"),
        (1, 10, 5, True, "withdraws nothing: a row without an external id may be one of those"),
    ],
)  # fmt: skip
def test_a_table_that_lost_much_withdraws_nothing_unasked(
    gone: int, before: int, gone_max: int | None, unnamed: bool, reason: str
) -> None:
    """A tenth, or as many as somebody has said; never while a row cannot be named."""
    job = ImportJob("1", mapping("sap", ROW), Format.CSV, 10, False, "mara", NOON,
                    withdraw=True, gone_max=gone_max)  # fmt: skip

    found = held_back(job, gone, before, unnamed=unnamed)

    assert found.startswith(reason) if reason else found == ""

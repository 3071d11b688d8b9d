"""The work of one import."""

from datetime import UTC, datetime

from isthmus.inventory.domain.tables.import_jobs import Format, ImportJob, State
from isthmus.inventory.domain.tables.mappings import mapping

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = {"system": "sap", "site": "hagen", "external_id": "Nr", "columns": {"vendor": "Maker"}}


def test_a_job_ends_with_its_reason() -> None:
    """And keeps what it had come to."""
    job = ImportJob("1", mapping("sap", ROW), Format.CSV, 10, False, "mara", NOON, published=7)

    ended = job.ended(State.FAILED, NOON, "file: empty")

    assert (ended.state, ended.reason, ended.finished_at) == (State.FAILED, "file: empty", NOON)
    assert ended.published == 7
    assert ended.names == ("vendor",)

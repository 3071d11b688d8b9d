"""The work of one import: how far it is, and what became of each row."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from isthmus.inventory.domain.tables.imports import Fault
from isthmus.inventory.domain.tables.mappings import ImportMapping

ATTEMPTS_MAX = 5
JOBS_KEPT = 10
GONE_SHARE_MAX = 0.1
"""Part of its rows that a table may lose from one import to the next without being asked."""


class ImportState(StrEnum):
    """How far an import is."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    """The file cannot be read to its end; the rows before that were taken."""


class Format(StrEnum):
    """What kind of file it is."""

    CSV = "csv"
    XLSX = "xlsx"


class RowVerdict(StrEnum):
    """What a row says against the last import by the same mapping."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    GONE = "gone"
    """The file has no such row any more; what it said stays with its asset."""
    WITHDRAWN = "withdrawn"
    """The file has no such row any more, and what it said holds no longer."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what became of them."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    ignored: int = 0
    faulty: int = 0
    """Rows that were not taken."""
    errors: int = 0
    """What is wrong with those, one for each cell."""
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One file to take in, by the mapping as it was then."""

    id: str
    """Begins with the time, so that the order of ids is the order of imports."""
    mapping: ImportMapping
    format: Format
    bytes: int
    dry_run: bool
    requested_by: str
    requested_at: datetime
    sites: frozenset[str] | None = None
    """Sites that the one who asked may write to; None for all."""
    withdraw: bool = False
    """Whether what rows said goes when the file has them no more."""
    gone_max: int | None = None
    """Most rows that may be withdrawn; None for a tenth of those that there were."""
    state: ImportState = ImportState.WAITING
    reason: str = ""
    notes: tuple[str, ...] = ()
    """What had to be guessed of the file, and what was not done."""
    against: str = ""
    """The import that its rows were compared with; empty when there was none."""
    published: int = 0
    """Row up to which all that is good is on the topic."""
    counts: Counts = field(default_factory=Counts)
    attempts: int = 0
    finished_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that its rows may give."""
        return tuple(self.mapping.columns)

    def ended(self, state: ImportState, at: datetime, reason: str = "") -> "ImportJob":
        """The job as it is when nothing more is done about it."""
        return replace(self, state=state, finished_at=at, reason=reason)


def held_back(job: ImportJob, gone: int, before: int, *, unnamed: bool) -> str:
    """Why nothing is withdrawn though so many of the rows before are gone; empty to do it.

    A file that is cut off is no word on what it lacks.
    """
    if gone and unnamed:
        return "withdraws nothing: a row without an external id may be one of those that are gone"
    most = job.gone_max if job.gone_max is not None else int(before * GONE_SHARE_MAX)
    if gone <= most:
        return ""
    return (
        f"withdraws nothing: {gone} of {before} rows are gone, expected at most {most}; "
        f"if that is so, import it with gone_max={gone}"
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one good row, or of one that is no more."""

    row: int
    """0 for one that is gone."""
    source: str
    verdict: RowVerdict
    sums: bytes = b""
    changed: tuple[str, ...] = ()
    """Fields that the row says otherwise than last time."""
    asset: str = ""
    """In a dry run: an asset that it would be joined to, before normalisation."""
    by: str = ""
    """What that asset is known by: `external_id`, `asset_number` or `serial`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one import, by a number that counts its batches."""

    number: int
    outcomes: tuple[Outcome, ...] = ()
    faults: tuple[Fault, ...] = ()

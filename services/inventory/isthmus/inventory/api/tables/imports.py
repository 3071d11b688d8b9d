"""Imports over HTTP: files, and what became of each of their rows."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.adapters.tables.tables import csv_text
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.domain.rows import Invalid, expected
from isthmus.inventory.domain.tables.import_jobs import (
    Batch,
    Format,
    ImportJob,
    ImportState,
    Outcome,
    RowVerdict,
)
from isthmus.inventory.domain.tables.imports import ROWS_MAX, Fault
from isthmus.inventory.handlers.tables.import_run import batches
from isthmus.inventory.handlers.tables.imports import Imports, TooLarge
from isthmus.inventory.ports.tables import ImportStore, MappingStore
from isthmus.runtime.access import Engineer, Principal, Viewer
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Limit, Next

T = TypeVar("T")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"text/csv": Format.CSV, XLSX: Format.XLSX}
FIRST_ERRORS = 20
LOOK_JOBS = 100
ONE = "/v1/imports/{id}"
JobId = Annotated[str, Path(description="Id of the import.")]
Mapping = Annotated[str, Query(description="Name of the import mapping.", examples=["sap"])]
Gone = Annotated[
    Literal["keep", "withdraw"],
    Query(
        description="What becomes of the word of rows that the table has no more: it stays with "
        "their assets, or goes, and the assets stay.",
        examples=["withdraw"],
    ),
]
GoneMax = Annotated[
    int | None,
    Query(
        ge=0,
        le=ROWS_MAX,
        description="Most rows that may be withdrawn; a tenth of those that there were unless it "
        "is said. With more, nothing is withdrawn: a dry run says how many there are.",
        examples=[60],
    ),
]
DryRun = Annotated[bool, Query(description="Take nothing in, say what would be.")]
AsFormat = Annotated[
    Literal["json", "csv"], Query(description="`csv` gives all of them, without pages.")
]
OnlyVerdict = Annotated[RowVerdict | None, Query(description="Only these rows.", examples=["gone"])]
UNREADABLE: dict[int | str, dict[str, Any]] = {413: {"model": Problem}, 415: {"model": Problem}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class ErrorOut(BaseModel):
    """Why one row was not taken."""

    row: int = Field(description="Number that a spreadsheet shows beside it.", examples=[117])
    column: str = Field(description="Letter of the column.", examples=["G"])
    heading: str = Field(description="Its heading.", examples=["AnschWert"])
    field: str = Field(description="Field that it was to give.", examples=["purchase_price"])
    reason: str = Field(
        description="The value, and what was expected.",
        examples=["'n. b.', expected a number with a comma, such as 4.850,00"],
    )

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """What the API says of `fault`."""
        return cls(**{name: getattr(fault, name) for name in cls.model_fields})


class ErrorPage(BaseModel):
    """Some errors, in the order of the file; at most 20 for one row."""

    items: list[ErrorOut]
    next: Next


class RowOut(BaseModel):
    """What a good row says against the last import, or that it is no more."""

    row: int | None = Field(description="Its number; null for one that is gone.")
    source: str = Field(description="Source that it is.", examples=["hagen/sap:10000007"])
    verdict: RowVerdict = Field(description="`new`, `changed`, `unchanged`, `gone`, `withdrawn`.")
    changed: list[str] = Field(description="Fields that it says otherwise than last time.")
    asset: str = Field(
        description="In a dry run: the asset that it would be joined to, as far as that can be "
        "told before its values are normalised; the asset whose word it was, when it is withdrawn; "
        "empty for none."
    )
    by: str = Field(
        description="What that asset is known by: `external_id`, `asset_number`, `serial`, or "
        "its `source`."
    )

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """What the API says of `outcome`."""
        return cls(
            row=outcome.row or None,
            source=outcome.source,
            verdict=outcome.verdict,
            changed=list(outcome.changed),
            asset=outcome.asset,
            by=outcome.by,
        )


class RowPage(BaseModel):
    """Some rows, in the order of the file; those that are gone come last."""

    items: list[RowOut]
    next: Next


class CountsOut(BaseModel):
    """Rows by what became of them."""

    model_config = ConfigDict(from_attributes=True)

    rows: int = Field(description="All rows below the headings that are not empty.")
    new: int = Field(description="The last import had no such record.")
    changed: int = Field(description="It said something else.")
    unchanged: int = Field(description="It said the same.")
    gone: int = Field(description="An import before had it, this file has not.")
    withdrawn: int = Field(description="The same, and what it said holds no longer.")
    ignored: int = Field(description="Left out, as the mapping says.")
    faulty: int = Field(description="Not taken.")
    errors: int = Field(description="What is wrong with those.")


class ImportOut(BaseModel):
    """A file as far as it is taken in."""

    id: str
    mapping: str = Field(description="Name of the mapping.", examples=["sap"])
    format: Format
    bytes: int = Field(description="Size of the file.")
    dry_run: bool = Field(description="Nothing is taken in, it is only said what would be.")
    state: ImportState
    reason: str = Field(description="Why it failed.")
    withdraw: bool = Field(description="What rows said goes when the file has them no more.")
    gone_max: int | None = Field(
        description="Most rows that may be withdrawn; null for a tenth of those that there were."
    )
    notes: list[str] = Field(
        description="What had to be guessed of the file, and why nothing was withdrawn."
    )
    against: str = Field(description="Import that its rows are compared with; empty for none.")
    published: int = Field(description="Row up to which everything good is taken in.")
    counts: CountsOut
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    errors: list[ErrorOut] = Field(default=[], description="The first 20; empty in a list.")

    @classmethod
    def of(cls, job: ImportJob, errors: Sequence[Fault] = ()) -> Self:
        """What the API says of `job`."""
        same = ("id", "format", "bytes", "dry_run", "withdraw", "gone_max", "state", "reason",
                "against", "published", "requested_by", "requested_at", "finished_at")  # fmt: skip
        return cls(
            **{name: getattr(job, name) for name in same},
            mapping=job.mapping.name,
            notes=list(job.notes),
            counts=CountsOut.model_validate(job.counts),
            errors=[ErrorOut.of(each) for each in errors],
        )


class ImportPage(BaseModel):
    """Some imports, the newest first."""

    items: list[ImportOut]
    next: Next


def serve_imports(
    http: FastAPI, mappings: MappingStore, store: ImportStore, imports: Imports
) -> None:
    """Add the routes of imports to `http`."""
    _start(http, mappings, imports)
    _jobs(http, store)
    _errors(http, store)
    _rows(http, store)


def _start(http: FastAPI, mappings: MappingStore, imports: Imports) -> None:
    @http.post(
        "/v1/imports",
        tags=["imports"],
        summary="Take a table in",
        description="The file is the body, at most 64 MiB and 200,000 rows: `text/csv` (comma, "
        "semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252), or an XLSX workbook. A row with "
        "an error stops none of the others, and the same row again changes nothing. 202 when the "
        "file is kept; `Location` says how far it is.",
        status_code=202,
        response_model=ImportOut,
        responses={**UNREADABLE, **INVALID},
        openapi_extra=BODY,
    )
    async def start(
        request: Request,
        response: Response,
        who: Engineer,
        mapping: Mapping,
        dry_run: DryRun = False,
        gone: Gone = "keep",
        gone_max: GoneMax = None,
    ) -> ImportOut | Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in FORMATS:
            return problem(415, f"content-type: {kind!r}, expected text/csv or {XLSX}")
        chosen = await mappings.mapping(mapping)
        if chosen is None:
            return refused(Invalid("mapping", expected(mapping, "an import mapping")), "import")
        sites = who.sites
        if isinstance(chosen.site, str):
            who.check(chosen.site, f"import mapping {mapping!r}")
            sites = frozenset({chosen.site})
        try:
            job = await imports.start(
                chosen, FORMATS[kind], request.stream(),
                dry_run=dry_run, requested_by=who.name, sites=sites,
                withdraw=gone == "withdraw", gone_max=gone_max,
            )  # fmt: skip
        except TooLarge as error:
            return problem(413, str(error))
        except Invalid as error:
            return refused(error, "import")
        response.headers["location"] = f"/v1/imports/{job.id}"
        return ImportOut.of(job)


def _jobs(http: FastAPI, store: ImportStore) -> None:
    @http.get("/v1/imports", tags=["imports"], summary="Imports, the newest first",
              responses=INVALID)  # fmt: skip
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> ImportPage:
        shown: list[ImportJob] = []
        while len(shown) <= limit and (found := await store.jobs(before=cursor, limit=LOOK_JOBS)):
            shown += (job for job in found if _may_see(who, job))
            cursor = found[-1].id
        more = shown[limit - 1].id if len(shown) > limit else None
        return ImportPage(items=[ImportOut.of(job) for job in shown[:limit]], next=more)

    @http.get(
        ONE, tags=["imports"], summary="One import, with its first errors",
        response_model=ImportOut, responses=UNKNOWN,
    )  # fmt: skip
    async def one(id: JobId, who: Viewer) -> ImportOut | Response:
        if (job := await _seen(store, id, who)) is None:
            return _unknown(id)
        first, _ = await _page(store, id, _faults, "", FIRST_ERRORS)
        return ImportOut.of(job, first)


def _errors(http: FastAPI, store: ImportStore) -> None:
    @http.get(
        f"{ONE}/errors", tags=["imports"], summary="Every error of an import",
        response_model=ErrorPage, responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def errors(
        id: JobId, who: Viewer, format: AsFormat = "json", limit: Limit = 100, cursor: Cursor = ""
    ) -> ErrorPage | Response:
        if await _seen(store, id, who) is None:
            return _unknown(id)
        if format == "csv":
            return StreamingResponse(_errors_csv(store, id), media_type="text/csv")
        try:
            found, more = await _page(store, id, _faults, cursor, limit)
        except Invalid as error:
            return refused(error, "cursor")
        return ErrorPage(items=[ErrorOut.of(each) for each in found], next=more)


def _rows(http: FastAPI, store: ImportStore) -> None:
    @http.get(
        f"{ONE}/rows", tags=["imports"], summary="What became of each good row",
        response_model=RowPage, responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def rows(
        id: JobId,
        who: Viewer,
        verdict: OnlyVerdict = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> RowPage | Response:
        if await _seen(store, id, who) is None:
            return _unknown(id)

        def pick(batch: Batch) -> Sequence[Outcome]:
            return [each for each in batch.outcomes if verdict in (None, each.verdict)]

        try:
            found, more = await _page(store, id, pick, cursor, limit)
        except Invalid as error:
            return refused(error, "cursor")
        return RowPage(items=[RowOut.of(each) for each in found], next=more)


async def _page(
    store: ImportStore, job: str, pick: Callable[[Batch], Sequence[T]], cursor: str, limit: int
) -> tuple[list[T], str | None]:
    """Some of what `pick` takes from the batches of a job, and where it goes on; raises Invalid.

    A cursor is the number of a batch and a place in it.
    """
    number, _, place = (cursor or "0.0").partition(".")
    if not (number.isdecimal() and place.isdecimal() and len(cursor) < 20):
        raise Invalid("cursor", expected(cursor, "`next` of the page before"))
    at, found = int(place), list[T]()
    async for batch in batches(store, job, int(number)):
        picked = pick(batch)[at:]
        missing = limit - len(found)
        found += picked[:missing]
        if len(picked) > missing:
            return found, f"{batch.number}.{at + missing}"
        at = 0
    return found, None


def _faults(batch: Batch) -> Sequence[Fault]:
    return batch.faults


async def _errors_csv(store: ImportStore, job: str) -> AsyncIterator[str]:
    yield csv_text([list(ErrorOut.model_fields)])
    async for batch in batches(store, job):
        yield csv_text([str(getattr(f, n)) for n in ErrorOut.model_fields] for f in batch.faults)


async def _seen(store: ImportStore, id: str, who: Principal) -> ImportJob | None:
    job = await store.job(id)
    return job if job and _may_see(who, job) else None


def _may_see(who: Principal, job: ImportJob) -> bool:
    """Its rows may be of any site that it could write to."""
    return who.sites is None or (job.sites is not None and job.sites <= who.sites)


def _unknown(id: str) -> Response:
    return problem(404, f"id: there is no import {id!r}")

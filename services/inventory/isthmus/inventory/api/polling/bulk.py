"""Targets and zones in bulk over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from isthmus.inventory.adapters.polling.rows import CSV, rows_in
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.domain.polling.bulk import (
    ROWS_MAX,
    BulkResult,
    BulkRow,
    BulkVerdict,
    counted,
)
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.polling.bulk import Bulk
from isthmus.runtime.access import Engineer
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID

BYTES_MAX = 4 * 1024 * 1024
TYPES = ("application/json", "application/yaml", "application/x-yaml", CSV)
Site = Annotated[
    str | None,
    Query(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="Site of the rows that name none.",
        examples=["hagen"],
    ),
]
DryRun = Annotated[bool, Query(description="Write nothing, say what would become of each row.")]
REFUSED: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem},
    415: {"model": Problem},
    **INVALID,
}
CELLS = {
    "targets": "site,target,path,interval_s,profile,endpoint.protocol,endpoint.host\n",
    "zones": "site,path,do_not_poll\n",
}
Kind = Literal["targets", "zones"]


class BulkRowOut(BaseModel):
    """What became of one row, or would."""

    row: int = Field(
        description="Line of a table as a spreadsheet counts, or place in a list from 1.",
        examples=[2],
    )
    id: str = Field(
        description="`site/target`, or `site/path` of a zone; empty where the row does not say.",
        examples=["hagen/press-plc-1"],
    )
    verdict: BulkVerdict = Field(description="What became of it.", examples=["created"])
    field: str = Field(description="Field at fault when it was refused.", examples=[""])
    reason: str = Field(description="Its value, and what was expected.", examples=[""])
    notes: list[str] = Field(
        description="What is no mistake and may be a surprise.",
        examples=[["zone hagen is paused: shutdown"]],
    )

    @classmethod
    def of(cls, result: BulkResult) -> Self:
        """What the API says of `result`."""
        said = {name: getattr(result, name) for name in cls.model_fields}
        return cls(**said | {"notes": list(result.notes)})


class BulkOut(BaseModel):
    """What became of all rows."""

    dry_run: bool = Field(description="Nothing was written.", examples=[False])
    counts: dict[BulkVerdict, int] = Field(
        description="Rows by what became of them.",
        examples=[{"created": 41, "changed": 1, "unchanged": 0, "refused": 2}],
    )
    items: list[BulkRowOut] = Field(description="Each row, in the order of the body.")


def serve_bulk(http: FastAPI, kind: Kind, bulk: Bulk[Any]) -> None:
    """Add the route of many targets, or zones, to `http`."""

    @http.post(
        f"/v1/{kind}/bulk",
        tags=[kind],
        summary=f"Many {kind} at once, with what becomes of each",
        description=f"At most {ROWS_MAX:,} rows: a list in JSON or YAML (or the file of a site, "
        f"with the list under `{kind}`), or CSV whose headings are the fields, such as "
        "`endpoint.host`. Every row is checked; one with a mistake is `refused`, with its field, "
        "and stops none of the others, so the answer is 200 all the same. The same rows again are "
        "`unchanged`.",
        operation_id=f"bulk_{kind}",
        responses=REFUSED,
        response_model=BulkOut,
        openapi_extra=_body(kind),
    )
    async def many(
        request: Request, who: Engineer, site: Site = None, dry_run: DryRun = False
    ) -> BulkOut | Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in TYPES:
            return problem(415, f"content-type: {media_type!r}, expected {', '.join(TYPES)}")
        if (body := await _read(request)) is None:
            return problem(413, f"expected at most {BYTES_MAX:,} bytes")
        try:
            rows = _signed(rows_in(body, media_type, kind), kind, who.name)
            if len(rows) > ROWS_MAX:
                raise Invalid("body", f"{len(rows):,} rows, expected at most {ROWS_MAX:,}")
        except Invalid as error:
            return refused(error, "body")
        results = await bulk.take(rows, site, who.sites, dry_run=dry_run)
        items = [BulkRowOut.of(each) for each in results]
        return BulkOut(dry_run=dry_run, counts=dict(counted(results)), items=items)


def _signed(rows: Sequence[BulkRow], kind: Kind, name: str) -> Sequence[BulkRow]:
    """Zones say who wrote them: whoever sends them does."""
    if kind == "targets":
        return rows
    return [
        BulkRow(each.number, {**each.content, "updated_by": name})
        if isinstance(each.content, dict)
        else each
        for each in rows
    ]


async def _read(request: Request) -> bytes | None:
    """The body; None when it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BYTES_MAX:
            return None
    return bytes(body)


def _body(kind: Kind) -> dict[str, Any]:
    many = {"type": "array", "items": {}}  # a row that is none is refused, and the others are taken
    content: dict[str, Any] = {type: {"schema": many} for type in TYPES}
    content[CSV] = {"schema": {"type": "string"}, "example": CELLS[kind]}
    return {"requestBody": {"required": True, "content": content}}

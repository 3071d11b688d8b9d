"""Exports over HTTP: assets as a file, and the register of OT assets with its coverage."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.api.feed.completeness import HEADER, CompleteUntil, Stated, header
from isthmus.inventory.api.finding.listing import Filter, Members, members
from isthmus.inventory.api.finding.past import AsOf, check_kept, instant
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.api.tables import files
from isthmus.inventory.api.tables.imports import XLSX
from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.query import EVERYTHING, Selection, equal
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables import registers
from isthmus.inventory.domain.tables.registers import Coverage, Coverages
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.tables.exports import Exports, Rows
from isthmus.runtime.access import Principal, Viewer
from isthmus.runtime.pages import INVALID

JSONL = "application/jsonl"
AssetFormat = Annotated[
    Literal["csv", "xlsx", "jsonl"], Query(description="Kind of file.", examples=["csv"])
]
RegisterFormat = Annotated[
    Literal["csv", "xlsx", "json"], Query(description="Kind of file.", examples=["xlsx"])
]
Site = Annotated[str, Query(description="Only of this site; all when empty.", examples=["hagen"])]
GUARD = (
    "In CSV a text that begins with `=`, `+`, `-`, `@`, a tab or a line's end, and is no number, "
    "has a `'` before it, so that no spreadsheet takes it for a formula (OWASP, CSV injection); "
    "an import takes it away again."
)


def _files(*media_types: str) -> dict[int | str, dict[str, Any]]:
    says = f"The file; `{HEADER}` says up to when everything that was due is in."
    text = {"schema": {"type": "string"}}
    content = {kind: {} if kind.endswith("/json") else text for kind in media_types}
    return {200: {"description": says, "content": content}}


class AttributeOut(BaseModel):
    """How many assets say one attribute of the guidance."""

    name: str = Field(examples=["criticality"])
    title: str = Field(examples=["Asset criticality"])
    known: int = Field(description="Assets that say it.", examples=[118])
    percent: str = Field(description="Of all assets, rounded down.", examples=["98.3"])


class CoverageOut(BaseModel):
    """How much of the register is known, of one site or of all together."""

    site: str = Field(description="Empty for all together.", examples=["hagen"])
    assets: int = Field(description="OT assets.", examples=[120])
    percent: str = Field(description="Of everything that the guidance asks for.", examples=["71.4"])
    attributes: list[AttributeOut]

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        """What the API says of `coverage`."""
        return cls(
            site=coverage.site,
            assets=coverage.assets,
            percent=coverage.overall,
            attributes=[
                AttributeOut(
                    name=each.name,
                    title=each.title,
                    known=coverage.known[each.name],
                    percent=coverage.percent(each.name),
                )
                for each in registers.ATTRIBUTES
            ],
        )


class CoverageList(BaseModel):
    """All together first, then each site by name."""

    guidance: str = Field(examples=[registers.GUIDANCE])
    items: list[CoverageOut]
    complete_until: CompleteUntil = None


def serve_exports(http: FastAPI, exports: Exports, own: Callable[[], Own] = undefined) -> None:
    """Add the routes of exports and registers to `http`."""
    serve_problems(http)
    _assets(http, exports, own)
    _register(http, exports)
    _coverage(http, exports)


def _assets(http: FastAPI, exports: Exports, own: Callable[[], Own]) -> None:
    @http.get(
        "/v1/exports/assets",
        tags=["exports"],
        summary="Assets as a file",
        description=f"All that the filter selects, however many. {GUARD} A site's own fields are "
        "columns when `fields` names them, and always in JSON Lines.",
        response_class=Response,
        responses={**_files("text/csv", XLSX, JSONL), **INVALID},
    )
    async def assets(
        who: Viewer,
        complete_until: Stated,
        format: AssetFormat = "csv",
        fields: Members = "",
        filter: Filter = "",
        as_of: AsOf = None,
    ) -> Response:
        try:
            names = members(fields.split(","))
            then = await instant(exports.earliest, as_of, clock.now())
            condition = parse(filter, then or clock.now(), own())
            check_kept([condition] if then else (), ())
            selection = Selection(condition, (), who.sites, then)
        except Invalid as error:
            return refused(error, "export")
        if format == "jsonl":
            lines = exports.lines(selection, names)
            return _file(lines, JSONL, "assets.jsonl", complete_until)
        rows = exports.assets(selection, names)
        if format == "xlsx":
            return _file(files.xlsx("Assets", rows), XLSX, "assets.xlsx", complete_until)
        return _file(files.csv(rows), "text/csv", "assets.csv", complete_until)


def _register(http: FastAPI, exports: Exports) -> None:
    @http.get(
        "/v1/registers/cisa-ot",
        tags=["exports"],
        summary="The OT asset register that regulators ask for",
        description=f"One row for each asset of the Purdue levels 0 to 3.5, or of none yet, with "
        f"the attributes of: {registers.GUIDANCE}. How much of it is known is on the second sheet "
        f"of a workbook, in JSON, and at `/v1/registers/cisa-ot/coverage`. {GUARD}",
        response_class=Response,
        responses={**_files("text/csv", XLSX, "application/json"), **INVALID},
    )
    async def register(
        who: Viewer,
        complete_until: Stated,
        site: Site = "",
        format: RegisterFormat = "csv",
        as_of: AsOf = None,
    ) -> Response:
        coverages = Coverages()
        rows = exports.register(await _of(exports, site, who, as_of), coverages)
        if format == "json":
            document = _json(rows, coverages)
            return _file(document, "application/json", "cisa-ot.json", complete_until)
        if format == "xlsx":
            workbook = files.xlsx("OT assets", rows, coverages)
            return _file(workbook, XLSX, "cisa-ot.xlsx", complete_until)
        return _file(files.csv(rows), "text/csv", "cisa-ot.csv", complete_until)


def _coverage(http: FastAPI, exports: Exports) -> None:
    @http.get(
        "/v1/registers/cisa-ot/coverage",
        tags=["exports"],
        summary="How much of the OT asset register is known, by site",
        responses=INVALID,
    )
    async def coverage(
        who: Viewer, complete_until: Stated, site: Site = "", as_of: AsOf = None
    ) -> CoverageList:
        made = coverage_list(await exports.coverage(await _of(exports, site, who, as_of)))
        return made.model_copy(update={"complete_until": complete_until})


def coverage_list(coverages: Coverages) -> CoverageList:
    """What the API says of how much is known."""
    items = [CoverageOut.of(each) for each in coverages.listed()]
    return CoverageList(guidance=registers.GUIDANCE, items=items)


async def _json(rows: Rows, coverages: Coverages) -> AsyncIterator[str]:
    """The register as one JSON document, which ends with the coverage."""
    yield json.dumps({"guidance": registers.GUIDANCE})[:-1] + ', "items": ['
    separator = ""
    await anext(rows)
    async for some in rows:
        items = (json.dumps(dict(zip(registers.MEMBERS, row, strict=True))) for row in some)
        yield separator + ",\n".join(items)
        separator = ",\n"
    known = coverage_list(coverages).model_dump()["items"]
    yield f'], "coverage": {json.dumps(known)}}}'


async def _of(exports: Exports, site: str, who: Principal, as_of: datetime | None) -> Selection:
    condition = equal("site", site) if site else EVERYTHING
    then = await instant(exports.earliest, as_of, clock.now())
    return Selection(condition, (), who.sites, then)


def _file(
    chunks: AsyncIterator[Any], media_type: str, name: str, complete_until: datetime | None
) -> Response:
    return StreamingResponse(
        chunks,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            **header(complete_until),
        },
    )

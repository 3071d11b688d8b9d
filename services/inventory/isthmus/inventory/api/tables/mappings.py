"""Import mappings over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.adapters.documents import document
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.mappings import ImportMapping, mapping
from isthmus.inventory.ports.tables import MappingStore
from isthmus.runtime.access import EVERYWHERE, Engineer, Principal, Viewer
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Flag, Limit, Next

BYTES_MAX = 262_144
NAMED = "/v1/import-mappings/{name}"
Name = Annotated[str, Path(description="Name of the mapping.", examples=["sap"])]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"$ref": "#/components/schemas/MappingModel"}}
            for kind in ("application/json", "application/yaml")
        },
    }
}


class ColumnModel(BaseModel):
    """Where a value stands, and how it is written there."""

    column: str = Field(description="Heading of the column.", examples=["AnschWert"])
    values: dict[str, str] = Field(
        default={},
        description="What to take in place of a text; any other text is taken as it is.",
        examples=[{"A": "high", "B": "medium", "C": "low"}],
    )
    date_format: str = Field(
        default="",
        description="How a day is written, of %d %m %Y %y %H %M %S; ISO 8601 when empty.",
        examples=["%d.%m.%Y"],
    )
    decimal_comma: Flag = Field(default=False, description="4.850,00 is meant by 4850.00.")
    default: str = Field(default="", description="What an empty cell means.")


class MappingModel(BaseModel):
    """Which column of a system's table is which field of an asset."""

    model_config = ConfigDict(extra="forbid")

    system: str = Field(description="Name of the system of record.", examples=["sap"])
    site: str | ColumnModel = Field(
        description="The site of all rows, or the column that says it.", examples=["hagen"]
    )
    external_id: str = Field(
        description="Heading of the column by which the system knows its record again.",
        examples=["Equipment"],
    )
    columns: dict[str, str | ColumnModel] = Field(
        description="For each field a heading, or more about the column. Fields are those of an "
        "asset, `custom.<name>`, and `mac`, `host_name` and `system_uuid`, by which it is known.",
        examples=[{"vendor": "Hersteller", "serial": "Seriennr"}],
    )
    require: list[str] = Field(
        default=[], description="Fields that each row must say.", examples=[["vendor"]]
    )
    ignore_rows: dict[str, list[str]] = Field(
        default={},
        description="Rows that have one of these texts in the column are left out.",
        examples=[{"Status": ["verschrottet"]}],
    )
    sheet: str = Field(default="", description="Sheet of a workbook; the first when empty.")


class NamedMapping(BaseModel):
    """A mapping with its name."""

    name: str = Field(examples=["sap"])
    mapping: MappingModel


class MappingPage(BaseModel):
    """Some mappings, by name."""

    items: list[NamedMapping]
    next: Next


def serve_mappings(http: FastAPI, store: MappingStore, own: Callable[[], Own] = undefined) -> None:
    """Add the routes of import mappings to `http`."""
    _read(http, store)
    _write(http, store, own)


def _read(http: FastAPI, store: MappingStore) -> None:
    @http.get("/v1/import-mappings", tags=["imports"], summary="Import mappings", responses=INVALID)
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> MappingPage:
        found = await store.mappings(cursor, limit)
        more = found[-1].name if len(found) == limit else None
        items = [NamedMapping(name=each.name, mapping=_model(each)) for each in found]
        return MappingPage(items=items, next=more)

    @http.get(
        NAMED, tags=["imports"], summary="One import mapping",
        response_model=MappingModel, responses=UNKNOWN,
    )  # fmt: skip
    async def one(name: Name, who: Viewer) -> MappingModel | Response:
        found = await store.mapping(name)
        return _model(found) if found else _no_mapping(name)


def _write(http: FastAPI, store: MappingStore, own: Callable[[], Own]) -> None:
    @http.put(
        NAMED,
        tags=["imports"],
        summary="Say how a system's tables are read",
        description="As JSON, or as YAML with media type `application/yaml`. 201 when there was "
        "none of that name. One that takes the site from a column needs the role everywhere.",
        response_model=MappingModel,
        responses={201: {"model": MappingModel}, **INVALID},
        openapi_extra=BODY,
    )
    async def put(name: Name, request: Request, who: Engineer) -> Response:
        try:
            made = mapping(
                name,
                document(
                    await _body(request),
                    request.headers.get("content-type", "").partition(";")[0].strip(),
                ),
                own(),
            )
        except Invalid as error:
            return refused(error, "import mapping")
        _check(who, made)
        if (before := await store.mapping(name)) is not None:
            _check(who, before)
        new = await store.put_mapping(made)
        return Response(
            _model(made).model_dump_json(), 201 if new else 200, media_type="application/json"
        )

    @http.delete(
        NAMED, tags=["imports"], summary="Forget an import mapping", status_code=204,
        responses=UNKNOWN,
    )  # fmt: skip
    async def remove(name: Name, who: Engineer) -> Response:
        if (before := await store.mapping(name)) is None:
            return _no_mapping(name)
        _check(who, before)
        await store.remove_mapping(name)
        return Response(status_code=204)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BYTES_MAX:
            raise Invalid("body", f"expected at most {BYTES_MAX:,} bytes")
    return bytes(body)


def _check(who: Principal, mapping: ImportMapping) -> None:
    """Raise unless they may write to every site that the mapping may write to."""
    site = mapping.site if isinstance(mapping.site, str) else EVERYWHERE
    who.check(site, f"import mapping {mapping.name!r}")


def _model(mapping: ImportMapping) -> MappingModel:
    return MappingModel(**mapping.row)


def _no_mapping(name: str) -> Response:
    return problem(404, f"name: there is no import mapping {name!r}")

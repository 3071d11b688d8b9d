"""Custom fields over HTTP: what a site says of assets beyond the vocabulary."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import FastAPI, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.assets.vocabulary import CUSTOM
from isthmus.inventory.domain.custom_fields import Type
from isthmus.inventory.handlers.custom_fields import CustomFields, Misfit, visible
from isthmus.inventory.ports.custom_fields import Defined
from isthmus.runtime.access import Admin, Viewer
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Flag, Limit, Next

NAMED = "/v1/custom-fields/{name}"
Name = Annotated[
    str,
    Path(max_length=60, description="Name of the field, without `custom.`.", examples=["power"]),
]


class CustomFieldIn(BaseModel):
    """What a custom field may hold, and of which assets it is said."""

    model_config = ConfigDict(extra="forbid")

    type: Type = Field(default=Type.TEXT, description="What it holds.", examples=["number"])
    label: str = Field(default="", description="Its heading.", examples=["Connected load"])
    description: str = Field(
        default="", description="What it says.", examples=["By the type plate."]
    )
    unit: str = Field(default="", description="Unit of a number, in UCUM.", examples=["kW"])
    choices: list[str] = Field(
        default=[], description="Words of a `choice`; of nothing else.", examples=[[]]
    )
    classes: list[str] = Field(
        default=[], description="Device classes that have it; empty: all.", examples=[["drive"]]
    )
    sites: list[str] = Field(
        default=[], description="Sites that have it; empty: all.", examples=[["hagen"]]
    )
    required: Flag = Field(
        default=False,
        description="It cannot be taken back, an import that reads it needs a value, and assets "
        "without one are among the misfits.",
        examples=[False],
    )


class CustomFieldOut(CustomFieldIn):
    """A custom field as it is defined."""

    name: str = Field(description="Its name in filters and assets.", examples=["custom.power"])
    updated_by: str = Field(description="Who wrote it last.", examples=["mara"])
    updated_at: datetime = Field(description="When.", examples=["2026-03-01T12:00:00Z"])

    @classmethod
    def of(cls, defined: Defined) -> Self:
        """What the API says of a definition."""
        made = defined.definition
        return cls(**made.row, name=made.name, updated_by=defined.by, updated_at=defined.at)


class CustomFieldPage(BaseModel):
    """Some custom fields, by name."""

    items: list[CustomFieldOut]
    next: Next


class MisfitOut(BaseModel):
    """An asset whose value does not fit the definition."""

    asset: str = Field(
        description="Id of the asset.", examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"]
    )
    site: str = Field(description="Its site.", examples=["hagen"])
    value: str = Field(description="What it has there; empty for nothing.", examples=["7,5"])
    reason: str = Field(
        description="What was expected.",
        examples=["'7,5', expected a decimal number with a point, such as 4850.00"],
    )

    @classmethod
    def of(cls, misfit: Misfit) -> Self:
        """What the API says of `misfit`."""
        return cls(asset=misfit.asset, site=misfit.site, value=misfit.value, reason=misfit.reason)


class MisfitPage(BaseModel):
    """Some misfits, by id; a page may be short, and only the last has no `next`."""

    items: list[MisfitOut]
    next: Next


def serve_custom_fields(http: FastAPI, fields: CustomFields) -> None:
    """Add the routes of custom fields to `http`."""
    serve_problems(http)
    _read(http, fields)
    _write(http, fields)


def _read(http: FastAPI, fields: CustomFields) -> None:
    @http.get(
        "/v1/custom-fields", tags=["custom fields"], summary="Custom fields, page by page",
        responses=INVALID,
    )  # fmt: skip
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> CustomFieldPage:
        await fields.refresh()
        seen = [e for e in fields.defined.values() if visible(e.definition, who.sites)]
        rest = [each for each in seen if each.definition.name > cursor]
        more = rest[limit - 1].definition.name if len(rest) > limit else None
        return CustomFieldPage(items=[CustomFieldOut.of(e) for e in rest[:limit]], next=more)

    @http.get(
        NAMED, tags=["custom fields"], summary="One custom field",
        responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def one(name: Name, who: Viewer) -> CustomFieldOut:
        return CustomFieldOut.of(await fields.get(name, who.sites))

    @http.get(
        f"{NAMED}/misfits",
        tags=["custom fields"],
        summary="Assets whose value does not fit the definition",
        description="A definition rewrites nothing: what stood there before it, or what a device "
        "says all the same, is listed here, and what is missing where the field is required.",
        responses={**UNKNOWN, **INVALID},
    )
    async def misfits(
        name: Name, who: Viewer, limit: Limit = 100, cursor: Cursor = ""
    ) -> MisfitPage:
        found, more = await fields.misfits(name, who.sites, cursor, limit)
        return MisfitPage(items=[MisfitOut.of(each) for each in found], next=more)


def _write(http: FastAPI, fields: CustomFields) -> None:
    @http.put(
        NAMED,
        tags=["custom fields"],
        summary="Define a custom field",
        description=f"From then on `{CUSTOM}<name>` is checked wherever it is written, and sorts "
        "and filters by its type; a name that is not defined is a free text. What the body does "
        "not name is as by default. Needs the role on each of its sites, or everywhere. 201 when "
        "it is new.",
        response_model=CustomFieldOut,
        responses={201: {"model": CustomFieldOut}, **INVALID},
    )
    async def put(
        name: Name, said: CustomFieldIn, who: Admin, response: Response
    ) -> CustomFieldOut:
        row: dict[str, Any] = said.model_dump(mode="json")
        made, new = await fields.put(name, row, who)
        response.status_code = 201 if new else 200
        return CustomFieldOut.of(made)

    @http.delete(
        NAMED,
        tags=["custom fields"],
        summary="Make a free text of a custom field again; values stay",
        status_code=204,
        responses={**UNKNOWN, **INVALID},
    )
    async def remove(name: Name, who: Admin) -> Response:
        await fields.remove(name, who)
        return Response(status_code=204)

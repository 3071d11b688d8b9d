"""Routes of one asset: what it is and was and why, and what people say of it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import FastAPI, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.assets.models import AssetOut
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.assets.precedence import Candidate, why
from isthmus.inventory.domain.assets.vocabulary import FIELDS
from isthmus.inventory.domain.custom_fields import NONE, own_field
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.curation import Asked, Curation, Unknown
from isthmus.inventory.ports.assets import AssetHistory, AssetStore, Event
from isthmus.runtime.access import Engineer, Operator, Principal, Viewer
from isthmus.runtime.http import Problem
from isthmus.runtime.pages import IfMatch, Next

ETAG = re.compile(r'(W/)?"?(\d{1,9})"?')
AssetId = Annotated[
    str, Path(description="Id of the asset.", examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"])
]
AsOf = Annotated[
    datetime | None,
    Query(description="As it was then (ISO 8601).", examples=["2026-03-01T00:00:00Z"]),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
REFUSED: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
OUTDATED: dict[int | str, dict[str, Any]] = {412: {"model": Problem}}
WRITTEN = {**UNKNOWN, **REFUSED, **OUTDATED}
MOVED: dict[int | str, dict[str, Any]] = {
    308: {"description": "It is part of another asset now: `Location` says which."}
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AssetPatch(_In):
    """What somebody says of an asset; null takes back what was said."""

    fields: dict[str, str | list[str] | None] = Field(
        default={},
        description="Any field of an asset by its name, or `custom.…`. Whose word counts is "
        "decided by field: `GET /v1/assets/{id}/why/{field}` says how.",
        examples=[{"criticality": "high", "owner": "Press shop", "tags": ["line-1"]}],
    )
    status: Status | None = Field(
        default=None, description="`accepted` approves a discovered asset.", examples=["accepted"]
    )
    reason: str = Field(default="", max_length=500, description="Why, for the history.")


class JoinIn(_In):
    """Another asset that is the same thing as this one."""

    other: str = Field(description="Id of the asset that goes.", alias="from")
    reason: str = Field(
        min_length=1, max_length=500, examples=["one press, two controllers' names"]
    )


class PartIn(_In):
    """Sources of an asset that describe another thing."""

    sources: list[str] = Field(min_length=1, examples=[["hagen/press-plc-2"]])
    reason: str = Field(min_length=1, max_length=500, examples=["cloned serial number"])


class ReasonIn(_In):
    """Why something is done."""

    reason: str = Field(min_length=1, max_length=500, examples=["they are two presses after all"])


class CandidateOut(BaseModel):
    """One value that a source gives a field."""

    value: str
    source: str = Field(examples=["hagen/press-plc-1"])
    origin: str = Field(description="`device`, `import` or `operator`.", examples=["device"])
    said_at: datetime = Field(description="When the source last said it.")
    confidence: float = Field(description="Above 0 and at most 1.", examples=[0.9])
    rule: str = Field(description="Fact or rule that made it.", examples=["modbus:VendorName"])
    raw: str = Field(description="What the source said.", examples=["V3.20"])

    @classmethod
    def of(cls, name: str, candidate: Candidate) -> Self:
        """What the API says of a candidate."""
        view, said = candidate
        return cls(
            value=said.value,
            source=view.source,
            origin=view.origin.value,
            said_at=view.said_at(name),
            confidence=said.confidence,
            rule=said.rule,
            raw=said.raw or said.value,
        )


class WhyOut(BaseModel):
    """Why a field of an asset says what it says."""

    field: str = Field(examples=["firmware"])
    because: str = Field(description="In one sentence.")
    candidates: list[CandidateOut] = Field(description="All values, the one that counts first.")


class ChangeOut(BaseModel):
    """One thing that happened to an asset."""

    id: str
    kind: str = Field(
        description="`discovered`, `changed`, `merged`, `split`, `replaced`, `retired`.",
        examples=["changed"],
    )
    field: str = Field(examples=["firmware"])
    before: str = Field(examples=["3.20"])
    after: str = Field(examples=["3.30"])
    evidence: str = Field(description="Keys that were shared, or a person's reason.")


class EventOut(BaseModel):
    """All that one cause changed of one asset."""

    asset_id: str
    revision: int = Field(description="The version that it made.", examples=[5])
    at: datetime = Field(description="When it was so.")
    recorded_at: datetime = Field(description="When the inventory noted it.")
    site: str = Field(examples=["hagen"])
    source: str = Field(description="Source that said so, or `operator`.")
    actor: str = Field(description="Who asked for it; empty when a device said so.")
    cause: str = Field(description="Id of the report or request.")
    changes: list[ChangeOut]

    @classmethod
    def of(cls, event: Event) -> Self:
        """What the API says of an event."""
        return cls(
            asset_id=event.asset_id,
            revision=event.revision,
            at=event.at,
            recorded_at=event.recorded_at,
            site=event.site,
            source=event.source,
            actor=event.actor,
            cause=event.cause,
            changes=[ChangeOut.model_validate(change) for change in event.changes],
        )


class EventPage(BaseModel):
    """Some events."""

    items: list[EventOut]
    next: Next


def serve_assets(
    http: FastAPI, store: AssetStore, history: AssetHistory, curation: Curation
) -> None:
    """Add the routes of one asset to `http`."""
    serve_problems(http)
    _reading(http, store, history, curation)
    _history(http, store, history)
    _curating(http, curation)


def _reading(http: FastAPI, store: AssetStore, history: AssetHistory, curation: Curation) -> None:
    @http.get(
        "/v1/assets/{id}",
        tags=["assets"],
        summary="One asset, now or as it was",
        response_model=AssetOut,
        responses={**UNKNOWN, **MOVED},
    )
    async def asset(id: AssetId, who: Viewer, response: Response, as_of: AsOf = None) -> Any:
        if as_of is not None:
            return AssetOut.of(_seen(id, await history.at(id, _aware(as_of)), who))
        found = (await store.held([id])).get(id)
        if found is None and (merged := await history.merged(id)):
            while further := await history.merged(merged.successor):
                merged = further
            successor = (await store.held([merged.successor])).get(merged.successor)
            location = f"/v1/assets/{_seen(id, successor, who).id}"
            return JSONResponse(None, 308, {"Location": location})
        return _tagged(_seen(id, found, who), response)

    @http.get(
        "/v1/assets/{id}/why/{field}",
        tags=["assets"],
        summary="Why a field says what it says",
        responses={**UNKNOWN, **REFUSED},
    )
    async def because(
        id: AssetId,
        field: Annotated[str, Path(description="Name of the field.", examples=["firmware"])],
        who: Viewer,
    ) -> WhyOut:
        if field not in FIELDS and own_field(field, NONE) is None:
            raise Invalid("field", f"{field!r}, expected one of {', '.join(sorted(FIELDS))}")
        found = _seen(id, (await store.held([id])).get(id), who)
        candidates = curation.policy.candidates(found.views).get(field, [])
        return WhyOut(
            field=field,
            because=why(found, field, curation.policy),
            candidates=[CandidateOut.of(field, each) for each in candidates],
        )


def _history(http: FastAPI, store: AssetStore, history: AssetHistory) -> None:
    @http.get(
        "/v1/assets/{id}/history",
        tags=["history"],
        summary="What happened to an asset, the latest first",
        responses=UNKNOWN,
    )
    async def of_asset(
        id: AssetId,
        who: Viewer,
        limit: Limit = 100,
        cursor: Annotated[int | None, Query(description="`next` of the page before.")] = None,
    ) -> EventPage:
        events = await history.of(id, before=cursor, limit=limit)
        if not (who.may(events[0].site) if events else cursor):
            raise Unknown(f"id: there is no asset {id!r}")
        more = str(events[-1].revision) if len(events) == limit else None
        return EventPage(items=[EventOut.of(event) for event in events], next=more)


def _curating(http: FastAPI, curation: Curation) -> None:
    @http.patch(
        "/v1/assets/{id}", tags=["assets"], summary="Say something of an asset", responses=WRITTEN
    )
    async def edit(
        id: AssetId, said: AssetPatch, who: Operator, response: Response, if_match: IfMatch = None
    ) -> AssetOut:
        asked = _asked(who, said.reason, if_match)
        return _tagged(await curation.edit(id, said.fields, said.status, asked), response)

    @http.post(
        "/v1/assets/{id}/merge",
        tags=["identity"],
        summary="Another asset is this one",
        description="The other id leads here from then on. `POST /v1/assets/{other}/restore` "
        "undoes it.",
        responses=WRITTEN,
    )
    async def join(
        id: AssetId, said: JoinIn, who: Engineer, response: Response, if_match: IfMatch = None
    ) -> AssetOut:
        asked = _asked(who, said.reason, if_match)
        return _tagged(await curation.join(id, said.other, asked), response)

    @http.post(
        "/v1/assets/{id}/split",
        tags=["identity"],
        summary="Some sources of an asset are another thing",
        description="They become an asset of their own and stay so, whatever their keys say.",
        status_code=201,
        responses=WRITTEN,
    )
    async def part(
        id: AssetId, said: PartIn, who: Engineer, response: Response, if_match: IfMatch = None
    ) -> AssetOut:
        asked = _asked(who, said.reason, if_match)
        made = await curation.part(id, said.sources, asked)
        response.headers["Location"] = f"/v1/assets/{made.id}"
        return _tagged(made, response)

    @http.post(
        "/v1/assets/{id}/restore",
        tags=["identity"],
        summary="Undo the merge of an asset",
        description="It gets back its id and its sources, with their keys and values.",
        responses={**UNKNOWN, **REFUSED},
    )
    async def restore(id: AssetId, said: ReasonIn, who: Engineer, response: Response) -> AssetOut:
        return _tagged(await curation.restore(id, _asked(who, said.reason, None)), response)


def _tagged(asset: Asset, response: Response) -> AssetOut:
    response.headers["ETag"] = f'"{asset.revision}"'
    return AssetOut.of(asset)


def _seen(id: str, asset: Asset | None, who: Principal) -> Asset:
    if asset is None or not who.may(asset.site):
        raise Unknown(f"id: there is no asset {id!r}")
    return asset


def _asked(who: Principal, reason: str, if_match: str | None) -> Asked:
    revision = None
    if if_match and if_match.strip() != "*":
        found = ETAG.fullmatch(if_match.strip())
        revision = int(found.group(2)) if found else 0  # what is no tag of ours never matches
    return Asked(who.name, who.sites, reason, revision)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)

"""Routes of what decides: contested identity keys, and whose word counts for which field."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.assets.assets import REFUSED, UNKNOWN, Limit
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Origin
from isthmus.inventory.domain.custom_fields import NONE, own_field
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.policy import Policies
from isthmus.inventory.ports.assets import ConflictStore
from isthmus.runtime.access import Admin, Engineer, Viewer
from isthmus.runtime.http import problem
from isthmus.runtime.pages import Flag, Next

FieldName = Annotated[str, Path(description="Name of the field.", examples=["owner"])]
SYSTEM = r"^[a-z0-9][a-z0-9-]{0,62}$"


class ConflictOut(BaseModel):
    """A key that should tell devices apart, and does not."""

    key: str = Field(examples=["hagen|mac|00:80:f4:0e:11:02"])
    assets: list[str] = Field(description="Ids of assets that have it.")
    first_at: datetime
    last_at: datetime
    demoted: bool = Field(description="It decides nothing any more: too many have it.")


class ConflictPage(BaseModel):
    """Some conflicts, by key."""

    items: list[ConflictOut]
    next: Next


class SettleIn(BaseModel):
    """A person's word on a contested key."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(examples=["hagen|mac|00:80:f4:0e:11:02"])
    trusted: Flag = Field(description="Whether it is to decide from now on.", examples=[False])


class PrecedenceModel(BaseModel):
    """Whose word counts for a field."""

    model_config = ConfigDict(extra="forbid")

    order: list[str] = Field(
        min_length=1,
        max_length=20,
        description="`device`, `import`, `operator`, or the name of a system of record, first the "
        "one whose word counts.",
        examples=[["sap", "operator", "device"]],
    )


class PrecedenceOut(PrecedenceModel):
    """Whose word counts for a field, and whether somebody has said so."""

    field: str = Field(examples=["owner"])
    decided: bool = Field(description="False: it is as it comes with the product.")


class DecidedOut(PrecedenceOut):
    """The same, and what it changed."""

    changed: int = Field(description="Assets that show another value now.", examples=[12])


def serve_identity(http: FastAPI, conflicts: ConflictStore, policies: Policies) -> None:
    """Add the routes of contested keys and of the policy to `http`."""
    _conflicts(http, conflicts)
    _policy(http, policies)


def _conflicts(http: FastAPI, conflicts: ConflictStore) -> None:
    @http.get("/v1/conflicts", tags=["identity"], summary="Keys that several devices have")
    async def listed(
        who: Viewer,
        limit: Limit = 100,
        cursor: Annotated[
            str, Query(max_length=1000, description="`next` of the page before.")
        ] = "",
    ) -> ConflictPage:
        found = await conflicts.listed(who.sites, after=cursor, limit=limit)
        more = found[-1].key if len(found) == limit else None
        items = [
            ConflictOut(key=c.key, assets=list(c.assets), first_at=c.first_at, last_at=c.last_at,
                        demoted=c.demoted)
            for c in found
        ]  # fmt: skip
        return ConflictPage(items=items, next=more)

    @http.post(
        "/v1/conflicts/settle",
        tags=["identity"],
        summary="Say whether a contested key is to decide",
        status_code=204,
        responses=UNKNOWN,
    )
    async def settle(said: SettleIn, who: Engineer) -> Response:
        if await conflicts.settle(said.key, who.sites, trusted=said.trusted):
            return Response(status_code=204)
        return problem(404, f"key: there is no conflict about {said.key[:200]!r}")


def _policy(http: FastAPI, policies: Policies) -> None:
    @http.get("/v1/precedence", tags=["identity"], summary="Whose word counts, field by field")
    async def listed(who: Viewer) -> list[PrecedenceOut]:
        names = {**dict.fromkeys(FIELDS), **dict.fromkeys(policies.current.decided_by)}
        return [_precedence(policies, name) for name in names]

    @http.get(
        "/v1/precedence/{field}",
        tags=["identity"],
        summary="Whose word counts for a field",
        responses=REFUSED,
    )
    async def one(field: FieldName, who: Viewer) -> PrecedenceOut:
        _check(field, [Origin.DEVICE])
        return _precedence(policies, field)

    @http.put(
        "/v1/precedence/{field}",
        tags=["identity"],
        summary="Say whose word counts for a field",
        description="Every asset is looked at again before this answers.",
        responses=REFUSED,
    )
    async def decide(field: FieldName, said: PrecedenceModel, who: Admin) -> DecidedOut:
        _check(field, said.order)
        changed = await policies.decide(field, tuple(said.order), who.name)
        return DecidedOut(changed=changed, **_precedence(policies, field).model_dump())

    @http.delete(
        "/v1/precedence/{field}",
        tags=["identity"],
        summary="Whose word counts is as it comes with the product",
        responses=REFUSED,
    )
    async def undecide(field: FieldName, who: Admin) -> DecidedOut:
        _check(field, [Origin.DEVICE])
        changed = await policies.decide(field, None, who.name)
        return DecidedOut(changed=changed, **_precedence(policies, field).model_dump())


def _precedence(policies: Policies, name: str) -> PrecedenceOut:
    order, decided = list(policies.current.of(name)), name in policies.current.decided_by
    return PrecedenceOut(field=name, order=order, decided=decided)


def _check(field: str, order: list[str]) -> None:
    if field not in FIELDS and own_field(field, NONE) is None:
        raise Invalid("field", f"{field[:80]!r}, expected one of {', '.join(sorted(FIELDS))}")
    for word in order:
        if not re.fullmatch(SYSTEM, word):
            raise Invalid("order", f"{word[:80]!r}, expected device, import, operator or a system")
    if len(set(order)) < len(order):
        raise Invalid("order", f"{order}, expected each once")

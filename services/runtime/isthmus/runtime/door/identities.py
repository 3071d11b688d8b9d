"""Who may, over HTTP: oneself, API keys, tenants."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from fastapi import FastAPI, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.runtime.access import EVERYWHERE, Access, Admin, Grant, Identity, Known, Role
from isthmus.runtime.door.model import ApiKey, KeyStore, Tenant, TenantStore, digest, written
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, TAKEN, UNKNOWN, Cursor, Instant, Limit, Next

SECRET_BYTES = 32
DEFAULT_LIFETIME = timedelta(days=90)
Name = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=63, description="Name; says what for.")
]
TenantName = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=56,
        description="Name of the tenant.",
        examples=["nordwerk"],
    ),
]
KeyId = Annotated[str, Path(description="Id of the key.", examples=["5f0c3a9e21"])]


class RoleOut(BaseModel):
    """A role, and where it holds."""

    role: Role = Field(description="Each role may do what those before it may.")
    sites: list[str] | None = Field(
        description="Sites where it holds; null for every site.", examples=[["hagen"]]
    )


class Me(BaseModel):
    """Whom a credential stands for, and what it may."""

    name: str = Field(description="As the audit log shows it.", examples=["mara"])
    identity: str = Field(description="Never anybody else's.", examples=["token:3c1f"])
    kind: str = Field(description="`token`, `key`, or `off` when access is off.")
    roles: list[RoleOut] = Field(description="Roles that it has somewhere, the least first.")
    ignored: list[str] = Field(description="Roles of the token that make no sense, with reasons.")

    @classmethod
    def of(cls, known: Identity) -> Self:
        """What the API says of `known`."""
        held = {role: known.sites(role) for role in Role}
        return cls(
            name=known.name,
            identity=known.id,
            kind=known.kind,
            roles=[
                RoleOut(role=role, sites=None if sites is None else sorted(sites))
                for role, sites in held.items()
                if sites is None or sites
            ],
            ignored=list(known.ignored),
        )


class ApiKeyIn(BaseModel):
    """A key for a machine."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["erp-import"])
    roles: list[str] = Field(
        min_length=1,
        max_length=50,
        description="`<role>@<scope>`: the role is viewer, operator, engineer or admin, the scope "
        "a site, `tenant:<name>`, or `*` for every site. Not more than you have yourself.",
        examples=[["engineer@hagen", "viewer@*"]],
    )
    expires_at: Instant | None = Field(
        default=None, description="When it ends; 90 days from now when absent."
    )


class ApiKeyOut(BaseModel):
    """A key without its secret."""

    id: str = Field(description="Stands in the key itself, after `isk_`.", examples=["5f0c3a9e21"])
    name: str = Field(description="The audit log says `key:<name>`.", examples=["erp-import"])
    roles: list[str] = Field(description="What it may, and where.", examples=[["viewer@hagen"]])
    created_at: datetime = Field(description="When it was made.")
    created_by: str = Field(description="Who made it.", examples=["mara"])
    expires_at: datetime = Field(description="When it ends.")
    used_at: datetime | None = Field(
        description="When it was last used, ten minutes coarse; null if it never was."
    )

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """What the API says of `key`."""
        return cls(
            id=key.id,
            name=key.name,
            roles=list(key.roles),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
            used_at=key.used_at,
        )


class ApiKeyMade(BaseModel):
    """A new key; nobody can ever read its secret again."""

    key: str = Field(description="Show it as `Authorization: Bearer isk_…`.")
    about: ApiKeyOut = Field(description="What is kept of it.")


class ApiKeyPage(BaseModel):
    """Some keys, by id."""

    items: list[ApiKeyOut]
    next: Next


class TenantIn(BaseModel):
    """The sites of a tenant."""

    model_config = ConfigDict(extra="forbid")

    sites: list[Name] = Field(
        max_length=1000, description="Its sites, all of them.", examples=[["hagen", "lyon"]]
    )


class TenantOut(BaseModel):
    """A name that stands for a set of sites."""

    name: str = Field(description="Name, in claims and in roles.", examples=["nordwerk"])
    sites: list[str] = Field(description="Its sites.", examples=[["hagen", "lyon"]])
    updated_at: datetime = Field(description="When it was last written.")
    updated_by: str = Field(description="Who wrote it.", examples=["mara"])

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """What the API says of `tenant`."""
        return cls(
            name=tenant.name,
            sites=list(tenant.sites),
            updated_at=tenant.updated_at,
            updated_by=tenant.updated_by,
        )


class TenantPage(BaseModel):
    """Some tenants, by name."""

    items: list[TenantOut]
    next: Next


def serve_identities(http: FastAPI, settings: Access, keys: KeyStore, tenants: TenantStore) -> None:
    """Add the routes of identities, API keys and tenants to `http`."""
    _me(http)
    _keys(http, keys)
    _new_keys(http, keys, timedelta(seconds=settings.key_lifetime_max_s))
    _tenants(http, tenants)


def _me(http: FastAPI) -> None:
    @http.get("/v1/me", tags=["access"], summary="Whom this credential stands for")
    async def me(who: Known) -> Me:
        return Me.of(who)


def _keys(http: FastAPI, keys: KeyStore) -> None:
    @http.get(
        "/v1/api-keys",
        tags=["access"],
        summary="API keys, page by page",
        description="Those whose roles all hold where you are admin.",
        responses=INVALID,
    )
    async def listed(who: Admin, limit: Limit = 100, cursor: Cursor = "") -> ApiKeyPage:
        found = await keys.listed(sites=who.sites, after=cursor, limit=limit)
        more = found[-1].id if len(found) == limit else None
        return ApiKeyPage(items=[ApiKeyOut.of(each) for each in found], next=more)

    @http.delete(
        "/v1/api-keys/{id}",
        tags=["access"],
        summary="Revoke an API key, at once",
        status_code=204,
        responses=UNKNOWN,
    )
    async def remove(who: Admin, id: KeyId) -> Response:
        if await keys.remove(id, sites=who.sites):
            return Response(status_code=204)
        return problem(404, f"id: there is no API key {id[:80]!r}")


def _new_keys(http: FastAPI, keys: KeyStore, lifetime_max: timedelta) -> None:
    @http.post(
        "/v1/api-keys",
        tags=["access"],
        summary="Make an API key; its secret is shown this once",
        status_code=201,
        response_model=ApiKeyMade,
        responses={**TAKEN, **INVALID},
    )
    async def make(who: Admin, wanted: ApiKeyIn, response: Response) -> ApiKeyMade | Response:
        now = datetime.now(UTC)
        lifetime = min(DEFAULT_LIFETIME, lifetime_max)
        expires_at = wanted.expires_at or now + lifetime
        if mistakes := list(_mistakes(wanted, expires_at - now, lifetime_max)):
            return problem(422, "the API key is not valid", fields=mistakes)
        scopes = {Grant.parsed(role).scope for role in wanted.roles}
        if beyond := ", ".join(sorted(scope for scope in scopes if not who.may(scope))):
            return problem(403, f"roles: who gives a role for {beyond} is admin there")
        id, secret = secrets.token_hex(5), secrets.token_urlsafe(SECRET_BYTES)
        made = ApiKey(id, wanted.name, tuple(wanted.roles), now, who.name, expires_at)
        if not await keys.add(made, digest(secret)):
            reason = f"there is an API key {wanted.name!r} already"
            return problem(409, reason, fields=[{"field": "name", "reason": reason}])
        response.headers["Location"] = f"/v1/api-keys/{id}"
        response.headers["Cache-Control"] = "no-store"  # RFC 9111, 5.2.2.5
        return ApiKeyMade(key=written(id, secret), about=ApiKeyOut.of(made))


def _mistakes(
    wanted: ApiKeyIn, lifetime: timedelta, lifetime_max: timedelta
) -> Iterable[dict[str, str]]:
    for place, text in enumerate(wanted.roles):
        try:
            Grant.parsed(text)
        except ValueError as error:
            yield {"field": f"roles.{place}", "reason": str(error)}
    if not timedelta() < lifetime <= lifetime_max:
        days = lifetime_max.total_seconds() / 86_400
        yield {"field": "expires_at", "reason": f"expected a time within {days:g} days from now"}


def _tenants(http: FastAPI, tenants: TenantStore) -> None:
    @http.get("/v1/tenants", tags=["access"], summary="Tenants, page by page", responses=INVALID)
    async def listed(who: Admin, limit: Limit = 100, cursor: Cursor = "") -> TenantPage:
        who.check(EVERYWHERE, "tenant")
        found = await tenants.listed(after=cursor, limit=limit)
        more = found[-1].name if len(found) == limit else None
        return TenantPage(items=[TenantOut.of(each) for each in found], next=more)

    @http.get(
        "/v1/tenants/{name}",
        tags=["access"],
        summary="One tenant",
        response_model=TenantOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(who: Admin, name: TenantName) -> TenantOut | Response:
        who.check(EVERYWHERE, "tenant")
        found = await tenants.tenant(name)
        return TenantOut.of(found) if found else problem(404, f"name: there is no tenant {name!r}")

    @http.put(
        "/v1/tenants/{name}",
        tags=["access"],
        summary="Say which sites a tenant stands for",
        description="Holds for the next request of whoever has a role for the tenant. Needs admin "
        "of every site, as a tenant may gain any.",
        responses=INVALID,
    )
    async def put(who: Admin, name: TenantName, wanted: TenantIn) -> TenantOut:
        who.check(EVERYWHERE, "tenant")
        sites = tuple(sorted(set(wanted.sites)))
        tenant = Tenant(name, sites, datetime.now(UTC), who.name)
        await tenants.put(tenant)
        return TenantOut.of(tenant)

    @http.delete(
        "/v1/tenants/{name}",
        tags=["access"],
        summary="Forget a tenant: roles for it hold nowhere any more",
        status_code=204,
        responses={**UNKNOWN, **INVALID},
    )
    async def remove(who: Admin, name: TenantName) -> Response:
        who.check(EVERYWHERE, "tenant")
        if await tenants.remove(name):
            return Response(status_code=204)
        return problem(404, f"name: there is no tenant {name!r}")

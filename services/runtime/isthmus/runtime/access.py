"""Who may do what, and where: roles that hold for sites, and what a route asks of them.

A route that takes `who: Operator` is reached by operators, engineers and admins only, and
`who.sites` are the sites where they are one: it goes into the query. `who: Viewer`, `Engineer`
and `Admin` alike. Nothing here decides who somebody is: `guard` does, before the route is found.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from pydantic import Field, FilePath, field_validator, model_validator

from isthmus.runtime.errors import Unauthorized
from isthmus.runtime.settings import Group

EVERYWHERE = "*"
TENANT = "tenant:"
SCOPE = re.compile(r"\*|(tenant:)?[a-z0-9][a-z0-9-]{0,62}")
NAME_MAX = 200
IDENTITY = "isthmus.identity"
"""Where the guard leaves the identity in a request's ASGI scope."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
Sites = frozenset[str] | None
"""Names of sites; None stands for every site, also for those that are yet to come."""


def narrowed(sites: Sites, site: str | None) -> Sites:
    """Of these sites only `site`, where one is asked for."""
    if not site:
        return sites
    return frozenset({site}) if sites is None or site in sites else frozenset()


class Access(Group):
    """Who may use the API, and how much of it."""

    mode: Literal["oidc", "off"]
    """`oidc`: each request shows a token of the issuer, or an API key. `off`: whoever reaches the
    port may do everything; for a laboratory, and said at start and in `/readyz`."""
    issuer: str = ""
    """URL of the OpenID provider, letter for letter as its tokens say in `iss`."""
    audience: str = ""
    """What a token must be meant for (`aud`): the name that the provider has for this API."""
    jwks_uri: str = ""
    """URL of the provider's keys; empty to take it from the issuer's discovery document."""
    ca_file: FilePath | None = None
    """Certificates (PEM) of the authorities that sign the provider; without it, the system's."""
    leeway_s: float = Field(default=30, ge=0, le=120)
    """Seconds that the provider's clock may differ from ours."""
    name_claim: str = "preferred_username"
    """Claim whose text the audit log and the history show; `sub` when a token has none."""
    roles_claim: str = "roles"
    """Claim with a list of roles, `isthmus:<role>[@<scope>]`: the role is viewer, operator,
    engineer or admin, the scope a site, `tenant:<name>`, or `*` for every site. A role without a
    scope holds where `SITES_CLAIM` and `TENANTS_CLAIM` say, and nowhere when they say nothing.
    Dots lead into objects: `resource_access.isthmus.roles`."""
    role_prefix: str = "isthmus:"
    """How our roles begin; others are another application's. Empty when the claim has only ours."""
    sites_claim: str = "sites"
    """Claim with the sites, or `*`, where roles without a scope hold."""
    tenants_claim: str = "tenants"
    """Claim with the tenants, sets of sites with a name, where roles without a scope hold."""
    requests_per_s: float = Field(default=50, gt=0)
    """Requests per second that one identity may make of one process for long."""
    requests_burst_max: int = Field(default=200, ge=1)
    """Requests that it may make at once, after a rest."""
    refusals_per_s: float = Field(default=1, gt=0)
    """Tries per second without a valid credential that are answered 401, by address (IPv6: by /64);
    beyond it they are answered 429."""
    refusals_burst_max: int = Field(default=20, ge=1)
    """Such tries at once, after a rest."""
    key_lifetime_max_s: float = Field(default=31_536_000, gt=0)
    """Longest life of an API key, in seconds: a year."""
    audit_retention_s: float = Field(default=63_072_000, gt=0)
    """Seconds that an entry of the audit log is kept: two years."""

    @field_validator("issuer", "jwks_uri")
    @classmethod
    def _safe(cls, url: str) -> str:
        return secure(url) if url else url

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.mode == "oidc" and not (self.issuer and self.audience):
            raise ValueError("ISSUER and AUDIENCE are needed with MODE oidc")
        return self


def secure(url: str) -> str:
    """`url` itself; raises ValueError unless it is https, or http to this very host."""
    parts = urlsplit(url)
    if parts.hostname and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    ):
        return url
    raise ValueError(f"{url[:200]!r}, expected https://…, or http://… on loopback")


class Role(StrEnum):
    """What somebody may do; each role may do what those before it may."""

    VIEWER = "viewer"
    """Reads."""
    OPERATOR = "operator"
    """Acknowledges, edits curated fields, approves what was discovered, keeps the log."""
    ENGINEER = "engineer"
    """Says what is polled: targets, zones, discovery; merges, splits, imports."""
    ADMIN = "admin"
    """Says who may: API keys, tenants, audit; policy and custom fields."""

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Kind(StrEnum):
    """How somebody showed who they are."""

    TOKEN = "token"
    KEY = "key"
    OFF = "off"
    """Not at all: access is off."""


class Refused(Unauthorized):
    """A request that may not be done, or not now; its text says why, without any secret."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and where it holds: a site, `tenant:<name>`, or `*`."""

    role: Role
    scope: str

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The grant of `<role>@<scope>`; raises ValueError with what is expected."""
        word, _, scope = text.partition("@")
        if word not in list(Role):
            raise ValueError(f"{word[:80]!r} is no role, expected one of {', '.join(Role)}")
        if not SCOPE.fullmatch(scope):
            raise ValueError(f"scope {scope[:80]!r}, expected a site, tenant:<name> or *")
        return cls(Role(word), scope)

    def __str__(self) -> str:
        return f"{self.role}@{self.scope}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, seen with the role that the route needs."""

    name: str
    sites: Sites
    """Where they have that role; goes into the query."""
    visible: Sites = frozenset()
    """Where they may read."""
    role: Role = Role.VIEWER
    kind: Kind = Kind.TOKEN

    def may(self, site: str) -> bool:
        """Whether they have the role on `site`; `*` asks for every site."""
        return self.sites is None or site in self.sites

    def check(self, site: str, what: str) -> None:
        """Raise 403 when they may not write `what` on `site`, 404 when they may not even see it."""
        if self.may(site):
            return
        if site != EVERYWHERE and self.visible is not None and site not in self.visible:
            raise Refused(404, f"there is no {what}")
        where = "every site" if site == EVERYWHERE else site
        raise Refused(403, f"needs the role {self.role} on {where}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has shown who they are, with everything that was granted to them."""

    id: str
    """Never anybody else's: `token:<subject>`, `key:<id>`."""
    name: str
    kind: Kind
    grants: frozenset[Grant]
    ignored: tuple[str, ...] = ()
    """Roles that could not be understood, each with the reason."""

    @property
    def tenants(self) -> frozenset[str]:
        """Tenants whose sites its roles hold for."""
        scopes = (grant.scope for grant in self.grants)
        return frozenset(scope[len(TENANT) :] for scope in scopes if scope.startswith(TENANT))

    def resolved(self, tenants: Mapping[str, Iterable[str]]) -> Self:
        """The same, with each tenant's sites in its place; one that is not known has none."""
        return replace(self, grants=frozenset(_spread(self.grants, tenants)))

    def sites(self, role: Role) -> Sites:
        """Where they have `role`, or more."""
        found = frozenset(grant.scope for grant in self.grants if grant.role.includes(role))
        return None if EVERYWHERE in found else found

    def acting(self, role: Role) -> Principal:
        """Them, with that role; raises Refused when they have it nowhere."""
        sites = self.sites(role)
        if sites is not None and not sites:
            raise Refused(403, f"needs the role {role}; {self.name} has {self._shown()}")
        return Principal(self.name, sites, self.sites(Role.VIEWER), role, self.kind)

    def _shown(self) -> str:
        shown = ", ".join(sorted(map(str, self.grants))) or "no role on any site"
        return "; ".join([shown, *self.ignored])[:500]


def _spread(grants: Iterable[Grant], tenants: Mapping[str, Iterable[str]]) -> Iterator[Grant]:
    for grant in grants:
        if not grant.scope.startswith(TENANT):
            yield grant
            continue
        for site in tenants.get(grant.scope[len(TENANT) :], ()):
            yield Grant(grant.role, site)


ANYONE = Identity("off", "anyone", Kind.OFF, frozenset({Grant(Role.ADMIN, EVERYWHERE)}))


def identity(claims: Mapping[str, Any], settings: Access) -> Identity:
    """Who a valid token is about, and what its claims grant."""
    places = list(_texts(claims, settings.sites_claim))
    places += [f"{TENANT}{name}" for name in _texts(claims, settings.tenants_claim)]
    grants: set[Grant] = set()
    ignored = []
    for text in _texts(claims, settings.roles_claim):
        if not text.startswith(settings.role_prefix):
            continue
        try:
            grants.update(_granted(text.removeprefix(settings.role_prefix), places))
        except ValueError as error:
            ignored.append(f"{text[:80]}: {error}")
    subject = str(claims["sub"])
    # No person may be taken for a key in the log: `key:erp` is the key of that name.
    named = (t for t in _texts(claims, settings.name_claim) if ":" not in t and t.isprintable())
    name = next(named, subject)[:NAME_MAX]
    return Identity(f"token:{subject}", name, Kind.TOKEN, frozenset(grants), tuple(ignored))


def _granted(text: str, places: list[str]) -> list[Grant]:
    if "@" in text:
        return [Grant.parsed(text)]
    if not places:
        Grant.parsed(f"{text}@{EVERYWHERE}")
        raise ValueError("names no site, and neither do the claims of sites and tenants")
    return [Grant.parsed(f"{text}@{place}") for place in places]


def _texts(claims: Mapping[str, Any], name: str) -> Iterator[str]:
    """The texts of a claim: a list, or one text; `name` may lead into objects with dots."""
    found: Any = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    yield from (each for each in listed if isinstance(each, str) and each)


BEARER = HTTPBearer(auto_error=False, description="A token of the OpenID provider, or an API key.")


async def identified(request: Request, _: Annotated[object, Security(BEARER)]) -> Identity:
    """Whom the guard has let in; without a guard, nobody."""
    found = request.scope.get(IDENTITY)
    if not isinstance(found, Identity):
        raise Refused(401, "nobody has looked who asks")
    return found


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks for: whoever has the role nowhere is refused."""

    role: Role

    async def __call__(self, known: Annotated[Identity, Depends(identified)]) -> Principal:
        """Who asks, with that role."""
        return known.acting(self.role)


Known = Annotated[Identity, Depends(identified)]
Viewer = Annotated[Principal, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Principal, Depends(Needs(Role.OPERATOR))]
Engineer = Annotated[Principal, Depends(Needs(Role.ENGINEER))]
Admin = Annotated[Principal, Depends(Needs(Role.ADMIN))]

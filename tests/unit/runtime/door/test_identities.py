"""Identities, API keys and tenants over HTTP, on what is in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.runtime.access import Access
from isthmus.runtime.door.identities import serve_identities
from isthmus.runtime.door.model import ApiKey, Tenant, matches, read
from isthmus.runtime.http import api

DAY_S = 86_400


@dataclass
class Kept:
    """API keys in memory."""

    keys: dict[str, tuple[ApiKey, str]] = field(default_factory=dict)
    asked: list[frozenset[str] | None] = field(default_factory=list)

    async def add(self, key: ApiKey, digest: str) -> bool:
        if any(each.name == key.name for each, _ in self.keys.values()):
            return False
        self.keys[key.id] = (key, digest)
        return True

    async def listed(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[ApiKey]:
        self.asked.append(sites)
        return [self.keys[id][0] for id in sorted(self.keys) if id > after][:limit]

    async def remove(self, id: str, *, sites: frozenset[str] | None) -> bool:
        self.asked.append(sites)
        return self.keys.pop(id, None) is not None


@dataclass
class Names:
    """Tenants in memory."""

    kept: dict[str, Tenant] = field(default_factory=dict)

    async def put(self, tenant: Tenant) -> None:
        self.kept[tenant.name] = tenant

    async def tenant(self, name: str) -> Tenant | None:
        return self.kept.get(name)

    async def listed(self, *, after: str, limit: int) -> list[Tenant]:
        return [self.kept[name] for name in sorted(self.kept) if name > after][:limit]

    async def remove(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None


@pytest.fixture
def keys() -> Kept:
    """No keys yet."""
    return Kept()


def client(keys: Kept, *roles: str) -> httpx.AsyncClient:
    """A client of the API with these roles."""
    http = api("inventory", "")
    serve_identities(http, Access(mode="off", key_lifetime_max_s=100 * DAY_S), keys, Names())
    sign_in(http, *roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_everybody_can_ask_who_they_are(keys: Kept) -> None:
    """Also who may nothing: that is the first thing to look at."""
    roles = ["operator@lyon", "operator@hagen", "viewer@*"]

    mara = (await client(keys, *roles).get("/v1/me")).json()
    nobody = (await client(keys).get("/v1/me")).json()

    assert (mara["name"], mara["identity"], mara["kind"]) == ("mara", "token:mara", "token")
    assert mara["roles"] == [
        {"role": "viewer", "sites": None},
        {"role": "operator", "sites": ["hagen", "lyon"]},
    ]
    assert nobody["roles"] == []


async def test_a_key_is_shown_once(keys: Kept) -> None:
    """Its secret has 256 bits; what is listed has nothing of it."""
    admin = client(keys, "admin@*")

    made = await admin.post("/v1/api-keys", json={"name": "erp", "roles": ["viewer@*"]})
    listed = await admin.get("/v1/api-keys")

    (key, digest) = next(iter(keys.keys.values()))
    parts = read(made.json()["key"])
    assert made.status_code == 201
    assert parts
    assert parts[0] == key.id == made.json()["about"]["id"]
    assert matches(parts[1], digest)
    assert len(parts[1]) == 43
    assert made.headers["Cache-Control"] == "no-store"
    assert made.headers["Location"] == f"/v1/api-keys/{key.id}"
    assert parts[1] not in listed.text
    assert [each["name"] for each in listed.json()["items"]] == ["erp"]
    assert key.created_by == "mara"


async def test_a_key_ends_in_90_days_unless_said_otherwise(keys: Kept) -> None:
    """And never later than the setting lets it."""
    admin, now = client(keys, "admin@*"), datetime.now(UTC)

    async def make(**more: Any) -> httpx.Response:
        said = {"name": f"k{len(keys.keys)}", "roles": ["viewer@hagen"], **more}
        return await admin.post("/v1/api-keys", json=said)

    plain = await make()
    short = await make(expires_at=(now + timedelta(days=1)).isoformat())
    wrong = [await make(expires_at=(now + timedelta(days=d)).isoformat()) for d in (101, -1)]

    ends = [datetime.fromisoformat(each.json()["about"]["expires_at"]) for each in (plain, short)]
    assert [round((end - now) / timedelta(days=1)) for end in ends] == [90, 1]
    assert [each.status_code for each in wrong] == [422, 422]
    assert wrong[0].json()["fields"] == [
        {"field": "expires_at", "reason": "expected a time within 100 days from now"}
    ]
    assert (await make(expires_at="2027-01-01T00:00:00")).status_code == 422


@pytest.mark.parametrize(
    ("roles", "field"),
    [
        ([], "roles"),
        (["viewer@hagen", "boss@hagen"], "roles.1"),
        (["viewer"], "roles.0"),
        (["viewer@Hagen"], "roles.0"),
        ("viewer@hagen", "roles"),
    ],
)
async def test_a_role_that_makes_no_sense_is_named(keys: Kept, roles: Any, field: str) -> None:
    """By its place in the list."""
    reply = await client(keys, "admin@*").post("/v1/api-keys", json={"name": "k", "roles": roles})

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == field
    assert keys.keys == {}


async def test_a_field_that_is_not_known_is_refused(keys: Kept) -> None:
    """Somebody who writes `expires` must not get a key of another length."""
    said = {"name": "k", "roles": ["viewer@hagen"], "expires": "2026-04-01T00:00:00Z"}

    reply = await client(keys, "admin@*").post("/v1/api-keys", json=said)

    assert (reply.status_code, reply.json()["fields"][0]["field"]) == (422, "expires")


async def test_a_name_is_given_once(keys: Kept) -> None:
    """409 says which field is in the way."""
    admin, said = client(keys, "admin@*"), {"name": "erp", "roles": ["viewer@hagen"]}

    statuses = [(await admin.post("/v1/api-keys", json=said)).status_code for _ in range(2)]

    assert statuses == [201, 409]


@pytest.mark.parametrize("beyond", ["viewer@lyon", "viewer@*", "viewer@tenant:nordwerk"])
async def test_nobody_gives_what_they_do_not_have(keys: Kept, beyond: str) -> None:
    """An admin of one site makes keys for that site; a key is no way around it."""
    admin = client(keys, "admin@hagen", "viewer@*")

    own = await admin.post("/v1/api-keys", json={"name": "own", "roles": ["admin@hagen"]})
    more = await admin.post(
        "/v1/api-keys", json={"name": "more", "roles": ["viewer@hagen", beyond]}
    )
    await admin.get("/v1/api-keys")
    await admin.delete("/v1/api-keys/x")

    assert (own.status_code, more.status_code) == (201, 403)
    assert beyond.partition("@")[2] in more.json()["detail"]
    assert keys.asked == [frozenset({"hagen"})] * 2


async def test_a_key_is_revoked(keys: Kept) -> None:
    """Once."""
    admin = client(keys, "admin@*")
    made = await admin.post("/v1/api-keys", json={"name": "erp", "roles": ["viewer@hagen"]})
    place = made.headers["Location"]

    assert [(await admin.delete(place)).status_code for _ in range(2)] == [204, 404]


async def test_a_tenant_is_said_read_and_forgotten(keys: Kept) -> None:
    """Its sites in order, each once."""
    admin = client(keys, "admin@*")

    put = await admin.put("/v1/tenants/nordwerk", json={"sites": ["lyon", "hagen", "lyon"]})
    listed = await admin.get("/v1/tenants")
    removed = [(await admin.delete("/v1/tenants/nordwerk")).status_code for _ in range(2)]

    assert put.json()["sites"] == ["hagen", "lyon"]
    assert listed.json() == {"items": [put.json()], "next": None}
    assert removed == [204, 404]
    assert (await admin.put("/v1/tenants/Nord", json={"sites": []})).status_code == 422
    assert (await admin.put("/v1/tenants/nord", json={"sites": ["*"]})).status_code == 422


async def test_tenants_are_for_who_is_admin_of_every_site(keys: Kept) -> None:
    """One could otherwise put any site into a tenant of one's own."""
    admin = client(keys, "admin@hagen", "admin@lyon")

    replies = [
        await admin.get("/v1/tenants"),
        await admin.put("/v1/tenants/nordwerk", json={"sites": ["rotterdam"]}),
        await admin.delete("/v1/tenants/nordwerk"),
    ]

    assert [each.status_code for each in replies] == [403] * 3


async def test_pages_lead_to_the_end(keys: Kept) -> None:
    """Each key once."""
    admin, found, cursor = client(keys, "admin@*"), [], ""
    for n in range(5):
        await admin.post("/v1/api-keys", json={"name": f"k{n}", "roles": ["viewer@hagen"]})
    while cursor is not None:
        page = (await admin.get("/v1/api-keys", params={"limit": 2, "cursor": cursor})).json()
        found += [each["name"] for each in page["items"]]
        cursor = page["next"]

    assert sorted(found) == ["k0", "k1", "k2", "k3", "k4"]


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
async def test_only_admins_give_access(keys: Kept, role: str) -> None:
    """On no route of it may anybody else do or see anything."""
    other = client(keys, f"{role}@*")

    replies = [
        await other.get("/v1/api-keys"),
        await other.post("/v1/api-keys", json={"name": "k", "roles": ["viewer@hagen"]}),
        await other.delete("/v1/api-keys/x"),
        await other.get("/v1/tenants"),
        await other.put("/v1/tenants/t", json={"sites": []}),
        await other.delete("/v1/tenants/t"),
    ]

    assert [each.status_code for each in replies] == [403] * 6

"""The door of an API: a small application, a provider that is really there, every role and site."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from tests.issuer import AUDIENCE, Issuer, serving

from isthmus.runtime.access import (
    Access,
    Admin,
    Engineer,
    Grant,
    Identity,
    Kind,
    Known,
    Operator,
    Role,
    Viewer,
)
from isthmus.runtime.app import Application
from isthmus.runtime.errors import Retryable
from isthmus.runtime.guard import KEY_PREFIX, Entry, protect, without_role
from isthmus.runtime.http import problem
from isthmus.runtime.settings import Kafka, Settings

ROLES = list(Role)
SITES = ("hagen", "lyon")
LOST = "isthmus_inventory_unrecorded_audit_entries_total"


@dataclass
class Log:
    """An audit log in memory, which may be away."""

    entries: dict[str, Entry] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)

    async def add(self, entry: Entry) -> None:
        self._try("add")
        self.entries[entry.id] = entry

    async def close(self, entry: Entry) -> None:
        self._try("close")
        if self.entries[entry.id].status is None:
            self.entries[entry.id] = entry

    @property
    def last(self) -> Entry:
        return list(self.entries.values())[-1]

    def _try(self, what: str) -> None:
        if what in self.away:
            raise Retryable("store: no answer")


class Keys:
    """One key is known."""

    async def identity(self, key: str, now: datetime) -> Identity | None:
        if key != f"{KEY_PREFIX}1_secret":
            return None
        return Identity("key:1", "key:erp", Kind.KEY, frozenset({Grant(Role.ENGINEER, "lyon")}))


class Tenants:
    """One tenant is known."""

    async def sites(self, tenants: Collection[str]) -> Mapping[str, frozenset[str]]:
        return {"nordwerk": frozenset(SITES)} if "nordwerk" in tenants else {}


class Service:
    """An application behind its door, and what was done in it."""

    def __init__(self, access: Access) -> None:
        self.log = Log()
        self.done: list[str] = []
        settings = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"))
        self.app = Application("inventory", settings, description="")
        _serve(self.app.http, self)
        protect(self.app, access, audit=self.log, keys=Keys(), tenants=Tenants())
        transport = httpx.ASGITransport(self.app.http, client=("10.20.0.7", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://inventory")

    async def ask(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        headers = {**shown, **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)


def _serve(http: FastAPI, service: Service) -> None:
    _serve_writes(http, service)

    @http.get("/v1/things")
    async def listed(who: Viewer) -> list[str]:
        return [each for each in SITES if who.may(each)]

    @http.get("/v1/me")
    async def me(who: Known) -> str:
        return who.name

    @http.post("/v1/broken")
    async def broken(who: Operator) -> None:
        raise RuntimeError("a bug")

    @http.get("/v1/secret", response_model=None)
    async def secret(who: Viewer) -> Response:
        return problem(403, "not this one")


def _serve_writes(http: FastAPI, service: Service) -> None:
    def write(who: Any, site: str) -> str:
        who.check(site, f"site {site!r}")
        service.done.append(f"{who.name} {who.role} {site}")
        return site

    @http.patch("/v1/things/{site}")
    async def edit(who: Operator, site: str) -> str:
        return write(who, site)

    @http.post("/v1/targets/{site}", status_code=201)
    async def target(who: Engineer, site: str, response: Response) -> str:
        response.headers["Location"] = f"/v1/targets/{site}/plc"
        return write(who, site)

    @http.delete("/v1/keys/{site}")
    async def key(who: Admin, site: str) -> str:
        return write(who, site)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """A provider with one key."""
    made = Issuer()
    made.rotate(ec="ES256")
    async with serving(made):
        yield made


def service_of(issuer: Issuer, **more: Any) -> Service:
    return Service(Access(mode="oidc", issuer=issuer.url, audience=AUDIENCE, **more))


@pytest.fixture
def service(issuer: Issuer) -> Service:
    """The application, with the limits that it has by default."""
    return service_of(issuer)


WRITES = {
    Role.OPERATOR: ("PATCH", "/v1/things/"),
    Role.ENGINEER: ("POST", "/v1/targets/"),
    Role.ADMIN: ("DELETE", "/v1/keys/"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", ["hagen", "*", "tenant:nordwerk", "tenant:gone"])
async def test_each_role_may_what_it_may_where_it_may(
    issuer: Issuer, service: Service, role: Role, scope: str
) -> None:
    """Reads show only its sites; writes above it are 403, those on other sites 404."""
    token = issuer.token(f"{role}@{scope}")
    sites = {"hagen": ["hagen"], "tenant:gone": []}.get(scope, list(SITES))

    read = await service.ask("GET", "/v1/things", token)
    assert (read.json() if sites else read.status_code) == (sites or 403)
    for needed, (method, path) in WRITES.items():
        for site in SITES:
            reply = await service.ask(method, path + site, token)
            allowed = role.includes(needed) and site in sites
            refused = 404 if role.includes(needed) and sites else 403
            assert reply.status_code == ((201 if method == "POST" else 200) if allowed else refused)
            assert (f"mara {needed} {site}" in service.done) == allowed
            assert service.log.last.status == reply.status_code


async def test_who_may_read_a_site_is_told_what_is_missing_for_more(
    issuer: Issuer, service: Service
) -> None:
    """There is nothing to hide from them."""
    token = issuer.token("operator@hagen", "viewer@lyon")

    reply = await service.ask("PATCH", "/v1/things/lyon", token)

    assert (reply.status_code, reply.json()["detail"]) == (403, "needs the role operator on lyon")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic bWFyYTpzZWNyZXQ="},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer isk_1_guessed"},
        [("Authorization", "Bearer isk_1_secret"), ("Authorization", "Bearer isk_1_secret")],
        {"X-Api-Key": "isk_1_secret", "Cookie": "access_token=isk_1_secret"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/things", "/v1/me", "/v1/nothing", "/livez/", "/metrics/x"])
async def test_without_a_credential_nothing_is_answered(
    service: Service, headers: Any, path: str
) -> None:
    """Not even whether it is there; the try is recorded, with nothing of what was shown."""
    reply = await service.client.get(f"{path}?access_token=isk_1_secret", headers=headers)

    entry = service.log.last
    assert reply.status_code == entry.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert (entry.who, entry.address, entry.path) == ("", "10.20.0.7", path)
    assert "secret" not in str(entry) + reply.text
    assert "guessed" not in str(entry) + reply.text


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_health_metrics_and_the_manual_are_open(service: Service, path: str) -> None:
    """The kubelet and Prometheus have no token; what they read names no asset."""
    assert (await service.ask("GET", path)).status_code != 401
    assert service.log.entries == {}


async def test_a_machine_shows_its_key_at_the_same_door(service: Service) -> None:
    """And is recorded under its name."""
    reply = await service.ask("PATCH", "/v1/things/lyon", "isk_1_secret")

    entry = service.log.last
    assert reply.status_code == 200
    assert (entry.who, entry.identity, entry.kind) == ("key:erp", "key:1", "key")


async def test_a_write_is_recorded_whole(issuer: Issuer, service: Service) -> None:
    """Who, when, from where, what, on what, and how it ended; reads are not."""
    token = issuer.token("engineer@hagen")
    headers = {"X-Request-Id": "req-7"}

    await service.ask("GET", "/v1/things", token)
    reply = await service.ask(
        "POST", "/v1/targets/hagen?dry=1", token, headers=headers, json={"password": "s"}
    )

    (entry,) = service.log.entries.values()
    assert reply.headers["X-Request-Id"] == entry.request_id == "req-7"
    assert (entry.who, entry.identity, entry.kind) == ("mara", "token:3c1f", "token")
    assert (entry.method, entry.path, entry.route) == (
        "POST", "/v1/targets/hagen", "/v1/targets/{site}",
    )  # fmt: skip
    assert (entry.status, entry.resources) == (201, ("hagen", "/v1/targets/hagen/plc"))
    assert entry.address == "10.20.0.7"


async def test_what_cannot_be_recorded_is_not_done(issuer: Issuer, service: Service) -> None:
    """503 before it acts; reading goes on."""
    service.log.away = {"add"}
    token = issuer.token("operator@hagen")

    reply = await service.ask("PATCH", "/v1/things/hagen", token)

    assert (reply.status_code, service.done) == (503, [])
    assert (await service.ask("GET", "/v1/things", token)).status_code == 200


async def test_an_outcome_that_is_lost_is_in_the_log_and_counted(
    capsys: pytest.CaptureFixture[str], issuer: Issuer, service: Service
) -> None:
    """The act is done and answered; its entry stands, without a status."""
    service.log.away = {"close"}

    reply = await service.ask("PATCH", "/v1/things/hagen", issuer.token("operator@hagen"))

    assert (reply.status_code, service.log.last.status) == (200, None)
    assert service.app.registry.get_sample_value(LOST) == 1
    said = capsys.readouterr().err
    assert "audit_entry_unrecorded" in said
    assert service.log.last.id in said


async def test_a_refusal_is_answered_even_if_it_cannot_be_recorded(service: Service) -> None:
    """It is in the log then; nobody gets in because the store is away."""
    service.log.away = {"add"}

    assert (await service.ask("GET", "/v1/things")).status_code == 401
    assert service.app.registry.get_sample_value(LOST) == 1


async def test_a_bug_is_an_outcome_too(issuer: Issuer, service: Service) -> None:
    """500, and the entry says so."""
    with pytest.raises(RuntimeError):
        await service.ask("POST", "/v1/broken", issuer.token("operator@hagen"))

    assert service.log.last.status == 500


async def test_a_route_that_refuses_by_itself_is_recorded(issuer: Issuer, service: Service) -> None:
    """Whoever says 403, the try is in the log."""
    await service.ask("GET", "/v1/secret", issuer.token("viewer@hagen"))

    assert (service.log.last.status, service.log.last.who) == (403, "mara")


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "é", "<x>"])
async def test_a_request_id_is_made_when_none_is_given_that_makes_sense(
    service: Service, given: str
) -> None:
    """What somebody sends is not taken over as it comes."""
    headers = [(b"X-Request-Id", given.encode())]
    reply = await service.client.get("/v1/things", headers=headers)

    assert len(reply.headers["X-Request-Id"]) == 16


async def test_who_asks_too_often_waits(issuer: Issuer) -> None:
    """By identity, told how long; a flood has few entries, which count it."""
    service = service_of(issuer, requests_per_s=0.01, requests_burst_max=2)
    token = issuer.token("viewer@hagen")
    replies = [await service.ask("GET", "/v1/things", token) for _ in range(25)]

    assert [reply.status_code for reply in replies] == [200] * 2 + [429] * 23
    assert replies[0].headers["RateLimit-Policy"] == '"requests";q=2;w=200'
    assert replies[0].headers["RateLimit"] == '"requests";r=1;t=100'
    assert 99 <= int(replies[2].headers["Retry-After"]) <= 100
    assert [(e.status, e.times, e.who) for e in service.log.entries.values()] == [
        (429, 1, "mara"),
        (429, 10, "mara"),
    ]
    other = issuer.token("viewer@hagen", sub="4d20")
    assert (await service.ask("GET", "/v1/things", other)).status_code == 200


async def test_who_guesses_waits_but_keeps_nobody_else_out(issuer: Issuer) -> None:
    """By address; a valid credential from behind the same one passes."""
    service = service_of(issuer, refusals_per_s=0.01, refusals_burst_max=2)

    replies = [await service.ask("GET", "/v1/things", f"isk_1_{n}") for n in range(4)]

    assert [reply.status_code for reply in replies] == [401, 401, 429, 429]
    token = issuer.token("viewer@hagen")
    assert (await service.ask("GET", "/v1/things", token)).status_code == 200
    assert [entry.status for entry in service.log.entries.values()] == [401, 401, 429]


async def test_hosts_of_one_ipv6_network_count_as_one(issuer: Issuer) -> None:
    """Whoever has one address there has 2^64."""
    service = service_of(issuer, refusals_per_s=0.01, refusals_burst_max=1)
    statuses = []
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        transport = httpx.ASGITransport(service.app.http, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://i") as client:
            statuses.append((await client.get("/v1/things")).status_code)

    assert statuses == [401, 429, 401]


async def test_an_issuer_that_is_away_is_no_refusal() -> None:
    """503: the token may be good."""
    issuer = Issuer()
    issuer.rotate(ec="ES256")
    async with serving(issuer):
        service = service_of(issuer)

    reply = await service.ask("GET", "/v1/things", issuer.token("viewer@hagen"))

    assert (reply.status_code, service.log.entries) == (503, {})


async def test_access_that_is_off_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """At start and in `/readyz`; everybody may everything, and is recorded all the same."""
    service = Service(Access(mode="off"))

    replies = [await service.ask("DELETE", "/v1/keys/hagen") for _ in range(300)]

    assert {reply.status_code for reply in replies} == {200}
    assert (service.log.last.who, service.log.last.kind) == ("anyone", "off")
    assert "access_off" in capsys.readouterr().err
    assert (await service.ask("GET", "/readyz")).json()["access"] == "off"


async def test_access_that_is_on_needs_no_word(service: Service) -> None:
    """`/readyz` says only what a person must know."""
    assert "access" not in (await service.ask("GET", "/readyz")).json()


def test_a_route_that_forgets_to_ask_for_a_role_stops_the_start() -> None:
    """Nobody finds it by trying."""
    app = Application(
        "inventory", Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1")), description=""
    )

    @app.http.put("/v1/forgotten")
    async def forgotten() -> None: ...

    @app.http.delete("/v1/me")
    async def leave(who: Known) -> None: ...

    app.http.mount("/files", FastAPI())

    assert list(without_role(app)) == ["PUT /v1/forgotten", "DELETE /v1/me", "/files"]
    with pytest.raises(TypeError, match="PUT /v1/forgotten"):
        protect(app, Access(mode="off"), audit=Log(), keys=Keys(), tenants=Tenants())


def test_the_description_has_the_door_in_it(service: Service) -> None:
    """Each route behind it says that it needs a credential, and what else it may answer."""
    document = service.app.http.openapi()

    guarded = document["paths"]["/v1/things"]["get"]
    assert guarded["security"] == [{"HTTPBearer": []}]
    assert {"200", "401", "403", "429", "503"} <= guarded["responses"].keys()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "security" not in document["paths"]["/livez"]["get"]
    assert "401" not in document["paths"]["/livez"]["get"]["responses"]
    assert "fields" in document["components"]["schemas"]["Problem"]["properties"]

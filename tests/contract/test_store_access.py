"""What access asks of its store, on the real one, through motor and through its successor."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.contract import stores
from tests.issuer import AUDIENCE, Issuer, serving

from isthmus.runtime.access import Access, Grant, Kind, Role
from isthmus.runtime.app import Application
from isthmus.runtime.door.answers import MongoAnswers
from isthmus.runtime.door.audit import MongoAudit
from isthmus.runtime.door.keys import MongoKeys
from isthmus.runtime.door.model import USED_COARSE, ApiKey, Tenant, digest, written
from isthmus.runtime.door.once import KEPT, LEASE, Answer
from isthmus.runtime.door.opening import open_door
from isthmus.runtime.door.tenants import MongoTenants
from isthmus.runtime.errors import Retryable
from isthmus.runtime.guard import Entry
from isthmus.runtime.settings import Kafka, Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=90)
KEY = ApiKey("k1", "erp", ("engineer@hagen", "viewer@lyon"), NOON, "mara", LATER)
SECRET = "s3cr_et"
RETENTION_S = 86_400.0


@pytest.fixture
async def keys(database: Any) -> MongoKeys:
    """The store of API keys, with its index."""
    store = MongoKeys(database)
    await store.prepare()
    return store


@pytest.fixture
async def audit(database: Any) -> MongoAudit:
    """The audit log, with its indexes."""
    log = MongoAudit(database, RETENTION_S)
    await log.prepare()
    return log


async def test_a_key_opens_what_was_granted_with_it(keys: MongoKeys) -> None:
    """Its secret and nothing else; an underscore in it is a part of it."""
    await keys.add(KEY, digest(SECRET))

    found = await keys.identity(written("k1", SECRET), NOON)

    assert found
    assert (found.id, found.name, found.kind) == ("key:k1", "key:erp", Kind.KEY)
    assert found.grants == {Grant(Role.ENGINEER, "hagen"), Grant(Role.VIEWER, "lyon")}
    for wrong in (written("k1", "secret"), written("k2", SECRET), "isk_", "isk_k1", "isk_k1_", ""):
        assert await keys.identity(wrong, NOON) is None


async def test_a_secret_is_nowhere_in_the_store(keys: MongoKeys, database: Any) -> None:
    """Only its digest, and that is never given out."""
    await keys.add(KEY, digest(SECRET))

    (document,) = await database["api_keys"].find({}).to_list(9)

    assert SECRET not in str(document)
    assert document["digest"] == digest(SECRET)
    assert await keys.listed(sites=None, after="", limit=9) == [KEY]


async def test_a_key_ends_with_its_time(keys: MongoKeys) -> None:
    """From that moment on."""
    await keys.add(KEY, digest(SECRET))

    assert await keys.identity(written("k1", SECRET), LATER - timedelta(seconds=1))
    assert await keys.identity(written("k1", SECRET), LATER) is None


async def test_a_key_that_was_revoked_opens_nothing(keys: MongoKeys) -> None:
    """From the next request on; once it is gone there is none to revoke."""
    await keys.add(KEY, digest(SECRET))

    assert await keys.remove("k1", sites=None)
    assert not await keys.remove("k1", sites=None)

    assert await keys.identity(written("k1", SECRET), NOON) is None


async def test_two_keys_never_share_a_name(keys: MongoKeys) -> None:
    """The log tells them apart by it."""
    added = await asyncio.gather(
        *(keys.add(replace(KEY, id=f"k{n}"), digest(SECRET)) for n in range(5))
    )

    assert sorted(added) == [False] * 4 + [True]


async def test_the_use_of_a_key_is_noted_now_and_then(keys: MongoKeys) -> None:
    """Ten minutes coarse, so that reading stays reading."""
    await keys.add(KEY, digest(SECRET))
    used = []
    for at in (timedelta(), USED_COARSE / 2, USED_COARSE):
        await keys.identity(written("k1", SECRET), NOON + at)
        used += [key.used_at for key in await keys.listed(sites=None, after="", limit=9)]

    assert used == [NOON, NOON, NOON + USED_COARSE]


async def test_an_admin_of_a_site_sees_keys_of_that_site_only(keys: MongoKeys) -> None:
    """Neither those that hold elsewhere too, nor those for a tenant or for every site."""
    for id, roles in {
        "a": ["viewer@hagen"],
        "b": ["viewer@hagen", "viewer@lyon"],
        "c": ["viewer@*"],
        "d": ["viewer@tenant:nordwerk"],
        "e": ["admin@hagen", "viewer@hagen"],
    }.items():
        await keys.add(replace(KEY, id=id, name=id, roles=tuple(roles)), digest(SECRET))
    hagen = frozenset({"hagen"})

    listed = await keys.listed(sites=hagen, after="", limit=9)
    removed = [await keys.remove(id, sites=hagen) for id in "abcde"]

    assert [key.id for key in listed] == ["a", "e"]
    assert removed == [True, False, False, False, True]
    assert [key.id for key in await keys.listed(sites=None, after="b", limit=1)] == ["c"]


async def test_a_tenant_stands_for_the_sites_that_were_said_last(database: Any) -> None:
    """One that was forgotten stands for none."""
    tenants = MongoTenants(database)
    nordwerk = Tenant("nordwerk", ("hagen", "lyon"), NOON, "mara")
    await tenants.put(replace(nordwerk, sites=("rotterdam",)))
    await tenants.put(nordwerk)
    await tenants.put(replace(nordwerk, name="suedwerk", sites=()))

    assert await tenants.sites({"nordwerk", "suedwerk", "gone"}) == {
        "nordwerk": {"hagen", "lyon"},
        "suedwerk": frozenset(),
    }
    assert await tenants.sites([]) == {}
    assert await tenants.listed(after="", limit=1) == [nordwerk]
    assert [each.name for each in await tenants.listed(after="nordwerk", limit=9)] == ["suedwerk"]
    assert await tenants.remove("nordwerk")
    assert not await tenants.remove("nordwerk")
    assert (await tenants.sites(["nordwerk"])) == {}


def entry(n: int, **more: Any) -> Entry:
    """An entry `n` minutes after noon."""
    at = NOON + timedelta(minutes=n)
    made = Entry(
        id=f"{int(at.timestamp() * 1000):012x}{n:012x}",
        at=at,
        who="mara",
        identity="token:3c1f",
        kind="token",
        address="10.20.0.7",
        method="PATCH",
        path="/v1/zones/hagen",
        request_id=f"r{n}",
    )
    return replace(made, **more)


async def ids(audit: MongoAudit, **asked: Any) -> list[int]:
    """The numbers of the entries that are found."""
    query = {"who": None, "below": None, "since": None, "until": None, "before": "", "limit": 9}
    found = await audit.entries(**{**query, **asked})
    return [int(each.id[12:], 16) for each in found]


async def test_an_entry_gets_its_outcome_once(audit: MongoAudit) -> None:
    """What stands in the log stands there; adding it again changes nothing."""
    done = entry(1, status=200, resources=("hagen",), route="/v1/zones/{zone}")
    await audit.add(entry(1))
    await audit.close(done)
    await audit.close(entry(1, status=500, resources=("lyon",)))
    await audit.add(entry(1))

    everything = {"who": None, "below": None, "since": None, "until": None}
    assert await audit.entries(**everything, before="", limit=9) == [done]


async def test_the_log_is_read_by_who_what_and_when(audit: MongoAudit) -> None:
    """The newest first, page by page."""
    for n in range(4):
        await audit.add(entry(n))
    await audit.add(entry(4, who="key:erp", identity="key:1", path="/v1/zones/hagen/nordwerk"))
    await audit.add(entry(5, path="/v1/zones-of-another-kind"))
    await audit.add(entry(6, who="", identity="", path="/"))

    assert await ids(audit) == [6, 5, 4, 3, 2, 1, 0]
    assert await ids(audit, limit=2) == [6, 5]
    assert await ids(audit, limit=2, before=entry(5).id) == [4, 3]
    assert await ids(audit, who="key:erp") == await ids(audit, who="key:1") == [4]
    assert await ids(audit, below="/v1/zones") == [4, 3, 2, 1, 0]
    assert await ids(audit, below="/v1/zones/hagen/") == [4, 3, 2, 1, 0]
    assert await ids(audit, below="/v1/zones/hagen/nordwerk", who="mara") == []
    assert await ids(audit, since=entry(2).at, until=entry(4).at) == [3, 2]
    assert await ids(audit, until=entry(4).at, before=entry(2).id) == [1, 0]


async def test_the_store_itself_ends_the_log(audit: MongoAudit, database: Any) -> None:
    """Each entry has its end from the start: a setting that changes takes nothing back."""
    await audit.add(entry(0))

    document = await database["audit"].find_one({"_id": entry(0).id})
    indexes = await database["audit"].index_information()

    assert document["expires_at"] == NOON + timedelta(seconds=RETENTION_S)
    assert indexes["retention"]["expireAfterSeconds"] == 0
    assert indexes["retention"]["key"] == [("expires_at", 1)]


ANSWER = Answer("d1", 201, (("location", "/v1/things/1"),), b"{}")


async def test_of_requests_at_once_one_has_the_key(database: Any) -> None:
    """On every replica; the others wait for its answer, and get it as it was."""
    store = MongoAnswers(database)
    await store.prepare()

    claims = await asyncio.gather(*(store.claim("k", NOON) for _ in range(8)))
    await store.keep("k", ANSWER)

    assert claims.count(True) == 1
    assert claims.count(False) == 7
    assert await store.claim("k", NOON) == ANSWER
    assert await store.claim("other", NOON) is True


async def test_a_key_that_is_given_back_or_left_behind_is_free(database: Any) -> None:
    """At once, or when its process has had more time than any request takes; one gets it."""
    store = MongoAnswers(database)
    await store.claim("back", NOON)
    await store.release("back")
    await store.claim("left", NOON)

    assert await store.claim("back", NOON) is True
    assert await store.claim("left", NOON + LEASE / 2) is False
    after = [await store.claim("left", NOON + LEASE * 2) for _ in "12"]
    assert after == [True, False]


async def test_an_answer_stays_for_a_day_and_is_not_given_back(database: Any) -> None:
    """The store itself removes it; until then nobody can."""
    store = MongoAnswers(database)
    await store.prepare()
    await store.claim("k", NOON)
    await store.keep("k", replace(ANSWER, body=None))
    await store.release("k")
    indexes = await database["answers"].index_information()

    assert await store.claim("k", NOON + KEPT / 2) == replace(ANSWER, body=None)
    assert await store.claim("k", NOON + KEPT * 2) is True
    assert indexes["retention"]["expireAfterSeconds"] == 0


async def test_from_a_token_to_a_key_to_the_log(database: Any) -> None:
    """A person makes a key for a machine, it is used, and revoked; the log has it all."""
    kafka = Kafka(bootstrap_servers="127.0.0.1:1")
    app = Application("inventory", Settings(kafka=kafka), description="")
    issuer = Issuer()
    issuer.rotate(ec="ES256")
    async with serving(issuer):
        access = Access(mode="oidc", issuer=issuer.url, audience=AUDIENCE)
        for each in open_door(app, access, database):
            await each.prepare()
        transport = httpx.ASGITransport(app.http, client=("10.20.0.7", 1))
        mara = {"Authorization": f"Bearer {issuer.token('admin@*')}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://i") as client:
            wanted = {"name": "erp", "roles": ["engineer@tenant:nordwerk"]}
            made = await client.post("/v1/api-keys", headers=mara, json=wanted)
            machine = {"Authorization": f"Bearer {made.json()['key']}"}
            await client.put("/v1/tenants/nordwerk", headers=mara, json={"sites": ["hagen"]})
            me = (await client.get("/v1/me", headers=machine)).json()
            refused = await client.get("/v1/audit", headers=machine)
            await client.delete(made.headers["Location"], headers=mara)
            late = await client.get("/v1/me", headers=machine)
            read = (await client.get("/v1/audit", headers=mara)).json()["items"]

    assert me["name"] == "key:erp"
    assert me["roles"][-1] == {"role": "engineer", "sites": ["hagen"]}
    assert (refused.status_code, late.status_code) == (403, 401)
    place = made.headers["Location"]
    assert [(e["who"], e["method"], e["status"], e["resources"]) for e in reversed(read)] == [
        ("mara", "POST", 201, [place]),
        ("mara", "PUT", 200, ["nordwerk"]),
        ("key:erp", "GET", 403, []),
        ("mara", "DELETE", 204, [place.rpartition("/")[2]]),
        ("", "GET", 401, []),
    ]
    assert made.json()["key"].rpartition("_")[2] not in str(read)


async def test_a_store_that_is_away_can_be_tried_again() -> None:
    """No failure of it is anything else than Retryable: a door that cannot ask stays shut."""
    for name in ("motor", "pymongo"):
        client = stores.client(name, "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
        database = client["access"]
        for asked in (
            MongoKeys(database).identity(written("k1", SECRET), NOON),
            MongoTenants(database).sites(["nordwerk"]),
            MongoAudit(database, RETENTION_S).add(entry(0)),
            MongoAudit(database, RETENTION_S).close(entry(0)),
        ):
            with pytest.raises(Retryable, match="store: "):
                await asked
        await stores.close(client)

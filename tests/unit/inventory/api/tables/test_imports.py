"""Imports over HTTP, on what is in memory."""

import csv
import io
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.handlers.imports_world import (
    MAPPING,
    Store,
    Topic,
    many,
    table,
    world,
)

from isthmus.inventory.api.tables.imports import XLSX, serve_imports
from isthmus.inventory.domain.tables.mappings import mapping
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.tables import import_run, imports
from isthmus.inventory.handlers.tables.imports import LEASE, Imports
from isthmus.runtime.http import api

CSV = {"content-type": "text/csv; charset=utf-8"}


@dataclass
class Service:
    """The API, and what works behind it."""

    store: Store
    imports: Imports

    def client(self, *roles: str) -> httpx.AsyncClient:
        http = api("inventory", "")
        serve_imports(http, self.store, self.store, self.imports)
        sign_in(http, *roles or ("engineer@*",))
        return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")

    async def imported(self, file: bytes, *roles: str, **asked: Any) -> str:
        """The id of an import that is done."""
        reply = await self.client(*roles).post(
            "/v1/imports", params={"mapping": "sap", **asked}, content=file, headers=CSV
        )
        assert reply.status_code == 202, reply.text
        now = clock.now()
        job = await self.store.take(self.imports._owner, now, now + LEASE)
        assert job
        await self.imports.work(job)
        return str(reply.json()["id"])


@pytest.fixture
def service() -> Service:
    """A service without imports."""
    store = Store()
    return Service(store, Imports(world(store, Topic())))


async def test_a_file_is_accepted_and_taken_in(service: Service) -> None:
    """202 at once; how far it is, its counts and its first errors at its own address."""
    reply = await service.client().post(
        "/v1/imports", params={"mapping": "sap"}, content=table(*many(2), "9,?,,,,"), headers=CSV
    )
    waiting = reply.json()
    now = clock.now()
    job = await service.store.take(service.imports._owner, now, now + LEASE)
    assert job
    await service.imports.work(job)
    done = (await service.client().get(reply.headers["location"])).json()

    assert (reply.status_code, waiting["state"]) == (202, "waiting")
    assert (done["state"], done["mapping"], done["requested_by"]) == ("finished", "sap", "mara")
    assert done["counts"] == {
        "rows": 3, "new": 2, "changed": 0, "unchanged": 0, "gone": 0, "ignored": 0,
        "faulty": 1, "errors": 2, "withdrawn": 0,
    }  # fmt: skip
    assert [each["column"] for each in done["errors"]] == ["B", "C"]


async def test_what_is_no_table_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its media type, its mapping, its size."""
    reach = service.client()

    async def sent(kind: str, mapping: str, content: bytes) -> httpx.Response:
        return await reach.post(
            "/v1/imports", params={"mapping": mapping}, content=content,
            headers={"content-type": kind},
        )  # fmt: skip

    json, unknown = await sent("application/json", "sap", b"{}"), await sent("text/csv", "x", b"x")
    empty = await sent("text/csv", "sap", b"")
    monkeypatch.setattr(imports, "FILE_BYTES_MAX", 4)
    large = await sent(XLSX, "sap", b"12345")

    assert json.status_code == 415
    assert unknown.json()["fields"] == [
        {"field": "mapping", "reason": "'x', expected an import mapping"}
    ]
    assert empty.json()["fields"] == [{"field": "file", "reason": "empty, expected a table"}]
    assert (large.status_code, large.json()["status"]) == (413, 413)


async def test_errors_are_paged_and_a_table(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every one of them once, in the order of the file, over the batches."""
    monkeypatch.setattr(import_run, "BATCH_ROWS", 3)
    id = await service.imported(table(*(f"{n},?,,,," for n in range(10))))
    reach, found, cursor = service.client(), [], ""
    while True:
        page = (await reach.get(f"/v1/imports/{id}/errors?limit=7&cursor={cursor}")).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    text = (await reach.get(f"/v1/imports/{id}/errors?format=csv")).text
    wrong = await reach.get(f"/v1/imports/{id}/errors?cursor=x")

    assert [(each["row"], each["field"]) for each in found] == [
        (row, field) for row in range(2, 12) for field in ("site", "vendor")
    ]
    assert [dict(row)["row"] for row in csv.DictReader(io.StringIO(text))] == [
        str(each["row"]) for each in found
    ]
    assert wrong.json()["fields"][0]["field"] == "cursor"


async def test_rows_say_what_became_of_them(service: Service) -> None:
    """All of them, or those of one verdict."""
    await service.imported(table(*many(3)))
    id = await service.imported(table(*many(3, first=1)), dry_run=True)
    reach = service.client()

    rows = (await reach.get(f"/v1/imports/{id}/rows")).json()["items"]
    gone = (await reach.get(f"/v1/imports/{id}/rows?verdict=gone")).json()["items"]

    assert [each["verdict"] for each in rows] == ["unchanged", "unchanged", "new", "gone"]
    assert gone == [
        {"row": None, "source": "hagen/sap:0", "verdict": "gone", "changed": [], "asset": "",
         "by": ""}
    ]  # fmt: skip


async def test_imports_are_listed_the_newest_first(service: Service) -> None:
    """Page by page, without their errors."""
    ids = [await service.imported(table(*many(n))) for n in (1, 2, 3)]
    reach = service.client()

    first = (await reach.get("/v1/imports?limit=2")).json()
    second = (await reach.get(f"/v1/imports?limit=2&cursor={first['next']}")).json()

    listed = [each["id"] for each in first["items"] + second["items"]]
    assert listed == sorted(ids, reverse=True)
    assert second["next"] is None


async def test_an_import_is_seen_by_who_may_see_all_of_its_sites(service: Service) -> None:
    """Rows and errors have values of each of them."""
    service.store.kept["sap"] = mapping("sap", {**MAPPING.row, "site": "hagen"})
    hagen = await service.imported(table(*many(1)), "engineer@hagen")
    service.store.kept["sap"] = MAPPING
    anywhere = await service.imported(table(*many(1)))
    viewer, other = service.client("viewer@hagen"), service.client("viewer@lyon")

    assert [each["id"] for each in (await viewer.get("/v1/imports")).json()["items"]] == [hagen]
    assert (await viewer.get(f"/v1/imports/{hagen}")).status_code == 200
    assert (await viewer.get(f"/v1/imports/{anywhere}/rows")).status_code == 404
    assert (await other.get(f"/v1/imports/{hagen}/errors")).status_code == 404
    assert (await other.get("/v1/imports")).json() == {"items": [], "next": None}


async def test_rows_of_sites_that_one_may_not_write_to_are_not_taken(service: Service) -> None:
    """The site of a row is looked at, not only that of the mapping."""
    id = await service.imported(
        table("1,1000,ABB,,,", "2,2000,ABB,,,"), "engineer@hagen", "viewer@lyon"
    )

    done = (await service.client().get(f"/v1/imports/{id}")).json()

    assert (done["counts"]["new"], done["counts"]["faulty"]) == (1, 1)
    expected = "'lyon', expected a site that you may write to: hagen"
    assert done["errors"][0]["reason"] == expected


async def test_an_import_is_an_engineer_s(service: Service) -> None:
    """And of the site that the mapping names."""
    service.store.kept["sap"] = mapping("sap", {**MAPPING.row, "site": "hagen"})
    for roles in (("operator@*",), ("engineer@lyon", "viewer@hagen")):
        reply = await service.client(*roles).post(
            "/v1/imports", params={"mapping": "sap"}, content=b"x", headers=CSV
        )
        assert reply.status_code == 403

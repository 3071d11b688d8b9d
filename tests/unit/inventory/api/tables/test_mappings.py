"""Import mappings over HTTP, on what is in memory."""

from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.handlers.imports_world import Store

from isthmus.inventory.api.tables import mappings
from isthmus.inventory.api.tables.mappings import serve_mappings
from isthmus.runtime.http import api

ROW: dict[str, Any] = {
    "system": "sap",
    "site": "hagen",
    "external_id": "Nr",
    "columns": {"vendor": "Maker", "custom.cabinet": {"column": "Schrank", "default": "?"}},
}
YAML = "{system: sap, site: hagen, external_id: Nr, columns: {vendor: Maker}}"


def client(store: Store, *roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_mappings(http, store)
    sign_in(http, *roles or ("engineer@*",))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_a_mapping_is_written_read_and_removed() -> None:
    """201 the first time; what is read can be written again."""
    reach = client(Store(kept={}))

    first = await reach.put("/v1/import-mappings/erp", json=ROW)
    read = await reach.get("/v1/import-mappings/erp")
    second = await reach.put("/v1/import-mappings/erp", json=read.json())
    listed = await reach.get("/v1/import-mappings")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == read.json() == second.json()
    assert read.json()["columns"]["custom.cabinet"]["default"] == "?"
    assert listed.json() == {"items": [{"name": "erp", "mapping": read.json()}], "next": None}
    assert (await reach.delete("/v1/import-mappings/erp")).status_code == 204
    assert (await reach.delete("/v1/import-mappings/erp")).status_code == 404
    assert (await reach.get("/v1/import-mappings/erp")).status_code == 404


async def test_a_mapping_may_be_yaml() -> None:
    """As it stands in a file beside the table."""
    reach = client(Store(kept={}))

    reply = await reach.put(
        "/v1/import-mappings/erp", content=YAML, headers={"content-type": "application/yaml"}
    )

    assert reply.status_code == 201
    assert reply.json()["columns"]["vendor"]["column"] == "Maker"


async def test_a_mistake_is_named_with_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the body is no document, or too large for one."""
    reach = client(Store())
    put = "/v1/import-mappings/sap"

    wrong = await reach.put(put, json={**ROW, "columns": {"colour": "Farbe"}})
    none = await reach.put(put, content=b"{")
    monkeypatch.setattr(mappings, "BYTES_MAX", 10)
    large = await reach.put(put, json=ROW)

    assert [reply.status_code for reply in (wrong, none, large)] == [422, 422, 422]
    assert wrong.json()["fields"][0]["field"] == "columns.colour"
    assert none.json()["fields"][0]["reason"].startswith("no JSON: ")
    assert large.json()["fields"] == [{"field": "body", "reason": "expected at most 10 bytes"}]


async def test_a_mapping_is_written_by_who_may_write_where_it_does() -> None:
    """One that takes the site from a column writes anywhere; nor may one be taken over."""
    store = Store()
    hagen = client(store, "engineer@hagen")
    column = {**ROW, "site": {"column": "Werk"}}

    assert (await hagen.put("/v1/import-mappings/mine", json=ROW)).status_code == 201
    assert (await hagen.put("/v1/import-mappings/any", json=column)).status_code == 403
    assert (await hagen.put("/v1/import-mappings/sap", json=ROW)).status_code == 403
    assert (await hagen.delete("/v1/import-mappings/sap")).status_code == 403
    assert (
        await client(store, "operator@*").put("/v1/import-mappings/x", json=ROW)
    ).status_code == 403
    assert sorted(store.kept) == ["mine", "sap"]


async def test_the_document_describes_what_a_mapping_takes() -> None:
    """JSON and YAML, by the one schema that answers have too."""
    http = api("inventory", "")
    serve_mappings(http, Store())

    document = http.openapi()

    body = document["paths"]["/v1/import-mappings/{name}"]["put"]["requestBody"]["content"]
    assert set(body) == {"application/json", "application/yaml"}
    assert "MappingModel" in document["components"]["schemas"]

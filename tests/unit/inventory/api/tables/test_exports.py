"""Exports over HTTP, on what is in memory."""

import csv
import io
import json
from typing import Any

import httpx
import openpyxl
import pytest
from tests.access import sign_in
from tests.unit.inventory.handlers.tables.test_exports import Assets, asset

from isthmus.inventory.api.tables.exports import serve_exports
from isthmus.inventory.api.tables.imports import XLSX
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.runtime.http import api

ASSETS = [
    asset(1, name="=cmd|' /C calc'!A0", purdue_level="1", vendor="Siemens", custom={"row": "7"}),
    asset(2, purdue_level="5"),
    asset(3, site="lyon", criticality="high"),
]


def client(*roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_exports(http, Exports(Assets(ASSETS)))  # type: ignore[arg-type]
    sign_in(http, *roles or ("viewer@*",))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {page.title: list(page.values) for page in book.worksheets}


async def test_assets_are_a_table_of_the_fields_asked_for() -> None:
    """A site's own among them; what looks like a formula is none."""
    reply = await client().get("/v1/exports/assets?fields=id,name,custom.row&filter=site=hagen")

    assert reply.headers["content-type"].startswith("text/csv")
    assert reply.headers["content-disposition"] == 'attachment; filename="assets.csv"'
    assert rows(reply.text) == [
        {"id": "0001", "name": "'=cmd|' /C calc'!A0", "custom.row": "7"},
        {"id": "0002", "name": "", "custom.row": ""},
    ]


async def test_assets_are_a_workbook_or_json_lines() -> None:
    """The same assets, whatever the format; a workbook's texts are no formulas."""
    reach = client()

    book = await reach.get("/v1/exports/assets?format=xlsx&fields=id,name")
    lines = await reach.get("/v1/exports/assets?format=jsonl")

    assert book.headers["content-type"] == XLSX
    found = sheets(book.content)["Assets"]
    assert found[:2] == [("id", "name"), ("0001", ASSETS[0]["name"])]
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == ["0001", "0002", "0003"]
    assert json.loads(lines.text.splitlines()[0])["custom"] == {"row": "7"}


@pytest.mark.parametrize(
    ("query", "field"), [("fields=colour", "fields"), ("filter=vendor+==", "filter")]
)
async def test_what_is_asked_for_wrongly_is_named(query: str, field: str) -> None:
    """Before the first byte of the file."""
    reply = await client().get(f"/v1/exports/assets?{query}")

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == field


async def test_nobody_gets_assets_of_another_site() -> None:
    """Scope goes down with the query, in every export."""
    reach = client("viewer@lyon")

    assets = await reach.get("/v1/exports/assets?fields=id")
    register = await reach.get("/v1/registers/cisa-ot")
    coverage = await reach.get("/v1/registers/cisa-ot/coverage")

    assert [row["id"] for row in rows(assets.text)] == ["0003"]
    assert [row["Id"] for row in rows(register.text)] == ["0003"]
    assert [each["site"] for each in coverage.json()["items"]] == ["", "lyon"]


async def test_the_register_is_a_table_a_workbook_or_a_document() -> None:
    """With the coverage beside it where the format has a place for it."""
    reach = client()

    table = await reach.get("/v1/registers/cisa-ot")
    book = await reach.get("/v1/registers/cisa-ot?format=xlsx")
    document = (await reach.get("/v1/registers/cisa-ot?format=json&site=hagen")).json()

    assert [row["Id"] for row in rows(table.text)] == ["0001", "0003"]
    assert [len(found) for found in sheets(book.content).values()] == [3, 4]
    assert sheets(book.content)["Coverage"][1][:2] == ("all", "2")
    assert [item["manufacturer"] for item in document["items"]] == ["Siemens"]
    assert document["coverage"][0]["assets"] == 1


async def test_coverage_is_said_in_per_cent() -> None:
    """Of each attribute, of each site and of all."""
    said = (await client().get("/v1/registers/cisa-ot/coverage")).json()

    everything = said["items"][0]
    by_name = {each["name"]: each for each in everything["attributes"]}
    assert everything["assets"] == 2
    assert by_name["criticality"] == {
        "name": "criticality", "title": "Asset criticality", "known": 1, "percent": "50.0",
    }  # fmt: skip
    assert "CISA" in said["guidance"]


async def test_an_empty_register_is_a_document_too() -> None:
    """With no items."""
    said = (await client().get("/v1/registers/cisa-ot?format=json&site=rotterdam")).json()

    assert said["items"] == []

"""What the API says of how complete it is."""

from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in

from isthmus.inventory.api.feed.completeness import (
    Stated,
    header,
    serve_completeness,
)
from isthmus.inventory.domain.feed.completeness import Late, Watermark
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 9, 42, tzinfo=UTC)
MARKS = [
    Watermark(
        "hagen", EARLIER, NOON, 14, 1,
        (Late("hagen/plc", "c-0", EARLIER),),
        (Watermark("c-0", EARLIER, NOON, 13, 1), Watermark("c-1", NOON, NOON, 1, 0)),
    ),
    Watermark("lyon", NOON, NOON, 2, 0),
]  # fmt: skip


class Known:
    """Two sites."""

    def marks(self, sites: frozenset[str] | None) -> list[Watermark]:
        return [mark for mark in MARKS if sites is None or mark.name in sites]

    def until(self, sites: frozenset[str] | None) -> datetime | None:
        return min((mark.until for mark in self.marks(sites)), default=None)


def client(http: FastAPI, role: str) -> httpx.AsyncClient:
    sign_in(http, role)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://test")


@pytest.fixture
def http() -> FastAPI:
    """An API with one route that counts."""
    http = api("inventory", "")

    @http.get("/counted")
    async def counted(complete_until: Stated) -> dict[str, datetime | None]:
        return {"complete_until": complete_until}

    return http


async def test_completeness_names_who_holds_a_site_back(http: FastAPI) -> None:
    """Site by site, collector by collector, and all together."""
    serve_completeness(http, Known())  # type: ignore[arg-type]
    async with client(http, "viewer@*") as asking:
        said = (await asking.get("/v1/completeness")).json()

    assert said["complete_until"] == "2026-03-01T09:42:00Z"
    hagen, lyon = said["items"]
    assert hagen["held_back_by"] == [
        {"target": "hagen/plc", "collector": "c-0", "until": "2026-03-01T09:42:00Z"}
    ]
    assert [(c["collector"], c["late"]) for c in hagen["collectors"]] == [("c-0", 1), ("c-1", 0)]
    assert (lyon["site"], lyon["targets"]) == ("lyon", 2)


@pytest.mark.parametrize(
    ("role", "query", "until"),
    [
        ("viewer@*", {}, "2026-03-01T09:42:00Z"),
        ("viewer@*", {"site": "lyon"}, "2026-03-01T12:00:00Z"),
        ("viewer@lyon", {}, "2026-03-01T12:00:00Z"),
        ("viewer@lyon", {"site": "hagen"}, None),
        ("viewer@nowhere", {}, None),
    ],
)
async def test_what_is_stated_is_of_the_sites_that_the_answer_is_about(
    http: FastAPI, role: str, query: dict[str, str], until: str | None
) -> None:
    """Nobody learns anything of a site that they do not see."""
    serve_completeness(http, Known())  # type: ignore[arg-type]
    async with client(http, role) as asking:
        counted = (await asking.get("/counted", params=query)).json()
        said = (await asking.get("/v1/completeness", params=query)).json()

    assert counted["complete_until"] == said["complete_until"] == until


def test_a_file_says_it_in_a_header() -> None:
    """As RFC 3339 writes times; nothing where nothing is polled."""
    assert header(NOON) == {"Isthmus-Complete-Until": "2026-03-01T12:00:00Z"}
    assert header(None) == {}

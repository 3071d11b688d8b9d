"""The audit log over HTTP, on what is in memory."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.runtime.door.log import serve_audit
from isthmus.runtime.guard import Entry
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = Entry(
    id="0b1", at=NOON, who="mara", identity="token:3c1f", kind="token", address="10.20.0.7",
    method="PATCH", path="/v1/zones/hagen", request_id="r1", status=200, route="/v1/zones/{zone}",
    resources=("hagen",),
)  # fmt: skip


class Log:
    """One entry, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def entries(self, **asked: Any) -> list[Entry]:
        self.asked.append(asked)
        return [ENTRY]


def client(log: Log, *roles: str) -> httpx.AsyncClient:
    """A client of the API with these roles."""
    http = api("inventory", "")
    serve_audit(http, log)
    sign_in(http, *roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_an_entry_is_shown_whole() -> None:
    """Who, when, from where, what, and how it ended."""
    reply = await client(Log(), "admin@*").get("/v1/audit")

    assert reply.json() == {
        "items": [
            {
                "id": "0b1", "at": "2026-03-01T12:00:00Z", "who": "mara",
                "identity": "token:3c1f", "kind": "token", "address": "10.20.0.7",
                "method": "PATCH", "path": "/v1/zones/hagen", "route": "/v1/zones/{zone}",
                "resources": ["hagen"], "request_id": "r1", "status": 200, "reason": "",
                "times": 1,
            }
        ],
        "next": None,
    }  # fmt: skip


async def test_the_question_goes_to_the_store() -> None:
    """By who, what and when; the cursor is the last entry of a page that is full."""
    log = Log()

    reply = await client(log, "admin@*").get(
        "/v1/audit",
        params={
            "who": "mara", "below": "/v1/zones", "since": "2026-03-01T12:00:00Z",
            "until": "2026-03-02T00:00:00+01:00", "limit": 1, "cursor": "0b2",
        },
    )  # fmt: skip

    assert reply.json()["next"] == "0b1"
    assert log.asked == [
        {
            "who": "mara", "below": "/v1/zones", "since": NOON,
            "until": datetime(2026, 3, 1, 23, tzinfo=UTC), "before": "0b2", "limit": 1,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"since": "2026-03-01T12:00:00"}, {"below": "v1"}])
async def test_a_question_that_makes_no_sense_names_the_field(wrong: dict[str, str]) -> None:
    """A time needs its zone, a path its slash."""
    reply = await client(Log(), "admin@*").get("/v1/audit", params=wrong)

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == next(iter(wrong))


@pytest.mark.parametrize("roles", [["admin@hagen"], ["engineer@*"], []])
async def test_the_log_is_for_who_is_admin_of_every_site(roles: list[str]) -> None:
    """It names people and paths of all of them."""
    assert (await client(Log(), *roles).get("/v1/audit")).status_code == 403

"""Discovery over HTTP, on what is in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.polling.discoveries import (
    ApprovalIn,
    DiscoveryIn,
    DiscoveryOut,
    FindingOut,
    serve_discoveries,
)
from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    FindingVerdict,
    Job,
    Progress,
    cancelled,
    job,
    target_row,
)
from isthmus.inventory.domain.polling.targets import target
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.polling.discoveries import Approval
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "site": "hagen",
    "ranges": ["127.21.0.0/28"],
    "protocols": [{"protocol": "modbus", "ports": [502]}],
    "window": {"start": "22:00", "end": "05:00", "time_zone": "Europe/Berlin"},
}
FOUND = Finding(
    "hagen", "j", "127.21.0.8:502", "modbus",
    {"protocol": "modbus", "host": "127.21.0.8", "port": 502}, {"VendorName": "ACME"}, NOON,
)  # fmt: skip


@dataclass
class Jobs:
    """One job that found one endpoint: the store and the handler at once."""

    job: Job = field(
        default_factory=lambda: replace(
            job({**ROW, "requested_by": "planner"}, "j", NOON),
            state=DiscoveryState.RUNNING,
            progress=Progress(7, 5, 2, 2),
        )
    )
    found: Finding = FOUND

    async def jobs(self, **query: Any) -> list[Job]:
        return [self.job]

    async def known(self, ids: Collection[str]) -> dict[str, Job]:
        return {"j": self.job} if "j" in ids else {}

    async def findings(self, id: str) -> list[Finding]:
        return [self.found]

    async def start(self, row: object) -> Job:
        return job(row, "new", NOON)

    async def cancel(self, id: str) -> Job | None:
        return cancelled(self.job, NOON) if id == "j" else None

    async def approve(self, id: str, addresses: Collection[str] | None, **how: Any) -> Approval:
        self._expect(addresses)
        row = target_row(self.found, how["profile"], how["interval_s"], how["path"])
        return Approval([target(row)], [("127.21.0.9:502", "endpoint: taken")])

    async def ignore(self, id: str, addresses: Collection[str] | None) -> list[Finding]:
        self._expect(addresses)
        return [replace(self.found, verdict=FindingVerdict.IGNORED)]

    def _expect(self, addresses: Collection[str] | None) -> None:
        if addresses is not None and self.found.address not in addresses:
            raise Invalid("addresses", "'x', expected an address that this job found")


@pytest.fixture
def client() -> httpx.AsyncClient:
    """A client of the API, without a network."""
    http, jobs = api("inventory", ""), Jobs()
    serve_discoveries(http, jobs, jobs)  # type: ignore[arg-type]  # one stands for both
    sign_in(http, "engineer@*")
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


def test_every_field_says_what_it_means() -> None:
    """Readers of the documentation need no other page."""
    for model in (ApprovalIn, DiscoveryIn, DiscoveryOut, FindingOut):
        for name, info in model.model_fields.items():
            assert info.description or name == "id", f"{model.__name__}.{name}"


async def test_a_job_is_asked_for(client: httpx.AsyncClient) -> None:
    """One request a second unless it says otherwise."""
    reply = await client.post("/v1/discoveries", json=ROW)

    said = reply.json()
    assert reply.status_code == 201
    assert (said["id"], said["state"], said["hosts"]) == ("new", "waiting", 14)
    assert said["requests_per_s"] == 1
    assert said["window"]["days"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"requests_per_s": 50}, "requests_per_s"),
        ({"ranges": ["127.0.0.0/8"]}, "ranges"),
        ({"protocols": [{"protocol": "s7"}]}, "protocols.0.protocol"),
        ({"window": None}, "window"),
    ],
)
async def test_a_wrong_job_is_a_problem_that_names_the_field(
    client: httpx.AsyncClient, change: Any, field: str
) -> None:
    """Whether its shape is wrong or what it asks for."""
    reply = await client.post("/v1/discoveries", json=ROW | change)

    assert reply.status_code == 422
    assert [each["field"] for each in reply.json()["fields"]] == [field]


async def test_a_job_is_shown_with_what_it_found(client: httpx.AsyncClient) -> None:
    """A list shows jobs alone."""
    one = (await client.get("/v1/discoveries/j")).json()
    listed = (await client.get("/v1/discoveries")).json()

    assert (one["done"], one["asked"], one["answered"], one["skipped"]) == (7, 5, 2, 2)
    assert one["found"] == [
        {
            "address": "127.21.0.8:502",
            "protocol": "modbus",
            "facts": {"VendorName": "ACME"},
            "found_at": "2026-03-01T12:00:00Z",
            "verdict": "waiting",
            "target": "",
        }
    ]
    assert [(each["id"], each["found"]) for each in listed["items"]] == [("j", [])]
    assert listed["next"] is None


async def test_a_job_is_cancelled(client: httpx.AsyncClient) -> None:
    """The answer says how far it had come."""
    said = (await client.delete("/v1/discoveries/j")).json()

    assert (said["state"], said["done"]) == ("cancelled", 7)


async def test_what_was_found_is_approved_or_ignored(client: httpx.AsyncClient) -> None:
    """Everything, or by address."""
    how = {"interval_s": 10, "path": "nordwerk/hagen"}
    approved = (await client.post("/v1/discoveries/j/approve", json=how)).json()
    ignored = (await client.post("/v1/discoveries/j/ignore", json={})).json()

    assert [each["profile"] for each in approved["targets"]] == ["auto"]
    assert approved["refused"] == [{"address": "127.21.0.9:502", "reason": "endpoint: taken"}]
    assert [each["verdict"] for each in ignored["items"]] == ["ignored"]


@pytest.mark.parametrize("verb", ["approve", "ignore"])
async def test_an_address_that_was_not_found_is_a_problem(
    client: httpx.AsyncClient, verb: str
) -> None:
    """It names the field."""
    body = {"addresses": ["x"]}
    how = {"interval_s": 10, "path": "a"} if verb == "approve" else {}

    reply = await client.post(f"/v1/discoveries/j/{verb}", json=body | how)

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == "addresses"


async def test_a_job_that_is_not_there_is_a_problem_everywhere(client: httpx.AsyncClient) -> None:
    """404, naming the id."""
    how = {"interval_s": 10, "path": "a"}
    replies = [
        await client.get("/v1/discoveries/x"),
        await client.delete("/v1/discoveries/x"),
        await client.post("/v1/discoveries/x/approve", json=how),
        await client.post("/v1/discoveries/x/ignore", json={}),
    ]

    assert [reply.status_code for reply in replies] == [404] * 4
    assert {reply.json()["detail"] for reply in replies} == {"id: there is no discovery 'x'"}

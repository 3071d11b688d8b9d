"""Contested keys and the policy of precedence, over HTTP."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.assets.identity import serve_identity
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.assets.vocabulary import Precedence
from isthmus.inventory.handlers.assets.policy import Policies
from isthmus.inventory.ports.assets import Conflict
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Everything:
    """One contested key, a policy, and no assets."""

    def __init__(self) -> None:
        self.order: dict[str, Precedence] = {}
        self.settled: list[tuple[str, bool]] = []

    async def listed(
        self, sites: frozenset[str] | None, *, after: str, limit: int
    ) -> list[Conflict]:
        return [Conflict("hagen|mac|m", ["a", "b"], NOON, NOON, False)]

    async def settle(self, key: str, sites: frozenset[str] | None, *, trusted: bool) -> bool:
        self.settled.append((key, trusted))
        return key == "hagen|mac|m"

    async def decided(self) -> Mapping[str, Precedence]:
        return self.order

    async def decide(self, field: str, order: Precedence | None) -> None:
        self.order = {field: order} if order else {}

    async def assets(self, sites: object, after: str, limit: int) -> list[object]:
        return []


@pytest.fixture
def parts() -> Everything:
    """What stands behind the API."""
    return Everything()


@pytest.fixture
def client(parts: Everything) -> httpx.AsyncClient:
    """An admin's client."""
    http = api("inventory", "")
    policies = Policies(parts, parts, parts)  # type: ignore[arg-type]  # one stands for all
    serve_identity(http, parts, policies)
    serve_problems(http)
    sign_in(http, "admin@*")
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_contested_keys_are_listed_and_settled(
    client: httpx.AsyncClient, parts: Everything
) -> None:
    """One that is not there is a 404."""
    (listed,) = (await client.get("/v1/conflicts")).json()["items"]
    statuses = [
        (await client.post("/v1/conflicts/settle", json={"key": k, "trusted": False})).status_code
        for k in (listed["key"], "other")
    ]

    assert (listed["assets"], listed["demoted"]) == (["a", "b"], False)
    assert statuses == [204, 404]
    assert parts.settled[0] == ("hagen|mac|m", False)


async def test_whose_word_counts_can_be_said_and_taken_back(client: httpx.AsyncClient) -> None:
    """By origin, or by the name of a system of record."""
    before = {e["field"]: e for e in (await client.get("/v1/precedence")).json()}
    said = await client.put("/v1/precedence/owner", json={"order": ["cmdb", "operator"]})
    after = {e["field"]: e for e in (await client.get("/v1/precedence")).json()}
    back = await client.delete("/v1/precedence/owner")

    assert before["owner"]["order"] == ["import", "operator", "device"]
    assert said.json() == {
        "field": "owner", "order": ["cmdb", "operator"], "decided": True, "changed": 0,
    }  # fmt: skip
    assert after["owner"]["decided"]
    assert back.json()["order"] == before["owner"]["order"]


@pytest.mark.parametrize(
    ("field", "order", "at_fault"),
    [("colour", ["device"], "field"), ("owner", ["de vice"], "order"),
     ("owner", ["sap", "sap"], "order")],
)  # fmt: skip
async def test_a_wrong_policy_is_refused_naming_the_field(
    client: httpx.AsyncClient, field: str, order: list[str], at_fault: str
) -> None:
    """And changes nothing."""
    reply = await client.put(f"/v1/precedence/{field}", json={"order": order})

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == at_fault

"""Zones over HTTP, on what is in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.polling.zones import serve_zones
from isthmus.inventory.domain.polling.zones import Zone, zone
from isthmus.inventory.ports.polling import Standing
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAUSE = {"envelope": {"paused": True, "reason": "die change"}}


@dataclass
class Rules:
    """Zones in memory: the store and its handler at once."""

    kept: dict[str, Zone] = field(default_factory=dict)

    async def listed(self, *, sites: object, after: str, limit: int) -> list[Standing[Zone]]:
        return [Standing(each, NOON, 1) for each in self.kept.values()][:limit]

    async def known(self, ids: list[str]) -> dict[str, Standing[Zone]]:
        return {id: Standing(self.kept[id], NOON, 1) for id in ids if id in self.kept}

    async def put(self, row: object) -> tuple[Zone, bool]:
        made = zone(row)
        self.kept[made.id] = made
        return made, True

    async def change(self, id: str, site: str, change: Callable[[Zone | None], Zone]) -> Zone:
        self.kept[id] = change(self.kept.get(id))
        return self.kept[id]

    async def remove(self, id: str) -> bool:
        return self.kept.pop(id, None) is not None


@pytest.fixture
def rules() -> Rules:
    """No zones yet."""
    return Rules()


@pytest.fixture
def client(rules: Rules) -> httpx.AsyncClient:
    """A client of the API, without a network."""
    http = api("inventory", "")
    serve_zones(http, rules, rules)  # type: ignore[arg-type]  # one stands for both
    sign_in(http, "engineer@*")
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


@pytest.mark.parametrize("key", ["hagen", "hagen/nordwerk/hagen/press-shop"])
async def test_a_site_and_a_part_of_it_are_written_and_read_alike(
    client: httpx.AsyncClient, key: str
) -> None:
    """By the key that the zone has on its topic."""
    rules = {"envelope": {"gap_s": 0.2}, "do_not_poll": ["127.21.0.99"]}
    written = await client.put(f"/v1/zones/{key}", json=rules)
    read = await client.get(f"/v1/zones/{key}")
    listed = await client.get("/v1/zones")

    said = read.json()
    assert written.status_code == read.status_code == 200
    assert "/".join(filter(None, (said["site"], said["path"]))) == key
    assert said["envelope"]["gap_s"] == 0.2
    assert said["do_not_poll"] == ["127.21.0.99"]
    assert said["updated_at"] == "2026-03-01T12:00:00Z"
    assert [each["path"] for each in listed.json()["items"]] == [said["path"]]


async def test_a_pause_is_one_call_and_leaves_the_other_rules(
    client: httpx.AsyncClient, rules: Rules
) -> None:
    """Also where there was no rule yet; and so is its end."""
    await client.put("/v1/zones/hagen", json={"do_not_poll": ["127.21.0.99"]})

    paused = await client.patch("/v1/zones/hagen", json=PAUSE)
    fresh = await client.patch("/v1/zones/hagen/a/b", json=PAUSE)
    resumed = await client.patch("/v1/zones/hagen", json={"envelope": {"paused": False}})

    assert (paused.status_code, fresh.status_code, resumed.status_code) == (200, 200, 200)
    assert paused.json()["do_not_poll"] == ["127.21.0.99"]
    assert paused.json()["envelope"]["reason"] == "die change"
    assert rules.kept["hagen/a/b"].envelope["paused"]
    assert not rules.kept["hagen"].envelope["paused"]


async def test_to_set_a_zone_ends_every_rule_that_is_not_named(
    client: httpx.AsyncClient, rules: Rules
) -> None:
    """`PUT` is the whole."""
    await client.put("/v1/zones/hagen", json={"do_not_poll": ["127.21.0.99"]})

    await client.put("/v1/zones/hagen", json=PAUSE)

    assert rules.kept["hagen"].do_not_poll == ()


@pytest.mark.parametrize(
    ("key", "body", "field"),
    [
        ("hagen", {"envelope": {"paused": True}}, "envelope.reason"),
        ("hagen", {"envelope": {"gap_s": -1}}, "envelope.gap_s"),
        ("hagen", {"do_not_poll": ["127.0.0.300"]}, "do_not_poll.0"),
        ("hagen", {"pause": True}, "pause"),
        ("Hagen", {}, "site"),
        ("hagen/a//b", {}, "path"),
    ],
)
async def test_a_wrong_rule_is_a_problem_that_names_the_field(
    client: httpx.AsyncClient, key: str, body: object, field: str
) -> None:
    """Whichever way it is written."""
    reply = await client.put(f"/v1/zones/{key}", json=body)

    assert reply.status_code == 422
    assert [each["field"] for each in reply.json()["fields"]] == [field]


async def test_a_wrong_change_is_a_problem_too(client: httpx.AsyncClient) -> None:
    """A pause without a reason leaves the next shift guessing."""
    reply = await client.patch("/v1/zones/hagen", json={"envelope": {"paused": True}})

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == "envelope.reason"


async def test_a_zone_is_removed_or_the_problem_says_that_there_is_none(
    client: httpx.AsyncClient,
) -> None:
    """204 without a body, 404 with the key."""
    await client.put("/v1/zones/hagen/a", json={})

    removed = await client.delete("/v1/zones/hagen/a")
    missing = [await client.delete("/v1/zones/hagen/a"), await client.get("/v1/zones/hagen/a")]

    assert removed.status_code == 204
    assert [reply.status_code for reply in missing] == [404, 404]
    assert missing[0].json()["detail"] == "zone: there is no zone 'hagen/a'"


async def test_a_slash_at_the_end_means_nothing(client: httpx.AsyncClient, rules: Rules) -> None:
    """Who stops a plant in a hurry must not fail at that."""
    await client.put("/v1/zones/hagen/", json={"do_not_poll": ["127.21.0.99"]})
    paused = await client.patch("/v1/zones/hagen/", json=PAUSE)
    read = await client.get("/v1/zones/hagen/")

    assert paused.status_code == read.status_code == 200
    assert list(rules.kept) == ["hagen"]
    assert rules.kept["hagen"].do_not_poll == ("127.21.0.99",)
    assert (await client.delete("/v1/zones/hagen/")).status_code == 204
    assert not rules.kept

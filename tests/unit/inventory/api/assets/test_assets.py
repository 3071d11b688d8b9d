"""The routes of one asset, on a store in memory."""

from dataclasses import dataclass
from typing import Any
from unittest.mock import ANY

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.domain.world import NOON, report, serial
from tests.unit.inventory.memory import Service, run

from isthmus.inventory.api.assets.assets import serve_assets
from isthmus.inventory.domain.assets.model import Said
from isthmus.runtime.http import api

REASON = {"reason": "one press"}


@dataclass
class Press:
    """A press and a saw, their ids, and somebody who asks."""

    service: Service
    client: httpx.AsyncClient
    press: str
    saw: str


def client(service: Service, *roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_assets(http, service.store, service.store, service.curation)
    sign_in(http, *roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


@pytest.fixture
def press() -> Press:
    """Two devices of hagen, and an engineer of every site."""
    service = Service()
    vendor = Said("Siemens", 0.9, "fc43:VendorName", "SIEMENS")
    run(service.take(
        report("press", 0, serial("1"), attributes={"firmware": "3", "vendor": vendor}),
        report("saw", 0, serial("2"), attributes={"name": "SAW"}),
    ))  # fmt: skip
    run(service.take(report("press", 60, serial("1"), attributes={"firmware": "4"})))
    ids = {a.sources[0]: id for id, a in service.store.live.items()}
    asking = client(service, "engineer@*")
    return Press(service, asking, ids["hagen/press"], ids["hagen/saw"])


async def test_an_asset_is_shown_with_its_revision_as_tag(press: Press) -> None:
    """By its id; an unknown one is a problem that names the field."""
    reply = await press.client.get(f"/v1/assets/{press.press}")

    assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
    assert (reply.json()["id"], reply.json()["firmware"]) == (press.press, "4")
    missing = await press.client.get("/v1/assets/x")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["detail"] == "id: there is no asset 'x'"


async def test_an_asset_is_shown_as_it_was(press: Press) -> None:
    """By any time since it was found; a time without zone is UTC."""
    was = await press.client.get(f"/v1/assets/{press.press}?as_of=2026-03-01T12:00:30")
    before = await press.client.get(f"/v1/assets/{press.press}?as_of=2026-03-01T11:59:00Z")

    assert was.json()["firmware"] == "3"
    assert before.status_code == 404


async def test_the_reason_of_a_field_is_a_sentence_with_all_candidates(press: Press) -> None:
    """The one that counts first; a field that no asset has is refused."""
    await press.client.patch(f"/v1/assets/{press.press}", json={"fields": {"vendor": "Festo"}})

    why = (await press.client.get(f"/v1/assets/{press.press}/why/vendor")).json()
    assert why["because"].startswith("vendor is 'Festo' because operator:")
    assert [c["value"] for c in why["candidates"]] == ["Festo", "Siemens"]
    assert why["candidates"][1] == {
        "value": "Siemens", "source": "hagen/press", "origin": "device",
        "said_at": "2026-03-01T12:00:00Z", "confidence": 0.9, "rule": "fc43:VendorName",
        "raw": "SIEMENS",
    }  # fmt: skip
    refused = await press.client.get(f"/v1/assets/{press.press}/why/wheels")
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "field")
    unknown = (await press.client.get(f"/v1/assets/{press.press}/why/custom.cabinet")).json()
    assert unknown["because"].startswith("custom.cabinet is not known")


async def test_the_history_of_an_asset_leads_from_page_to_page(press: Press) -> None:
    """The latest first; the last page has no next, and one behind it is empty."""
    path = f"/v1/assets/{press.press}/history"
    first = (await press.client.get(path, params={"limit": 1})).json()
    second = (await press.client.get(path, params={"limit": 1, "cursor": first["next"]})).json()

    assert [each["revision"] for each in first["items"] + second["items"]] == [2, 1]
    assert first["items"][0]["changes"] == [{
        "id": ANY, "kind": "changed", "field": "firmware", "before": "3", "after": "4",
        "evidence": "",
    }]  # fmt: skip
    if second["next"]:
        end = await press.client.get(path, params={"limit": 1, "cursor": second["next"]})
        assert (end.status_code, end.json()) == (200, {"items": [], "next": None})
    assert (await press.client.get("/v1/assets/x/history")).status_code == 404


async def test_a_person_says_something_of_an_asset(press: Press) -> None:
    """And takes it back with null."""
    said = {"criticality": "high", "tags": ["B", "a"], "custom.cabinet": "7"}

    edited = await press.client.patch(f"/v1/assets/{press.saw}", json={"fields": said})
    assert edited.status_code == 200
    assert (edited.json()["criticality"], edited.json()["tags"]) == ("high", ["a", "b"])
    assert edited.json()["custom"] == {"cabinet": "7"}
    unsaid = await press.client.patch(
        f"/v1/assets/{press.saw}", json={"fields": dict.fromkeys(said), "status": "ignored"}
    )
    assert (unsaid.json()["criticality"], unsaid.json()["custom"]) == ("", {})
    assert unsaid.json()["status"] == "ignored"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": {"criticality": "vital"}}, "criticality"),
        ({"fields": {"wheels": "4"}}, "wheels"),
        ({"field": {"name": "x"}}, "field"),
        ({"status": "lost"}, "status"),
        ({"fields": {"name": 4}}, "fields.name.str"),
    ],
)
async def test_a_wrong_edit_is_a_problem_that_names_the_field(
    press: Press, body: Any, field: str
) -> None:
    """With what was expected."""
    refused = await press.client.patch(f"/v1/assets/{press.saw}", json=body)

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["field"] == field
    assert refused.json()["fields"][0]["reason"]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [('"1"', 200), ("1", 200), ('W/"1"', 200), ("*", 200), ('"7"', 412), ("x", 412)],
)
async def test_an_edit_of_what_has_changed_meanwhile_is_refused(
    press: Press, if_match: str, status: int
) -> None:
    """RFC 9110, 13.1.1."""
    reply = await press.client.patch(
        f"/v1/assets/{press.saw}", json={"fields": {"name": "x"}}, headers={"If-Match": if_match}
    )

    assert reply.status_code == status


async def test_a_merged_asset_leads_to_the_one_that_it_is_now(press: Press) -> None:
    """Through as many merges as there were; and comes back with its id."""
    run(press.service.take(report("mill", 0, serial("3"))))
    (mill,) = (id for id, a in press.service.store.live.items() if "hagen/mill" in a.sources)
    for winner, loser in ((press.press, press.saw), (mill, press.press)):
        joined = await press.client.post(
            f"/v1/assets/{winner}/merge", json={"from": loser, **REASON}
        )
        assert joined.status_code == 200

    moved = await press.client.get(f"/v1/assets/{press.saw}")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/assets/{mill}")
    for id in (press.press, press.saw):
        back = await press.client.post(f"/v1/assets/{id}/restore", json=REASON)
        assert (back.status_code, back.json()["id"]) == (200, id)
    assert (await press.client.get(f"/v1/assets/{press.saw}")).json()["name"] == "SAW"


async def test_some_sources_of_an_asset_become_another_one(press: Press) -> None:
    """201, with the new one."""
    await press.client.post(f"/v1/assets/{press.press}/merge", json={"from": press.saw, **REASON})

    parted = await press.client.post(
        f"/v1/assets/{press.press}/split", json={"sources": ["hagen/saw"], **REASON}
    )

    assert (parted.status_code, parted.json()["sources"]) == (201, ["hagen/saw"])
    assert parted.json()["id"] not in (press.press, press.saw)


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("merge", {"from": "x", "reason": "r"}, 404),
        ("merge", {"from": "x"}, 422),
        ("split", {"sources": [], "reason": "r"}, 422),
        ("split", {"sources": ["hagen/x"], "reason": "r"}, 422),
        ("restore", {"reason": "r"}, 404),
        ("restore", {"reason": ""}, 422),
        ("restore", {"reason": "r", "why": "not"}, 422),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    press: Press, act: str, body: Any, status: int
) -> None:
    """Without a reason nothing is joined or parted."""
    reply = await press.client.post(f"/v1/assets/{press.press}/{act}", json=body)

    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


async def test_nobody_sees_or_changes_what_is_on_another_site(press: Press) -> None:
    """It is as if it were not there: asset, reason, history, and where a merged one went."""
    stranger = client(press.service, "engineer@lyon")
    await press.client.post(f"/v1/assets/{press.press}/merge", json={"from": press.saw, **REASON})
    path = f"/v1/assets/{press.press}"

    for each in (path, f"{path}/why/name", f"{path}/history", f"/v1/assets/{press.saw}",
                 f"{path}?as_of=2026-03-02T00:00:00Z"):  # fmt: skip
        assert (await stranger.get(each)).status_code == 404
    assert (await stranger.patch(path, json={"fields": {"name": "x"}})).status_code == 404
    split = await stranger.post(f"{path}/split", json={"sources": ["hagen/saw"], **REASON})
    restore = await stranger.post(f"/v1/assets/{press.saw}/restore", json=REASON)
    assert (split.status_code, restore.status_code) == (404, 404)


async def test_each_act_needs_its_role(press: Press) -> None:
    """Viewers read, operators say something, engineers join and part."""
    path = f"/v1/assets/{press.press}"
    edit, merge = {"fields": {"name": "x"}}, {"from": press.saw, **REASON}
    statuses = {}
    for role in ("viewer", "operator", "engineer"):
        who = client(press.service, f"{role}@hagen")
        replies = [await who.get(path), await who.patch(path, json=edit),
                   await who.post(f"{path}/merge", json=merge)]  # fmt: skip
        statuses[role] = [reply.status_code for reply in replies]

    assert statuses == {
        "viewer": [200, 403, 403], "operator": [200, 200, 403], "engineer": [200, 200, 200],
    }  # fmt: skip


async def test_what_is_seen_is_what_was_seen_last(press: Press) -> None:
    """In the form that readers get."""
    shown = (await press.client.get(f"/v1/assets/{press.press}")).json()

    assert shown["last_seen_at"] == NOON.replace(minute=1).isoformat().replace("+00:00", "Z")

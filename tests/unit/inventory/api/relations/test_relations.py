"""Relations over HTTP, on a plant in memory."""

from typing import Any

import httpx
import pytest
from tests.unit.inventory.plant import NOON, Plant

from isthmus.inventory.api.relations.relations import serve_relations
from isthmus.inventory.domain.relations.links import Sighting, SightingKind
from isthmus.inventory.domain.relations.relations import RelationKind
from isthmus.inventory.handlers.relations import Relations
from isthmus.runtime.access import Grant, Identity, identified
from isthmus.runtime.access import Kind as Shown
from isthmus.runtime.http import api


@pytest.fixture
def plant() -> Plant:
    """A PLC with a module, fed by a UPS, on a port of a switch; a host at another site."""
    made = Plant()
    made.add("plc", class_="plc", criticality="high", safety_impact="direct")
    made.add("module", ("part_of", "plc"))
    made.add("ups")
    made.add("switch", class_="switch")
    made.add("host", site="lyon")
    made.declare_all((RelationKind.FEEDS, "ups", "plc"))
    made.see(
        "switch",
        Sighting(SightingKind.LLDP, "Gi1/0/7", name="plc", remote_port="X1"),
        Sighting(SightingKind.LLDP, "Gi1/0/8", name="box", mac="28:63:36:8a:10:07"),
    )
    return made


def client(plant: Plant, *grants: str) -> httpx.AsyncClient:
    """A client who has these roles; operator at Hagen without any."""
    http = api("inventory", "")
    serve_relations(http, Relations(plant, plant, plant, now=lambda: NOON))
    roles = frozenset(map(Grant.parsed, grants or ("operator@hagen",)))
    http.dependency_overrides[identified] = lambda: Identity("1", "jo", Shown.TOKEN, roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_the_relations_of_an_asset_are_told_from_its_side(plant: Plant) -> None:
    """With the direction, its own port first, and the evidence."""
    reply = await client(plant).get("/v1/assets/plc/relations")

    said = {each["asset"]["id"]: each for each in reply.json()["items"]}
    assert reply.status_code == 200
    assert [(id, each["kind"], each["direction"]) for id, each in said.items()] == [
        ("switch", "connects_to", "both"),
        ("module", "contains", "out"),
        ("ups", "feeds", "in"),
    ]
    assert (said["switch"]["port"], said["switch"]["remote_port"]) == ("X1", "Gi1/0/7")
    assert said["ups"]["evidence"][0]["origin"] == "declared"
    assert said["switch"]["evidence"][0] | {"at": ""} == {
        "origin": "sighting", "source": "hagen/switch", "at": "", "confidence": 0.76,
        "protocol": "lldp", "port": "Gi1/0/7", "remote_port": "X1", "position": "", "note": "",
        "stale_at": "2026-03-01T13:00:00Z",
    }  # fmt: skip


async def test_relations_come_page_by_page(plant: Plant) -> None:
    """Each once."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await client(plant).get(
                "/v1/assets/plc/relations", params={"limit": 1, "cursor": cursor}
            )
        ).json()
        found += [each["asset"]["id"] for each in page["items"]]
        cursor = page["next"]

    assert found == ["switch", "module", "ups"]


async def test_impact_is_counted_and_gives_its_reasons(plant: Plant) -> None:
    """Each step in words."""
    said = (await client(plant).get("/v1/assets/ups/impact")).json()

    assert [(e["asset"]["id"], e["effect"], e["depth"], e["via"]) for e in said["items"]] == [
        ("plc", "stops", 1, "ups"), ("module", "stops", 2, "plc"),
    ]  # fmt: skip
    assert said["items"][1]["reasons"] == ["PLC is fed by UPS", "MODULE is part of PLC"]
    assert said["by_effect"] == {"stops": 2}
    assert said["by_line"] == {"n/hagen/press/line-1": 2}
    assert said["by_criticality"] == {"high": 1, "unknown": 1}
    assert said["by_safety_impact"] == {"direct": 1, "unknown": 1}
    assert said["complete"]


async def test_who_else_does_it_is_named(plant: Plant) -> None:
    """A second supply."""
    plant.add("ups-2")
    plant.declare_all((RelationKind.FEEDS, "ups-2", "plc"))

    said = (await client(plant).get("/v1/assets/ups/impact", params={"depth": 1})).json()

    assert [each["id"] for each in said["items"][0]["also"]] == ["ups-2"]


async def test_a_path_is_told_step_by_step(plant: Plant) -> None:
    """In the direction that was asked for."""
    ask = client(plant)
    link = (await ask.get("/v1/path", params={"from": "plc", "to": "switch"})).json()
    way = (await ask.get("/v1/path", params={"from": "module", "to": "ups"})).json()
    none = (await ask.get("/v1/path", params={"from": "module", "to": "module"})).json()

    (step,) = link["steps"]
    assert (step["port"], step["remote_port"], step["turned"]) == ("X1", "Gi1/0/7", False)
    assert [(s["from"]["id"], s["kind"], s["turned"], s["to"]["id"]) for s in way["steps"]] == [
        ("module", "contains", True, "plc"), ("plc", "feeds", True, "ups"),
    ]  # fmt: skip
    assert (none["found"], none["steps"]) == (True, [])


async def test_a_site_can_be_drawn(plant: Plant) -> None:
    """Nodes, and edges by their ids."""
    said = (await client(plant).get("/v1/topology", params={"site": "hagen"})).json()

    assert {each["id"] for each in said["nodes"]} == {"plc", "module", "ups", "switch"}
    assert {(e["from"], e["kind"], e["to"]) for e in said["edges"]} == {
        ("plc", "connects_to", "switch"), ("plc", "contains", "module"), ("ups", "feeds", "plc"),
    }  # fmt: skip


async def test_strangers_are_listed_with_who_sees_them(plant: Plant) -> None:
    """Page by page."""
    said = (await client(plant).get("/v1/strangers", params={"site": "hagen", "limit": 1})).json()

    (stranger,) = said["items"]
    assert (stranger["mac"], stranger["name"], said["next"]) == ("28:63:36:8a:10:07", "box", None)
    assert stranger["seen_by"][0]["port"] == "Gi1/0/8"


async def test_a_relation_is_declared_listed_and_taken_back(plant: Plant) -> None:
    """201 and then 200; 204 and then 404; its history stays."""
    ask = client(plant)
    row = {"kind": "controls", "from": "plc", "to": "ups", "note": "load shedding"}
    where = {name: row[name] for name in ("kind", "from", "to")}

    put = [await ask.put("/v1/relations", json=row) for _ in range(2)]
    gone = [await ask.delete("/v1/relations", params=where) for _ in range(2)]
    listed = (await ask.get("/v1/relations")).json()["items"]

    assert [each.status_code for each in (*put, *gone)] == [201, 200, 204, 404]
    assert put[0].json()["by"] == "jo"
    (said,) = [each for each in listed if each["kind"] == "controls"]
    assert said["withdrawn"]
    assert [act["action"] for act in said["history"]] == ["declared", "withdrawn"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "eats", "from": "plc", "to": "ups"}, "kind"),
        ({"kind": "feeds", "from": "plc", "to": "plc"}, "to"),
        ({"kind": "feeds", "from": "plc", "to": "host"}, "to"),
        ({"kind": "feeds", "from": "plc", "to": "ups", "why": ""}, "why"),
    ],
)
async def test_a_wrong_declaration_is_a_problem_that_names_the_field(
    plant: Plant, row: dict[str, Any], field: str
) -> None:
    """An asset of a site that one may not see is none."""
    reply = await client(plant).put("/v1/relations", json=row)

    assert reply.status_code == 422
    assert [each["field"] for each in reply.json()["fields"]] == [field]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/assets/nobody/relations", 404),
        ("/v1/assets/host/impact", 404),
        ("/v1/path?from=plc&to=host", 422),
        ("/v1/assets/plc/impact?depth=0", 422),
        ("/v1/topology", 422),
    ],
)
async def test_what_is_not_there_or_not_asked_well_is_a_problem(
    plant: Plant, path: str, status: int
) -> None:
    """Another site's asset is not there."""
    reply = await client(plant).get(path)

    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_drawing_that_is_too_large_says_how_to_narrow(plant: Plant) -> None:
    """By the field that does."""
    for number in range(2_001):
        plant.add(f"more-{number}")

    reply = await client(plant).get("/v1/topology", params={"site": "hagen"})

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == "path"


async def test_every_parameter_and_field_is_described(plant: Plant) -> None:
    """For those who have only the OpenAPI document."""
    document = (await client(plant).get("/openapi.json")).json()

    for path, routes in document["paths"].items():
        for route in routes.values():
            assert route["summary"], path
            assert all(each.get("description") for each in route.get("parameters", ())), path


async def test_relations_of_then_are_asked_of_the_past(plant: Plant) -> None:
    """Where nothing was there yet, there is no answer; a time that is to come is refused."""
    reach = client(plant)

    gone = await reach.get("/v1/assets/plc/relations?as_of=2026-03-01T12:00:00Z")
    drawn = await reach.get("/v1/topology?site=hagen&as_of=2026-03-01T12:00:00Z")
    before = await reach.get("/v1/topology?site=hagen&as_of=2026-02-01T12:00:00Z")
    later = await reach.get("/v1/topology?site=hagen&as_of=2199-01-01T00:00:00Z")

    assert gone.status_code == 404
    assert drawn.json() == {"nodes": [], "edges": []}
    assert [each.status_code for each in (before, later)] == [422, 422]
    assert before.json()["fields"][0]["field"] == "as_of"

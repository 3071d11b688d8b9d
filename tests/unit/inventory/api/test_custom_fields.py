"""Custom fields over HTTP, on what is in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.custom_fields import serve_custom_fields
from isthmus.inventory.domain.query import Listing
from isthmus.inventory.handlers.custom_fields import CustomFields
from isthmus.inventory.ports.custom_fields import Defined
from isthmus.inventory.ports.finding import Page
from isthmus.runtime.http import api

POWER = {"type": "number", "unit": "kW", "label": "Connected load", "sites": ["hagen"]}


@dataclass
class Kept:
    """Definitions, and one asset whose value may not fit."""

    fields: dict[str, Defined] = field(default_factory=dict)

    async def defined(self) -> Mapping[str, Defined]:
        return dict(sorted(self.fields.items()))

    async def put(self, defined: Defined) -> bool:
        new = defined.definition.name not in self.fields
        self.fields[defined.definition.name] = defined
        return new

    async def remove(self, name: str) -> bool:
        return self.fields.pop(name, None) is not None

    async def page(self, listing: Listing) -> Page:
        item = {"id": "a", "site": "hagen", "class": "press", "custom": {"power": "7,5"}}
        return Page([item], None)


@pytest.fixture
def kept() -> Kept:
    """No definitions yet."""
    return Kept()


def client(kept: Kept, *roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_custom_fields(http, CustomFields(kept, kept))  # type: ignore[arg-type]  # pages alone
    sign_in(http, *roles or ("admin@*",))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_a_field_is_defined_changed_read_and_removed(kept: Kept) -> None:
    """201 when it is new; what the body does not name is as by default."""
    chief, place = client(kept), "/v1/custom-fields/power"

    assert (await chief.get(place)).status_code == 404
    made = await chief.put(place, json=POWER)
    read = (await chief.get(place)).json()
    changed = await chief.put(place, json={"type": "day"})

    assert made.status_code == 201
    assert read == made.json()
    assert read | POWER == read
    assert (read["name"], read["updated_by"], read["required"]) == ("custom.power", "mara", False)
    assert (changed.status_code, changed.json()["sites"]) == (200, [])
    assert (await chief.delete(place)).status_code == 204
    assert (await chief.delete(place)).status_code == 404


async def test_fields_are_listed_by_name_where_they_hold(kept: Kept) -> None:
    """Page by page."""
    chief = client(kept)
    for name, sites in (("c", []), ("a", ["hagen"]), ("b", ["lyon"])):
        await chief.put(f"/v1/custom-fields/{name}", json={"sites": sites})

    async def listed(reader: httpx.AsyncClient, **query: Any) -> tuple[list[str], str | None]:
        page = (await reader.get("/v1/custom-fields", params=query)).json()
        return [each["name"] for each in page["items"]], page["next"]

    assert await listed(chief, limit=2) == (["custom.a", "custom.b"], "custom.b")
    assert await listed(chief, limit=2, cursor="custom.b") == (["custom.c"], None)
    assert await listed(client(kept, "viewer@hagen")) == (["custom.a", "custom.c"], None)


async def test_what_does_not_fit_is_listed(kept: Kept) -> None:
    """With the value, and what was expected."""
    chief = client(kept)
    await chief.put("/v1/custom-fields/power", json=POWER)

    found = (await chief.get("/v1/custom-fields/power/misfits")).json()

    reason = "'7,5', expected a decimal number with a point, such as 4850.00"
    assert found == {
        "items": [{"asset": "a", "site": "hagen", "value": "7,5", "reason": reason}], "next": None,
    }  # fmt: skip
    assert (await chief.get("/v1/custom-fields/no/misfits")).status_code == 404


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("Power", {}, "name"),
        ("power", {"type": "money"}, "type"),
        ("power", {"type": "choice"}, "choices"),
        ("power", {"type": "day", "unit": "kW"}, "unit"),
        ("power", {"colour": "red"}, "colour"),
    ],
)
async def test_a_mistake_names_its_field(kept: Kept, name: str, said: Any, field: str) -> None:
    """And defines nothing."""
    reply = await client(kept).put(f"/v1/custom-fields/{name}", json=said)

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == field
    assert not kept.fields


async def test_an_admin_of_its_sites_defines_a_field(kept: Kept) -> None:
    """Nobody else: what holds everywhere needs the role everywhere."""
    local = client(kept, "admin@hagen")

    assert (await local.put("/v1/custom-fields/a", json={"sites": ["hagen"]})).status_code == 201
    assert (await local.put("/v1/custom-fields/b", json={})).status_code == 403
    engineer = client(kept, "engineer@*")
    assert (await engineer.put("/v1/custom-fields/c", json={})).status_code == 403

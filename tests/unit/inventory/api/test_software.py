"""The software portfolio over HTTP, on what is in memory."""

from collections.abc import Collection, Sequence
from typing import Any

import httpx
from tests.access import sign_in

from isthmus.inventory.api.software import RELEASES_MAX, serve_software
from isthmus.inventory.domain.software import Installation, installation
from isthmus.inventory.handlers.software import Portfolio
from isthmus.runtime.http import api


def ignition(id: str, version: str, **more: str) -> Installation:
    said = {"vendor": "Inductive Automation", "family": "Ignition", "software": version, **more}
    key = f"inductive automation|{said['family'].casefold()}"
    return installation(id, key, "hagen", [f"hagen/{id}"], said)


class Installed:
    """What is installed; remembers who asked where."""

    def __init__(self, *installations: Installation) -> None:
        self.installations = installations
        self.sites: Any = ()

    async def keys(self) -> Sequence[str]:
        return sorted({each.product for each in self.installations})

    async def installed(
        self, keys: Collection[str], sites: frozenset[str] | None
    ) -> list[Installation]:
        self.sites = sites
        return [each for each in self.installations if each.product in keys]


async def asked(installed: Installed, *roles: str, **query: Any) -> httpx.Response:
    http = api("inventory", "")
    serve_software(http, Portfolio(installed, None))  # type: ignore[arg-type]  # all are installed
    sign_in(http, *roles or ("viewer@*",))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(http), base_url="http://inventory"
    ) as client:
        return await client.get("/v1/software", params=query)


async def test_a_product_is_shown_with_its_versions() -> None:
    """Amounts as decimal text, ends in three states, the most installed version first."""
    installed = Installed(
        ignition("a", "8.1", end_of_support="2020"),
        ignition("b", "8.3", purchase_price="10.50", currency="EUR"),
        ignition("c", "8.3", lifecycle="supported_no_date"),
    )

    [found] = (await asked(installed)).json()["items"]

    assert (found["name"], found["installations"], found["hosts"], found["ended"]) == (
        "Ignition", 3, 3, 1,
    )  # fmt: skip
    assert [(r["version"], r["end_of_support"]) for r in found["releases"]] == [
        ("8.3", {"state": "supported_no_date", "last": None}),
        ("8.1", {"state": "known", "last": "2020-12-31"}),
    ]
    cost = [{"currency": "EUR", "purchase": "10.50", "per_year": "0"}]
    assert found["costs"] == found["releases"][0]["costs"] == cost
    assert (found["sites"], found["site_count"], found["used_by"]) == (["hagen"], 1, [])


async def test_products_come_page_by_page_of_the_sites_that_one_sees() -> None:
    """The cursor is where the page before ended."""
    installed = Installed(*(ignition(n, "1", family=f"P{n}") for n in "123"))

    first = (await asked(installed, "viewer@hagen", limit=2)).json()
    rest = (await asked(installed, limit=2, cursor=first["next"])).json()

    assert [each["name"] for each in first["items"] + rest["items"]] == ["P1", "P2", "P3"]
    assert rest["next"] is None
    await asked(installed, "viewer@hagen", site="lyon")
    assert installed.sites == frozenset()


async def test_versions_beyond_a_hundred_are_counted() -> None:
    """A page stays one, whatever hosts are found to run."""
    installed = Installed(*(ignition(f"{n}", f"1.{n}") for n in range(RELEASES_MAX + 7)))

    [found] = (await asked(installed)).json()["items"]

    assert (len(found["releases"]), found["other_releases"]) == (RELEASES_MAX, 7)

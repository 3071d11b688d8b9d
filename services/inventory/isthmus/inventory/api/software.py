"""The software portfolio over HTTP."""

from datetime import date
from typing import Annotated, Self

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from isthmus.inventory.api.polling.targets import Site
from isthmus.inventory.domain.money.forecast import End, Knowledge
from isthmus.inventory.domain.software import Cost, Product, Release, Tally
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.software import Portfolio
from isthmus.runtime.access import Viewer, narrowed
from isthmus.runtime.pages import INVALID, Cursor, Next

RELEASES_MAX = 100
SITES_MAX = 100
Limit = Annotated[
    int, Query(ge=1, le=200, description="Most products on the page, each in all its versions.")
]
Sites = Annotated[
    list[str], Field(description="At most 100 of them, by name.", examples=[["hagen", "lyon"]])
]


class SoftwareCost(BaseModel):
    """What installations cost, in one currency."""

    currency: str = Field(description="ISO 4217; empty where nobody says it.", examples=["EUR"])
    purchase: str = Field(description="All purchase prices.", examples=["4800.00"])
    per_year: str = Field(description="All running costs of a year.", examples=["960.00"])

    @classmethod
    def of(cls, cost: Cost) -> Self:
        """What the API says of `cost`."""
        purchase, per_year = format(cost.purchase, "f"), format(cost.per_year, "f")
        return cls(currency=cost.currency, purchase=purchase, per_year=per_year)


class SupportEnd(BaseModel):
    """What is known of the day on which the maker stops mending a version."""

    state: Knowledge = Field(
        description="`known`, `supported_no_date`, or `unknown`.", examples=["known"]
    )
    last: date | None = Field(
        description="Last day on which it holds; null where no day is known.",
        examples=["2028-06-30"],
    )

    @classmethod
    def of(cls, end: End) -> Self:
        """What the API says of `end`."""
        return cls(state=end.state, last=end.last)


class Counted(BaseModel):
    """How many installations there are, and where."""

    installations: int = Field(description="How many.", examples=[412])
    hosts: int = Field(description="Hosts that have one.", examples=[405])
    site_count: int = Field(description="Sites that have one.", examples=[2])
    costs: list[SoftwareCost] = Field(
        description="By currency, as the assets' own fields say; contracts are among the costs."
    )


class ReleaseOut(Counted):
    """One version of a product."""

    version: str = Field(description="Empty where nobody knows it.", examples=["8.1.44"])
    end_of_support: SupportEnd = Field(description="The earliest of its installations'.")

    @classmethod
    def of(cls, release: Release) -> Self:
        """What the API says of `release`."""
        end = SupportEnd.of(release.end)
        return cls(version=release.version, end_of_support=end, **_counted(release.tally))


class ProductOut(Counted):
    """One product of a maker, in all its versions."""

    vendor: str = Field(description="Its maker.", examples=["Inductive Automation"])
    name: str = Field(description="Its name.", examples=["Ignition"])
    ended: int = Field(
        description="Installations of versions whose maker mends them no more today.", examples=[7]
    )
    sites: Sites
    used_by: Sites
    releases: list[ReleaseOut] = Field(
        description="At most 100 versions, those with the most installations first."
    )
    other_releases: int = Field(description="Versions that are not shown.", examples=[0])

    @classmethod
    def of(cls, product: Product, today: date) -> Self:
        """What the API says of `product`."""
        ranked = sorted(
            product.releases.values(), key=lambda each: (-each.tally.installations, each.version)
        )
        return cls(
            vendor=product.vendor,
            name=product.name,
            ended=product.ended(today),
            sites=sorted(product.tally.sites)[:SITES_MAX],
            used_by=sorted(product.used_by)[:SITES_MAX],
            releases=[ReleaseOut.of(each) for each in ranked[:RELEASES_MAX]],
            other_releases=len(ranked[RELEASES_MAX:]),
            **_counted(product.tally),
        )


class ProductPage(BaseModel):
    """Some products, by maker and name."""

    items: list[ProductOut]
    next: Next


def serve_software(http: FastAPI, portfolio: Portfolio) -> None:
    """Add the route of the portfolio to `http`."""

    @http.get(
        "/v1/software",
        tags=["software"],
        summary="Software by product and version, page by page",
        description="What reports have found installed on hosts, and applications as people keep "
        "them: where those run (`runs_on`) and who uses them (`uses`) is what relations say. "
        "What is ignored does not count.",
        responses=INVALID,
    )
    async def software(
        who: Viewer, site: Site = None, limit: Limit = 20, cursor: Cursor = ""
    ) -> ProductPage:
        found = await portfolio.products(narrowed(who.sites, site), cursor, limit)
        today = clock.now().date()
        more = found[-1].key if len(found) == limit else None
        return ProductPage(items=[ProductOut.of(each, today) for each in found], next=more)


def _counted(tally: Tally) -> dict[str, object]:
    costs = [SoftwareCost.of(tally.costs[currency]) for currency in sorted(tally.costs)]
    return {
        "installations": tally.installations,
        "hosts": len(tally.hosts),
        "site_count": len(tally.sites),
        "costs": costs,
    }

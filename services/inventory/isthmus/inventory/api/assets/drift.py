"""Routes of what should be there against what is."""

from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from isthmus.inventory.api.assets.assets import REFUSED, Limit
from isthmus.inventory.api.feed.completeness import CompleteUntil, Stated
from isthmus.inventory.domain.assets.drift import DriftKind, drifts
from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.ports.assets import Holdings
from isthmus.runtime.access import Viewer, narrowed
from isthmus.runtime.pages import Next

LOOKED_AT_MAX = 5_000
"""Assets that one request looks at; a page may therefore have fewer items than its limit."""
PAGE = 500
Site = Annotated[str, Query(description="Only of this site.", examples=["hagen"])]
Kinds = Annotated[
    list[DriftKind] | None,
    Query(description="Only these kinds; none is all.", examples=[["missing"]]),
]
Cursor = Annotated[str, Query(max_length=100, description="`next` of the page before.")]


class DriftOut(BaseModel):
    """One way in which an asset is not as it should be."""

    asset_id: str
    site: str = Field(examples=["hagen"])
    path: str
    name: str = Field(examples=["PRESS-1"])
    kind: DriftKind
    field: str = Field(description="Empty where it is not about one.", examples=["firmware"])
    intended: str = Field(description="What the books or a person say.", examples=["3.20"])
    observed: str = Field(description="What the device says.", examples=["3.30"])
    counts: str = Field(description="What the asset shows, by the policy of precedence.")


class DriftPage(BaseModel):
    """Some drifts, by asset."""

    items: list[DriftOut]
    next: Next
    complete_until: CompleteUntil = None


def serve_drift(http: FastAPI, holdings: Holdings, policy: Callable[[], Policy]) -> None:
    """Add the route to `http`; `policy` is the one that counts now."""

    @http.get(
        "/v1/drift",
        tags=["assets"],
        summary="What should be there against what is",
        description="`unexpected`: a device that no book knows and nobody has accepted. `missing`: "
        "the books have it, and no device was ever seen. `back`: the books say that it is out of "
        "service, and it answers. `mismatched`: both have it and say different things. Accept or "
        "ignore an asset with `PATCH /v1/assets/{id}`; whose word counts, `/v1/precedence` says.",
        responses=REFUSED,
    )
    async def drift(
        who: Viewer,
        complete_until: Stated,
        site: Site = "",
        kind: Kinds = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> DriftPage:
        sites = narrowed(who.sites, site)
        items: list[DriftOut] = []
        after, looked_at = cursor, 0
        while len(items) < limit and looked_at < LOOKED_AT_MAX:
            page = await holdings.assets(sites, after, min(PAGE, limit))
            for asset in page:
                items += [each for each in _of(asset, policy()) if not kind or each.kind in kind]
                after = asset.id
                if len(items) >= limit:
                    break
            looked_at += len(page)
            if len(page) < min(PAGE, limit):
                more = after if len(items) >= limit else None
                return DriftPage(items=items, next=more, complete_until=complete_until)
        return DriftPage(items=items, next=after, complete_until=complete_until)


def _of(asset: Asset, policy: Policy) -> list[DriftOut]:
    return [
        DriftOut(
            asset_id=asset.id,
            site=asset.site,
            path=asset.path,
            name=asset.attributes.get("name", ""),
            kind=each.kind,
            field=each.field,
            intended=each.intended,
            observed=each.observed,
            counts=each.counts,
        )
        for each in drifts(asset, policy)
    ]

"""What assets cost and when they end, over HTTP."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import FastAPI, Path, Query, Response

from isthmus.inventory.api.feed.completeness import Stated
from isthmus.inventory.api.money.costs_models import (
    AssetCostOut,
    ComparisonOut,
    CostsOut,
    EndOut,
    ForecastOut,
    SiteForecastOut,
)
from isthmus.inventory.api.polling.targets import Site, refused
from isthmus.inventory.domain.money import money
from isthmus.inventory.domain.money.cost import Grouping
from isthmus.inventory.domain.money.days import day, within
from isthmus.inventory.domain.money.forecast import Subject
from isthmus.inventory.domain.money.replacement import Question, Yearly
from isthmus.inventory.domain.rows import Invalid, expected
from isthmus.inventory.handlers.money.costs import Costs
from isthmus.runtime.access import Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Limit

AssetId = Annotated[
    str,
    Path(
        max_length=100,
        description="Id of the asset.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    ),
]
On = Annotated[
    str | None,
    Query(description="To the evening of this day; today (UTC) if not said.",
          examples=["2026-03-01"]),
]  # fmt: skip
Currency = Annotated[
    str,
    Query(
        description="Sums are in this currency (ISO 4217). Every amount is converted with the "
        "rate of the day `on`, or of the nearest day at most 31 days before.",
        examples=["EUR"],
    ),
]
OwnCurrency = Annotated[
    str | None,
    Query(
        description="Sums are in this currency (ISO 4217); the asset's own if not said.",
        examples=["EUR"],
    ),
]
By = Annotated[
    Grouping,
    Query(
        description="What to group by. A line is the first four levels of the equipment path, an "
        "area the first three (IEC 62264-1). `domain` is IT from Purdue level 3.5 up, OT below; a "
        "class without a level is IT.",
        examples=["line"],
    ),
]
Years = Annotated[int, Query(ge=1, le=50, description="Years that it would be kept.", examples=[5])]
Interest = Annotated[
    str, Query(description="Interest of a year as decimal text: 0.06 are 6 %.", examples=["0.06"])
]
OfSuccessor = Annotated[
    str | None,
    Query(
        description="What a year of this would cost with a successor, in `currency`; as with the "
        "asset now if not said, without corrective work.",
        examples=["90.00"],
    ),
]
INTEREST_MAX = 1
Today = Callable[[], date]


def _today() -> date:
    return datetime.now(UTC).date()


def serve_costs(http: FastAPI, costs: Costs, today: Today = _today) -> None:
    """Add the routes of costs and forecasts to `http`."""
    _cost(http, costs, today)
    _sums(http, costs, today)
    _ends(http, costs, today)
    _keep_or_replace(http, costs, today)


def _cost(http: FastAPI, costs: Costs, today: Today) -> None:
    @http.get(
        "/v1/assets/{id}/cost",
        tags=["costs"],
        summary="What one asset has cost to a day, term by term",
        response_model=AssetCostOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def cost(
        who: Viewer, id: AssetId, on: On = None, currency: OwnCurrency = None
    ) -> AssetCostOut | Response:
        try:
            target = money.currency("currency", currency) if currency is not None else ""
            found = await costs.asset(id, who.sites, _day(on, today), target)
        except Invalid as error:
            return refused(error, "request")
        return AssetCostOut.of(*found) if found else _unknown(id)


def _sums(http: FastAPI, costs: Costs, today: Today) -> None:
    @http.get(
        "/v1/costs",
        tags=["costs"],
        summary="What all assets have cost to a day, in groups",
        description="Grouped by asset it comes page by page; otherwise whole, and it takes the "
        "time to read every asset of these sites. What is ignored, merged or gone is not in it.",
        response_model=CostsOut,
        responses=INVALID,
    )
    async def sums(
        who: Viewer,
        complete_until: Stated,
        by: By,
        currency: Currency,
        on: On = None,
        site: Site = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> CostsOut | Response:
        sites = narrowed(who.sites, site)
        try:
            target, day = money.currency("currency", currency), _day(on, today)
            rates = await costs.rates(day)
            if by is not Grouping.ASSET:
                report = await costs.report(by, sites, day, target)
                made = CostsOut.report(by, target, report, rates)
                return made.model_copy(update={"complete_until": complete_until})
        except Invalid as error:
            return refused(error, "request")
        found, next = await costs.page(sites, day, target, cursor, limit)
        page = CostsOut.page(target, found, rates, next)
        return page.model_copy(update={"complete_until": complete_until})


def _ends(http: FastAPI, costs: Costs, today: Today) -> None:
    @http.get(
        "/v1/forecast",
        tags=["costs"],
        summary="When warranty, support contracts and life of assets end, by site",
        response_model=ForecastOut,
        responses=INVALID,
    )
    async def forecast(
        who: Viewer, complete_until: Stated, on: On = None, site: Site = None
    ) -> ForecastOut | Response:
        try:
            seen_from = _day(on, today)
        except Invalid as error:
            return refused(error, "request")
        found = await costs.forecast(narrowed(who.sites, site), seen_from)
        items = [SiteForecastOut.of(name, each) for name, each in found.items()]
        return ForecastOut(on=seen_from, items=items, complete_until=complete_until)

    @http.get(
        "/v1/assets/{id}/ends",
        tags=["costs"],
        summary="When warranty, support contract and life of one asset end",
        response_model=dict[Subject, EndOut],
        responses={**UNKNOWN, **INVALID},
    )
    async def ends(who: Viewer, id: AssetId, on: On = None) -> Mapping[Subject, EndOut] | Response:
        try:
            seen_from = _day(on, today)
        except Invalid as error:
            return refused(error, "request")
        found = await costs.ends(id, who.sites, seen_from)
        if found is None:
            return _unknown(id)
        return {subject: EndOut.of(end, seen_from) for subject, end in found.items()}


def _keep_or_replace(http: FastAPI, costs: Costs, today: Today) -> None:
    @http.get(
        "/v1/assets/{id}/keep-or-replace",
        tags=["costs"],
        summary="What a year costs with an asset, and with a successor",
        description="Equivalent annual costs: capital as an annuity, what comes every year as "
        "the mean of the last three years of the log. It shows its terms and what it takes for "
        "granted; the verdict is yours.",
        response_model=ComparisonOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def compare(
        who: Viewer,
        id: AssetId,
        years: Years,
        currency: Currency,
        on: On = None,
        interest: Interest = "0",
        successor_running: OfSuccessor = None,
        successor_contracts: OfSuccessor = None,
        successor_maintenance: OfSuccessor = None,
        successor_downtime: OfSuccessor = None,
    ) -> ComparisonOut | Response:
        successor = {
            Yearly.RUNNING: successor_running,
            Yearly.CONTRACTS: successor_contracts,
            Yearly.MAINTENANCE: successor_maintenance,
            Yearly.DOWNTIME: successor_downtime,
        }
        try:
            asked = Question(
                _day(on, today),
                years,
                money.currency("currency", currency),
                _interest(interest),
                {
                    term: money.amount(f"successor_{term}", text)
                    for term, text in successor.items()
                    if text is not None
                },
            )
        except Invalid as error:
            return refused(error, "request")
        found = await costs.compare(id, who.sites, asked)
        return ComparisonOut.of(found[0], asked, found[1]) if found else _unknown(id)


def _day(on: str | None, today: Today) -> date:
    return within("on", today()) if on is None else day("on", on)


def _interest(text: str) -> Decimal:
    found = money.amount("interest", text)
    if found > INTEREST_MAX:
        raise Invalid("interest", expected(text, f"0 to {INTEREST_MAX}"))
    return found


def _unknown(id: str) -> Response:
    return problem(404, f"id: there is no asset {id!r}")

"""What the API says of costs, forecasts and replacements."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, Field

from isthmus.inventory.api.feed.completeness import CompleteUntil
from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.money.cost import Cost, Grouping, Line, Term, Total, why_not
from isthmus.inventory.domain.money.figures import Gap
from isthmus.inventory.domain.money.forecast import Bucket, End, Forecast, Knowledge, Subject
from isthmus.inventory.domain.money.money import Money, Rate, Rates, shown
from isthmus.inventory.domain.money.replacement import Comparison, Item, Question, Yearly, per_year
from isthmus.inventory.handlers.money.costs import Report
from isthmus.runtime.pages import Next

RATE_PLACES = 12
Amount = Annotated[
    str,
    Field(
        description="Decimal text, rounded half up to the minor unit of its currency by itself: "
        "shown terms may differ from their shown sum by a minor unit each.",
        examples=["4850.00"],
    ),
]
Currency = Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]
Terms = Annotated[
    dict[Term, Amount],
    Field(
        description="What the total is the sum of; the book value is subtracted.",
        examples=[{"purchase": "4850.00", "running": "1320.00", "book_value": "-404.17"}],
    ),
]


class GapOut(BaseModel):
    """A field that a figure would need, and what was done without it."""

    field: str = Field(description="The field.", examples=["useful_life_months"])
    reason: str = Field(
        description="What was done without it.",
        examples=["not known: its book value is not subtracted"],
    )

    @classmethod
    def of(cls, gap: Gap) -> Self:
        """What the API says of a gap."""
        return cls(field=gap.field, reason=gap.reason)


class UnconvertedOut(BaseModel):
    """An amount that is in no sum, because no rate could convert it."""

    term: Term = Field(description="The term that it would belong to.")
    amount: Amount
    currency: str = Field(description="Its currency; empty if nobody said.", examples=["USD"])
    reason: str = Field(
        description="Why not.", examples=["no rate from USD to EUR from 2026-01-29 to 2026-03-01"]
    )

    @classmethod
    def of(cls, term: Term, money: Money, target: str, rates: Rates) -> Self:
        """What the API says of an amount in no sum."""
        return cls(
            term=term,
            amount=shown(money.amount, money.currency),
            currency=money.currency,
            reason=why_not(money, target, rates),
        )


class RateOut(BaseModel):
    """A rate that amounts were converted with."""

    rate: str = Field(description="Units of the report's currency for one.", examples=["0.92234"])
    date: str = Field(description="The day that it is of.", examples=["2026-02-27"])

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """What the API says of a rate."""
        text = format(round(rate.value, RATE_PLACES).normalize(), "f")
        return cls(rate=text, date=str(rate.day or ""))


class LineOut(BaseModel):
    """One amount, in its own currency, and how it comes about."""

    term: Term = Field(description="The term that it belongs to.")
    amount: Amount
    currency: str = Field(description="Its currency; empty if nobody said.", examples=["EUR"])
    says: str = Field(
        description="How it comes about.",
        examples=["120.00 EUR a year for 11.00 years from 2015-04-01"],
    )
    contract: str | None = Field(description="Id of the contract whose share it is.")

    @classmethod
    def of(cls, line: Line) -> Self:
        """What the API says of a line."""
        return cls(
            term=line.term,
            amount=shown(line.money.amount, line.money.currency),
            currency=line.money.currency,
            says=line.says,
            contract=line.contract or None,
        )


class AssetCostOut(BaseModel):
    """The total cost of ownership of one asset to a day, with everything that it is made of."""

    asset: str = Field(description="Id of the asset.")
    on: date = Field(description="To the evening of this day.")
    currency: Currency
    total: Amount
    terms: Terms
    complete: bool = Field(description="Whether nothing was missing and all could be converted.")
    lines: list[LineOut] = Field(description="Every amount that is in the terms, or would be.")
    missing: list[GapOut] = Field(description="What is not known, and what was done without it.")
    not_converted: list[UnconvertedOut] = Field(description="Amounts that are in no sum.")
    rates: dict[str, RateOut] = Field(description="Rates that were used, by currency.")

    @classmethod
    def of(cls, asset: Asset, cost: Cost, rates: Rates) -> Self:
        """What the API says of the cost of `asset`."""
        used = {line.money.currency for line in cost.lines} - {cost.currency}
        return cls(
            asset=asset.id,
            on=rates.on,
            currency=cost.currency,
            total=shown(cost.total, cost.currency),
            terms=_terms(cost.terms, cost.currency),
            complete=not cost.gaps and not cost.unconverted,
            lines=[LineOut.of(each) for each in cost.lines],
            missing=[GapOut.of(each) for each in cost.gaps],
            not_converted=[
                UnconvertedOut.of(each.term, each.money, cost.currency, rates)
                for each in cost.unconverted
            ],
            rates=_rates({code: rates.rate(code, cost.currency) for code in sorted(used)}),
        )


class GroupOut(BaseModel):
    """The costs of some assets together."""

    group: str | None = Field(
        description="What they have in common: an asset's id, a path, a site, IT or OT, a class; "
        "null for those of which nobody knows.",
        examples=["nordwerk/hagen/press-shop/line-1"],
    )
    assets: int = Field(description="How many they are.", examples=[12])
    total: Amount
    terms: Terms
    missing: dict[str, int] = Field(
        description="At how many assets a field is missing.", examples=[{"purchase_price": 3}]
    )
    not_converted: list[UnconvertedOut] = Field(description="Sums that are in no term.")

    @classmethod
    def of(cls, name: str, total: Total, currency: str, rates: Rates) -> Self:
        """What the API says of a group."""
        return cls(
            group=name or None,
            assets=total.assets,
            total=shown(total.total, currency),
            terms=_terms(total.terms, currency),
            missing=dict(sorted(total.gaps.items())),
            not_converted=[
                UnconvertedOut.of(term, Money(amount, code), currency, rates)
                for (term, code), amount in total.unconverted.items()
            ],
        )


class CostsOut(BaseModel):
    """The costs of all assets, in groups."""

    by: Grouping = Field(description="What they are grouped by.")
    on: date = Field(description="To the evening of this day.")
    currency: Currency
    items: list[GroupOut]
    unassigned: list[LineOut] = Field(
        description="What contracts cost that no asset bears: it is gone, came later than the "
        "contract, or nobody can say its part. Empty when grouped by asset."
    )
    rates: dict[str, RateOut] = Field(description="Rates that were used, by currency.")
    next: Next = None
    complete_until: CompleteUntil = None

    @classmethod
    def report(cls, by: Grouping, currency: str, report: Report, rates: Rates) -> Self:
        """What the API says of a report."""
        groups = sorted(report.groups.items())
        return cls(
            by=by,
            on=rates.on,
            currency=currency,
            items=[GroupOut.of(name, total, currency, rates) for name, total in groups],
            unassigned=[LineOut.of(each) for each in report.unassigned.lines],
            rates=_rates(report.rates),
        )

    @classmethod
    def page(
        cls, currency: str, found: Iterable[tuple[Asset, Cost]], rates: Rates, next: str | None
    ) -> Self:
        """What the API says of some assets, each a group of its own."""
        costs = [(asset.id, cost) for asset, cost in found]
        used = {line.money.currency for _, cost in costs for line in cost.lines} - {currency}
        return cls(
            by=Grouping.ASSET,
            on=rates.on,
            currency=currency,
            items=[GroupOut.of(id, Total().plus(cost), currency, rates) for id, cost in costs],
            unassigned=[],
            rates=_rates({code: rates.rate(code, currency) for code in sorted(used)}),
            next=next,
        )


class EndOut(BaseModel):
    """What is known of an end."""

    state: Knowledge = Field(description="Whether a date is known, none is announced, or neither.")
    last_day: date | None = Field(description="The last day on which it holds; a year or a month "
                                  "lasts until its last day.")  # fmt: skip
    bucket: Bucket = Field(description="How far away it is.")

    @classmethod
    def of(cls, end: End, on: date) -> Self:
        """What the API says of an end, seen from a day."""
        return cls(state=end.state, last_day=end.last, bucket=end.bucket(on))


class SiteForecastOut(BaseModel):
    """When warranty, support and life of a site's assets end."""

    site: str = Field(description="The site.", examples=["hagen"])
    assets: int = Field(description="Its assets; each is once in each of the three.", examples=[40])
    ends: dict[Subject, dict[Bucket, int]] = Field(
        description="How many assets, by how far away each end is.",
        examples=[{"end_of_life": {"over": 3, "within_12_months": 2, "unknown": 35}}],
    )
    replacement: dict[Bucket, dict[str, Amount]] = Field(
        description="Sums of `replacement_cost` by end of life and currency, where it is known.",
        examples=[{"within_12_months": {"EUR": "14400.00"}}],
    )

    @classmethod
    def of(cls, site: str, forecast: Forecast) -> Self:
        """What the API says of the forecast of a site."""
        replacement: dict[Bucket, dict[str, str]] = {}
        for (bucket, currency), amount in sorted(forecast.replacement.items()):
            replacement.setdefault(bucket, {})[currency] = shown(amount, currency)
        ends = {subject: dict(counts) for subject, counts in forecast.counts.items()}
        return cls(site=site, assets=forecast.assets, ends=ends, replacement=replacement)


class ForecastOut(BaseModel):
    """What ends when, by site."""

    on: date = Field(description="Seen from this day.")
    items: list[SiteForecastOut]
    complete_until: CompleteUntil = None


class OptionOut(BaseModel):
    """What a year of one option costs."""

    per_year: Amount
    terms: dict[Yearly, Amount] = Field(description="What it is the sum of.")
    says: dict[Yearly, str] = Field(description="How each term comes about.")

    @classmethod
    def of(cls, option: Mapping[Yearly, Item], currency: str) -> Self:
        """What the API says of an option."""
        return cls(
            per_year=shown(per_year(option), currency),
            terms={term: shown(item.amount, currency) for term, item in option.items()},
            says={term: item.says for term, item in option.items()},
        )


class ComparisonOut(BaseModel):
    """Keeping an asset against replacing it, as equivalent annual costs."""

    asset: str = Field(description="Id of the asset.")
    on: date = Field(description="The day of the decision.")
    years: int = Field(description="Years that it would be kept.", examples=[5])
    interest: str = Field(description="Interest of a year: 0.06 are 6 %.", examples=["0.06"])
    currency: Currency
    keep: OptionOut
    replace: OptionOut
    saved_per_year: Amount = Field(description="What replacing saves; negative if it costs more.")
    break_even: Amount | None = Field(
        description="What a successor may cost for both to cost the same; null if nobody can say."
    )
    complete: bool = Field(description="Whether nothing was missing; read no verdict if not.")
    assumed: list[str] = Field(description="What was taken for granted.")
    missing: list[GapOut] = Field(description="What is not known, and what was done without it.")

    @classmethod
    def of(cls, asset: Asset, asked: Question, made: Comparison) -> Self:
        """What the API says of a comparison."""
        even = None if made.break_even is None else shown(made.break_even, asked.currency)
        return cls(
            asset=asset.id,
            on=asked.on,
            years=asked.years,
            interest=format(asked.interest, "f"),
            currency=asked.currency,
            keep=OptionOut.of(made.keep, asked.currency),
            replace=OptionOut.of(made.replace, asked.currency),
            saved_per_year=shown(made.saved_per_year, asked.currency),
            break_even=even,
            complete=not made.gaps,
            assumed=list(made.assumed),
            missing=[GapOut.of(each) for each in made.gaps],
        )


def _terms(terms: Mapping[Term, Decimal], currency: str) -> dict[Term, str]:
    return {term: shown(amount, currency) for term, amount in terms.items()}


def _rates(rates: Mapping[str, Rate | None]) -> dict[str, RateOut]:
    return {code: RateOut.of(rate) for code, rate in rates.items() if rate}

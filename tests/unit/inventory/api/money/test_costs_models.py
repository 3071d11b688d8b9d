"""What the API says of costs: rounded once, named where it is missing."""

from datetime import date
from decimal import Decimal

from tests.unit.inventory.books import asset

from isthmus.inventory.api.money.costs_models import (
    AssetCostOut,
    CostsOut,
    EndOut,
    GroupOut,
    RateOut,
    SiteForecastOut,
)
from isthmus.inventory.domain.money.cost import Account, Grouping, Line, Term, Total, cost, summed
from isthmus.inventory.domain.money.figures import figures
from isthmus.inventory.domain.money.forecast import Bucket, End, Forecast, Knowledge
from isthmus.inventory.domain.money.money import Money, Rate, Rates, RateTable
from isthmus.inventory.handlers.money.costs import Report

ON = date(2026, 3, 1)
RATES = Rates(ON, [RateTable(ON, "EUR", {"USD": Decimal(3)})])


def line(amount: str, currency: str = "EUR", term: Term = Term.PURCHASE) -> Line:
    return Line(term, Money(Decimal(amount), currency), "")


def test_a_total_is_rounded_once() -> None:
    """Three times 0.005 are 0.015: 0.02 and not the 0.03 of three that were rounded up."""
    lines = [line("0.005", term=term) for term in (Term.PURCHASE, Term.RUNNING, Term.DOWNTIME)]

    said = AssetCostOut.of(asset("a"), summed(tuple(lines), (), "EUR", RATES), RATES)

    assert said.total == "0.02"
    assert [said.terms[each.term] for each in lines] == ["0.01", "0.01", "0.01"]


def test_only_rates_that_were_used_are_said() -> None:
    """A third is written with twelve places, a round rate without noughts."""
    said = AssetCostOut.of(
        asset("a"), summed((line("1", "USD"), line("1")), (), "EUR", RATES), RATES
    )

    assert {code: (each.rate, each.date) for code, each in said.rates.items()} == {
        "USD": ("0.333333333333", "2026-03-01")
    }
    assert RateOut.of(Rate(Decimal("100.00"), ON)).rate == "100"


def test_a_cost_with_a_hole_is_not_complete() -> None:
    """A missing field, or an amount without a rate."""
    whole = AssetCostOut.of(asset("a"), summed((line("1"),), (), "EUR", RATES), RATES)
    unconverted = AssetCostOut.of(asset("a"), summed((line("1", "GBP"),), (), "EUR", RATES), RATES)
    missing = AssetCostOut.of(asset("a"), cost(Account(figures({})), ON, "EUR", RATES), RATES)

    assert [each.complete for each in (whole, unconverted, missing)] == [True, False, False]


def test_a_group_of_which_nobody_knows_has_no_name() -> None:
    """And says at how many of its assets a field is missing."""
    total = Total().plus(cost(Account(figures({})), ON, "EUR", RATES))
    total = total.plus(summed((line("4", "GBP"),), (), "EUR", RATES))

    said = GroupOut.of("", total, "EUR", RATES)

    assert (said.group, said.assets, said.missing["purchase_price"]) == (None, 2, 1)
    assert [(each.amount, each.currency) for each in said.not_converted] == [("4.00", "GBP")]


def test_groups_come_by_name() -> None:
    """With what no asset bears."""
    left = summed((line("4"),), (), "EUR", RATES)
    report = Report({"b": Total(), "a": Total()}, left, {"USD": Rate(Decimal(2), ON), "GBP": None})

    said = CostsOut.report(Grouping.SITE, "EUR", report, RATES)

    assert [each.group for each in said.items] == ["a", "b"]
    assert [each.amount for each in said.unassigned] == ["4.00"]
    assert list(said.rates) == ["USD"]


def test_a_forecast_says_every_bucket_and_what_successors_cost() -> None:
    """By currency, rounded to its minor unit."""
    forecast = Forecast().plus(
        {"end_of_support": "2026", "replacement_cost": "7200.5", "currency": "JPY"}, (), ON
    )

    said = SiteForecastOut.of("hagen", forecast).model_dump(mode="json")

    assert said["replacement"] == {"within_12_months": {"JPY": "7201"}}
    assert all(set(counts) == {each.value for each in Bucket} for counts in said["ends"].values())
    assert EndOut.of(End(Knowledge.UNKNOWN), ON).bucket is Bucket.UNKNOWN

"""Costs and forecasts over the books and the assets, page by page."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.books import World, asset

from isthmus.inventory.domain.assets.model import Status
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.cost import Grouping, Term
from isthmus.inventory.domain.money.forecast import Bucket, Subject
from isthmus.inventory.domain.money.money import rate_table
from isthmus.inventory.domain.money.replacement import Question, Yearly
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.money import costs as module

ON = date(2026, 3, 31)
HAGEN = frozenset({"hagen"})


def priced(id: str, price: str = "100", path: str = "nordwerk/hagen/a/l1", **more: Any) -> Any:
    said = {"purchase_price": price, "currency": "EUR", "purchased_on": "2020-01-01", **more}
    return asset(id, path, **said)


def agreed(**more: Any) -> Any:
    row = {
        "kind": "maintenance", "supplier": "x", "start": "2024-01-01", "amount": "300.00",
        "currency": "EUR", "period": "quarter", "site": "hagen", **more,
    }  # fmt: skip
    return contract(row)


def done(asset: str, **more: Any) -> Any:
    row = {
        "asset": asset, "kind": "corrective", "started_at": "2026-01-05T06:00:00Z",
        "parts": "50", "currency": "EUR", **more,
    }  # fmt: skip
    return work(row)


@pytest.fixture
def world() -> World:
    """Two assets in Hagen, one in Lyon."""
    world = World()
    lyon = priced("c", path="nordwerk/lyon/a/l1")
    world.holdings.put(priced("a"), priced("b", "300", "nordwerk/hagen/a/l2"), lyon)
    return world


async def test_an_asset_bears_its_share_of_the_contracts_of_its_place(world: World) -> None:
    """Nine quarters at 300 are 2700: half of it evenly, a quarter of it by price; each once."""
    world.contracts.put("even", agreed())
    world.contracts.put("priced", agreed(split="by_purchase_price"))
    world.contracts.put("else", agreed(site="lyon"))
    world.contracts.put("named", agreed(assets=["a", "b", "y", "z"]))

    found = await world.costs.asset("a", None, ON, "")

    assert found
    shares = {line.contract: line.money.amount for line in found[1].lines if line.contract}
    assert shares == {"even": 1_350, "priced": 675, "named": 675}
    assert found[1].currency == "EUR"


async def test_what_was_written_before_a_merge_follows_it(world: World) -> None:
    """The log of what is one asset now, and both parts of a contract that named both."""
    world.holdings.into = {"gone": "a"}
    world.maintenance.put("w1", done("gone"))
    world.maintenance.put("w2", done("a"))
    world.maintenance.put("w3", done("b"))
    world.contracts.put("named", agreed(assets=["a", "gone", "b", "c2"]))

    found = await world.costs.asset("a", None, ON, "EUR")
    report = await world.costs.report(Grouping.LINE, None, ON, "EUR")

    assert found
    line = report.groups["nordwerk/hagen/a/l1"]
    for terms in (found[1].terms, line.terms):
        assert terms[Term.MAINTENANCE] == 100
        assert terms[Term.CONTRACTS] == 1_350


async def test_an_asset_that_one_may_not_see_is_not_there(world: World) -> None:
    """Whatever is asked of it."""
    question = Question(ON, 1, "EUR")

    assert await world.costs.asset("c", HAGEN, ON, "EUR") is None
    assert await world.costs.compare("c", HAGEN, question) is None
    assert await world.costs.ends("c", HAGEN, ON) is None


async def test_without_a_currency_of_its_own_one_must_be_named(world: World) -> None:
    """Nobody guesses one."""
    world.holdings.put(asset("n"))

    with pytest.raises(Invalid, match=r"^currency: missing, expected one"):
        await world.costs.asset("n", None, ON, "")


async def test_a_report_sums_by_group_over_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page of assets at a time; lines, sites, IT against OT."""
    monkeypatch.setattr(module, "READ_ASSETS", 1)
    world.holdings.put(priced("d", "7", purdue_level="4"), priced("x", status=Status.IGNORED))

    async def totals(by: Grouping, sites: Any = None) -> dict[str, tuple[int, int]]:
        report = await world.costs.report(by, sites, ON, "EUR")
        return {name: (each.assets, int(each.total)) for name, each in report.groups.items()}

    assert await totals(Grouping.LINE) == {
        "nordwerk/hagen/a/l1": (2, 107),
        "nordwerk/hagen/a/l2": (1, 300),
        "nordwerk/lyon/a/l1": (1, 100),
    }
    assert await totals(Grouping.SITE, HAGEN) == {"hagen": (3, 407)}
    assert await totals(Grouping.DOMAIN) == {"": (3, 500), "IT": (1, 7)}
    assert world.holdings.asked >= 3 * 5


async def test_what_no_asset_bears_is_said(world: World) -> None:
    """Of 2700 for a, b and one that is gone, 900; nothing of another site's contracts."""
    world.contracts.put("named", agreed(assets=["a", "b", "gone"]))
    world.contracts.put("whole", agreed())
    world.contracts.put("lyon", agreed(site="lyon", path="nordwerk/lyon/nothing"))
    world.contracts.put("dollars", agreed(site="lyon", path="nordwerk/lyon/no", currency="USD"))

    hagen = await world.costs.report(Grouping.SITE, HAGEN, ON, "EUR")
    everywhere = await world.costs.report(Grouping.SITE, None, ON, "EUR")

    assert hagen.groups["hagen"].terms[Term.CONTRACTS] == 4_500
    assert [(line.contract, int(line.money.amount)) for line in hagen.unassigned.lines] == [
        ("named", 900)
    ]
    assert sorted(line.contract for line in everywhere.unassigned.lines) == [
        "dollars", "lyon", "named",
    ]  # fmt: skip
    assert [line.contract for line in everywhere.unassigned.unconverted] == ["dollars"]


async def test_rates_are_those_of_the_day_and_are_told(world: World) -> None:
    """The nearest within 31 days; those that were used."""
    for day, rate in (("2026-02-28", "1.25"), ("2026-02-27", "9"), ("2026-04-01", "8")):
        rates = {"USD": rate, "GBP": "2"}
        world.rates.put(day, rate_table({"date": day, "base": "EUR", "rates": rates}))
    world.maintenance.put("w", done("a", currency="USD"))

    report = await world.costs.report(Grouping.SITE, HAGEN, ON, "EUR")

    assert report.groups["hagen"].terms[Term.MAINTENANCE] == 40
    used = {code: rate and (rate.value, rate.day) for code, rate in report.rates.items()}
    assert used == {"USD": (Decimal("0.8"), date(2026, 2, 28))}
    assert [table.day for table in (await world.costs.rates(ON)).tables] == [
        date(2026, 2, 28), date(2026, 4, 1),
    ]  # fmt: skip


async def test_too_many_groups_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setattr(module, "GROUPS_MAX", 1)

    with pytest.raises(Invalid, match=r"^by: line: more than 1 groups, expected one site"):
        await world.costs.report(Grouping.LINE, None, ON, "EUR")


async def test_pages_of_assets_follow_each_other(world: World) -> None:
    """Each asset once, and what is ignored not at all."""
    world.holdings.put(priced("aa", status=Status.IGNORED))

    first, next = await world.costs.page(None, ON, "EUR", "", 2)
    assert next
    second, last = await world.costs.page(None, ON, "EUR", next, 3)

    assert [each.id for each, _ in first + second] == ["a", "b", "c"]
    assert last is None


async def test_a_forecast_is_by_site(world: World) -> None:
    """With the contracts that cover each asset, also by a name that it had before."""
    world.holdings.into = {"gone": "c"}
    world.contracts.put("s", agreed(end="2026-12-31", path="nordwerk/hagen/a/l1"))
    world.contracts.put("n", agreed(end="2028-12-31", site="lyon", assets=["gone"]))

    forecast = await world.costs.forecast(None, ON)
    ends = await world.costs.ends("c", None, ON)

    assert list(forecast) == ["hagen", "lyon"]
    support = {s: f.counts[Subject.SUPPORT_CONTRACT] for s, f in forecast.items()}
    assert support["hagen"][Bucket.WITHIN_12_MONTHS] == 1
    assert support["hagen"][Bucket.UNKNOWN] == 1
    assert support["lyon"][Bucket.WITHIN_36_MONTHS] == 1
    assert ends
    assert ends[Subject.SUPPORT_CONTRACT].last == date(2028, 12, 31)


async def test_a_comparison_knows_the_contracts_and_the_log(world: World) -> None:
    """A year of the contract is 1200, half of it is a's; 50 of parts in three years."""
    world.contracts.put("even", agreed())
    world.maintenance.put("w", done("a"))

    found = await world.costs.compare("a", None, Question(ON, 2, "EUR"))

    assert found
    keep = found[1].keep
    assert keep[Yearly.CONTRACTS].amount == 600
    assert round(keep[Yearly.MAINTENANCE].amount, 2) == Decimal("16.67")


places = st.sampled_from([f"nordwerk/{s}/a/l{n}" for s in ("hagen", "lyon") for n in (1, 2)])
fleets = st.lists(st.tuples(places, st.integers(0, 9)), max_size=8)
files = st.lists(
    st.builds(
        agreed,
        site=st.sampled_from(["", "hagen", "lyon"]),
        split=st.sampled_from(["evenly", "by_purchase_price"]),
        assets=st.lists(st.sampled_from(["0", "1", "2", "nobody"]), max_size=3),
    ),
    max_size=4,
)


@given(fleets, files, st.sampled_from([by for by in Grouping if by is not Grouping.ASSET]))
async def test_what_assets_bear_and_what_none_does_is_what_contracts_cost(
    fleet: list[tuple[str, int]], contracts: list[Any], by: Grouping
) -> None:
    """However they are divided and grouped, nothing is lost and nothing counts twice."""
    world = World()
    for number, (path, price) in enumerate(fleet):
        world.holdings.put(priced(str(number), str(price), path))
    for number, each in enumerate(contracts):
        world.contracts.put(str(number), each)

    report = await world.costs.report(by, None, ON, "EUR")

    borne = sum(total.terms[Term.CONTRACTS] for total in report.groups.values())
    paid = sum(each.accrued(ON) for each in contracts)
    assert abs(borne + report.unassigned.total - paid) < Decimal("0.01")
    assert report.unassigned.total >= 0


async def test_what_else_a_contract_covers_is_counted_once_a_minute(world: World) -> None:
    """For one asset; a report counts anew, because its sums must agree."""
    world.contracts.put("even", agreed())
    costs = world.costs

    async def borne() -> tuple[int, int]:
        found = await costs.asset("a", None, ON, "EUR")
        report = await costs.report(Grouping.CLASS, HAGEN, ON, "EUR")
        assert found
        terms = (found[1].terms, report.groups[""].terms)
        return int(terms[0][Term.CONTRACTS]), int(terms[1][Term.CONTRACTS])

    assert await borne() == (1_350, 2_700)
    world.holdings.put(priced("d"), priced("e"))
    assert await borne() == (1_350, 2_700)
    fresh = await world.costs.asset("a", None, ON, "EUR")
    assert fresh
    assert fresh[1].terms[Term.CONTRACTS] == 675

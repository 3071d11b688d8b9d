"""Keep or replace: what a year costs with the asset as it is, and with a successor.

Both are equivalent annual costs, so that spans of different length can be compared: capital is
spread over its years as an annuity, and what comes every year is added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from isthmus.inventory.domain.money.contracts import Work, WorkKind
from isthmus.inventory.domain.money.cost import Account, downtime_hours
from isthmus.inventory.domain.money.days import DAY, MONTHS_OF_YEAR, add_months, periods
from isthmus.inventory.domain.money.figures import Figures, Gap
from isthmus.inventory.domain.money.money import Money, Rates, shown

LOOK_BACK_MONTHS = 36
"""A year of maintenance and downtime is the mean of so many months of the log."""
ZERO = Decimal(0)


class Yearly(StrEnum):
    """What a year costs."""

    CAPITAL = "capital"
    RUNNING = "running"
    CONTRACTS = "contracts"
    MAINTENANCE = "maintenance"
    DOWNTIME = "downtime"


ASSUMED = {
    Yearly.RUNNING: "running: the successor costs as much as the asset now",
    Yearly.CONTRACTS: "contracts: the successor stands under those of the asset",
    Yearly.MAINTENANCE: "maintenance: the successor needs the planned work, no corrective one",
    Yearly.DOWNTIME: "downtime: the successor stands still for planned work, and never fails",
}
"""What is taken for granted of a successor where nobody says more."""
OF_CAPITAL = (
    "capital: the asset could be sold at its book value",
    "capital: the successor lives as long as the asset, to the same residual value",
)


@dataclass(frozen=True, slots=True)
class Question:
    """Keep it for so many years more, or buy a successor on that day?"""

    on: date
    years: int
    currency: str
    interest: Decimal = ZERO
    """Of a year: 0.06 are 6 %."""
    successor: Mapping[Yearly, Decimal] = field(default_factory=dict)
    """What a year of the successor costs, where somebody knows, in `currency`."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one term comes to in a year, and how."""

    amount: Decimal
    says: str


Option = Mapping[Yearly, Item]


def per_year(option: Option) -> Decimal:
    """The equivalent annual cost: the sum of the terms."""
    return sum((item.amount for item in option.values()), ZERO)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both options, what was taken for granted, and what is missing in the figures."""

    keep: Option
    replace: Option
    break_even: Decimal | None
    """What a successor may cost so that both options cost the same."""
    assumed: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def saved_per_year(self) -> Decimal:
        """What replacing saves in a year; negative when keeping is cheaper."""
        return per_year(self.keep) - per_year(self.replace)


def annuity(present: Decimal, end: Decimal, years: Decimal, interest: Decimal) -> Decimal:
    """What a year costs of what is worth `present` now and `end` after `years`.

    Capital recovery with salvage value: `(P - S) * (A/P, i, n) + S * i`.
    """
    return (present - end) * recovery(years, interest) + end * interest


def recovery(years: Decimal, interest: Decimal) -> Decimal:
    """The capital recovery factor (A/P, i, n) = i / (1 - (1 + i) ** -n)."""
    return interest / (1 - (1 + interest) ** -years) if interest else 1 / years


def compare(account: Account, question: Question, rates: Rates) -> Comparison:
    """Keeping against replacing; what is not known counts as 0, and is named."""
    sheet = _Sheet(account, question, rates)
    log = sheet.recent_log()
    planned = [work for work in log if work.kind is not WorkKind.CORRECTIVE]
    same = {Yearly.RUNNING: sheet.running(), Yearly.CONTRACTS: sheet.contracts()}
    keep = {Yearly.CAPITAL: sheet.capital(), **same, **sheet.upkeep(log)}
    given = {term: Item(amount, "as given") for term, amount in question.successor.items()}
    yearly = {**same, **sheet.upkeep(planned), **given}
    successor, even = sheet.successor(per_year(keep) - per_year(yearly))
    return Comparison(
        keep,
        {Yearly.CAPITAL: successor, **yearly},
        even,
        (*OF_CAPITAL, *(says for term, says in ASSUMED.items() if term not in given)),
        tuple(dict.fromkeys([*account.figures.gaps, *sheet.gaps])),
    )


class _Sheet:
    """The terms of one comparison in its currency; notes what is missing as it goes."""

    def __init__(self, account: Account, question: Question, rates: Rates) -> None:
        self._account = account
        self._asked = question
        self._rates = rates
        self.gaps: list[Gap] = []

    @property
    def _books(self) -> Figures:
        return self._account.figures

    def running(self) -> Item:
        return Item(self._of("running_cost_per_year"), "running_cost_per_year")

    def contracts(self) -> Item:
        total, names = ZERO, []
        for share in self._account.shares:
            if not share.contract.runs(self._asked.on):
                continue
            if share.part is None:
                self.gaps.append(Gap("contracts", f"{share.id} is not divided: {share.reason}"))
                continue
            yearly = Money(share.contract.per_year * share.part, share.contract.currency)
            total += self._converted("contracts", yearly)
            names.append(share.id)
        return Item(total, f"its share of a year of {', '.join(names) or 'no contract'}")

    def recent_log(self) -> list[Work]:
        first = add_months(self._asked.on, -LOOK_BACK_MONTHS) + DAY
        log = self._account.log
        return [work for work in log if first <= work.started_at.date() <= self._asked.on]

    def upkeep(self, log: Sequence[Work]) -> dict[Yearly, Item]:
        """Maintenance and downtime of a year, as the mean of `log`."""
        years = self._years()
        spent = sum((self._converted("maintenance", w.cost) for w in log if w.cost.amount), ZERO)
        hours = downtime_hours(log, date.min, date.max)
        lost = hours * self._of("downtime_cost_per_hour") if hours else ZERO
        span = f"in the {years:.2f} years to {self._asked.on}"
        return {
            Yearly.MAINTENANCE: Item(spent / years, f"{len(log)} entries {span}"),
            Yearly.DOWNTIME: Item(lost / years, f"{hours} hours {span}"),
        }

    def _years(self) -> Decimal:
        """Years that the log tells of: the last three, or since it went into service."""
        look_back = add_months(self._asked.on, -LOOK_BACK_MONTHS) + DAY
        first = max(look_back, self._books.in_service or look_back)
        return max(periods(first, self._asked.on + DAY, MONTHS_OF_YEAR), Decimal(1))

    def capital(self) -> Item:
        """What its remaining value loses in the years that it is kept."""
        depreciation, gaps = self._books.depreciation()
        self.gaps.extend(gaps)
        if depreciation is None or not self._books.owned(self._asked.on):
            return Item(ZERO, "no book value is known: nothing is counted")
        on, after = self._asked.on, add_months(self._asked.on, self._asked.years * MONTHS_OF_YEAR)
        now, end = (
            self._converted("purchase_price", Money(value, self._books.currency))
            for value in (depreciation.book_value(on), depreciation.book_value(after))
        )
        says = f"book value {self._shown(now)} on {on}, {self._shown(end)} on {after}"
        return Item(annuity(now, end, Decimal(self._asked.years), self._asked.interest), says)

    def successor(self, even_at: Decimal) -> tuple[Item, Decimal | None]:
        """The capital of a successor, and its price at which this would come to `even_at`."""
        price, months = self._of("replacement_cost"), self._books.numbers.get("useful_life_months")
        residual = self._books.money("residual_value")
        end = self._converted("residual_value", residual) if residual else ZERO
        if months is None:
            self.gaps.append(Gap("useful_life_months", "not known: a successor has no capital"))
            return Item(ZERO, "nobody knows over how many years"), None
        years, interest = months / MONTHS_OF_YEAR, self._asked.interest
        even = (even_at - end * interest) / recovery(years, interest) + end
        says = f"{self._shown(price)} now, {self._shown(end)} after {months} months"
        return Item(annuity(price, end, years, interest), says), even

    def _of(self, field: str) -> Decimal:
        """An amount that the books say of the asset; 0 if they do not."""
        money = self._books.money(field)
        if money is None:
            self.gaps.append(Gap(field, "not known: counted as 0"))
        return self._converted(field, money) if money else ZERO

    def _converted(self, field: str, money: Money) -> Decimal:
        amount = self._rates.converted(money, self._asked.currency)
        if amount is None:
            source = f"{money.amount:.2f} {money.currency or 'without a currency'}"
            reason = f"{source}: no rate to {self._asked.currency}: counted as 0"
            self.gaps.append(Gap(field, reason))
        return amount or ZERO

    def _shown(self, amount: Decimal) -> str:
        return f"{shown(amount, self._asked.currency)} {self._asked.currency}"

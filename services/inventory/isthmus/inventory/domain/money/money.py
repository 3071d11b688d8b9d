"""Amounts of money, and the dated exchange rates that turn one currency into another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from isthmus.inventory.domain.assets.vocabulary import Field, Kind, checked
from isthmus.inventory.domain.money.days import day
from isthmus.inventory.domain.rows import Invalid, expected, fields

CURRENCY = re.compile(r"[A-Z]{3}")
DIGITS = {
    code: places
    for places, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}
"""Decimal places of the minor unit where they are not 2 (ISO 4217, list one)."""
PLACES_MAX = 12  # of a number that somebody writes: a rate of 0.000012 is one
RATE_AGE_MAX = timedelta(days=31)
ANY_NUMBER = Field("", Kind.NUMBER, (), "")
ONE = Decimal(1)
WIDE = Context(prec=100)  # the largest amount at the largest rate still has its cents


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217); an empty currency means that nobody said which."""

    amount: Decimal
    currency: str


def shown(amount: Decimal, currency: str) -> str:
    """`amount` rounded half up to the minor unit of `currency`, as decimal text."""
    unit = ONE.scaleb(-DIGITS.get(currency, 2))
    rounded = amount.quantize(unit, ROUND_HALF_UP, WIDE)
    return format(rounded if rounded else abs(rounded), "f")  # there is no minus nothing


@dataclass(frozen=True, slots=True)
class RateTable:
    """What one unit of `base` was worth on a day, in units of other currencies."""

    day: date
    base: str
    rates: Mapping[str, Decimal]

    @property
    def about(self) -> tuple[str, ...]:
        """Nothing but its day leads to it."""
        return ()

    @property
    def order(self) -> str:
        """What lists of rates are in the order of."""
        return self.day.isoformat()

    @property
    def site(self) -> str:
        """Rates hold on every site."""
        return ""

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        rates = {code: format(rate, "f") for code, rate in sorted(self.rates.items())}
        return {"date": self.day.isoformat(), "base": self.base, "rates": rates}

    def rate(self, source: str, target: str) -> Decimal | None:
        """Units of `target` for one of `source`, through the base if it is neither."""
        known = {**self.rates, self.base: ONE}
        if source not in known or target not in known:
            return None
        return known[target] / known[source]


@dataclass(frozen=True, slots=True)
class Rate:
    """An exchange rate and the day that it is of; no day for a currency into itself."""

    value: Decimal
    day: date | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Every amount of a report is converted with the rates of its one day, `on`.

    What has no rate on that day takes the nearest earlier one of at most 31 days before.
    """

    on: date
    tables: Sequence[RateTable] = ()

    def rate(self, source: str, target: str) -> Rate | None:
        """The rate to convert with; None when there is none that is young enough."""
        if not CURRENCY.fullmatch(source):
            return None
        if source == target:
            return Rate(ONE, None)
        for table in sorted(self.tables, key=lambda each: each.day, reverse=True):
            if timedelta() <= self.on - table.day <= RATE_AGE_MAX:
                value = table.rate(source, target)
                if value is not None:
                    return Rate(value, table.day)
        return None

    def converted(self, money: Money, target: str) -> Decimal | None:
        """The amount in `target`, exact; None when it cannot be converted; nothing is nothing."""
        if not money.amount:
            return money.amount
        found = self.rate(money.currency, target)
        return money.amount * found.value if found else None


def rate_table(row: object) -> RateTable:
    """The rates that `row` gives for a day; raises Invalid."""
    said = fields("row", row, ("date", "base", "rates"))
    base = currency("base", said.get("base"))
    rates = said.get("rates")
    if not isinstance(rates, Mapping) or not rates:
        raise Invalid("rates", expected(rates, "currencies with their rates"))
    found = {currency(f"rates.{code}", code): _rate(f"rates.{code}", rates[code]) for code in rates}
    if base in found:
        raise Invalid(f"rates.{base}", expected(str(found[base]), "other currencies than the base"))
    return RateTable(day("date", said.get("date")), base, found)


def currency(field: str, value: object) -> str:
    """A currency's code."""
    if isinstance(value, str) and CURRENCY.fullmatch(value):
        return value
    raise Invalid(field, expected(value, "three letters A-Z (ISO 4217)"))


def amount(field: str, value: object) -> Decimal:
    """A number that is not negative, such as an amount or hours."""
    found = _number(field, value)
    if found < 0:
        raise Invalid(field, expected(value, "0 or more"))
    return found


def _rate(field: str, value: object) -> Decimal:
    found = _number(field, value)
    if found <= 0:
        raise Invalid(field, expected(value, "a number above 0"))
    return found


def _number(field: str, value: object) -> Decimal:
    wanted = f"decimal text of at most {PLACES_MAX} places, such as 4850.00"
    if not isinstance(value, str):
        raise Invalid(field, expected(value, wanted))
    try:
        found = Decimal(checked(ANY_NUMBER, value) or "nan")
    except ValueError:
        found = Decimal("nan")
    if not found.is_finite() or found != round(found, PLACES_MAX):
        raise Invalid(field, expected(value, wanted))
    return found

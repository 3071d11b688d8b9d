"""What the books say of one asset, read from its fields; what cannot be used is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.inventory.domain.money.days import first_day, last_day
from isthmus.inventory.domain.money.depreciation import Depreciation
from isthmus.inventory.domain.money.money import Money

AMOUNTS = (
    "purchase_price",
    "residual_value",
    "replacement_cost",
    "running_cost_per_year",
    "downtime_cost_per_hour",
    "useful_life_months",
)
BEGINS = ("purchased_on", "commissioned_on")
ENDS = ("retired_on", "disposed_on")
LIFE_MONTHS_MAX = 1_200


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that a figure would need, and what was done without it."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The fields of one asset that its costs follow from, as numbers and days."""

    currency: str
    method: str
    numbers: Mapping[str, Decimal]
    days: Mapping[str, date]
    gaps: tuple[Gap, ...] = ()
    """What stands in a field, but cannot be used as it stands."""

    @property
    def acquired(self) -> date | None:
        """When it was bought, or went into service if nobody knows."""
        return self.days.get("purchased_on") or self.in_service

    @property
    def in_service(self) -> date | None:
        """When it went into service, or was bought if nobody knows."""
        return self.days.get("commissioned_on") or self.days.get("purchased_on")

    @property
    def price(self) -> Money | None:
        """What it was bought for."""
        return self.money("purchase_price")

    def money(self, field: str) -> Money | None:
        """An amount in the currency of the asset."""
        amount = self.numbers.get(field)
        return None if amount is None else Money(amount, self.currency)

    def owned(self, on: date) -> bool:
        """Whether it was there on a day; when nobody knows since when, it was."""
        return (self.acquired or on) <= on < self.days.get("disposed_on", date.max)

    def until(self, on: date, *ends: str) -> date:
        """`on`, or the earlier day on which one of `ends` came."""
        return min(on, *(self.days.get(end, on) for end in ends))

    def depreciation(self) -> tuple[Depreciation | None, tuple[Gap, ...]]:
        """How it is written off, and what was missing; None when that cannot be said."""
        price, residual = self.numbers.get("purchase_price"), self.numbers.get("residual_value")
        life, start = self.numbers.get("useful_life_months"), self.in_service
        needed = {
            "purchase_price": price,
            "depreciation": self.method,
            "useful_life_months": life,
            "commissioned_on": start,
        }
        gaps = [
            Gap(field, "not known: its book value is not subtracted")
            for field, value in needed.items()
            if value in (None, "")
        ]
        if residual is None:
            gaps.append(Gap("residual_value", "not known: taken as 0"))
        if price is not None and residual is not None and residual > price:
            gaps.append(Gap("residual_value", f"{residual}, expected at most the price, {price}"))
            return None, tuple(gaps)
        if price is None or life is None or start is None or not self.method:
            return None, tuple(gaps)
        zero = Decimal(0)
        return Depreciation(self.method, price, residual or zero, int(life), start), tuple(gaps)


def figures(attributes: Mapping[str, str]) -> Figures:
    """The figures of an asset with these fields, which have the form of the vocabulary."""
    gaps: list[Gap] = []
    numbers = {
        field: Decimal(attributes[field])
        for field in AMOUNTS
        if attributes.get(field) and _usable(field, Decimal(attributes[field]), gaps)
    }
    taken: dict[str, Callable[[str], date]] = {
        **dict.fromkeys(BEGINS, first_day),
        **dict.fromkeys(ENDS, last_day),
    }
    days = {field: taken[field](attributes[field]) for field in taken if attributes.get(field)}
    gaps += [
        Gap(field, f"{attributes[field]}: taken as {day}")
        for field, day in days.items()
        if day.isoformat() != attributes[field]
    ]
    method = attributes.get("depreciation", "")
    return Figures(attributes.get("currency", ""), method, numbers, days, tuple(gaps))


def _usable(field: str, value: Decimal, gaps: list[Gap]) -> bool:
    if field == "useful_life_months":
        good = 1 <= value <= LIFE_MONTHS_MAX and value == int(value)
        wanted = f"a whole number, 1 to {LIFE_MONTHS_MAX}"
    else:
        good, wanted = value >= 0, "0 or more"
    if not good:
        gaps.append(Gap(field, f"{value}, expected {wanted}: not counted"))
    return good

"""Contracts and the maintenance log: what is paid for assets, and what is done to them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from isthmus.inventory.domain import rows
from isthmus.inventory.domain.money.days import DAY, FIRST, day, periods, within
from isthmus.inventory.domain.money.money import Money, Rates, amount, currency
from isthmus.inventory.domain.rows import Invalid, expected

ASSETS_MAX = 1_000
NOTICE_DAYS_MAX = 3_660
ID_CHARACTERS_MAX = 100
Word = TypeVar("Word", bound=StrEnum)


class ContractKind(StrEnum):
    """What a contract is for."""

    MAINTENANCE = "maintenance"
    SUPPORT = "support"
    LEASE = "lease"
    LICENCE = "licence"
    WARRANTY = "warranty"


class Period(StrEnum):
    """How often the amount of a contract is due."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ONCE = "once"

    @property
    def months(self) -> int:
        """Its length; what is due once has none."""
        return {"month": 1, "quarter": 3, "year": 12, "once": 0}[self.value]


class Split(StrEnum):
    """How the cost of a contract is divided among the assets that it covers."""

    EVENLY = "evenly"
    BY_PRICE = "by_purchase_price"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a supplier does for some assets, from a day to a day, and for how much.

    It covers `assets`, or what stands on `site` below `path`; an empty site is all of them.
    """

    kind: ContractKind
    supplier: str
    start: date
    amount: Decimal
    currency: str
    period: Period
    number: str = ""
    end: date | None = None
    notice_days: int = 0
    site: str = ""
    path: str = ""
    assets: tuple[str, ...] = ()
    split: Split = Split.EVENLY
    note: str = ""

    @property
    def about(self) -> tuple[str, ...]:
        """What it is found by: its assets, or its site."""
        return self.assets or (everything_of(self.site),)

    @property
    def order(self) -> str:
        """What lists of contracts are in the order of."""
        return self.start.isoformat()

    @property
    def cancel_by(self) -> date | None:
        """The last day on which it can be cancelled for its end."""
        return self.end - timedelta(days=self.notice_days) if self.end else None

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        return {
            "kind": self.kind.value,
            "supplier": self.supplier,
            "number": self.number,
            "start": self.start.isoformat(),
            "end": self.end.isoformat() if self.end else None,
            "notice_days": self.notice_days,
            "amount": format(self.amount, "f"),
            "currency": self.currency,
            "period": self.period.value,
            "site": self.site,
            "path": self.path,
            "assets": list(self.assets),
            "split": self.split.value,
            "note": self.note,
        }

    def covers(self, ids: Collection[str], site: str, path: str) -> bool:
        """Whether it covers the asset that has, or had, these ids and stands there now."""
        if self.assets:
            return not set(self.assets).isdisjoint(ids)
        below = not self.path or f"{path}/".startswith(f"{self.path}/")
        return self.site in ("", site) and below

    def runs(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.start <= on and (self.end is None or on <= self.end)

    def accrued(self, until: date) -> Decimal:
        """What it has cost until the evening of a day: time costs, whenever it is invoiced."""
        if until < self.start:
            return Decimal(0)
        if self.period is Period.ONCE:
            return self.amount
        until = min(until, self.end or until)
        return self.amount * periods(self.start, until + DAY, self.period.months)

    def between(self, first: date, last: date) -> Decimal:
        """What it cost from one day to another, both included."""
        first = max(first, self.start)
        if last < first or (self.end and self.end < first):
            return Decimal(0)
        return self.accrued(last) - (
            Decimal(0) if self.period is Period.ONCE else self.accrued(first - DAY)
        )

    @property
    def per_year(self) -> Decimal:
        """What a year of it costs; nothing more comes of what is due once."""
        return self.amount * 12 / self.period.months if self.period.months else Decimal(0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All assets that a contract covers: how many, and their purchase prices by currency."""

    assets: int
    prices: Mapping[str, Decimal]

    def share(self, contract: Contract, price: Money | None, held: int, rates: Rates) -> Decimal:
        """The part of 1 that one asset bears; raises ValueError when nobody can say.

        `held` of the ids that the contract names are this asset, after merges.
        """
        if contract.split is Split.EVENLY:
            return Decimal(held) / max(self.assets, held)
        amounts = [Money(amount, code) for code, amount in self.prices.items()]
        if price and price.currency not in self.prices:
            raise ValueError(f"its price in {price.currency or 'no currency'} is not counted yet")
        total = sum((self._weight(each, contract, rates) for each in amounts), Decimal(0))
        own = self._weight(price, contract, rates) if price else Decimal(0)
        return min(own / total, Decimal(1)) if total else Decimal(0)

    @staticmethod
    def _weight(price: Money, contract: Contract, rates: Rates) -> Decimal:
        weight = rates.converted(price, contract.currency)
        if weight is None:
            raise ValueError(
                f"no rate from {price.currency or 'no currency'} to {contract.currency}, "
                "by which to compare purchase prices"
            )
        return weight


@dataclass(frozen=True, slots=True)
class Stock:
    """What stands at one path of a site: how many assets, and their purchase prices."""

    site: str
    path: str
    assets: int
    prices: Mapping[str, Decimal]


def coverage(contract: Contract, places: Iterable[Stock]) -> Coverage:
    """What a contract for a site or a path covers of what stands at these places."""
    assets, prices = 0, dict[str, Decimal]()
    for each in places:
        if contract.covers((), each.site, each.path):
            assets += each.assets
            for code, price in each.prices.items():
                prices[code] = prices.get(code, Decimal(0)) + price
    return Coverage(assets, prices)


class WorkKind(StrEnum):
    """Why somebody worked on an asset."""

    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    CALIBRATION = "calibration"
    INSPECTION = "inspection"


@dataclass(frozen=True, slots=True)
class Work:
    """One entry of the maintenance log."""

    asset: str
    kind: WorkKind
    started_at: datetime
    site: str = ""
    ended_at: datetime | None = None
    downtime_hours: Decimal = Decimal(0)
    parts: Decimal = Decimal(0)
    labour: Decimal = Decimal(0)
    currency: str = ""
    text: str = ""
    next_due_on: date | None = None
    reading: Decimal | None = None
    """What the counter of its plan showed."""

    @property
    def about(self) -> tuple[str, ...]:
        """What it is found by."""
        return (self.asset,)

    @property
    def order(self) -> str:
        """What lists of the log are in the order of."""
        return _instant(self.started_at)

    @property
    def cost(self) -> Money:
        """Parts and labour."""
        return Money(self.parts + self.labour, self.currency)

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        return {
            "asset": self.asset,
            "kind": self.kind.value,
            "started_at": _instant(self.started_at),
            "site": self.site,
            "ended_at": _instant(self.ended_at) if self.ended_at else None,
            "downtime_hours": format(self.downtime_hours, "f"),
            "parts": format(self.parts, "f"),
            "labour": format(self.labour, "f"),
            "currency": self.currency,
            "text": self.text,
            "next_due_on": self.next_due_on.isoformat() if self.next_due_on else None,
            "reading": None if self.reading is None else format(self.reading, "f"),
        }


def everything_of(site: str) -> str:
    """What a contract for all of a site is found by; no asset's id ends with a slash."""
    return f"{site}/"


def contract(row: object) -> Contract:
    """The contract that `row` describes; raises Invalid."""
    said = _said(row, tuple(Contract.__dataclass_fields__))
    start, end = day("start", said.get("start")), _day_or_none("end", said.get("end"))
    if end and end < start:
        raise Invalid("end", expected(end.isoformat(), f"a day from the start, {start}"))
    listed = rows.items("assets", said.get("assets", ()), "ids of assets")
    assets = tuple(dict.fromkeys(_id(field, item) for field, item in listed))
    if len(assets) > ASSETS_MAX:
        raise Invalid("assets", f"{len(assets)} assets, expected at most {ASSETS_MAX}")
    where = said.get("path") or ""
    if where and (assets or not said.get("site")):
        raise Invalid("path", expected(where, "none beside assets or without a site"))
    return Contract(
        kind=_word("kind", said.get("kind"), ContractKind),
        supplier=_name("supplier", said.get("supplier")),
        number=rows.text("number", said.get("number", "")),
        start=start,
        end=end,
        notice_days=rows.count("notice_days", said.get("notice_days", 0), 0, NOTICE_DAYS_MAX),
        amount=amount("amount", said.get("amount")),
        currency=currency("currency", said.get("currency")),
        period=_word("period", said.get("period"), Period),
        site=rows.name("site", said["site"]) if said.get("site") else "",
        path=rows.path("path", where) if where else "",
        assets=assets,
        split=_word("split", said.get("split", Split.EVENLY.value), Split),
        note=rows.text("note", said.get("note", "")),
    )


def work(row: object) -> Work:
    """The entry of the maintenance log that `row` describes; raises Invalid."""
    said = _said(row, tuple(Work.__dataclass_fields__))
    started_at, ended_at = instant("started_at", said.get("started_at")), said.get("ended_at")
    ended = instant("ended_at", ended_at) if ended_at else None
    if ended and ended < started_at:
        raise Invalid("ended_at", expected(ended_at, f"a time from {_instant(started_at)}"))
    parts, labour = (amount(each, said.get(each, "0")) for each in ("parts", "labour"))
    code = said.get("currency") or ""
    return Work(
        asset=_id("asset", said.get("asset")),
        site=rows.name("site", said["site"]) if said.get("site") else "",
        kind=_word("kind", said.get("kind"), WorkKind),
        started_at=started_at,
        ended_at=ended,
        downtime_hours=amount("downtime_hours", said.get("downtime_hours", "0")),
        parts=parts,
        labour=labour,
        currency=currency("currency", code or None) if code or parts or labour else "",
        text=rows.text("text", said.get("text", "")),
        next_due_on=_day_or_none("next_due_on", said.get("next_due_on")),
        reading=amount("reading", said["reading"]) if "reading" in said else None,
    )


def instant(field: str, value: object) -> datetime:
    """A time with its offset from UTC (RFC 3339)."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or found.date() <= FIRST:
        raise Invalid(field, expected(value, "a time with its offset, 2026-03-01T12:00:00Z"))
    within(field, found.date())
    return found.astimezone(UTC)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _said(row: object, known: tuple[str, ...]) -> dict[str, Any]:
    return {name: v for name, v in rows.fields("row", row, known).items() if v is not None}


def _word(field: str, value: object, words: type[Word]) -> Word:
    try:
        return words(value)  # type: ignore[arg-type]  # what is no word is refused here
    except ValueError:
        raise Invalid(field, expected(value, f"one of {', '.join(words)}")) from None


def _name(field: str, value: object) -> str:
    found = rows.text(field, value) if value is not None else ""
    if not found:
        raise Invalid(field, expected(value, "a name"))
    return found


def _id(field: str, value: object) -> str:
    if rows.is_text(value) and value and len(value) <= ID_CHARACTERS_MAX and "/" not in value:
        return value
    raise Invalid(field, expected(value, "the id of an asset"))


def _day_or_none(field: str, value: object) -> date | None:
    return day(field, value) if value is not None else None

"""What an asset has cost to a day: each term with where it comes from, and what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from isthmus.inventory.domain.money.contracts import Contract, Work
from isthmus.inventory.domain.money.days import DAY, MONTHS_OF_YEAR, periods
from isthmus.inventory.domain.money.figures import Figures, Gap
from isthmus.inventory.domain.money.money import RATE_AGE_MAX, Money, Rates, shown

ZERO = Decimal(0)


class Term(StrEnum):
    """What the total cost of ownership is the sum of."""

    PURCHASE = "purchase"
    RUNNING = "running"
    CONTRACTS = "contracts"
    MAINTENANCE = "maintenance"
    DOWNTIME = "downtime"
    BOOK_VALUE = "book_value"
    """Subtracted: what it is still worth."""


@dataclass(frozen=True, slots=True)
class Line:
    """One amount of a term, in its own currency, and how it comes about."""

    term: Term
    money: Money
    says: str
    contract: str = ""
    """Id of the contract whose share it is."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of 1 of a contract that an asset bears, or why nobody can say."""

    id: str
    contract: Contract
    part: Decimal | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one asset: lines in their currencies, the sum of each term in one."""

    currency: str
    lines: tuple[Line, ...]
    gaps: tuple[Gap, ...]
    terms: Mapping[Term, Decimal]
    unconverted: tuple[Line, ...]
    """Lines that no rate could convert: they are in no sum."""

    @property
    def total(self) -> Decimal:
        """The sum of the terms."""
        return sum(self.terms.values(), ZERO)


@dataclass(frozen=True, slots=True)
class Account:
    """All that the books hold of one asset."""

    figures: Figures
    shares: Sequence[Share] = ()
    log: Sequence[Work] = ()


Part = tuple[list[Line], list[Gap]]


def cost(account: Account, on: date, currency: str, rates: Rates) -> Cost:
    """The total cost of ownership to the evening of `on`, in `currency`."""
    parts = [
        _purchase(account.figures, on),
        _running(account.figures, on),
        _contracts(account, on),
        _maintenance(account.log, on),
        _downtime(account, on),
        _book_value(account.figures, on),
    ]
    lines = tuple(line for some, _ in parts for line in some)
    gaps = dict.fromkeys([*account.figures.gaps, *(gap for _, some in parts for gap in some)])
    if not account.figures.currency and any(not line.money.currency for line in lines):
        gaps[Gap("currency", "not known: amounts are not converted")] = None
    return summed(lines, tuple(gaps), currency, rates)


def summed(lines: tuple[Line, ...], gaps: tuple[Gap, ...], currency: str, rates: Rates) -> Cost:
    """The lines with the sum of each term in `currency`."""
    terms = dict.fromkeys(Term, ZERO)
    unconverted = []
    for line in lines:
        amount = rates.converted(line.money, currency)
        if amount is None:
            unconverted.append(line)
        else:
            terms[line.term] += amount
    return Cost(currency, lines, gaps, terms, tuple(unconverted))


def why_not(money: Money, currency: str, rates: Rates) -> str:
    """Why an amount is not converted."""
    oldest = rates.on - RATE_AGE_MAX
    source = money.currency or "an amount without a currency"
    return f"no rate from {source} to {currency} from {oldest} to {rates.on}"


def _purchase(books: Figures, on: date) -> Part:
    price = books.price
    if price is None:
        return [], [Gap("purchase_price", "not known: not counted")]
    if books.acquired is None:
        gap = Gap("purchased_on", "not known: counted as bought before")
        return [Line(Term.PURCHASE, price, "bought, nobody knows when")], [gap]
    if books.acquired > on:
        return [], []
    return [Line(Term.PURCHASE, price, f"bought on {books.acquired}")], []


def _running(books: Figures, on: date) -> Part:
    yearly, start = books.money("running_cost_per_year"), books.in_service
    gaps = []
    if yearly is None:
        gaps.append(Gap("running_cost_per_year", "not known: not counted"))
    if start is None:
        gaps.append(Gap("commissioned_on", "not known: its running cost is not counted"))
    if yearly is None or start is None:
        return [], gaps
    years = periods(start, books.until(on, *_OUT_OF_SERVICE) + DAY, MONTHS_OF_YEAR)
    if not years:
        return [], []
    money = Money(yearly.amount * years, yearly.currency)
    says = f"{_shown(yearly)} a year for {years:.2f} years from {start}"
    return [Line(Term.RUNNING, money, says)], []


_OUT_OF_SERVICE = ("retired_on", "disposed_on")


def _contracts(account: Account, on: date) -> Part:
    lines, gaps = [], []
    last = account.figures.until(on, "disposed_on")
    for share in account.shares:
        first = account.figures.acquired or share.contract.start
        amount = share.contract.between(first, last)
        if share.part is None:
            gaps.append(Gap("contracts", f"{share.id} is not divided: {share.reason}"))
        elif amount:
            money = Money(amount * share.part, share.contract.currency)
            whole = _shown(Money(amount, share.contract.currency))
            says = f"{share.part:.2%} of {whole}, {share.contract.supplier}"
            lines.append(Line(Term.CONTRACTS, money, says, share.id))
    return lines, gaps


def _maintenance(log: Sequence[Work], on: date) -> Part:
    return [
        Line(Term.MAINTENANCE, work.cost, f"{work.kind} work on {work.started_at.date()}")
        for work in log
        if work.started_at.date() <= on and work.cost.amount
    ], []


def _downtime(account: Account, on: date) -> Part:
    hours = downtime_hours(account.log, date.min, on)
    per_hour = account.figures.money("downtime_cost_per_hour")
    if not hours:
        return [], []
    if per_hour is None:
        reason = f"not known: {hours} hours of downtime are not counted"
        return [], [Gap("downtime_cost_per_hour", reason)]
    money = Money(hours * per_hour.amount, per_hour.currency)
    return [Line(Term.DOWNTIME, money, f"{hours} hours at {_shown(per_hour)}")], []


def downtime_hours(log: Iterable[Work], first: date, last: date) -> Decimal:
    """Hours of downtime of the work that began from one day to another."""
    begun = (work for work in log if first <= work.started_at.date() <= last)
    return sum((work.downtime_hours for work in begun), ZERO)


def _book_value(books: Figures, on: date) -> Part:
    if books.price is None or (books.acquired or on) > on:
        return [], []
    if not books.owned(on):
        reason = "what it was sold for is not recorded: nothing is subtracted"
        return [], [Gap("disposed_on", reason)]
    depreciation, gaps = books.depreciation()
    if depreciation is None:
        return [], list(gaps)
    value = depreciation.book_value(on)
    says = f"{depreciation.method} over {depreciation.life_months} months from {depreciation.start}"
    return [Line(Term.BOOK_VALUE, Money(-value, books.currency), says)], list(gaps)


def _shown(money: Money) -> str:
    return f"{shown(money.amount, money.currency)} {money.currency}".rstrip()


@dataclass(frozen=True, slots=True)
class Total:
    """The costs of several assets."""

    assets: int = 0
    terms: Mapping[Term, Decimal] = field(default_factory=lambda: dict.fromkeys(Term, ZERO))
    unconverted: Mapping[tuple[Term, str], Decimal] = field(default_factory=dict)
    """Sums by term and currency of what no rate could convert."""
    gaps: Mapping[str, int] = field(default_factory=dict)
    """At how many assets a field is missing."""

    @property
    def total(self) -> Decimal:
        """The sum of the terms."""
        return sum(self.terms.values(), ZERO)

    def plus(self, cost: Cost) -> "Total":
        """These costs and those of one more asset."""
        unconverted, gaps = dict(self.unconverted), dict(self.gaps)
        for line in cost.unconverted:
            place = (line.term, line.money.currency)
            unconverted[place] = unconverted.get(place, ZERO) + line.money.amount
        for name in {gap.field for gap in cost.gaps}:
            gaps[name] = gaps.get(name, 0) + 1
        terms = {term: self.terms[term] + cost.terms[term] for term in Term}
        return Total(self.assets + 1, terms, unconverted, gaps)


class Grouping(StrEnum):
    """What the costs of many assets are summed by."""

    ASSET = "asset"
    LINE = "line"
    AREA = "area"
    SITE = "site"
    DOMAIN = "domain"
    CLASS = "class"


LEVELS = {Grouping.AREA: 3, Grouping.LINE: 4}
"""enterprise/site/area/line: levels of the equipment path (IEC 62264-1)."""
IT_LEVEL = Decimal("3.5")
"""The industrial DMZ and what is above it is IT, what is below OT."""


def group(by: Grouping, id: str, site: str, path: str, attributes: Mapping[str, str]) -> str:
    """The group that an asset is in; empty when nobody knows."""
    if by in LEVELS:
        levels = path.split("/")
        return "/".join(levels[: LEVELS[by]]) if len(levels) >= LEVELS[by] else ""
    if by is Grouping.DOMAIN:
        return domain(attributes)
    return {"asset": id, "site": site, "class": attributes.get("class", "")}[by]


def domain(attributes: Mapping[str, str]) -> str:
    """IT from level 3.5 up, OT below; a class that has no level is none of the plant's: IT."""
    level = attributes.get("purdue_level")
    if level:
        return "IT" if Decimal(level) >= IT_LEVEL else "OT"
    return "IT" if attributes.get("class") else ""

"""When warranty, support and life of assets end, as far as anybody knows."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from isthmus.inventory.domain.money.contracts import Contract, ContractKind
from isthmus.inventory.domain.money.days import DAY, add_months, last_day
from isthmus.inventory.domain.money.figures import figures


class Subject(StrEnum):
    """What ends."""

    WARRANTY = "warranty"
    SUPPORT_CONTRACT = "support_contract"
    END_OF_LIFE = "end_of_life"
    """The maker stops mending it."""


class Knowledge(StrEnum):
    """What is known of an end."""

    KNOWN = "known"
    SUPPORTED_NO_DATE = "supported_no_date"
    """It holds, and no end is announced or agreed."""
    UNKNOWN = "unknown"


class Bucket(StrEnum):
    """How far away an end is; every asset is in one for each subject."""

    OVER = "over"
    WITHIN_12_MONTHS = "within_12_months"
    WITHIN_24_MONTHS = "within_24_months"
    WITHIN_36_MONTHS = "within_36_months"
    LATER = "later"
    NO_DATE = "no_date"
    UNKNOWN = "unknown"


HORIZONS = {
    12: Bucket.WITHIN_12_MONTHS,
    24: Bucket.WITHIN_24_MONTHS,
    36: Bucket.WITHIN_36_MONTHS,
}
COVERING = {
    Subject.WARRANTY: frozenset({ContractKind.WARRANTY}),
    Subject.SUPPORT_CONTRACT: frozenset({ContractKind.SUPPORT, ContractKind.MAINTENANCE}),
}
"""Kinds of contracts under which somebody must come."""


@dataclass(frozen=True, slots=True)
class End:
    """What is known of one end; the last day on which it still holds, if that is known."""

    state: Knowledge
    last: date | None = None

    def bucket(self, on: date) -> Bucket:
        """How far away it is on a day; a partial date is over after its last day."""
        if self.last is None:
            no_date = self.state is Knowledge.SUPPORTED_NO_DATE
            return Bucket.NO_DATE if no_date else Bucket.UNKNOWN
        if self.last < on:
            return Bucket.OVER
        within = (name for months, name in HORIZONS.items() if self.last <= add_months(on, months))
        return next(within, Bucket.LATER)


NOBODY_KNOWS = End(Knowledge.UNKNOWN)


def ends(
    attributes: Mapping[str, str], contracts: Collection[Contract], on: date
) -> dict[Subject, End]:
    """What is known on a day of each end of an asset, which these contracts cover."""
    agreed = {
        subject: _agreed([each for each in contracts if each.kind in kinds], on)
        for subject, kinds in COVERING.items()
    }
    maker = _dated(attributes.get("warranty_until", ""))
    warranty = max(maker, agreed[Subject.WARRANTY], key=_reach)
    return {**agreed, Subject.WARRANTY: warranty, Subject.END_OF_LIFE: life(attributes)}


def _dated(text: str) -> End:
    return End(Knowledge.KNOWN, last_day(text)) if text else NOBODY_KNOWS


def _reach(end: End) -> tuple[bool, date]:
    """The more, the longer it holds."""
    return end.state is Knowledge.SUPPORTED_NO_DATE, end.last or date.min


def life(attributes: Mapping[str, str]) -> End:
    """What is known of the day on which the maker stops mending it."""
    end = _dated(attributes.get("end_of_support", ""))
    if end is NOBODY_KNOWS and attributes.get("lifecycle") == Knowledge.SUPPORTED_NO_DATE:
        return End(Knowledge.SUPPORTED_NO_DATE)
    return end


def _agreed(contracts: Iterable[Contract], on: date) -> End:
    """How long the contracts hold that have begun, with those that follow without a gap."""
    last: date | None = None
    for contract in sorted(contracts, key=lambda each: each.start):
        follows = last is not None and contract.start <= last + DAY
        if contract.start > on and not follows:
            continue
        if contract.end is None:
            return End(Knowledge.SUPPORTED_NO_DATE)
        last = max(last or contract.end, contract.end)
    return End(Knowledge.KNOWN, last) if last else NOBODY_KNOWS


Counts = Mapping[Subject, Mapping[Bucket, int]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The ends of several assets, and what successors would cost when their life ends."""

    assets: int = 0
    counts: Counts = field(
        default_factory=lambda: {subject: dict.fromkeys(Bucket, 0) for subject in Subject}
    )
    replacement: Mapping[tuple[Bucket, str], Decimal] = field(default_factory=dict)
    """Sums of `replacement_cost` by end of life and currency; not known ones are not in it."""

    def plus(
        self, attributes: Mapping[str, str], contracts: Collection[Contract], on: date
    ) -> "Forecast":
        """These ends and those of one more asset."""
        at = {s: end.bucket(on) for s, end in ends(attributes, contracts, on).items()}
        counts = {s: {**self.counts[s], at[s]: self.counts[s][at[s]] + 1} for s in Subject}
        replacement = dict(self.replacement)
        price = figures(attributes).money("replacement_cost")
        if price is not None:
            place = (at[Subject.END_OF_LIFE], price.currency)
            replacement[place] = replacement.get(place, Decimal(0)) + price.amount
        return Forecast(self.assets + 1, counts, replacement)

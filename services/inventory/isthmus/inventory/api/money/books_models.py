"""What the API says and takes of contracts, maintenance and exchange rates."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.domain.money.books import Edit, Version
from isthmus.inventory.domain.money.contracts import Contract, ContractKind, Period, Split, WorkKind
from isthmus.inventory.domain.money.money import RateTable
from isthmus.runtime.pages import Next, Whole

Amount = Annotated[str, Field(description="Decimal text, 0 or more.", examples=["1200.00"])]
Day = Annotated[str, Field(examples=["2026-03-01"])]
Currency = Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]


class ContractIn(BaseModel):
    """What a supplier does for some assets, from a day to a day, and for how much."""

    model_config = ConfigDict(extra="forbid")

    kind: ContractKind = Field(description="What it is for.", examples=["maintenance"])
    supplier: str = Field(description="Who does it.", examples=["Elektro Grossmann"])
    number: str | None = Field(
        default=None, description="What supplier and books call it.", examples=["W-2024-117"]
    )
    start: Day = Field(description="Its first day.")
    end: Day | None = Field(default=None, description="Its last day; none while it is open-ended.")
    notice_days: Whole | None = Field(
        default=None,
        ge=0,
        description="Days before its end until which it can be cancelled; 0 if not said.",
        examples=[90],
    )
    amount: Amount = Field(description="What is due each `period`, in `currency`.")
    currency: Currency
    period: Period = Field(description="How often `amount` is due.", examples=["year"])
    site: str | None = Field(
        default=None,
        description="The site that it is for; without one, and without `assets`, it covers every "
        "site, and only who may write on every site may write it.",
        examples=["hagen"],
    )
    path: str | None = Field(
        default=None,
        description="It covers what stands on `site` below this ISA-95 path; without one, all.",
        examples=["nordwerk/hagen/press-shop"],
    )
    assets: list[str] | None = Field(
        default=None,
        description="It covers these assets and no others: their ids, at most 1,000.",
        examples=[["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"]],
    )
    split: Split | None = Field(
        default=None,
        description="How it is divided among the assets that it covers; evenly if not said. "
        "By purchase price, an asset without a price bears nothing.",
        examples=["evenly"],
    )
    note: str | None = Field(default=None, description="What else to know.", examples=["24/7"])


class Kept(BaseModel):
    """What every entry of a book says of itself."""

    id: str = Field(
        description="Id of the entry.", examples=["5c0ff1a0-1d5a-5a8e-8d52-6f0c6a3a9b11"]
    )
    revision: int = Field(description="Counts its changes; its ETag.", examples=[1])
    changed_at: datetime = Field(description="When it was last written.")
    changed_by: str = Field(description="Who wrote it last.", examples=["m.weber"])

    @classmethod
    def of(cls, version: Version[Any]) -> Self:
        """What the API says of a version."""
        return cls(
            id=version.id,
            revision=version.revision,
            changed_at=version.at,
            changed_by=version.by,
            **(version.value.row if version.value else {}),
            **cls.derived(version.value),
        )

    @classmethod
    def derived(cls, _: Any) -> dict[str, Any]:
        """What follows from the value and is not written."""
        return {}


class ContractOut(Kept):
    """A contract as it stands."""

    kind: ContractKind = Field(description="What it is for.")
    supplier: str = Field(description="Who does it.", examples=["Elektro Grossmann"])
    number: str = Field(description="What supplier and books call it.", examples=["W-2024-117"])
    start: date = Field(description="Its first day.")
    end: date | None = Field(description="Its last day; null while it is open-ended.")
    notice_days: int = Field(description="Days of notice before its end.", examples=[90])
    cancel_by: date | None = Field(description="Last day to cancel it for its end.")
    amount: Amount
    currency: Currency
    period: Period = Field(description="How often `amount` is due.")
    site: str = Field(description="Its site; empty for every site.", examples=["hagen"])
    path: str = Field(description="ISA-95 path below which it covers.", examples=[""])
    assets: list[str] = Field(description="The assets that it covers; empty for all at its place.")
    split: Split = Field(description="How it is divided among them.")
    note: str = Field(description="What else to know.", examples=[""])

    @classmethod
    def derived(cls, contract: Contract) -> dict[str, Any]:
        """What follows from the value and is not written."""
        return {"cancel_by": contract.cancel_by}


class WorkIn(BaseModel):
    """One entry of the maintenance log."""

    model_config = ConfigDict(extra="forbid")

    asset: str = Field(
        description="Id of the asset.", examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"]
    )
    kind: WorkKind = Field(description="Why somebody worked on it.", examples=["corrective"])
    started_at: str = Field(
        description="When, with the offset from UTC.", examples=["2026-02-03T06:15:00+01:00"]
    )
    ended_at: str | None = Field(
        default=None, description="When it was done.", examples=["2026-02-03T09:45:00+01:00"]
    )
    downtime_hours: Amount | None = Field(
        default=None,
        description="Hours for which production stood still; 0 if not said.",
        examples=["3.5"],
    )
    parts: Amount | None = Field(default=None, description="Cost of parts; 0 if not said.")
    labour: Amount | None = Field(default=None, description="Cost of labour; 0 if not said.")
    currency: Currency | None = Field(default=None, description="Needed where there is a cost.")
    text: str | None = Field(default=None, description="What was done.", examples=["New fan"])
    next_due_on: Day | None = Field(default=None, description="When it is due again.")
    reading: Amount | None = Field(
        default=None, description="What the counter of its plan showed.", examples=["4200"]
    )


class WorkOut(Kept):
    """An entry of the maintenance log as it stands."""

    asset: str = Field(description="Id of the asset, as it was when it was written.")
    site: str = Field(description="Where the asset stood then.", examples=["hagen"])
    kind: WorkKind = Field(description="Why somebody worked on it.")
    started_at: datetime = Field(description="When.")
    ended_at: datetime | None = Field(description="When it was done.")
    downtime_hours: Amount
    parts: Amount
    labour: Amount
    currency: str = Field(description="ISO 4217; empty without a cost.", examples=["EUR"])
    text: str = Field(description="What was done.", examples=["New fan"])
    next_due_on: date | None = Field(description="When it is due again.")
    reading: Amount | None = Field(description="What the counter of its plan showed.")


class RatesIn(BaseModel):
    """What one unit of a currency was worth on a day, in units of others."""

    model_config = ConfigDict(extra="forbid")

    base: Currency
    rates: dict[str, str] = Field(
        description="Units of each currency for one of `base`, as decimal text.",
        examples=[{"USD": "1.0842", "JPY": "162.31"}],
    )


class RatesOut(Kept):
    """The exchange rates of a day as they stand."""

    date: str = Field(description="The day.", examples=["2026-03-01"])
    base: Currency
    rates: dict[str, str] = Field(
        description="Units of each currency for one of `base`.", examples=[{"USD": "1.0842"}]
    )

    @classmethod
    def table(cls, version: Version[RateTable]) -> Self:
        """What the API says of a day's rates."""
        return cls.of(version)


class EditOut(BaseModel):
    """What somebody did to an entry of a book."""

    revision: int = Field(description="The revision that it made.", examples=[2])
    at: datetime = Field(description="When.")
    by: str = Field(description="Who.", examples=["m.weber"])
    before: dict[str, Any] | None = Field(description="What stood there; null for nothing.")
    after: dict[str, Any] | None = Field(description="What stands there since; null for nothing.")

    @classmethod
    def of(cls, edit: Edit) -> Self:
        """What the API says of an edit."""
        return cls(
            revision=edit.revision, at=edit.at, by=edit.by, before=_json(edit.before),
            after=_json(edit.after),
        )  # fmt: skip


class EditPage(BaseModel):
    """Every change of an entry, the first one first."""

    items: list[EditOut]


class ContractPage(BaseModel):
    """Some contracts, by their first day."""

    items: list[ContractOut]
    next: Next


class WorkPage(BaseModel):
    """Some entries of the maintenance log, by time."""

    items: list[WorkOut]
    next: Next


class RatesPage(BaseModel):
    """Some days with exchange rates."""

    items: list[RatesOut]
    next: Next


def _json(row: Any) -> dict[str, Any] | None:
    return dict(row) if row is not None else None

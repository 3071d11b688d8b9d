"""Maintenance plans, and what is due: by plans, by the log, and by what runs out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from isthmus.inventory.domain import rows
from isthmus.inventory.domain.custom_fields import NAME as CUSTOM_NAME
from isthmus.inventory.domain.money.contracts import Contract, Work, WorkKind
from isthmus.inventory.domain.money.days import LAST, day
from isthmus.inventory.domain.money.money import amount
from isthmus.inventory.domain.rows import Invalid, expected

DAYS_MAX = 36_525
TITLE_CHARACTERS_MAX = 200
PARTS = ("title", "kind", "asset", "class", "site", "every_days", "counter", "every", "start",
         "note")  # fmt: skip
CLASS = "class "


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done again and again to an asset, or to each of a class: by days, by what a
    counter of the asset counts, or by what comes first."""

    title: str
    kind: WorkKind
    start: date
    """From when the first interval counts, where the log has nothing of the kind."""
    asset: str = ""
    device_class: str = ""
    site: str = ""
    """Of its asset; of a class, empty for every site."""
    every_days: int | None = None
    counter: str = ""
    """Custom field of the asset that counts: hours, strokes, cycles."""
    every: Decimal | None = None
    note: str = ""

    @property
    def about(self) -> tuple[str, ...]:
        """What it is found by."""
        return (self.asset or f"{CLASS}{self.device_class}",)

    @property
    def order(self) -> str:
        """What lists of plans are in the order of."""
        return self.title

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        return {
            "title": self.title,
            "kind": self.kind.value,
            "asset": self.asset,
            "class": self.device_class,
            "site": self.site,
            "every_days": self.every_days,
            "counter": self.counter,
            "every": None if self.every is None else format(self.every, "f"),
            "start": self.start.isoformat(),
            "note": self.note,
        }


def plan(row: object) -> Plan:
    """The plan that `row` describes; raises Invalid."""
    said = {name: v for name, v in rows.fields("row", row, PARTS).items() if v not in (None, "")}
    days, every = said.get("every_days"), said.get("every")
    made = Plan(
        title=_text("title", said.get("title"), TITLE_CHARACTERS_MAX),
        kind=_kind(said.get("kind")),
        start=day("start", said.get("start")),
        asset=_text("asset", said.get("asset", "")),
        device_class=_text("class", said.get("class", "")),
        site=rows.name("site", said["site"]) if "site" in said else "",
        every_days=None if days is None else rows.count("every_days", days, 1, DAYS_MAX),
        counter=_counter(said.get("counter", "")),
        every=None if every is None else amount("every", every),
        note=rows.text("note", said.get("note", "")),
    )
    _check(made)
    return made


def _check(made: Plan) -> None:
    if bool(made.asset) == bool(made.device_class):
        raise Invalid("asset", expected(made.asset or None, "an asset or a class, one of both"))
    if bool(made.counter) != bool(made.every):
        raise Invalid("every", expected(made.every and str(made.every), "both it and a counter"))
    if made.every_days is None and made.every is None:
        raise Invalid("every_days", expected(None, "days, or a counter and every how many of it"))


def _kind(value: object) -> WorkKind:
    if value in tuple(WorkKind):
        return WorkKind(str(value))
    raise Invalid("kind", expected(value, f"one of {', '.join(WorkKind)}"))


def _counter(value: object) -> str:
    if value == "" or (isinstance(value, str) and CUSTOM_NAME.fullmatch(value)):
        return str(value)
    raise Invalid("counter", expected(value, "a custom field that is a number, custom.<name>"))


def _text(field: str, value: object, most: int = 100) -> str:
    text = rows.text(field, value) if value is not None else None
    if text is None or len(text) > most:
        raise Invalid(field, expected(value, f"a text of at most {most} characters"))
    return text


class DueKind(StrEnum):
    """Why something is due."""

    PLAN = "plan"
    LOG = "log"
    """The last entry of its kind in the maintenance log says when it is due again."""
    WARRANTY = "warranty"
    """It ends: what is to be mended under it, is to be claimed."""
    CONTRACT = "contract"
    """It is to be renewed, or cancelled before its notice is over."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An asset that something is due of."""

    id: str
    site: str
    name: str
    custom: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due."""

    kind: DueKind
    title: str
    on: date
    """When; for a counter alone, the day on which somebody asks."""
    site: str
    reference: str
    """Id of the plan, of the entry of the log, or of the contract; of the asset for a warranty."""
    asset: str = ""
    name: str = ""
    work: WorkKind | None = None
    last_done_on: date | None = None
    reading: Decimal | None = None
    due_at: Decimal | None = None
    """Reading of the counter at which it is due."""

    @property
    def cursor(self) -> str:
        """Where it stands in the list of what is due."""
        return f"{self.on.isoformat()}|{self.kind.value}|{self.reference}|{self.asset}"

    def overdue_days(self, today: date) -> int:
        """Days since it was due; 0 when it is not overdue."""
        return max((today - self.on).days, 0)

    @property
    def overdue_by(self) -> Decimal | None:
        """How much more the counter has counted; None where none decides."""
        if self.reading is None or self.due_at is None:
            return None
        return max(self.reading - self.due_at, Decimal(0))


def due_by_plan(id: str, plan: Plan, asset: Subject, last: Work | None, today: date) -> Due | None:
    """When a plan is due of an asset; None where only a counter says so and has not yet."""
    done = _done_on(last)
    reading = _reading(asset.custom.get(plan.counter, "")) if plan.counter else None
    before = last.reading if last and last.reading is not None else Decimal(0)
    due_at = before + plan.every if plan.every is not None else None
    on = _next(plan, last, done)
    if reading is not None and due_at is not None and reading >= due_at:
        on = min(on or today, today)
    if on is None:
        return None
    return Due(
        DueKind.PLAN, plan.title, on, asset.site, id, asset.id, asset.name, plan.kind, done,
        reading, due_at,
    )  # fmt: skip


def _next(plan: Plan, last: Work | None, done: date | None) -> date | None:
    """The day that the log names, or the end of the interval."""
    if last and last.next_due_on:
        return last.next_due_on
    if plan.every_days is None:
        return None
    start = done or plan.start
    return start + min(timedelta(plan.every_days), LAST - start)


def due_by_log(id: str, work: Work, asset: Subject) -> Due:
    """What the log says is due again; `work` has a day for it."""
    assert work.next_due_on, "it was found by that"
    title = work.text or work.kind.value
    return Due(DueKind.LOG, title, work.next_due_on, asset.site, id, asset.id, asset.name,
               work.kind, _done_on(work))  # fmt: skip


def due_contract(id: str, contract: Contract, today: date) -> Due | None:
    """When somebody must have decided on a contract; None when it is open-ended or over."""
    if contract.end is None or contract.end < today:
        return None
    title = " ".join(filter(None, (contract.kind.value, contract.supplier, contract.number)))
    on = contract.cancel_by if contract.notice_days and contract.cancel_by else contract.end
    return Due(DueKind.CONTRACT, title, on, contract.site, id)


def _done_on(work: Work | None) -> date | None:
    return (work.ended_at or work.started_at).date() if work else None


def _reading(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None

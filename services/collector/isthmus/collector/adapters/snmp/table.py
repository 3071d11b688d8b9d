"""One conceptual table of a MIB: which rows there are, and what is remembered of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isthmus.collector.adapters.snmp.text import Value, said

Marks = tuple[Value, ...]
IDENTITY_S = 24 * 3600


@dataclass(frozen=True)
class Table:
    """Columns by name; those of a table that augments another one stand beside its own."""

    walked: str
    """Column whose instances are the rows; the only one that is walked."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """Columns that are read when the rows change."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Columns that are read at each slot."""
    changed: tuple[str, ...] = ()
    """Instances of which one has another value when rows came or went."""
    slow: bool = False
    """The rows come and go by themselves: walked at slow slots only, and said there."""

    @property
    def label(self) -> str:
        """Name of the table in what is said about it: its first column."""
        return next(iter({**self.identity, **self.values}))


@dataclass
class Rows:
    """What one agent said of one table."""

    table: Table
    indices: tuple[str, ...] = ()
    facts: dict[str, Value] = field(default_factory=dict)
    """Identity columns, `name.index`."""
    values: dict[str, str] = field(default_factory=dict)
    """Instances that are read at each slot, and their names."""
    trouble: str = ""
    """Why the rows are not all there, for a person."""
    marks: Marks | None = None
    """The change counters when the rows were read; None when the rows are not known."""
    read_at: float = 0.0

    def due(self, marks: Marks, slow_slot: bool, now: float) -> bool:
        """Must the table be walked now?"""
        if self.trouble or (self.table.slow and not slow_slot):
            return slow_slot
        if self._stale(now):
            return True
        counted = any(mark is not None for mark in marks)
        return marks != self.marks if counted else slow_slot

    def same(self, walked: Mapping[str, Value], now: float) -> bool:
        """Is what the walk brought what is known already, so that the rest is, too?"""
        if self.table.slow or self._stale(now) or tuple(walked) != self.indices:
            return False
        return self.named(walked).items() <= self.facts.items()

    def learn(self, walked: Mapping[str, Value], rest: Mapping[str, Value], now: float) -> None:
        """Take new rows: the walked column by index, the other identity columns by name."""
        self.indices = tuple(walked)
        self.facts = {**self.named(walked), **{n: said(n, value) for n, value in rest.items()}}
        self.values = instances(self.table.values, self.indices)
        self.read_at = now

    def rest(self, indices: Iterable[str]) -> dict[str, str]:
        """Instances of the identity columns that a walk does not bring, and their names."""
        columns = {n: c for n, c in self.table.identity.items() if c != self.table.walked}
        return instances(columns, indices)

    def named(self, walked: Mapping[str, Value]) -> dict[str, Value]:
        """The walked column under its name, if it is one of the identity."""
        names = [n for n, column in self.table.identity.items() if column == self.table.walked]
        return {f"{n}.{i}": said(n, value) for i, value in walked.items() for n in names}

    def _stale(self, now: float) -> bool:
        return self.marks is None or now - self.read_at > IDENTITY_S


def instances(columns: Mapping[str, str], indices: Iterable[str]) -> dict[str, str]:
    """Object identifiers and names, row by row: each request holds columns that are there."""
    return {f"{oid}.{i}": f"{name}.{i}" for i in indices for name, oid in columns.items()}


def merged(tables: Iterable[Table]) -> list[Table]:
    """Tables that several groups name, once each."""
    return list({table.walked: table for table in tables}.values())

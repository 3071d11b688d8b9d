"""What of a device's answer stays the same from read to read, and the tables in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from isthmus.normalizer.domain.catalog import Row, base

T = TypeVar("T")
Pick = Callable[[tuple[T, ...]], tuple[T, ...]]
"""Some entries of a column."""


@lru_cache
def picker(at: tuple[int, ...]) -> Pick[Any]:
    """The entries of a column at these places, faster than a loop would find them."""
    if len(at) > 1:
        found: Pick[Any] = itemgetter(*at)
        return found
    return lambda column: tuple([column[each] for each in at])


NOTHING_PICKED: Pick[Any] = picker(())


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The names of the facts and numbers that say who a device is.

    Compared as an object, so that a device is looked up without comparing all of them.
    """

    facts: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """All columns of an answer, and where in them stands who the device is."""

    facts: tuple[str, ...]
    points: tuple[str, ...]
    units: tuple[str, ...]
    columns: Columns
    texts: Pick[str]
    values: Pick[float]
    sees: bool
    """Are there tables of other devices?"""


class Appearance(NamedTuple):
    """Everything that decides who a device is; equal appearances are the same device.

    `texts` and `values` are only those that the catalogue calls stable.
    """

    site: str
    address: str
    protocol: str
    profile: str
    path: str
    columns: Columns
    texts: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Said:
    """The stable facts and numbers of one device by name, with its tables by column."""

    facts: Mapping[str, str]
    numbers: Mapping[str, float]

    @classmethod
    def of(cls, appearance: Appearance) -> "Said":
        """The facts and numbers of an appearance."""
        columns = appearance.columns
        return cls(
            dict(zip(columns.facts, appearance.texts, strict=True)),
            dict(zip(columns.points, appearance.values, strict=True)),
        )

    @cached_property
    def columns(self) -> Mapping[str, list[str]]:
        """The indices that each column has, in the order of a MIB."""
        found: dict[str, list[str]] = {}
        for name in (*self.facts, *self.numbers):
            found.setdefault(base(name), []).append(name.partition(".")[2])
        return {column: sorted(indices, key=mib_order) for column, indices in found.items()}

    def column(self, name: str) -> Iterator[tuple[str, str]]:
        """The index and text of each fact in a column, in the order of a MIB."""
        for index in self.columns.get(name, ()):
            fact = self.facts.get(f"{name}.{index}" if index else name)
            if fact is not None:
                yield index, fact

    def cell(self, column: str, index: str) -> str:
        """A cell of a table as text, a number without needless decimals; empty when not there."""
        name = f"{column}.{index}" if index else column
        if (text := self.facts.get(name)) is not None:
            return text
        number = self.numbers.get(name)
        return "" if number is None else f"{number:g}"

    def row(self, row: Row, column: str) -> str:
        """The index in `column` of the first row that `row` describes, else of the first row."""
        if row.column in self.columns:
            indices = self.columns[row.column]
            matches = [i for i in indices if self.numbers.get(f"{row.column}.{i}") == row.equals]
        else:
            matches = self.columns.get(column, [])
        return matches[0] if matches else ""


def mib_order(index: str) -> tuple[int, ...]:
    """Sorts instances as a MIB does: by number, not by letter."""
    return tuple(int(part[:18]) if part.isdecimal() else -1 for part in index.split("."))

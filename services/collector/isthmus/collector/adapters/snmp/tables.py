"""All tables of one agent: walks what is due while there is time, remembers what is unchanged."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isthmus.collector.adapters.snmp.agent import Agent, Column, Visit
from isthmus.collector.adapters.snmp.table import Marks, Rows, Table, merged
from isthmus.collector.adapters.snmp.text import Value
from isthmus.collector.domain.reading import Fault

# Kafka takes a megabyte (`max.message.bytes`); a fact with its name is some sixty octets.
FACTS_MAX = 5000


@dataclass
class Walk:
    """A table on its way: first its rows, then the columns that the walk did not bring."""

    column: Column
    marks: Marks
    names: dict[str, str] | None = None
    """Instances and names of the other columns, once the rows are known."""
    left: list[str] = field(default_factory=list)
    rest: dict[str, Value] = field(default_factory=dict)


class Tables:
    """What one agent's tables say; a big table is walked over as many reads as it takes."""

    def __init__(self, agent: Agent, tables: Iterable[Table], rows_max: int) -> None:
        self._agent = agent
        self._rows_max = rows_max
        self._rows = [Rows(table) for table in merged(tables)]
        self._pending: dict[str, Rows] = {}
        self._walks: dict[str, Walk] = {}
        self._unsaid: dict[str, Rows] = {}
        self._standing: dict[str, Value] | None = None
        self.polled: dict[str, str] = {}
        """Instances that are read at each slot, and their names."""

    @property
    def counters(self) -> set[str]:
        """Instances that tell whether tables have changed."""
        return {oid for rows in self._rows for oid in rows.table.changed}

    @property
    def facts(self) -> Mapping[str, Value]:
        """What is known at each read; the same object until something else is known."""
        if self._standing is None:
            self._standing = {}
            for rows in self._rows:
                if rows.trouble:
                    self._standing[f"incomplete.{rows.table.label}"] = rows.trouble
                if not rows.table.slow:
                    self._standing |= rows.facts
        return self._standing

    def news(self) -> dict[str, Value]:
        """Slow tables, once when they were read, as many as one message can hold."""
        said: dict[str, Value] = {}
        while self._unsaid and len(said) < FACTS_MAX:
            said |= self._unsaid.pop(next(iter(self._unsaid))).facts
        return said

    def forget(self) -> None:
        """Walk all of them again: the agent, or its device, is not what it was."""
        for rows in self._rows:
            rows.marks, rows.trouble = None, ""
        self._standing = None
        self.interrupt()

    def interrupt(self) -> None:
        """The session is gone: what was being walked starts again."""
        self._walks.clear()

    def missed(self, oids: Iterable[str]) -> None:
        """These instances are not there any more: their tables have lost rows."""
        gone = set(oids)
        for rows in self._rows:
            if not gone.isdisjoint(rows.values):
                rows.marks = None

    def due(self, said: Mapping[str, Value], slow_slot: bool) -> bool:
        """Is there a table to walk? `said` holds the counters as they are now."""
        now = time.monotonic()
        for rows in self._rows:
            label = rows.table.label
            marks = tuple(said.get(oid) for oid in rows.table.changed)
            if label not in self._pending and rows.due(marks, slow_slot, now):
                self._pending[label] = rows
            elif slow_slot and rows.table.slow and label not in self._pending:
                self._unsaid[label] = rows
        return bool(self._pending)

    async def update(self, visit: Visit, said: Mapping[str, Value]) -> None:
        """Walk what is due."""
        while self._pending and not visit.over:
            rows = next(iter(self._pending.values()))
            if not await self._advance(visit, rows, said):
                break

    async def _advance(self, visit: Visit, rows: Rows, said: Mapping[str, Value]) -> bool:
        """Go on with one table; False when there is no more to be asked in this read."""
        label = rows.table.label
        walk = self._walks.get(label) or self._started(visit, rows, said)
        try:
            if not await self._whole(visit, rows, walk):
                return False
            failure = ""
        except Fault as fault:
            failure = str(fault)
        del self._pending[label], self._walks[label]
        rows.trouble = failure or walk.column.trouble
        rows.marks = walk.marks
        self._standing = None
        if rows.table.slow:
            self._unsaid[label] = rows
        return not failure

    def _started(self, visit: Visit, rows: Rows, said: Mapping[str, Value]) -> Walk:
        most = self._agent.items_max(visit)
        # A table that was small is not asked for what follows it.
        repetitions = min(most, len(rows.indices) + 1) if rows.read_at else most
        marks = tuple(said.get(oid) for oid in rows.table.changed)
        walk = Walk(self._agent.rows(rows.table.walked, repetitions), marks)
        self._walks[rows.table.label] = walk
        return walk

    async def _whole(self, visit: Visit, rows: Rows, walk: Walk) -> bool:
        """Walk the rows, then get the rest of them; False when time was over before the end."""
        if walk.names is None:
            if not await walk.column.walk(visit, self._rows_max):
                return False
            if await self._cut_short(visit, rows, walk.column):
                return True
            if rows.same(walk.column.rows, time.monotonic()):
                return True
            walk.names = rows.rest(walk.column.rows)
            walk.left = list(walk.names)
        found, walk.left = await self._agent.get(visit, walk.left)
        walk.rest |= {walk.names[oid]: value for oid, value in found.items() if oid in walk.names}
        if walk.left:
            return False
        rows.learn(walk.column.rows, walk.rest, time.monotonic())
        self._agent.expect(rows.values)
        self.polled = {oid: name for known in self._rows for oid, name in known.values.items()}
        return True

    async def _cut_short(self, visit: Visit, rows: Rows, column: Column) -> bool:
        """Is a row that the walk lost still there? gufo-snmp takes an error status for the end."""
        lost = next((index for index in rows.indices if index not in column.rows), None)
        if lost is None or column.trouble:
            return False
        found, _ = await self._agent.get(visit, [f"{rows.table.walked}.{lost}"])
        if found:
            column.trouble = "the agent broke it off"
        return bool(found)

"""What hangs on what: the kinds of relation, which way a failure travels along each, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from isthmus.inventory.domain.rows import Invalid, expected, fields, text

RELATION = ("kind", "from", "to", "note")


class RelationKind(StrEnum):
    """What one asset has to do with another; read it from the start to the end."""

    CONTAINS = "contains"
    RUNS_ON = "runs_on"
    BEHIND = "behind"
    CONNECTS_TO = "connects_to"
    """A link of the network; it has no direction."""
    CONTROLS = "controls"
    FEEDS = "feeds"
    EXPOSES = "exposes"
    USES = "uses"


class Effect(StrEnum):
    """What a failure elsewhere does to an asset, the worst first."""

    STOPS = "stops"
    CUT_OFF = "cut_off"
    """It may work on, but nobody reaches it or sees it."""


@dataclass(frozen=True, slots=True)
class Travel:
    """How a failure of one end of a relation comes to the other."""

    to_end: bool
    """From the start to the end; else from the end to the start."""
    stopped: Effect
    """What becomes of the other when the one stops."""
    cut_off: Effect | None
    """What becomes of the other when nobody reaches the one any more."""
    because: str
    """What the other has to do with the one."""
    alone: bool = False
    """Whether no second one of the kind can stand in for the one."""


TRAVELS: Mapping[RelationKind, Travel] = MappingProxyType(
    {
        RelationKind.CONTAINS: Travel(True, Effect.STOPS, Effect.CUT_OFF, "is part of", alone=True),
        RelationKind.RUNS_ON: Travel(False, Effect.STOPS, Effect.CUT_OFF, "runs on"),
        RelationKind.BEHIND: Travel(False, Effect.CUT_OFF, Effect.CUT_OFF, "is behind"),
        # A controller that the network lost goes on controlling, a supply goes on feeding.
        RelationKind.CONTROLS: Travel(True, Effect.STOPS, None, "is controlled by"),
        RelationKind.FEEDS: Travel(True, Effect.STOPS, None, "is fed by"),
        RelationKind.EXPOSES: Travel(True, Effect.CUT_OFF, Effect.CUT_OFF, "is shown by"),
        RelationKind.USES: Travel(False, Effect.STOPS, Effect.STOPS, "uses", alone=True),
    }
)
"""All but CONNECTS_TO, along which nothing travels while there is another way (`graph.impact`)."""
NO_OTHER_WAY = "has no way to the network core but through"
OBSERVED: Mapping[str, tuple[RelationKind, bool]] = MappingProxyType(
    {
        "part_of": (RelationKind.CONTAINS, True),
        "peripheral_of": (RelationKind.CONTAINS, True),
        "behind": (RelationKind.BEHIND, False),
        "exposed_by": (RelationKind.EXPOSES, True),
        "installed_on": (RelationKind.RUNS_ON, False),
    }
)
"""The kind of relation that each RelationKind of a Report makes, and whether it turns around."""


class Origin(StrEnum):
    """How we know of a relation."""

    REPORT = "report"
    """The device's own endpoint says so."""
    SIGHTING = "sighting"
    """A device has seen another one on the network."""
    DECLARED = "declared"
    """A person, or a program, says so."""


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One reason to believe in a relation."""

    origin: Origin
    source: str
    """The source that shows it, or who declared it."""
    at: datetime
    """Since when it has been said like this."""
    confidence: float
    """Above 0 and at most 1."""
    protocol: str = ""
    port: str = ""
    """Port of the source's device."""
    remote_port: str = ""
    position: str = ""
    """Slot, bay or unit."""
    note: str = ""
    stale_at: datetime | None = field(default=None, compare=False)
    """When it is stale, unless its source says so again; None for what stays until taken back."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One asset has to do with another."""

    kind: RelationKind
    start: str
    end: str
    evidence: tuple[Evidence, ...] = ()
    start_port: str = ""
    end_port: str = ""

    @property
    def confidence(self) -> float:
        """How far to believe in it: that not all of its evidence errs."""
        doubt = 1.0
        for each in self.evidence:
            doubt *= 1 - each.confidence
        return round(1 - doubt, 3)

    def is_stale(self, now: datetime) -> bool:
        """Whether all that it rests on has not been said again in time."""
        return all(each.stale_at is not None and each.stale_at < now for each in self.evidence)

    @property
    def ends(self) -> tuple[str, str]:
        """The ids of both assets."""
        return self.start, self.end

    def other(self, id: str) -> str:
        """The asset at the other end than `id`."""
        return self.end if id == self.start else self.start


@dataclass(frozen=True, slots=True)
class Pointer:
    """A view's relation to another device of the same endpoint."""

    source: str
    kind: str
    """Word of a Report's RelationKind."""
    target: str
    """Source name of the other one."""
    at: datetime
    position: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """What a graph needs to know of an asset."""

    id: str
    site: str
    path: str = ""
    name: str = ""
    class_: str = ""
    criticality: str = ""
    safety_impact: str = ""
    sources: tuple[str, ...] = ()
    pointers: tuple[Pointer, ...] = ()

    @property
    def line(self) -> str:
        """Enterprise, site, area and line of its place (ISA-95)."""
        return "/".join(self.path.split("/")[:4])


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did to a declared relation."""

    at: datetime
    by: str
    action: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """A relation that somebody declared, with what was done to it before."""

    id: str
    """Made of the ends that were declared, and kept when one of them is merged into another."""
    kind: RelationKind
    start: str
    end: str
    note: str
    by: str
    at: datetime
    removed: bool = False
    history: tuple[Act, ...] = ()

    def is_same(self, other: "Declared") -> bool:
        """Whether both say that the same two assets have the same to do with each other."""
        return (self.kind, self.start, self.end) == (other.kind, other.start, other.end)


def declaration(row: object, by: str, at: datetime) -> Declared:
    """The relation that `row` declares; raises Invalid."""
    said = fields("row", row, RELATION)
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in list(RelationKind):
        raise Invalid("kind", expected(kind, f"one of {', '.join(RelationKind)}"))
    start, end = text("from", said.get("from")), text("to", said.get("to"))
    return declared(RelationKind(kind), start, end, text("note", said.get("note", "")), by, at)


def declared(
    kind: RelationKind, start: str, end: str, note: str, by: str, at: datetime
) -> Declared:
    """A declared relation; of a link, which has no direction, the lower id is the start."""
    start, end = _ends(kind, start, end)
    return Declared(f"{kind}|{start}|{end}", kind, start, end, note, by, at)


def led_on(said: Declared, nodes: Mapping[str, Node]) -> Declared | None:
    """What was said, of the assets that its ends are by now; None when one is not in `nodes`."""
    if said.start not in nodes or said.end not in nodes:
        return None
    start, end = _ends(said.kind, nodes[said.start].id, nodes[said.end].id)
    return replace(said, start=start, end=end)


def as_relation(said: Declared) -> Relation:
    """What was declared, as a relation."""
    evidence = Evidence(Origin.DECLARED, said.by, said.at, 1.0, note=said.note)
    return Relation(said.kind, said.start, said.end, (evidence,))


def observed(nodes: Iterable[Node]) -> list[Relation]:
    """The relations that sources of `nodes` report between two of them."""
    nodes = list(nodes)
    holder = {source: node.id for node in nodes for source in node.sources}
    return united(
        _observed(node.id, pointer, holder[pointer.target])
        for node in nodes
        for pointer in node.pointers
        if pointer.target in holder and pointer.kind in OBSERVED
    )


def _observed(id: str, pointer: Pointer, other: str) -> Relation:
    kind, turned = OBSERVED[pointer.kind]
    start, end = (other, id) if turned else (id, other)
    evidence = Evidence(Origin.REPORT, pointer.source, pointer.at, 1.0, position=pointer.position)
    return Relation(kind, start, end, (evidence,))


def united(relations: Iterable[Relation]) -> list[Relation]:
    """`relations` with all evidence for the same one together, none of an asset to itself.

    Who says nothing of ports speaks of the first link between the two.
    """
    found: dict[tuple[RelationKind, str, str], list[Relation]] = {}
    for each in sorted(relations, key=lambda r: not (r.start_port or r.end_port)):
        start, end = _ends(each.kind, each.start, each.end)
        if start == end:
            continue
        if start != each.start:
            each = replace(
                each, start=start, end=end, start_port=each.end_port, end_port=each.start_port
            )
        _join(found.setdefault((each.kind, start, end), []), each)
    return [each for key in sorted(found) for each in found[key]]


def _join(known: list[Relation], new: Relation) -> None:
    ports = (new.start_port, new.end_port)
    for at, each in enumerate(known):
        if not any(ports) or ports == (each.start_port, each.end_port):
            evidence = tuple(sorted({*each.evidence, *new.evidence}))
            known[at] = replace(each, evidence=evidence)
            return
    known.append(new)


def _ends(kind: RelationKind, start: str, end: str) -> tuple[str, str]:
    return (min(start, end), max(start, end)) if kind is RelationKind.CONNECTS_TO else (start, end)

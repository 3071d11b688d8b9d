"""What questions to the relations are answered with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from isthmus.inventory.domain.relations.graph import Hit
from isthmus.inventory.domain.relations.relations import Node, Relation


@dataclass(frozen=True)
class Surroundings:
    """One asset, its relations, and the assets at their other ends."""

    node: Node
    relations: Sequence[Relation]
    nodes: Mapping[str, Node]
    at: datetime
    """When it was so."""


@dataclass(frozen=True)
class Impact:
    """What stands if an asset stops, the asset itself left out."""

    node: Node
    hits: Sequence[Hit]
    spares: Mapping[str, Sequence[str]]
    """Of an asset that is hit, who else does for it what the one that fails did."""
    nodes: Mapping[str, Node]
    core: Collection[str]
    complete: bool


@dataclass(frozen=True)
class Way:
    """How two assets hang together."""

    start: Node
    end: Node
    steps: Sequence[Relation] | None
    """None when there is no way."""
    nodes: Mapping[str, Node]
    complete: bool
    """False when a way may lead through more assets than were looked at."""


@dataclass(frozen=True)
class Drawing:
    """Assets and what they have to do with each other."""

    nodes: Sequence[Node]
    relations: Sequence[Relation]
    at: datetime
    """When it was so."""


@dataclass(frozen=True)
class Network:
    """The links that devices of a site have seen."""

    links: Sequence[Relation]
    nodes: Mapping[str, Node]

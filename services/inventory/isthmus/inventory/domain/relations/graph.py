"""Questions to a graph of relations: what stands if this stops, and how two assets are linked."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from isthmus.inventory.domain.relations.relations import (
    NO_OTHER_WAY,
    TRAVELS,
    Effect,
    Node,
    Relation,
    RelationKind,
)

CORE_CLASSES = frozenset({"router", "firewall"})
"""Classes of what leads out of a network."""
SWITCH = "switch"
Links = Mapping[str, list[Relation]]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a failure does to one asset, and from where it came to it."""

    id: str
    effect: Effect
    depth: int
    via: "Hit | None" = None
    """The asset one step nearer to the failure; None for where it begins."""
    relation: Relation | None = None

    @property
    def because(self) -> str:
        """What it has to do with the asset one step nearer; empty where the failure begins."""
        if self.relation is None:
            return ""
        travel = TRAVELS.get(self.relation.kind)
        return travel.because if travel else NO_OTHER_WAY

    @property
    def chain(self) -> list["Hit"]:
        """All steps from where the failure begins to this one."""
        return [*(self.via.chain if self.via else ()), self]


def around(relations: Iterable[Relation]) -> dict[str, list[Relation]]:
    """The relations of each asset."""
    found: dict[str, list[Relation]] = {}
    for each in relations:
        for id in each.ends:
            found.setdefault(id, []).append(each)
    return found


def impact(
    relations: Iterable[Relation], start: str, core: Collection[str], depth_max: int
) -> dict[str, Hit]:
    """What a stop of `start` does to each asset that it comes to, the nearest first.

    An asset comes in with the worst that happens to it. A link carries a loss only to those that
    had a way to `core` and have none but through what stops.
    """
    relations = list(relations)
    graph = around(relations)
    network = around(each for each in relations if each.kind is RelationKind.CONNECTS_TO)
    connected = reached(network, core)
    hits = {(start, Effect.STOPS): Hit(start, Effect.STOPS, 0)}
    fresh = list(hits.values())
    while fresh:
        _spread(graph, hits, fresh, depth_max)
        fresh = _lost(network, connected, core, hits, depth_max)
    worst: dict[str, Hit] = {}
    for effect in Effect:
        for hit in hits.values():
            if hit.effect is effect:
                worst.setdefault(hit.id, hit)
    return {hit.id: hit for hit in sorted(worst.values(), key=lambda hit: (hit.depth, hit.id))}


Hits = dict[tuple[str, Effect], Hit]


def _spread(graph: Links, hits: Hits, fresh: Iterable[Hit], depth_max: int) -> None:
    """Add to `hits` what follows from the `fresh` ones, the nearest first."""
    waiting = deque(sorted(fresh, key=lambda hit: hit.depth))
    while waiting:
        hit = waiting.popleft()
        if hit.depth == depth_max:
            continue
        for relation in graph.get(hit.id, ()):
            effect = _effect(hit, relation)
            other = relation.other(hit.id)
            if effect and (other, effect) not in hits:
                reached = Hit(other, effect, hit.depth + 1, hit, relation)
                hits[other, effect] = reached
                waiting.append(reached)


def _effect(hit: Hit, relation: Relation) -> Effect | None:
    travel = TRAVELS.get(relation.kind)
    if travel is None or hit.id != (relation.start if travel.to_end else relation.end):
        return None
    return travel.stopped if hit.effect is Effect.STOPS else travel.cut_off


def spare(hit: Hit, graph: Links, hits: Collection[str]) -> list[str]:
    """Who else does for the asset what the one that fails did, and is not hit itself."""
    if hit.relation is None or not (travel := TRAVELS.get(hit.relation.kind)) or travel.alone:
        return []
    return sorted(
        {
            other
            for each in graph.get(hit.id, ())
            if each.kind is hit.relation.kind
            and hit.id == (each.end if travel.to_end else each.start)
            and (other := each.other(hit.id)) not in hits
        }
    )


def _lost(
    network: Links, connected: Collection[str], core: Collection[str], hits: Hits, depth_max: int
) -> list[Hit]:
    """Add to `hits` those that no longer reach the core, each from the nearest that stops."""
    stopped = {hit.id: hit for hit in hits.values() if hit.effect is Effect.STOPS}
    left = reached(network, [id for id in core if id not in stopped], stopped)
    found: list[Hit] = []
    waiting = deque(sorted(stopped.values(), key=lambda hit: hit.depth))
    seen = set(stopped)
    while waiting:
        hit = waiting.popleft()
        if hit.depth == depth_max:
            continue
        for relation in network.get(hit.id, ()):
            other = relation.other(hit.id)
            if other in seen or other in left or other not in connected:
                continue
            seen.add(other)
            lost = Hit(other, Effect.CUT_OFF, hit.depth + 1, hit, relation)
            waiting.append(hits.get((other, Effect.CUT_OFF), lost))
            if (other, Effect.CUT_OFF) not in hits:
                hits[other, Effect.CUT_OFF] = lost
                found.append(lost)
    return found


def reached(network: Links, starts: Iterable[str], without: Collection[str] = ()) -> set[str]:
    """All that has a way from one of `starts`, these with them, through none of `without`."""
    waiting = list(starts)
    found = set(waiting)
    while waiting:
        id = waiting.pop()
        for relation in network.get(id, ()):
            other = relation.other(id)
            if other not in found and other not in without:
                found.add(other)
                waiting.append(other)
    return found


def core(links: Iterable[Relation], nodes: Mapping[str, Node]) -> frozenset[str]:
    """What each network must reach: its routers and firewalls, or the switch with most links.

    Where there is no switch either, the asset with the most links.
    """
    network = around(links)

    def class_of(id: str) -> str:
        return nodes[id].class_ if id in nodes else ""

    found: set[str] = set()
    for part in _parts(network):
        leading = {id for id in part if class_of(id) in CORE_CLASSES}
        switches = {id for id in part if class_of(id) == SWITCH}
        found |= leading or {min(switches or part, key=lambda id: (-len(network[id]), id))}
    return frozenset(found)


def _parts(network: Links) -> Iterator[set[str]]:
    left = set(network)
    while left:
        part = reached(network, [min(left)])
        left -= part
        yield part


def path(relations: Iterable[Relation], start: str, end: str) -> list[Relation] | None:
    """A shortest way from `start` to `end`, in either direction of each relation; None for none."""
    graph = around(relations)
    came: dict[str, Relation | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in came:
        id = waiting.popleft()
        for relation in graph.get(id, ()):
            other = relation.other(id)
            if other not in came:
                came[other] = relation
                waiting.append(other)
    return _way(came, end) if end in came else None


def _way(came: Mapping[str, Relation | None], end: str) -> list[Relation]:
    steps: list[Relation] = []
    while relation := came[end]:
        steps.append(relation)
        end = relation.other(end)
    return steps[::-1]

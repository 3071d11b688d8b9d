"""What hangs on what: questions to the relations, and those that people declare."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from isthmus.inventory.domain.relations import graph
from isthmus.inventory.domain.relations.ageing import living, unheld
from isthmus.inventory.domain.relations.answers import Drawing, Impact, Network, Surroundings, Way
from isthmus.inventory.domain.relations.graph import Hit
from isthmus.inventory.domain.relations.links import (
    LINKED,
    SightingKind,
    Stranger,
    Table,
    addressed,
    claims,
    links,
    strangers,
)
from isthmus.inventory.domain.relations.relations import (
    Act,
    Declared,
    Effect,
    Node,
    Relation,
    RelationKind,
    as_relation,
    declaration,
    declared,
    led_on,
    observed,
    united,
)
from isthmus.inventory.domain.rows import Invalid, expected
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.relations import Past, RelationStore, SightingStore

AROUND_MAX = 5_000
TABLES_MAX = 2_000
KEPT_S = 120
DRAWN_MAX = 2_000
PATH_ASSETS_MAX = 2_000
Sites = frozenset[str] | None
T = TypeVar("T")


class _Found:
    """What was found of a graph so far."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.relations: list[Relation] = []
        self.links: list[Relation] = []
        self.sites: set[str] = set()
        self.complete = True
        self.expanded: set[str] = set()

    def add(self, relations: Iterable[Relation], nodes: Mapping[str, Node]) -> None:
        """Take in relations, and the assets at their ends."""
        self.relations += relations
        self.nodes = {**nodes, **self.nodes}

    def fresh(self, ids: Iterable[str]) -> list[Node]:
        """Those of `ids` that this was not asked for before."""
        new = [id for id in ids if id not in self.expanded]
        self.expanded.update(new)
        return [self.nodes[id] for id in new]

    def beyond(self, ids: Iterable[str]) -> list[str]:
        """What hangs on `ids` and was not asked for yet."""
        near = graph.around(self.edges)
        others = {each.other(id) for id in ids for each in near.get(id, ())}
        return sorted(others - self.expanded)

    @property
    def edges(self) -> list[Relation]:
        """Links and relations, some of them more than once."""
        return [*self.links, *self.relations]


class Relations:
    """Answers questions about relations, and takes those that people declare.

    What an asker may not see is left out before anything follows from it.
    """

    def __init__(
        self,
        store: RelationStore,
        sightings: SightingStore,
        past: Past,
        *,
        now: Callable[[], datetime] = clock.now,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._sightings = sightings
        self._past = past
        self._now = now
        self._networks = _Kept(self._network, clock_s)
        self._strangers = _Kept(self._strange, clock_s)

    async def earliest(self, at: datetime) -> datetime | None:
        """When the history begins; None when that is not after `at`."""
        return await self._past.earliest(at)

    def then(self, as_of: datetime | None) -> "Relations":
        """The same questions to what was so at that time; these here when it is None."""
        if as_of is None:
            return self
        store, sightings = self._past.at(as_of)
        return Relations(store, sightings, self._past, now=lambda: as_of)

    async def of(self, id: str, sites: Sites) -> Surroundings | None:
        """The relations of an asset; None when there is none of that id."""
        node = (await self._store.nodes([id], sites)).get(id)
        if node is None:
            return None
        found = _Found([node])
        await self._expand(found, found.fresh([node.id]), sites)
        relations = united(each for each in found.edges if node.id in each.ends)
        return Surroundings(node, relations, found.nodes, self._now())

    async def impact(self, id: str, sites: Sites, *, depth: int, limit: int) -> Impact | None:
        """What stands if an asset stops: at most `limit` assets in at most `depth` steps."""
        node = (await self._store.nodes([id], sites)).get(id)
        if node is None:
            return None
        found, core = _Found([node]), frozenset[str]()
        hits = {node.id: Hit(node.id, Effect.STOPS, 0)}
        while len(hits) <= limit + 1 and (fresh := found.fresh(_within(hits, depth))):
            sites_before = len(found.sites)
            await self._expand(found, fresh, sites)
            if len(found.sites) > sites_before:
                core = graph.core(found.links, found.nodes)
            hits = graph.impact(found.edges, node.id, core, depth + 1)  # one more tells of more
        shown = [hits[id] for id in _within(hits, depth) if id != node.id][:limit]
        complete = found.complete and len(shown) == len(hits) - 1
        near = graph.around(found.edges)
        spares = {hit.id: graph.spare(hit, near, hits) for hit in shown}
        core &= graph.reached(graph.around(found.links), hits)
        return Impact(node, shown, spares, found.nodes, sorted(core), complete)

    async def path(self, start: str, end: str, sites: Sites) -> Way:
        """The shortest way by links of the network; without one, by any relations.

        Raises Invalid.
        """
        nodes = await self._ends({"from": start, "to": end}, sites)
        first, last = nodes["from"], nodes["to"]
        found = _Found([first, last])
        await self._link(found, [first, last], sites)
        if steps := graph.path(found.links, first.id, last.id):
            return Way(first, last, steps, found.nodes, complete=True)
        steps = await self._by_any_relation(found, first.id, last.id, sites)
        return Way(first, last, steps, found.nodes, len(found.expanded) <= PATH_ASSETS_MAX)

    async def _by_any_relation(
        self, found: _Found, start: str, end: str, sites: Sites
    ) -> list[Relation] | None:
        """Go on from both ends until every way as short as the shortest that was found is known."""
        sides, levels = [[start], [end]], 0
        steps = None
        while all(sides) and len(found.expanded) <= PATH_ASSETS_MAX:
            sides.sort(key=len)
            await self._expand(found, found.fresh(sides[0]), sites)
            sides[0], levels = found.beyond(sides[0]), levels + 1
            steps = graph.path(found.edges, start, end)
            if steps is not None and len(steps) <= levels:
                break
        return steps

    async def topology(self, site: str, path: str, sites: Sites) -> Drawing:
        """What stands at `path` of a site, and all relations within. Raises Invalid."""
        if sites is not None and site not in sites:
            return Drawing((), (), self._now())
        nodes = await self._store.located(site, path, DRAWN_MAX + 1)
        if len(nodes) > DRAWN_MAX:
            reason = f"has more than {DRAWN_MAX} assets, expected a path with fewer"
            raise Invalid("path", f"{path or site!r} {reason}")
        found = _Found(nodes)
        await self._link(found, nodes[:1], sites)
        said = await self._store.declared_at(site, AROUND_MAX)
        drawn = {node.id for node in nodes}
        meant = map(as_relation, await self._led_on(said, sites))
        relations = united([*found.links, *observed(nodes), *meant])
        within = [each for each in relations if drawn.issuperset(each.ends)]
        return Drawing(nodes, within, self._now())

    async def strangers(self, site: str, sites: Sites) -> list[Stranger]:
        """What is seen on the network of a site and is no asset, by id."""
        if sites is not None and site not in sites:
            return []
        return await self._strangers.get(site)

    async def declarations(
        self, sites: Sites, after: str, limit: int
    ) -> tuple[list[Declared], str | None]:
        """What was declared between assets that can be seen, by id, and where to go on after."""
        said = await self._store.declarations(sites, after, limit)
        shown = await self._led_on(said, sites)
        return shown, said[-1].id if len(said) == limit else None

    async def declare(self, row: object, by: str, sites: Sites) -> tuple[Declared, bool]:
        """Take what `row` declares, and say whether that is new. Raises Invalid."""
        said, places = await self._checked(row, by, sites)
        standing = next(iter(await self._standing(said)), None)
        if standing and standing.note == said.note:
            return standing, False
        act = Act(said.at, by, "declared", said.note)
        if standing:
            said = replace(said, id=standing.id, history=standing.history)
        await self._store.declare(said, act, places)
        return replace(said, history=(*said.history, act)), True

    async def withdraw(self, row: object, by: str, sites: Sites) -> bool:
        """Take back what `row` names; False when nobody had declared it. Raises Invalid."""
        said, places = await self._checked(row, by, sites)
        standing = await self._standing(said)
        for each in standing:
            gone = replace(each, by=by, at=said.at, removed=True)
            await self._store.declare(gone, Act(said.at, by, "withdrawn"), places)
        return bool(standing)

    async def _checked(
        self, row: object, by: str, sites: Sites
    ) -> tuple[Declared, tuple[str, str]]:
        """What `row` says of the assets that its ends are by now, and their sites."""
        row = declaration(row, by, self._now())
        nodes = await self._ends({"from": row.start, "to": row.end}, sites)
        said = declared(row.kind, nodes["from"].id, nodes["to"].id, row.note, by, row.at)
        if said.start == said.end:
            raise Invalid("to", expected(row.end, "another asset than `from`"))
        places = {node.id: node.site for node in nodes.values()}
        return said, (places[said.start], places[said.end])

    async def _standing(self, said: Declared) -> list[Declared]:
        """What is declared of the same, also under the id of an asset that was merged."""
        found = await self._declared([said.start], None)
        return [each for each in found if each.is_same(said)]

    async def _ends(self, ids: Mapping[str, str], sites: Sites) -> dict[str, Node]:
        """The asset that each field names; raises Invalid."""
        nodes = await self._store.nodes(set(ids.values()), sites)
        for field, id in ids.items():
            if id not in nodes:
                raise Invalid(field, expected(id, "the id of an asset"))
        return {field: nodes[id] for field, id in ids.items()}

    async def _declared(self, ids: Collection[str], sites: Sites) -> list[Declared]:
        merged = await self._store.merged(ids)
        return await self._led_on(await self._store.declared({*ids, *merged}), sites)

    async def _led_on(self, said: Iterable[Declared], sites: Sites) -> list[Declared]:
        said = list(said)
        nodes = await self._store.nodes({id for s in said for id in (s.start, s.end)}, sites)
        return [now for each in said if (now := led_on(each, nodes))]

    async def _expand(self, found: _Found, nodes: Sequence[Node], sites: Sites) -> None:
        """Add all relations of `nodes`, the links of their sites with them."""
        store = self._store
        told = {source for node in nodes for source in node.sources}
        pointed = {pointer.target for node in nodes for pointer in node.pointers}
        above, below, said = await asyncio.gather(
            store.having(pointed, sites),
            store.pointing(told, sites, AROUND_MAX),
            self._declared([node.id for node in nodes], sites),
        )
        found.complete &= len(below) < AROUND_MAX
        near = {node.id: node for node in (*above, *below, *nodes)}
        ends = {id for each in said for id in (each.start, each.end)} - near.keys()
        near |= await store.nodes(ends, sites)
        found.add([*observed(near.values()), *map(as_relation, said)], near)
        await self._link(found, nodes, sites)

    async def _link(self, found: _Found, nodes: Iterable[Node], sites: Sites) -> None:
        """Add all links of the sites of `nodes`, those that are declared with them."""
        for site in sorted({node.site for node in nodes} - found.sites):
            found.sites.add(site)
            network = await self._networks.get(site)
            said = await self._led_on(await self._store.declared_at(site, AROUND_MAX), sites)
            wires = [as_relation(each) for each in said if each.kind is RelationKind.CONNECTS_TO]
            ends = {id for each in wires for id in each.ends} - network.nodes.keys()
            found.links += [*network.links, *wires]
            found.add((), {**network.nodes, **await self._store.nodes(ends, sites)})

    async def _network(self, site: str) -> Network:
        tables = await self._tables(site)
        reporters, holders = await self._who(tables, site, LINKED)
        nodes = {node.id: node for node in (*reporters.values(), *holders.values())}
        made = await asyncio.to_thread(links, tables, _ids(reporters), _ids(holders))
        return Network(made, {id: nodes[id] for each in made for id in each.ends})

    async def _strange(self, site: str) -> list[Stranger]:
        tables = await self._tables(site)
        reporters, holders = await self._who(tables, site, tuple(SightingKind))
        seen = await asyncio.to_thread(strangers, tables, _ids(reporters), _ids(holders))
        return sorted([*seen, *await self._endpoints(site)], key=lambda each: each.id)

    async def _endpoints(self, site: str) -> list[Stranger]:
        """Endpoints that are no asset, though others stand behind them."""
        nodes = await self._store.located(site, "", AROUND_MAX)
        targets = {each.target for node in nodes for each in node.pointers}
        held = await self._store.having(targets, None)
        return unheld(nodes, [source for node in held for source in node.sources])

    async def _tables(self, site: str) -> list[Table]:
        return living(await self._sightings.seen_at(site, TABLES_MAX), self._now())

    async def _who(
        self, tables: Sequence[Table], site: str, kinds: Sequence[SightingKind]
    ) -> tuple[dict[str, Node], dict[str, Node]]:
        """The assets of a site by their sources, and by the claims that tables have of them."""
        here = frozenset({site})
        described = await self._store.having([each.source for each in tables], here)
        holders = dict(await self._store.holders(claims(tables, kinds)))
        holders |= await self._store.holders(addressed(tables, kinds, holders))
        nodes = await self._store.nodes(set(holders.values()), here)
        reporters = {source: node for node in described for source in node.sources}
        return reporters, {claim: nodes[id] for claim, id in holders.items() if id in nodes}


class _Kept(Generic[T]):
    """What is made of all that a site has seen: for all who ask within a while, once."""

    def __init__(
        self, make: Callable[[str], Coroutine[Any, Any, T]], clock_s: Callable[[], float]
    ) -> None:
        self._make = make
        self._clock_s = clock_s
        self._made: dict[str, tuple[float, asyncio.Task[T]]] = {}

    async def get(self, site: str) -> T:
        """That of `site`, as it was made at most `KEPT_S` ago."""
        now_s = self._clock_s()
        self._made = {key: made for key, made in self._made.items() if made[0] > now_s}
        if site not in self._made:
            self._made[site] = (now_s + KEPT_S, asyncio.create_task(self._make(site)))
        task = self._made[site][1]
        try:
            return await asyncio.shield(task)  # others may wait for it too
        finally:
            if task.done() and (task.cancelled() or task.exception()):
                self._made.pop(site, None)


def _within(hits: Mapping[str, Hit], depth: int) -> list[str]:
    return [hit.id for hit in hits.values() if hit.depth <= depth]


def _ids(nodes: Mapping[str, Node]) -> dict[str, str]:
    return {name: node.id for name, node in nodes.items()}

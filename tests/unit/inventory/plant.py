"""A plant in memory: its assets, what is declared of them, and what they have seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from isthmus.inventory.domain.relations.ageing import Ended
from isthmus.inventory.domain.relations.links import Sighting, Table, table
from isthmus.inventory.domain.relations.relations import (
    Act,
    Declared,
    Node,
    Pointer,
    RelationKind,
    declared,
)
from isthmus.inventory.ports.relations import Shown

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Sites = frozenset[str] | None


@dataclass
class Plant:
    """Both stores of relations at once."""

    assets: dict[str, Node] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    said: dict[str, Declared] = field(default_factory=dict)
    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    reads: int = 0

    @property
    def past(self) -> "Plant":
        """Before anything was there."""
        return Plant()

    def add(self, id: str, *pointers: tuple[str, str], site: str = "hagen", **more: str) -> None:
        """An asset that the source `site/id` describes, with its relations to other sources."""
        source = f"{site}/{id}"
        told = tuple(Pointer(source, kind, f"{site}/{other}", NOON) for kind, other in pointers)
        self.assets[id] = Node(
            id, site, name=id.upper(), sources=(source,), pointers=told,
            **{"path": f"n/{site}/press/line-1", **more},
        )  # fmt: skip
        self.claims[f"{site}|hostname|{id}"] = id

    def declare_all(self, *relations: tuple[RelationKind, str, str]) -> None:
        """What somebody declared long ago."""
        for kind, start, end in relations:
            made = declared(kind, start, end, "", "jo", NOON)
            self.said[made.id] = made
            self.places[made.id] = (self.assets[made.start].site, self.assets[made.end].site)

    def see(self, id: str, *sightings: Sighting, site: str = "hagen") -> None:
        """What an asset has seen."""
        self.tables[f"{site}/{id}"] = table(f"{site}/{id}", site, NOON, sightings)

    def merge(self, loser: str, winner: str) -> None:
        """Make one asset of two."""
        gone, kept = self.assets.pop(loser), self.assets[winner]
        self.successors[loser] = winner
        self.assets[winner] = replace(
            kept, sources=kept.sources + gone.sources, pointers=kept.pointers + gone.pointers
        )

    async def nodes(self, ids: Collection[str], sites: Sites) -> Mapping[str, Node]:
        self.reads += 1
        found = {}
        for id in ids:
            now = id
            while now in self.successors:
                now = self.successors[now]
            if now in self.assets and _seen(self.assets[now], sites):
                found[id] = self.assets[now]
        return found

    async def merged(self, ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        while more := {o for o, n in self.successors.items() if n in found | set(ids)} - found:
            found |= more
        return found

    async def having(self, sources: Collection[str], sites: Sites) -> list[Node]:
        wanted = set(sources)
        return [n for n in self._visible(sites) if wanted & set(n.sources)]

    async def pointing(self, sources: Collection[str], sites: Sites, limit: int) -> list[Node]:
        wanted = set(sources)
        found = [n for n in self._visible(sites) if wanted & {p.target for p in n.pointers}]
        return found[:limit]

    async def located(self, site: str, path: str, limit: int) -> list[Node]:
        here = self._visible(frozenset({site}))
        return [n for n in here if f"{n.path}/".startswith(f"{path}/" if path else "")][:limit]

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        return {claim: self.claims[claim] for claim in claims if claim in self.claims}

    async def declared(self, ids: Collection[str]) -> list[Declared]:
        return [d for d in self.said.values() if not d.removed and {d.start, d.end} & set(ids)]

    async def declared_at(self, site: str, limit: int) -> list[Declared]:
        found = (d for d in self.said.values() if self.places[d.id] == (site, site))
        return [each for each in found if not each.removed][:limit]

    async def declarations(self, sites: Sites, after: str, limit: int) -> list[Declared]:
        return [self.said[id] for id in sorted(self.said) if id > after][:limit]

    async def declare(self, said: Declared, act: Act, sites: tuple[str, str]) -> None:
        history = (*self.said[said.id].history, act) if said.id in self.said else (act,)
        self.said[said.id] = replace(said, history=history)
        self.places[said.id] = sites

    async def shown(self) -> Mapping[str, Shown]:
        kept = self.tables.values()
        return {t.source: Shown(t.site, t.digest, t.shown_at, t.ttl) for t in kept}

    async def tables_of(self, sources: Collection[str]) -> Mapping[str, Table]:
        return {source: self.tables[source] for source in sources if source in self.tables}

    async def keep(self, tables: Sequence[tuple[Table, Ended | None]]) -> None:
        self.tables |= {each.source: each for each, _ in tables}
        self.ended += [ended for _, ended in tables if ended]

    async def earliest(self, at: datetime) -> datetime | None:
        return NOON if at < NOON else None

    def at(self, as_of: datetime) -> "tuple[Plant, Plant]":
        return self.past, self.past

    async def seen_at(self, site: str, limit: int) -> list[Table]:
        self.reads += 1
        return [each for each in self.tables.values() if each.site == site][:limit]

    def _visible(self, sites: Sites) -> list[Node]:
        self.reads += 1
        return [node for node in self.assets.values() if _seen(node, sites)]


def _seen(node: Node, sites: Sites) -> bool:
    return sites is None or node.site in sites

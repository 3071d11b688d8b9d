"""Relations, impact, paths, topology and strangers as the API says them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.domain.relations.answers import Drawing, Impact, Surroundings, Way
from isthmus.inventory.domain.relations.graph import Hit
from isthmus.inventory.domain.relations.links import Stranger
from isthmus.inventory.domain.relations.relations import (
    Declared,
    Effect,
    Evidence,
    Node,
    Origin,
    Relation,
    RelationKind,
)
from isthmus.runtime.pages import Next

NOT_KNOWN = "unknown"
Confidence = Annotated[
    float, Field(description="How far to believe it: above 0 and at most 1.", examples=[0.95])
]
Stale = Annotated[
    bool,
    Field(
        description="Whoever saw it has been silent for longer than that holds; after 30 days it "
        "is over.",
        examples=[False],
    ),
]


class AssetRef(BaseModel):
    """An asset, as far as a list or a drawing needs it."""

    id: str = Field(examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"])
    name: str = Field(description="Empty when it has none.", examples=["PRESS-1"])
    class_: str = Field(alias="class", examples=["plc"])
    site: str = Field(examples=["hagen"])
    path: str = Field(description="ISA-95 equipment path.", examples=["nordwerk/hagen/press-shop"])
    criticality: str = Field(description="Empty when nobody said.", examples=["high"])
    safety_impact: str = Field(description="Empty when nobody said.", examples=["none"])

    @classmethod
    def of(cls, node: Node) -> Self:
        """What the API says of `node`."""
        said = {name: getattr(node, name) for name in cls.model_fields if name != "class_"}
        return cls.model_validate({**said, "class": node.class_})


class EvidenceOut(BaseModel):
    """One reason to believe in a relation."""

    origin: Origin = Field(description="`report`, `sighting` or `declared`.", examples=["sighting"])
    source: str = Field(
        description="The source that shows it, or who declared it.", examples=["hagen/switch-1"]
    )
    at: datetime = Field(description="Since when it has been said like this.")
    confidence: Confidence
    protocol: str = Field(description="`lldp`, `cdp` or `fdb` of a sighting.", examples=["lldp"])
    port: str = Field(description="Port of the source's device.", examples=["Gi1/0/7"])
    remote_port: str = Field(description="Port at the other end, as the source has it.")
    position: str = Field(description="Slot, bay or unit.", examples=["3"])
    note: str = Field(description="What who declared it wrote.")
    stale_at: datetime | None = Field(
        description="When it is stale, unless its source shows it again; null: it does not age."
    )

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """What the API says of `evidence`."""
        return cls(**{name: getattr(evidence, name) for name in cls.model_fields})


class RelationOut(BaseModel):
    """What an asset has to do with another one."""

    kind: RelationKind = Field(examples=["connects_to"])
    direction: str = Field(
        description="`out`: this asset contains, runs on, … the other; `in`: the other does so "
        "with this one; `both`: a link.",
        examples=["both"],
    )
    asset: AssetRef = Field(description="The other one.")
    port: str = Field(description="Port of this asset.", examples=["Gi1/0/7"])
    remote_port: str = Field(description="Port of the other one.", examples=["eth0"])
    confidence: Confidence
    stale: Stale
    evidence: list[EvidenceOut]

    @classmethod
    def of(cls, relation: Relation, around: Surroundings) -> Self:
        """What the API says of one relation of an asset."""
        is_start = relation.start == around.node.id
        ports = (relation.start_port, relation.end_port)
        port, remote_port = ports if is_start else ports[::-1]
        link = relation.kind is RelationKind.CONNECTS_TO
        return cls(
            kind=relation.kind,
            direction="both" if link else "out" if is_start else "in",
            asset=AssetRef.of(around.nodes[relation.other(around.node.id)]),
            port=port,
            remote_port=remote_port,
            confidence=relation.confidence,
            stale=relation.is_stale(around.at),
            evidence=[EvidenceOut.of(each) for each in relation.evidence],
        )


class RelationPage(BaseModel):
    """Some relations of an asset, by kind."""

    items: list[RelationOut]
    next: Next


class HitOut(BaseModel):
    """An asset that a failure comes to."""

    asset: AssetRef
    effect: Effect = Field(
        description="`stops`, or `cut_off`: it may work on, but nobody reaches it.",
        examples=["stops"],
    )
    depth: int = Field(description="Steps from where the failure begins.", examples=[2])
    via: str = Field(description="Id of the asset one step nearer to the failure.")
    reasons: list[str] = Field(
        description="Each step from where the failure begins to this asset.",
        examples=[["HMI-2 runs on ESX-1", "line view uses HMI-2"]],
    )
    also: list[AssetRef] = Field(
        description="Who else runs, feeds, controls, … it and is not hit: it may go on with them."
    )

    @classmethod
    def of(cls, hit: Hit, found: Impact) -> Self:
        """What the API says of `hit`."""
        steps = [each for each in hit.chain if each.via]
        return cls(
            asset=AssetRef.of(found.nodes[hit.id]),
            effect=hit.effect,
            depth=hit.depth,
            via=hit.via.id if hit.via else "",
            reasons=[_reason(each, found.nodes) for each in steps],
            also=[AssetRef.of(found.nodes[id]) for id in found.spares.get(hit.id, ())],
        )


class ImpactOut(BaseModel):
    """What stands if an asset stops."""

    asset: AssetRef = Field(description="The asset that stops.")
    items: list[HitOut] = Field(description="What the failure comes to, the nearest first.")
    complete: bool = Field(description="False when more is hit than `depth` and `limit` allow.")
    by_effect: dict[str, int] = Field(examples=[{"stops": 2, "cut_off": 14}])
    by_site: dict[str, int] = Field(examples=[{"hagen": 16}])
    by_line: dict[str, int] = Field(examples=[{"nordwerk/hagen/press-shop/line-1": 16}])
    by_criticality: dict[str, int] = Field(examples=[{"high": 3, "unknown": 13}])
    by_safety_impact: dict[str, int] = Field(examples=[{"direct": 1, "unknown": 15}])
    core: list[AssetRef] = Field(description="What counted as the core of the networks.")

    @classmethod
    def of(cls, found: Impact) -> Self:
        """What the API says of `found`."""
        hit = [found.nodes[each.id] for each in found.hits]
        return cls(
            asset=AssetRef.of(found.node),
            items=[HitOut.of(each, found) for each in found.hits],
            complete=found.complete,
            by_effect=dict(Counter(each.effect.value for each in found.hits)),
            by_site=_counted(hit, lambda node: node.site),
            by_line=_counted(hit, lambda node: node.line),
            by_criticality=_counted(hit, lambda node: node.criticality),
            by_safety_impact=_counted(hit, lambda node: node.safety_impact),
            core=[AssetRef.of(found.nodes[id]) for id in found.core],
        )


class StepOut(BaseModel):
    """One step of a path."""

    model_config = ConfigDict(populate_by_name=True)

    start: AssetRef = Field(alias="from")
    kind: RelationKind = Field(examples=["connects_to"])
    turned: bool = Field(description="True when `to` contains, feeds, … `from`.")
    end: AssetRef = Field(alias="to")
    port: str = Field(description="Port of `from`.", examples=["Gi1/0/7"])
    remote_port: str = Field(description="Port of `to`.", examples=["eth0"])
    confidence: Confidence


class PathOut(BaseModel):
    """How two assets hang together."""

    start: AssetRef = Field(alias="from")
    end: AssetRef = Field(alias="to")
    found: bool = Field(description="Whether there is a way.")
    complete: bool = Field(
        description="False when there may be a way through more assets than were looked at."
    )
    steps: list[StepOut]

    @classmethod
    def of(cls, way: Way) -> Self:
        """What the API says of `way`."""
        steps, at = [], way.start.id
        for each in way.steps or ():
            steps.append(_step(each, at, way.nodes))
            at = each.other(at)
        return cls.model_validate(
            {
                "from": AssetRef.of(way.start),
                "to": AssetRef.of(way.end),
                "found": way.steps is not None,
                "complete": way.complete,
                "steps": steps,
            }
        )


class EdgeOut(BaseModel):
    """A relation in a drawing."""

    model_config = ConfigDict(populate_by_name=True)

    kind: RelationKind = Field(examples=["connects_to"])
    start: str = Field(alias="from", description="Id of an asset.")
    end: str = Field(alias="to", description="Id of an asset.")
    start_port: str = Field(alias="from_port", examples=["Gi1/0/7"])
    end_port: str = Field(alias="to_port", examples=["eth0"])
    confidence: Confidence
    stale: Stale


class TopologyOut(BaseModel):
    """The assets of a site and what they have to do with each other."""

    nodes: list[AssetRef]
    edges: list[EdgeOut]

    @classmethod
    def of(cls, drawing: Drawing) -> Self:
        """What the API says of `drawing`."""
        names = ("kind", "start", "end", "start_port", "end_port", "confidence")
        return cls(
            nodes=[AssetRef.of(each) for each in drawing.nodes],
            edges=[
                EdgeOut(
                    **{name: getattr(each, name) for name in names},
                    stale=each.is_stale(drawing.at),
                )
                for each in drawing.relations
            ],
        )


class StrangerOut(BaseModel):
    """Something that devices see on the network and that is no asset."""

    id: str = Field(examples=["28:63:36:8a:10:07"])
    mac: str = Field(description="Empty when it is not known.", examples=["28:63:36:8a:10:07"])
    name: str = Field(description="Name that it gave itself.", examples=["press-hmi-4"])
    addresses: list[str] = Field(
        description="IP addresses that it answers for.", examples=[["10.20.4.17"]]
    )
    description: str = Field(description="What it says of itself.")
    seen_by: list[EvidenceOut] = Field(description="Who sees it, and where.")

    @classmethod
    def of(cls, stranger: Stranger) -> Self:
        """What the API says of `stranger`."""
        return cls(
            id=stranger.id,
            mac=stranger.mac,
            name=stranger.name,
            addresses=list(stranger.addresses),
            description=stranger.description,
            seen_by=[EvidenceOut.of(each) for each in stranger.evidence],
        )


class StrangerPage(BaseModel):
    """Some strangers, by id."""

    items: list[StrangerOut]
    next: Next


class RelationIn(BaseModel):
    """What one asset has to do with another."""

    model_config = ConfigDict(extra="forbid")

    kind: RelationKind = Field(
        description="Read it from `from` to `to`: a UPS feeds a rack, a program runs on a host, a "
        "unit is behind a gateway.",
        examples=["feeds"],
    )
    start: str = Field(
        alias="from",
        max_length=100,
        description="Id of an asset.",
        examples=["7d1c2f54-9a54-5b0c-8d6c-1f2f3a4b5c6d"],
    )
    end: str = Field(
        alias="to",
        max_length=100,
        description="Id of an asset.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    )
    note: str = Field(
        default="", max_length=500, description="Why.", examples=["circuit 7 of cabinet 2"]
    )


class ActOut(BaseModel):
    """One thing that somebody did to a declared relation."""

    at: datetime
    by: str = Field(examples=["maintenance-planner"])
    action: str = Field(description="`declared` or `withdrawn`.", examples=["declared"])
    note: str


class DeclaredOut(BaseModel):
    """A relation that somebody declared."""

    model_config = ConfigDict(populate_by_name=True)

    kind: RelationKind = Field(examples=["feeds"])
    start: str = Field(alias="from", description="Id of the asset that it is by now.")
    end: str = Field(alias="to", description="Id of the asset that it is by now.")
    note: str = Field(examples=["circuit 7 of cabinet 2"])
    by: str = Field(description="Who said so last.", examples=["maintenance-planner"])
    at: datetime = Field(description="When that was.")
    withdrawn: bool = Field(description="Whether it holds no more.")
    history: list[ActOut] = Field(description="What was done to it, the first first.")

    @classmethod
    def of(cls, said: Declared) -> Self:
        """What the API says of what was declared."""
        names = ("kind", "start", "end", "note", "by", "at")
        return cls(
            **{name: getattr(said, name) for name in names},
            withdrawn=said.removed,
            history=[
                ActOut(at=each.at, by=each.by, action=each.action, note=each.note)
                for each in said.history
            ],
        )


class DeclaredPage(BaseModel):
    """Some declared relations, by kind and ids."""

    items: list[DeclaredOut]
    next: Next


def _step(relation: Relation, at: str, nodes: Mapping[str, Node]) -> StepOut:
    is_start = relation.start == at
    ports = (relation.start_port, relation.end_port)
    port, remote_port = ports if is_start else ports[::-1]
    return StepOut(
        start=AssetRef.of(nodes[at]),
        kind=relation.kind,
        turned=not is_start and relation.kind is not RelationKind.CONNECTS_TO,
        end=AssetRef.of(nodes[relation.other(at)]),
        port=port,
        remote_port=remote_port,
        confidence=relation.confidence,
    )


def _reason(hit: Hit, nodes: Mapping[str, Node]) -> str:
    near = hit.via.id if hit.via else ""
    return f"{_shown(nodes[hit.id])} {hit.because} {_shown(nodes[near])}"


def _shown(node: Node) -> str:
    return node.name or node.class_ or node.id


def _counted(nodes: Iterable[Node], word: Callable[[Node], str]) -> dict[str, int]:
    return dict(sorted(Counter(word(node) or NOT_KNOWN for node in nodes).items()))

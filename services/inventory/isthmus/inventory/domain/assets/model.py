"""Assets, the views that sources have of them, and the reports that make both."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TypeVar

from isthmus.inventory.domain.assets.vocabulary import FIELDS, OBSERVED, Origin

NAMESPACE = uuid.UUID("454df657-117c-5018-b978-ecf3122d02f0")  # uuid5(NAMESPACE_DNS, "isthmus")
T = TypeVar("T")
OBSERVED_NAMES = frozenset(each.name for each in OBSERVED)
OF_FAMILY = frozenset({"cpe", "lifecycle", "released", "end_of_sale", "end_of_support"})
"""What follows from family and version: told whole or not at all, whenever the family is told."""


class Reachability(StrEnum):
    """Whether a device answers; the best of its sources counts."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    NOT_ASKED = "not_asked"
    """Polling is paused, outside its window, or excluded: nobody knows."""

    @property
    def answers(self) -> bool:
        """Whether the device answered."""
        return self in (Reachability.ONLINE, Reachability.DEGRADED)


class Health(StrEnum):
    """NAMUR NE 107 device status, worst first; the worst of the living sources counts."""

    FAILURE = "failure"
    OFF_SPEC = "off_spec"
    CHECK_FUNCTION = "check_function"
    MAINTENANCE_REQUIRED = "maintenance_required"
    NORMAL = "normal"
    UNKNOWN = "unknown"


class Tier(IntEnum):
    """How far an identity key may be trusted, most first."""

    PINNED = 1
    UNIQUE = 2
    STRONG = 3
    WEAK = 4


class Status(StrEnum):
    """Whether somebody has said that an asset belongs here."""

    DISCOVERED = "discovered"
    """Found, and nobody has said anything of it yet."""
    ACCEPTED = "accepted"
    IGNORED = "ignored"
    """Known, and of no interest: not counted, and no reason for an alarm."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One typed claim: this is the device that has `value`, unique within `scope`."""

    tier: Tier
    scope: str
    kind: str
    value: str

    @property
    def id(self) -> str:
        """The name under which the key can be claimed once."""
        return f"{self.scope}|{self.kind}|{self.value}"


@dataclass(frozen=True, slots=True)
class Said:
    """One value that a source gives a field, and why."""

    value: str
    confidence: float = 1.0
    rule: str = ""
    """The fact or rule that made it of `raw`."""
    raw: str = ""
    """What the source said, where that is not the value itself."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What a device has to do with another one of its endpoint."""

    kind: str
    source: str
    """The source name of the other one."""
    position: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one source said of one device at one time."""

    id: str
    site: str
    target: str
    device: str
    path: str
    observed_at: datetime
    reachability: Reachability
    health: Health = Health.UNKNOWN
    health_reason: str = ""
    keys: tuple[Key, ...] = ()
    attributes: Mapping[str, Said] = field(default_factory=dict)
    part: bool = False
    """Is it a part of another device, which answers for it?"""
    origin: Origin = Origin.DEVICE
    relation: Relation | None = None

    @property
    def endpoint(self) -> str:
        """The source name of the endpoint, `site/target`."""
        return f"{self.site}/{self.target}"

    @property
    def source(self) -> str:
        """The source name of the device, `site/target[/device]`."""
        return f"{self.endpoint}/{self.device}" if self.device else self.endpoint

    @property
    def claims(self) -> tuple[Key, ...]:
        """Its identity keys, and its place as the weakest of them."""
        return (*sorted(self.keys), place(self.site, self.source))

    @property
    def lookups(self) -> tuple[Key, ...]:
        """Keys whose holders decide what becomes of the report: its claims, and its endpoint."""
        return (*self.claims, place(self.site, self.endpoint)) if self.device else self.claims


def place(site: str, source: str) -> Key:
    """The claim of whatever device stands where `source` looks."""
    return Key(Tier.WEAK, site, "source", source)


@dataclass(frozen=True, slots=True)
class View:
    """What one source has said of an asset; a partial report takes nothing away."""

    source: str
    site: str
    path: str
    observed_at: datetime
    report_id: str
    reachability: Reachability
    health: Health
    health_reason: str
    attributes: Mapping[str, Said]
    keys: tuple[Key, ...]
    origin: Origin = Origin.DEVICE
    relation: Relation | None = None
    earlier: Mapping[str, datetime] = field(default_factory=dict)
    """When it said those attributes that it did not say at `observed_at`."""

    @property
    def alive(self) -> bool:
        """Whether the device answered this source last time."""
        return self.reachability.answers

    @property
    def system(self) -> str:
        """Name of the system of record whose row it is; empty for any other view."""
        return self.source.split("/")[1].partition(":")[0] if self.origin is Origin.IMPORT else ""

    def said_at(self, attribute: str) -> datetime:
        """When it last said the attribute."""
        return self.earlier.get(attribute, self.observed_at)

    def same_as(self, other: "View") -> bool:
        """Whether both say the same, whenever it was."""
        then, id, earlier = other.observed_at, other.report_id, other.earlier
        return replace(self, observed_at=then, report_id=id, earlier=earlier) == other


def view(report: Report, before: View | None) -> View:
    """The view that a source has after `report`."""
    keys, attributes, earlier = report.keys, report.attributes, {}
    if before and report.origin is Origin.IMPORT:
        before = None  # a row of a table is whole: what it does not say any more is not so
    if before:
        brought = {(key.scope, key.kind) for key in keys}
        keys += tuple(key for key in before.keys if (key.scope, key.kind) not in brought)
        attributes = told(before.attributes, attributes)
        earlier = {n: before.said_at(n) for n in attributes if n not in report.attributes}
    return View(
        report.source, report.site, report.path, report.observed_at, report.id, report.reachability,
        report.health, report.health_reason, attributes, tuple(sorted(keys)), report.origin,
        report.relation or (before.relation if before else None), earlier,
    )  # fmt: skip


def told(known: Mapping[str, T], said: Mapping[str, T]) -> dict[str, T]:
    """`known` with what is said; another family or version leaves nothing of the former's life."""
    if "family" not in said:
        return {**known, **said}
    return {**{name: known[name] for name in known if name not in OF_FAMILY}, **said}


def newest(views: Iterable[View]) -> Collection[View]:
    """One of each source: a step that met another writer may have left two of them."""
    in_order = sorted(views, key=lambda view: (view.observed_at, view.report_id))
    return {view.source: view for view in in_order}.values()


@dataclass(frozen=True, slots=True)
class Asset:
    """One device, as all its sources together describe it."""

    id: str
    discovered_at: datetime
    changed_at: datetime
    views: tuple[View, ...] = ()
    proven: frozenset[Key] = frozenset()
    """Unique keys that it ever showed; they stay when no source shows them any more."""
    pinned: frozenset[str] = frozenset()
    """Sources of which a person has said that they describe this asset and no other."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    path: str = ""
    reachability: Reachability = Reachability.OFFLINE
    health: Health = Health.UNKNOWN
    health_reason: str = ""
    last_seen_at: datetime | None = None
    status: Status = Status.DISCOVERED
    revision: int = 0

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that describe it."""
        return tuple(view.source for view in self.views)

    @property
    def keys(self) -> frozenset[Key]:
        """The keys that it shows now, and the unique ones that it ever showed."""
        return self.proven.union(*(view.keys for view in self.views))

    @property
    def shown(self) -> set[str]:
        """The claims that count as its own."""
        places = {place(view.site, view.source).id for view in self.views}
        return places | {key.id for key in self.keys}

    @property
    def provisional(self) -> bool:
        """Whether it is only a place from which nothing has ever answered."""
        return self.last_seen_at is None

    def shows(self, key: Key) -> bool:
        """Whether a claim of `key` by this asset still counts."""
        if key.kind == "source":
            return key.value in self.sources
        return key.id in {held.id for held in self.keys}

    def view(self, source: str) -> View | None:
        """What `source` says of it, if anything."""
        return next((view for view in self.views if view.source == source), None)

    def fields(self) -> dict[str, str]:
        """The fields whose changes are history, by the names that the Asset message gives them."""
        return {
            "site": self.site,
            "path": self.path,
            **{name: self.attributes.get(name, "") for name in FIELDS if name != "path"},
            **{name: text for name, text in self.attributes.items() if name not in FIELDS},
            "reachability": self.reachability.value,
            "health": self.health.value,
            "status": self.status.value,
        }


class ChangeKind(StrEnum):
    """What happened to an asset."""

    DISCOVERED = "discovered"
    CHANGED = "changed"
    MERGED = "merged"
    SPLIT = "split"
    REPLACED = "replaced"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what made a change, and when."""

    id: str
    """UUID of the report or of the request: a replay has the same."""
    at: datetime
    site: str
    source: str
    """Source name of a report; `operator` for what came through the API."""
    actor: str = ""
    """Who asked for it; empty when a device did."""


OPERATOR = "operator"


def cause(report: Report) -> Cause:
    """The cause of what a report changes."""
    return Cause(report.id, report.observed_at, report.site, report.source)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one asset."""

    asset_id: str
    kind: ChangeKind
    cause: Cause
    field: str = ""
    before: str = ""
    after: str = ""
    evidence: str = ""
    """The keys by which assets were found to be one, or a person's reason."""

    @property
    def id(self) -> str:
        """The same for each replay of its cause."""
        # One report may merge several assets into one: the other asset tells them apart.
        name = f"{self.asset_id}|{self.kind}|{self.field or self.before}"
        return str(uuid.uuid5(uuid.UUID(self.cause.id), name))


def changes(before: Asset, after: Asset, cause: Cause) -> list[Change]:
    """One CHANGED for each field in which the two differ."""
    old, new = before.fields(), after.fields()
    return [
        Change(after.id, ChangeKind.CHANGED, cause, name, old.get(name, ""), new.get(name, ""))
        for name in {**old, **new}
        if old.get(name, "") != new.get(name, "")
    ]

"""Assets, the views that sources have of them, and the reports that make both."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum

NAMESPACE = uuid.UUID("454df657-117c-5018-b978-ecf3122d02f0")  # uuid5(NAMESPACE_DNS, "isthmus")
ATTRIBUTES = (
    "class", "vendor", "family", "model", "serial", "order_code", "hardware", "firmware",
    "software", "name", "asset_tag", "purdue_level", "criticality", "cpe", "lifecycle", "released",
    "end_of_sale", "end_of_support",
)  # fmt: skip
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
    attributes: Mapping[str, str] = field(default_factory=dict)
    part: bool = False
    """Is it a part of another device, which answers for it?"""

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
    attributes: Mapping[str, str]
    keys: tuple[Key, ...]

    @property
    def alive(self) -> bool:
        """Whether the device answered this source last time."""
        return self.reachability.answers

    def same_as(self, other: "View") -> bool:
        """Whether both say the same, whenever it was."""
        return replace(self, observed_at=other.observed_at, report_id=other.report_id) == other


def view(report: Report, before: View | None) -> View:
    """The view that a source has after `report`."""
    keys, attributes = report.keys, dict(report.attributes)
    if before:
        brought = {(key.scope, key.kind) for key in keys}
        keys += tuple(key for key in before.keys if (key.scope, key.kind) not in brought)
        attributes = _told(before.attributes, attributes)
    return View(
        report.source, report.site, report.path, report.observed_at, report.id, report.reachability,
        report.health, report.health_reason, attributes, tuple(sorted(keys)),
    )  # fmt: skip


def _told(known: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """`known` with what is said; another family or version leaves nothing of the former's life."""
    if "family" not in said:
        return {**known, **said}
    return {**{name: known[name] for name in known if name not in OF_FAMILY}, **said}


@dataclass(frozen=True, slots=True)
class Asset:
    """One device, as all its sources together describe it."""

    id: str
    discovered_at: datetime
    changed_at: datetime
    views: tuple[View, ...] = ()
    proven: frozenset[Key] = frozenset()
    """Unique keys that it ever showed; they stay when no source shows them any more."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    path: str = ""
    reachability: Reachability = Reachability.OFFLINE
    health: Health = Health.UNKNOWN
    health_reason: str = ""
    last_seen_at: datetime | None = None
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
            **{name: self.attributes.get(name, "") for name in ATTRIBUTES},
            "reachability": self.reachability.value,
            "health": self.health.value,
        }


def described(asset: Asset, views: Iterable[View]) -> Asset:
    """`asset` as `views` describe it; what none of them says any more stays as it was known."""
    views = tuple(sorted(views, key=lambda view: view.source))
    if not views:
        return replace(asset, views=(), reachability=Reachability.OFFLINE, health=Health.UNKNOWN,
                       health_reason="")  # fmt: skip
    ranked = sorted(views, key=_hearsay)  # stable: then by source
    attributes = dict(asset.attributes)
    for each in reversed(ranked):
        attributes = _told(attributes, each.attributes)
    health, reason = _health(ranked)
    site = ranked[0].site
    return replace(
        asset,
        views=views,
        proven=asset.proven.union(*(_unique(each.keys) for each in views)),
        attributes=attributes,
        site=site,
        path=max((v.path for v in ranked if v.site == site), key=_depth),
        reachability=min((v.reachability for v in views), key=list(Reachability).index),
        health=health,
        health_reason=reason,
        last_seen_at=max(
            (at for at in (asset.last_seen_at, *(v.observed_at for v in views if v.alive)) if at),
            default=None,
        ),
    )


def _hearsay(view: View) -> tuple[bool, int]:
    """The lower the better: who reaches the device now, then who asks it and not a server."""
    return not view.alive, view.source.count("/")


def _depth(path: str) -> int:
    return len(path.split("/")) if path else 0


def _health(ranked: Iterable[View]) -> tuple[Health, str]:
    said = [(each.health, each.health_reason) for each in ranked if each.alive]
    return min(said, key=lambda pair: list(Health).index(pair[0]), default=(Health.UNKNOWN, ""))


def _unique(keys: Iterable[Key]) -> frozenset[Key]:
    return frozenset(key for key in keys if key.tier <= Tier.UNIQUE)


class ChangeKind(StrEnum):
    """What happened to an asset."""

    DISCOVERED = "discovered"
    CHANGED = "changed"
    MERGED = "merged"
    REPLACED = "replaced"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that one report did to one asset."""

    asset_id: str
    kind: ChangeKind
    report: Report
    field: str = ""
    before: str = ""
    after: str = ""

    @property
    def id(self) -> str:
        """The same for each replay of the report."""
        # One report may merge several assets into one: the other asset tells them apart.
        name = f"{self.asset_id}|{self.kind}|{self.field or self.before}"
        return str(uuid.uuid5(uuid.UUID(self.report.id), name))


def changes(before: Asset, after: Asset, report: Report) -> list[Change]:
    """One CHANGED for each field in which the two differ."""
    old, new = before.fields(), after.fields()
    return [
        Change(after.id, ChangeKind.CHANGED, report, name, old[name], new[name])
        for name in new
        if old[name] != new[name]
    ]

"""Reports of made-up devices, and an inventory in memory that takes them."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from isthmus.inventory.domain.assets.ledger import lookups, settle
from isthmus.inventory.domain.assets.model import (
    Asset,
    Change,
    ChangeKind,
    Key,
    Reachability,
    Report,
    Said,
    Tier,
)
from isthmus.inventory.domain.assets.plan import Plan, Snapshot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def serial(value: str) -> Key:
    return Key(Tier.UNIQUE, "global", "serial", value)


def mac(value: str) -> Key:
    return Key(Tier.STRONG, "hagen", "mac", value)


def address(value: str) -> Key:
    return Key(Tier.WEAK, "hagen", "address", value)


def host(value: str) -> Key:
    return Key(Tier.WEAK, "hagen", "hostname", value)


def report(target: str, second: int, *keys: Key, device: str = "", **more: object) -> Report:
    offline = more.pop("offline", False)
    attributes: Any = more.pop("attributes", {})
    said = {
        name: Said(value) if isinstance(value, str) else value for name, value in attributes.items()
    }
    made = Report(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{target}/{device}@{second}")),
        site="hagen",
        target=target,
        device=device,
        path="nordwerk/hagen/press-shop",
        observed_at=NOON + timedelta(seconds=second),
        reachability=Reachability.OFFLINE if offline else Reachability.ONLINE,
        keys=keys,
        attributes=said,
    )
    return replace(made, **more)  # type: ignore[arg-type]


@dataclass
class Inventory:
    """What the store keeps, applied as a store applies a plan."""

    claims: dict[str, str] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    versions: int = 0

    def take(self, *reports: Report) -> Plan:
        wanted = lookups(reports)
        claims = {key: self._holder(id) for key, id in self.claims.items() if key in wanted}
        plan = settle(reports, Snapshot(claims, dict(self.assets)))
        self.claims |= plan.claims
        for write in (*plan.gains, *plan.losses):
            self.assets[write.after.id] = write.after
            self.history += write.changes
            self.versions += 1
        for removal in plan.removals:
            del self.assets[removal.asset.id]
            self.gone[removal.asset.id] = removal.successor
            self.history += removal.changes
        self.claims |= {key: move.to for key, move in plan.moves.items()}
        return plan

    def _holder(self, id: str) -> str:
        while id in self.gone:
            id = self.gone[id]
        return id

    def kinds(self) -> list[ChangeKind]:
        return [change.kind for change in self.history]

    def one(self) -> Asset:
        (asset,) = self.assets.values()
        return asset

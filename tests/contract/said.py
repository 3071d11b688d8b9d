"""Reports of made-up devices, for the stores that keep what is made of them."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from isthmus.inventory.domain.assets.model import Key, Reachability, Report, Said, Tier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(target: str = "plc", second: int = 0, *keys: Key, **more: Any) -> Report:
    """A report of a target, so many seconds after noon."""
    made = Report(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{target}@{second}")),
        site="hagen",
        target=target,
        device="",
        path="nordwerk/hagen/press-shop",
        observed_at=NOON + timedelta(seconds=second),
        reachability=Reachability.ONLINE,
        keys=keys or (Key(Tier.UNIQUE, "global", "serial", "s/1"),),
        attributes={
            "class": Said("plc"),
            "vendor": Said("Siemens", 0.9, "fc43:VendorName", "SIEMENS"),
        },
    )
    return replace(made, **more)

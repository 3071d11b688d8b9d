"""Between the inventory's messages and what rules see of an asset."""

from isthmus.alerting.domain.rules.examine import Happening
from isthmus.alerting.domain.rules.subject import ASSET_FIELDS, LISTS, Subject
from isthmus.alerting.handlers.rules.readings import HEALTH, REACHABILITY
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.assets.v1.change_pb2 import Change, ChangeKind
from isthmus.runtime.codec import from_timestamp

TEXTS = tuple(sorted(ASSET_FIELDS - LISTS - {"reachability", "health"}))


def subject(asset: Asset) -> Subject:
    """The asset as rules see it; what is not said of it is not there."""
    facts: dict[str, object] = {n: said for n in TEXTS if (said := getattr(asset, n))}
    facts |= {name: list(said) for name in LISTS if (said := getattr(asset, name))}
    facts |= {f"custom.{name}": said for name, said in asset.custom.items()}
    facts["reachability"] = REACHABILITY.get(asset.reachability, "")
    facts["health"] = HEALTH.get(asset.health, "")
    return Subject(asset.id, asset.site, asset.path, getattr(asset, "class"), facts, asset.revision)


def happening(change: Change) -> Happening:
    """What `change` says happened."""
    return Happening(
        at=from_timestamp(change.observed_at),
        kind=ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_").lower(),
        field=change.field,
        before=change.before,
        after=change.after,
    )

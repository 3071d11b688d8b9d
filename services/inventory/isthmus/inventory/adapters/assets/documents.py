"""Assets as documents, and documents as assets."""

from typing import Any

from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.assets.model import (
    Asset,
    Change,
    Health,
    Key,
    Reachability,
    Relation,
    Said,
    Status,
    Tier,
    View,
)
from isthmus.inventory.domain.assets.plan import NOBODY, Removal, Write
from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS, Kind, Origin
from isthmus.inventory.domain.custom_fields import number_in
from isthmus.inventory.domain.query import VERSIONS, tokens_of
from isthmus.inventory.domain.software import product_key
from isthmus.inventory.domain.versions import order_key

UNSOUGHT = ("proven", "pinned")
SOUGHT = ("source", "observed_at", "reachability", "relation")
"""What lists and relations of a time that is over read of a view."""
NUMBERS = frozenset(name for name, field in FIELDS.items() if field.kind is Kind.NUMBER)


def version_id(id: str, revision: int) -> str:
    """The name of one version of an asset, which can be stored once."""
    return f"{id}/{revision}"


def document(asset: Asset) -> Document:
    """All of an asset but its id; what is only there to be searched is derived."""
    known = asset.attributes
    custom = {n.removeprefix(CUSTOM): v for n, v in known.items() if n.startswith(CUSTOM)}
    return {
        "site": asset.site,
        "path": asset.path,
        "attributes": {n: value for n, value in known.items() if not n.startswith(CUSTOM)},
        "custom": custom,
        "numbers": {name: float(known[name]) for name in NUMBERS & known.keys()},
        "orders": {name: order_key(known[name]) for name in VERSIONS if known.get(name)},
        # Whatever is one, so that a definition that comes later finds it.
        "custom_numbers": {
            name: number for name, v in custom.items() if (number := number_in(v)) is not None
        },
        "tags": known["tags"].split(",") if "tags" in known else [],
        "tokens": list(tokens_of(asset)),
        "product": product_key(asset),
        "status": asset.status.value,
        "reachability": asset.reachability.value,
        "health": asset.health.value,
        "health_reason": asset.health_reason,
        "views": [_view_document(view) for view in asset.views],
        "proven": [_key_document(key) for key in sorted(asset.proven)],
        "pinned": sorted(asset.pinned),
        "keys": sorted({key.id for key in asset.keys}),
        "sources": list(asset.sources),
        "targets": sorted({"/".join(source.split("/")[:2]) for source in asset.sources}),
        "relates": sorted({view.relation.source for view in asset.views if view.relation}),
        "discovered_at": asset.discovered_at,
        "changed_at": asset.changed_at,
        "last_seen_at": asset.last_seen_at,
        "revision": asset.revision,
    }


def stub(removal: Removal) -> Document:
    """What is left of a merged or retired asset: its successor, so that its claims lead on."""
    nothing: Document = {
        name: [] for name in ("views", "keys", "sources", "targets", "relates", "tokens")
    }
    revision = removal.asset.revision + 1
    return {**nothing, "merged_into": removal.successor, "revision": revision}


def is_live(document: Document) -> bool:
    """Is it an asset, and not what is left of one?"""
    return "merged_into" not in document


def asset(document: Document) -> Asset:
    """The asset in a document."""
    attributes = dict(document["attributes"])
    attributes |= {f"{CUSTOM}{name}": value for name, value in document["custom"].items()}
    return Asset(
        id=document["_id"],
        discovered_at=document["discovered_at"],
        changed_at=document["changed_at"],
        views=tuple(_view(view) for view in document["views"]),
        proven=frozenset(_key(key) for key in document["proven"]),
        pinned=frozenset(document["pinned"]),
        attributes=attributes,
        site=document["site"],
        path=document["path"],
        reachability=Reachability(document["reachability"]),
        health=Health(document["health"]),
        health_reason=document["health_reason"],
        last_seen_at=document["last_seen_at"],
        status=Status(document["status"]),
        revision=document["revision"],
    )


def version(write: Write | Removal) -> Document:
    """The version that a write or removal makes, whole, with what it changed and why."""
    before = write.before if isinstance(write, Write) else write.asset
    if isinstance(write, Write):
        id, revision, at = write.after.id, write.after.revision, write.after.changed_at
        made = document(write.after)
    else:
        id, revision = write.asset.id, write.asset.revision + 1
        at, made = max(write.asset.changed_at, write.cause.at), stub(write)
    return {
        "_id": version_id(id, revision),
        "asset": id,
        "revision": revision,
        "at": at,
        "site": write.cause.site,
        "source": write.cause.source,
        "actor": write.cause.actor,
        "cause": write.cause.id,
        "changes": [_change_document(change) for change in write.changes],
        "document": made,
        **_ended(before),
    }


def _ended(before: Asset | None) -> Document:
    """What a version ends: what was until it came, and since when, as far as it is looked for."""
    if before is None or not before.views:  # one that is restored was not there
        return {}
    was = {name: value for name, value in document(before).items() if name not in UNSOUGHT}
    views = [{name: view[name] for name in SOUGHT} for view in was["views"]]
    return {"since": before.changed_at, "was": {**was, "views": views}}


def _change_document(change: Change) -> Document:
    return {
        "id": change.id,
        "kind": change.kind.value,
        "field": change.field,
        "before": change.before,
        "after": change.after,
        "evidence": change.evidence,
    }


def _view_document(view: View) -> Document:
    relation = view.relation
    return {
        "source": view.source,
        "site": view.site,
        "path": view.path,
        "observed_at": view.observed_at,
        "report_id": view.report_id,
        "reachability": view.reachability.value,
        "health": view.health.value,
        "health_reason": view.health_reason,
        "origin": view.origin.value,
        "keys": [_key_document(key) for key in view.keys],
        # Lists, because a name may have a dot in it, and they are read whole.
        "said": [
            [name, said.value, said.confidence, said.rule, said.raw, view.earlier.get(name)]
            for name, said in view.attributes.items()
        ],
        "relation": [relation.kind, relation.source, relation.position] if relation else None,
    }


def _view(document: Document) -> View:
    relation, told = document["relation"], document["said"]
    return View(
        document["source"],
        document["site"],
        document["path"],
        document["observed_at"],
        document["report_id"],
        Reachability(document["reachability"]),
        Health(document["health"]),
        document["health_reason"],
        {name: Said(*said) for name, *said, _ in told},
        tuple(_key(key) for key in document["keys"]),
        Origin(document["origin"]),
        Relation(*relation) if relation else None,
        {name: at for name, *_, at in told if at},
    )


def _key_document(key: Key) -> list[Any]:
    return [int(key.tier), key.scope, key.kind, key.value]


def _key(parts: list[Any]) -> Key:
    return Key(Tier(parts[0]), *parts[1:])


def successor(id: str, documents: dict[str, Document]) -> str:
    """The asset that `id` has become, or NOBODY."""
    while id != NOBODY and id in documents and not is_live(documents[id]):
        id = documents[id]["merged_into"]
    return id

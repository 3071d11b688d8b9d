"""What people do to assets: say something of them, join them, part them, accept or ignore them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from isthmus.inventory.domain.assets.model import (
    OPERATOR,
    Asset,
    Cause,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Said,
    Status,
    View,
    changes,
    newest,
    place,
)
from isthmus.inventory.domain.assets.plan import Move, Plan, Removal, following
from isthmus.inventory.domain.assets.precedence import Policy, described
from isthmus.inventory.domain.assets.vocabulary import Origin


def operator_source(asset: Asset) -> str:
    """The name of the source that is what people have said of an asset."""
    return f"{OPERATOR}:{asset.id}"


def edited(
    asset: Asset,
    said: Mapping[str, str],
    unsaid: Collection[str],
    status: Status | None,
    cause: Cause,
    policy: Policy,
) -> Plan:
    """Say `said` of an asset, and no more what is `unsaid`; nothing when that changes nothing."""
    source = operator_source(asset)
    before = asset.view(source)
    known = before.attributes if before else {}
    kept = {name: value for name, value in known.items() if name not in unsaid}
    attributes = {**kept, **{name: Said(value, rule=cause.actor) for name, value in said.items()}}
    earlier = {n: before.said_at(n) for n in kept if n not in said} if before else {}
    view = View(
        source, asset.site, "", cause.at, cause.id, Reachability.NOT_ASKED, Health.UNKNOWN, "",
        attributes, (), Origin.OPERATOR, None, earlier,
    )  # fmt: skip
    others = [_unsaid(each, unsaid) for each in asset.views if each.source != source]
    remembered = {n: text for n, text in asset.attributes.items() if n not in unsaid}
    base = replace(asset, attributes=remembered, status=status or asset.status)
    after = described(base, [*others, view] if attributes else others, policy)
    made = changes(asset, after, cause)
    if not made and _says_the_same(asset, after):
        return Plan()
    return Plan(gains=(following(asset, after, made, cause),))


def _unsaid(view: View, names: Collection[str]) -> View:
    """What a person takes back holds no longer on any asset that was merged into this one."""
    if view.origin is not Origin.OPERATOR or view.attributes.keys().isdisjoint(names):
        return view
    kept = {name: said for name, said in view.attributes.items() if name not in names}
    return replace(view, attributes=kept)


def _says_the_same(before: Asset, after: Asset) -> bool:
    pairs = zip(after.views, before.views, strict=False)
    return after.sources == before.sources and all(now.same_as(was) for now, was in pairs)


def redescribed(asset: Asset, cause: Cause, policy: Policy) -> Plan:
    """The asset as its views describe it under another policy; nothing when that is the same."""
    after = described(asset, asset.views, policy)
    made = changes(asset, after, cause)
    if not made:
        return Plan()
    return Plan(gains=(following(asset, after, made, cause),))


def joined(winner: Asset, loser: Asset, cause: Cause, reason: str, policy: Policy) -> Plan:
    """Two assets that a person says are one; the first keeps its id."""
    base = replace(
        winner,
        proven=winner.proven | loser.proven,
        pinned=winner.pinned | loser.pinned,
        attributes={**loser.attributes, **winner.attributes},
        last_seen_at=max(filter(None, (winner.last_seen_at, loser.last_seen_at)), default=None),
    )
    after = described(base, newest([*winner.views, *loser.views]), policy)
    merged = Change(winner.id, ChangeKind.MERGED, cause, "", loser.id, winner.id, reason)
    made = (merged, *changes(winner, after, cause))
    gone = Change(loser.id, ChangeKind.MERGED, cause, "", loser.id, winner.id, reason)
    return Plan(
        gains=(following(winner, after, made, cause),),
        removals=(Removal(loser, winner.id, (gone,), cause),),
        unsettled=frozenset({*winner.sources, *loser.sources}),
    )


@dataclass(frozen=True, slots=True)
class Heir:
    """The asset that gets what is parted from another one: a new one, or one that was merged."""

    asset: Asset
    """As it was before it was merged, or empty."""
    revision: int = 0
    """Of what is left of it in the store; 0 for a new one."""
    into: Asset | None = None
    """The other one as it was before it got the heir."""


def parted(
    asset: Asset, sources: Collection[str], heir: Heir, cause: Cause, reason: str, policy: Policy
) -> Plan:
    """Some sources of an asset are another device, and stay so, whatever their keys say."""
    going = [view for view in asset.views if view.source in sources]
    staying = [view for view in asset.views if view.source not in sources]
    pinned = frozenset(sources)
    left = described(_left(asset, going, heir), staying, policy)
    left = replace(left, pinned=frozenset(view.source for view in staying))
    own = replace(heir.asset, pinned=heir.asset.pinned | pinned)
    found = described(own, newest([*going, *own.views]), policy)
    stub = replace(heir.asset, revision=heir.revision) if heir.revision else None
    split = [
        Change(id, ChangeKind.SPLIT, cause, "", asset.id, heir.asset.id, reason)
        for id in (heir.asset.id, asset.id)
    ]
    gain = following(stub, found, split[:1], cause)
    made = (split[1], *changes(asset, left, cause))
    loss = following(asset, left, made, cause)
    return Plan(
        gains=(gain,),
        losses=(loss,),
        moves={key.id: Move(heir.asset.id) for key in _own_keys(going, staying, heir.asset.proven)},
        unsettled=frozenset(asset.sources),
    )


def _left(asset: Asset, going: Iterable[View], heir: Heir) -> Asset:
    """`asset` without what it knows only by those that go, or by what was merged into it."""
    if heir.into:
        return replace(heir.into, status=asset.status)
    keys = heir.asset.proven.union(*(view.keys for view in going))
    told = heir.asset.attributes.items()
    attributes = {n: text for n, text in _untold(asset, going).items() if (n, text) not in told}
    return replace(asset, attributes=attributes, proven=asset.proven - keys)


def _own_keys(going: Iterable[View], staying: Iterable[View], proven: frozenset[Key]) -> set[Key]:
    """The keys of those that go and of nobody who stays, with their places."""
    kept = {key.id for view in staying for key in view.keys}
    own = {key for key in proven.union(*(view.keys for view in going)) if key.id not in kept}
    return own | {place(view.site, view.source) for view in going}


def withdrawn(asset: Asset, sources: Collection[str], cause: Cause, policy: Policy) -> Plan:
    """Some sources say nothing of an asset any more; the word of its last one is remembered."""
    going = [view for view in asset.views if view.source in sources]
    if not going:
        return Plan()
    staying = [view for view in asset.views if view.source not in sources]
    base = replace(asset, attributes=_untold(asset, going)) if staying else asset
    after = described(base, staying, policy)
    made = changes(asset, after, cause)
    return Plan(
        gains=(following(asset, after, made, cause),),
        unsettled=frozenset(view.source for view in going),
    )


def _untold(asset: Asset, going: Iterable[View]) -> dict[str, str]:
    """What is known of an asset, but for what these say."""
    told = {(name, said.value) for view in going for name, said in view.attributes.items()}
    return {name: text for name, text in asset.attributes.items() if (name, text) not in told}

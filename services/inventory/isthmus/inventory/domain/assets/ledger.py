"""What a batch of reports does to the assets: a pure fold, from a snapshot to a plan."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from isthmus.inventory.domain.assets.identity import Match, followers_of, resolve
from isthmus.inventory.domain.assets.model import (
    NAMESPACE,
    Asset,
    Cause,
    Change,
    ChangeKind,
    Key,
    Report,
    View,
    cause,
    changes,
    newest,
    place,
    view,
)
from isthmus.inventory.domain.assets.plan import (
    NOBODY,
    Contest,
    Move,
    Plan,
    Removal,
    Seen,
    Snapshot,
    Write,
    following,
)
from isthmus.inventory.domain.assets.precedence import POLICY, Policy, described
from isthmus.inventory.domain.assets.vocabulary import Origin

NEVER = datetime.min.replace(tzinfo=UTC)
SEEN_EVERY = timedelta(seconds=5)
COARSE = timedelta(minutes=10)
"""How exactly an asset itself knows when it was last seen; its sources know better."""


def lookups(reports: Iterable[Report]) -> set[str]:
    """The claims that the snapshot for `reports` must hold."""
    return {key.id for report in reports for key in report.lookups}


def silent_endpoints(reports: Iterable[Report]) -> set[str]:
    """Endpoints that did not answer: the snapshot must hold every asset behind them."""
    return {report.endpoint for report in reports if _silences(report)}


def settle(reports: Iterable[Report], snapshot: Snapshot, policy: Policy = POLICY) -> Plan:
    """The plan that makes the inventory agree with `reports`, each after the one before it."""
    ledger = _Ledger(snapshot, policy)
    for report in reports:
        ledger.take(report)
    return ledger.plan()


def _silences(report: Report) -> bool:
    is_endpoint = report.origin is Origin.DEVICE and not report.device
    return is_endpoint and not report.reachability.answers


@dataclass
class _Entry:
    """One asset that the batch changed, and why."""

    cause: Cause
    changes: list[Change] = field(default_factory=list)
    lost: bool = False


class _Ledger:
    """The assets and claims as they become while the reports of one batch are taken."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self._snapshot = snapshot
        self._policy = policy
        self._claims = dict(snapshot.claims)
        self._assets = dict(snapshot.assets)
        self._entries: dict[str, _Entry] = {}
        self._removals: dict[str, Removal] = {}
        self._seen: dict[str, Seen] = {}
        self._contests: dict[tuple[str, str], Contest] = {}
        self._unsettled: set[str] = set()
        self._moved: dict[str, str] = {}

    def take(self, report: Report) -> None:
        report = self._telling(report)
        holders = self._holders(report.claims)
        here = holders.get(place(report.site, report.source).id)
        before = here.view(report.source) if here else None
        if here and before and self._is_late(report, before):
            self._rejoin(here, before, report)
            return
        if report.device and before is None and self._fell_silent_after(report):
            return
        if _silences(report) and self._silence_behind(report) and here is None:
            return
        if report.device and report.reachability.answers and not report.part:
            self._retire_placeholder(report)
        after = view(report, before)
        known = before.keys if before else ()
        match = resolve(report, self._holders(report.claims), known)
        if here and before and after.same_as(before) and match.same == (here,):
            self._see(here, after, report)
            self._claim(report.claims, here)
            return
        # Other replicas may still know what it said so far.
        self._unsettled.update([before.source] if before else [])
        asset = self._gain(match, report)
        if match.displaced:
            asset = self._displace(match.displaced, asset, report)
        self._claim(report.claims, asset)
        for key, other in match.contested:
            pair = (asset.id, other.id)
            self._contests[key.id, other.id] = Contest(key.id, pair, cause(report))

    def _telling(self, report: Report) -> Report:
        """The report with those of its keys that tell devices apart."""
        demoted = self._snapshot.demoted
        if demoted.isdisjoint(key.id for key in report.keys):
            return report
        return replace(report, keys=tuple(key for key in report.keys if key.id not in demoted))

    def _is_late(self, report: Report, before: View) -> bool:
        if (report.observed_at, report.id) < (before.observed_at, before.report_id):
            return True
        seen_at = self._snapshot.seen.get(report.source)
        return seen_at is not None and report.observed_at < seen_at

    def _holders(self, keys: Iterable[Key]) -> dict[str, Asset]:
        found = ((key, self._assets.get(self._claims.get(key.id, NOBODY))) for key in keys)
        return {key.id: asset for key, asset in found if asset and asset.shows(key)}

    def _see(self, asset: Asset, after: View, report: Report) -> None:
        at = after.observed_at
        views = tuple(after if each.source == after.source else each for each in asset.views)
        seen_at = max(asset.last_seen_at or at, at) if after.alive else asset.last_seen_at
        self._assets[asset.id] = replace(asset, views=views, last_seen_at=seen_at)
        stored = self._snapshot.assets.get(asset.id)
        known = stored and stored.view(after.source)
        if known:
            noted = max(known.observed_at, self._snapshot.seen.get(after.source, known.observed_at))
            if at - noted >= SEEN_EVERY:
                told = stored.last_seen_at if stored else None
                coarse = after.alive and (told is None or at - told >= COARSE)
                self._seen[after.source] = Seen(asset.id, after.source, at, report.id, coarse)

    def _gain(self, match: Match, report: Report) -> Asset:
        """The asset that the report is about, as it is after it; the others of `same` are gone."""
        if not match.same:
            return self._discover(report)
        views = {each.source: each for each in _views(match.same)}
        views[report.source] = view(report, views.get(report.source))
        return self._unite(match.same, views.values(), report)

    def _rejoin(self, here: Asset, before: View, report: Report) -> None:
        """A late report tells nothing new, but what its device still shows another asset may have
        come to show meanwhile."""
        if not set(report.keys) <= set(before.keys):
            return
        same = resolve(report, self._holders(report.claims), before.keys).same
        if here in same and len(same) > 1:
            self._claim(report.claims, self._unite(same, _views(same), report))

    def _unite(self, same: Sequence[Asset], views: Iterable[View], report: Report) -> Asset:
        old, *others = same
        asset, _ = self._changed(old, _united(old, others), views, report)
        for other in others:
            self._merge(other, asset, report)
        return asset

    def _discover(self, report: Report) -> Asset:
        asset = Asset(self._free_id(report), report.observed_at, report.observed_at)
        asset = described(asset, [view(report, None)], self._policy)
        entry = self._entry(asset, cause(report))
        entry.changes.append(Change(asset.id, ChangeKind.DISCOVERED, entry.cause))
        return asset

    def _free_id(self, report: Report) -> str:
        """The id that was claimed for this device but not yet written, or the report's own."""
        taken = {NOBODY, *self._assets, *self._removals}
        holders = (self._claims.get(key.id, NOBODY) for key in report.claims)
        claimed = next((holder for holder in holders if holder not in taken), None)
        own = str(uuid.uuid5(NAMESPACE, f"asset|{report.id}"))
        while own in taken:  # another writer has found other devices to be the asset of this report
            own = str(uuid.uuid5(NAMESPACE, own))
        return claimed or own

    def _merge(self, loser: Asset, winner: Asset, report: Report) -> None:
        shared = sorted(key.id for key in report.claims if loser.shows(key))
        self._unsettled.update(loser.sources)
        if loser.id in self._snapshot.assets:
            merged = Change(
                winner.id, ChangeKind.MERGED, cause(report), "", loser.id, winner.id,
                evidence=", ".join(shared),
            )  # fmt: skip
            self._entry(winner, cause(report)).changes.append(merged)
        self._remove(loser, winner.id, (), cause(report))

    def _displace(self, loser: Asset, asset: Asset, report: Report) -> Asset:
        """Take the report's source from the asset that had it, and whatever came with it."""
        going = [v for v in loser.views if v.source == report.source]
        staying = [v for v in loser.views if v.source != report.source]
        followers = followers_of(report.keys, staying, loser.pinned)
        staying = [v for v in staying if v not in followers]
        left, entry = self._changed(loser, loser, staying, report)
        entry.lost = True
        if going and not any(v.origin is Origin.DEVICE for v in staying):
            self._replace(left, asset, report)
        return self._followed(asset, followers, report)

    def _replace(self, left: Asset, asset: Asset, report: Report) -> None:
        if report.origin is Origin.DEVICE:
            for id in (left.id, asset.id):
                replaced = Change(id, ChangeKind.REPLACED, cause(report), "", left.id, asset.id)
                self._entries[id].changes.append(replaced)

    def _followed(self, asset: Asset, followers: Sequence[View], report: Report) -> Asset:
        """The asset with views that turned out to be of it, and their claims."""
        if not followers:
            return asset
        after, _ = self._changed(asset, asset, [*asset.views, *followers], report)
        for each in followers:
            self._unsettled.add(each.source)
            # Of its keys nobody knows here who holds them; its next report claims them.
            self._moved[place(each.site, each.source).id] = after.id
        self._claims |= self._moved
        return after

    def _silence_behind(self, report: Report) -> bool:
        """Nothing behind a silent endpoint can be read either; whether there is anything."""
        prefix, found = f"{report.endpoint}/", False
        for asset in list(self._assets.values()):
            behind = {each.source for each in asset.views if each.source.startswith(prefix)}
            found = found or bool(behind)
            views = [self._silenced(v, report) if v.source in behind else v for v in asset.views]
            if any(now is not was for now, was in zip(views, asset.views, strict=True)):
                self._changed(asset, asset, views, report)
                self._unsettled |= behind
        return found

    def _silenced(self, before: View, report: Report) -> View:
        heard_at = max(before.observed_at, self._snapshot.seen.get(before.source, NEVER))
        if not before.alive or heard_at > report.observed_at:
            return before
        return replace(
            before,
            reachability=report.reachability,
            observed_at=report.observed_at,
            report_id=report.id,
        )

    def _fell_silent_after(self, report: Report) -> bool:
        """Is it news of an unknown device from before its endpoint was last found silent?"""
        key = place(report.site, report.endpoint)
        asset = self._holders([key]).get(key.id)
        seen = asset.view(report.endpoint) if asset else None
        return seen is not None and not seen.alive and seen.observed_at > report.observed_at

    def _retire_placeholder(self, report: Report) -> None:
        """An endpoint that only stood for the devices behind it goes when they are found."""
        key = place(report.site, report.endpoint)
        asset = self._holders([key]).get(key.id)
        if asset and asset.provisional and asset.sources == (report.endpoint,):
            retired = Change(asset.id, ChangeKind.RETIRED, cause(report))
            self._remove(asset, NOBODY, (retired,), retired.cause)

    def _remove(self, asset: Asset, successor: str, made: tuple[Change, ...], cause: Cause) -> None:
        stored = self._snapshot.assets.get(asset.id)
        if stored:
            self._removals[asset.id] = Removal(stored, successor, made, cause)
        self._entries.pop(asset.id, None)
        del self._assets[asset.id]
        for key, holder in self._claims.items():
            if holder == asset.id:
                self._claims[key] = successor

    def _claim(self, keys: Iterable[Key], asset: Asset) -> None:
        for key in keys:
            holder = self._assets.get(self._claims.get(key.id, NOBODY))
            if holder is None or not holder.shows(key):
                self._claims[key.id] = asset.id

    def _changed(
        self, before: Asset, base: Asset, views: Iterable[View], report: Report
    ) -> tuple[Asset, _Entry]:
        """`base` as `views` describe it, and the entry that says how that differs from `before`."""
        after = described(base, views, self._policy)
        entry = self._entry(after, cause(report))
        entry.changes += changes(before, after, entry.cause)
        return after, entry

    def _entry(self, asset: Asset, cause: Cause) -> _Entry:
        self._assets[asset.id] = asset
        entry = self._entries.setdefault(asset.id, _Entry(cause))
        entry.cause = cause
        return entry

    def plan(self) -> Plan:
        before = {**dict.fromkeys(self._moved, NOBODY), **self._snapshot.claims}
        claims = self._claims
        writes = {id: self._write(id, entry) for id, entry in self._entries.items()}
        lost = {id for id, entry in self._entries.items() if entry.lost}
        gains = tuple(write for id, write in writes.items() if id not in lost)
        return Plan(
            claims={key: id for key, id in claims.items() if key not in before and id != NOBODY},
            gains=gains,
            losses=tuple(write for id, write in writes.items() if id in lost),
            removals=tuple(self._removals.values()),
            moves={
                key: Move(claims[key], before[key])
                for key in before
                if claims[key] not in (before[key], NOBODY)
            },
            seen=tuple(seen for seen in self._seen.values() if seen.asset_id not in writes),
            contests=tuple(self._contests.values()),
            unsettled=frozenset(self._unsettled),
            held={
                key: write.after.id
                for write in gains
                for key in write.newly_shown
                if claims.get(key) == write.after.id
            },
        )

    def _write(self, id: str, entry: _Entry) -> Write:
        stored = self._snapshot.assets.get(id)
        return following(stored, self._assets[id], entry.changes, entry.cause)


def _views(same: Iterable[Asset]) -> Collection[View]:
    return newest(each for asset in same for each in asset.views)


def _united(asset: Asset, others: Iterable[Asset]) -> Asset:
    """`asset` with what `others`, which are the same device, knew besides."""
    for other in others:
        seen = [at for at in (asset.last_seen_at, other.last_seen_at) if at]
        asset = replace(
            asset,
            proven=asset.proven | other.proven,
            pinned=asset.pinned | other.pinned,
            attributes={**other.attributes, **asset.attributes},
            last_seen_at=max(seen, default=None),
        )
    return asset

"""Carries out what people ask for on assets; refuses what cannot be, in words for the caller."""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from isthmus.inventory.domain.assets.curation import Heir, edited, joined, parted
from isthmus.inventory.domain.assets.model import OPERATOR, Asset, Cause, Status
from isthmus.inventory.domain.assets.plan import Plan
from isthmus.inventory.domain.assets.precedence import POLICY, Policy
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Field
from isthmus.inventory.domain.custom_fields import (
    NONE,
    Definition,
    Own,
    Type,
    fitted,
    own_field,
    undefined,
)
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.assets import AssetHistory, AssetStore
from isthmus.runtime.errors import IsthmusError

Sites = frozenset[str] | None
"""The sites that the caller may see; None for all of them."""


class Unknown(IsthmusError):
    """There is no such asset, or none that the caller may see."""


class Outdated(IsthmusError):
    """The asset has changed since the caller read it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for something, and why."""

    actor: str
    sites: Sites = None
    reason: str = ""
    revision: int | None = None
    """The revision that the caller has read; None when it does not matter."""


class Curation:
    """Edits, joins, parts and restores assets; safe beside reports and other people."""

    def __init__(
        self,
        store: AssetStore,
        history: AssetHistory,
        commits: Commits,
        own: Callable[[], Own] = undefined,
    ) -> None:
        self._store = store
        self._history = history
        self._commits = commits
        self.policy: Policy = POLICY
        self._own = own

    def follow(self, policy: Policy) -> None:
        """Let the words of other sources count from now on."""
        self.policy = policy

    async def edit(
        self, id: str, fields: Mapping[str, object], status: Status | None, asked: Asked
    ) -> Asset:
        """Say what `fields` say, None taking back what was said; raises Invalid for a bad one."""
        own = self._own()
        said = {n: said_of(n, value, own) for n, value in fields.items() if value is not None}
        unsaid = {name for name, value in fields.items() if value is None or not said[name]}
        for name in unsaid:
            _field(name, own)
        kept = {name: text for name, text in said.items() if text}
        await self._refer(kept, own, asked)

        def plan(assets: Mapping[str, Asset]) -> Plan:
            asset = assets[id]
            _check_revision(asset, asked)
            _check_own(asset, kept, unsaid, own)
            cause = _cause(asset, asked)
            return edited(asset, kept, unsaid, status, cause, self.policy)

        return (await self._carry_out([id], asked, plan))[id]

    async def _refer(self, said: Mapping[str, str], own: Own, asked: Asked) -> None:
        """Raise Invalid where a custom field refers to what is no asset that the caller sees."""
        found = {name: id for name, id in said.items() if _refers(own.get(name))}
        assets = await self._store.held(found.values()) if found else {}
        for name, id in found.items():
            try:
                _check(id, assets.get(id), asked)
            except Unknown as error:
                raise Invalid(name, f"{id!r}, expected the id of an asset") from error

    async def join(self, winner: str, loser: str, asked: Asked) -> Asset:
        """Make `loser` part of `winner`."""
        if winner == loser:
            raise Invalid("from", f"{loser!r}, expected another asset than this one")

        def plan(assets: Mapping[str, Asset]) -> Plan:
            one, other = assets[winner], assets[loser]
            if set(one.sources).isdisjoint(
                other.sources
            ):  # or half of it is done, by this very try
                _check_revision(one, asked)
            return joined(one, other, _cause(one, asked), asked.reason, self.policy)

        return (await self._carry_out([winner, loser], asked, plan))[winner]

    async def part(self, id: str, sources: Collection[str], asked: Asked) -> Asset:
        """Make another asset of some sources of this one; the other one."""
        heir = str(uuid.uuid4())

        def plan(assets: Mapping[str, Asset]) -> Plan:
            asset, cause = assets[id], _cause(assets[id], asked)
            _check_revision(asset, asked)
            _check_sources(asset, sources)
            # It is there already when the step before this one met another writer.
            found = assets.get(heir, Asset(heir, cause.at, cause.at))
            to = Heir(found, found.revision)
            return parted(asset, sources, to, cause, asked.reason, self.policy)

        return (await self._carry_out([id], asked, plan, heir))[heir]

    async def restore(self, id: str, asked: Asked) -> Asset:
        """Undo the merge of an asset: it gets back what it brought, as that is now."""
        merged = await self._history.merged(id)
        if merged is None:
            raise Unknown(f"id: no asset {id!r} was merged into another one")

        def plan(assets: Mapping[str, Asset]) -> Plan:
            asset = assets[merged.successor]
            sources = [s for s in merged.asset.sources if s in asset.sources]
            gone = replace(merged.asset, views=(), revision=merged.revision)
            found = assets.get(id, gone)
            heir = Heir(found, found.revision, merged.into)
            return parted(asset, sources, heir, _cause(asset, asked), asked.reason, self.policy)

        return (await self._carry_out([merged.successor], asked, plan, id))[id]

    async def _carry_out(
        self,
        ids: Collection[str],
        asked: Asked,
        plan: Callable[[Mapping[str, Asset]], Plan],
        *more: str,
    ) -> Mapping[str, Asset]:
        for _ in range(TRIES):
            assets = await self._store.held([*ids, *more])
            for id in ids:
                _check(id, assets.get(id), asked)
            made = plan(assets)
            if await self._commits.carry_out(made, {}):
                written = {each.after.id: each.after for each in (*made.gains, *made.losses)}
                return {**assets, **written}
        raise outrun()


def said_of(name: str, value: object, own: Own = NONE) -> str:
    """The value in the form of its field; raises Invalid naming the field."""
    try:
        return fitted(_field(name, own), value, own)
    except ValueError as error:
        raise Invalid(name, str(error)) from None


def _field(name: str, own: Own) -> Field:
    if found := FIELDS.get(name) or own_field(name, own):
        return found
    raise Invalid(name, f"no such field, expected one of {', '.join(sorted(FIELDS))} or custom.…")


def _refers(definition: Definition | None) -> bool:
    return definition is not None and definition.type is Type.REFERENCE


def _check_own(asset: Asset, said: Mapping[str, str], unsaid: Collection[str], own: Own) -> None:
    """Raise Invalid for a custom field that the asset has not, or must keep."""
    device_class = said.get("class") or asset.attributes.get("class", "")
    for name in own.keys() & said.keys():
        if reason := own[name].foreign(asset.site, device_class):
            raise Invalid(name, f"{said[name]!r} of an asset that has no such field: {reason}")
    for name in own.keys() & set(unsaid):
        if own[name].required and own[name].concerns(asset.site, device_class):
            raise Invalid(name, "empty, expected a value: the field is required")


def _check(id: str, asset: Asset | None, asked: Asked) -> None:
    if asset is None or (asked.sites is not None and asset.site not in asked.sites):
        raise Unknown(f"id: there is no asset {id!r}")


def _check_revision(asset: Asset, asked: Asked) -> None:
    if asked.revision is not None and asset.revision != asked.revision:
        raise Outdated(f"If-Match: revision {asked.revision}, but it is {asset.revision} now")


def _check_sources(asset: Asset, sources: Collection[str]) -> None:
    unknown = sorted(set(sources) - set(asset.sources))
    if not sources or unknown:
        shown = ", ".join(asset.sources)
        raise Invalid("sources", f"{unknown or 'none'}, expected some of {shown}")
    if set(sources) == set(asset.sources):
        raise Invalid("sources", "all of its sources, expected at least one to stay")


def _cause(asset: Asset, asked: Asked) -> Cause:
    return Cause(str(uuid.uuid4()), now(), asset.site, OPERATOR, asked.actor)

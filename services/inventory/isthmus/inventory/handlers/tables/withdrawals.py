"""Takes back what rows said that a table has no more: their word goes, their assets stay."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from isthmus.inventory.domain.assets.curation import withdrawn
from isthmus.inventory.domain.assets.model import NAMESPACE, Asset, Cause, place
from isthmus.inventory.domain.assets.plan import Plan, Snapshot
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.domain.tables.import_jobs import ImportJob
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.assets import AssetStore


class Withdrawals:
    """The views of an import's sources; safe beside reports and people, and when it is repeated."""

    def __init__(self, store: AssetStore, commits: Commits, policy: Callable[[], Policy]) -> None:
        self._store = store
        self._commits = commits
        self._policy = policy

    async def concerned(self, sources: Collection[str]) -> Mapping[str, str]:
        """The id of the asset that each source describes, where one does."""
        return {source: asset.id for source, asset in (await self._described(sources)).items()}

    async def withdraw(self, sources: Collection[str], job: ImportJob) -> Mapping[str, str]:
        """Let none of them describe anything; the id of the asset that each described.

        Raises Retryable; what was withdrawn before that stays withdrawn.
        """
        found = await self._described(sources)
        of_asset: dict[str, set[str]] = defaultdict(set)
        for source, asset in found.items():
            of_asset[asset.id].add(source)
        for some in of_asset.values():
            await self._withdraw(some, job)
        return {source: asset.id for source, asset in found.items()}

    async def _withdraw(self, sources: Collection[str], job: ImportJob) -> None:
        """Of one asset, or of several into which it was parted meanwhile."""
        for _ in range(TRIES):
            described = await self._described(sources)
            if not described:
                return
            asset = next(iter(described.values()))
            plan = withdrawn(asset, sources, _cause(asset, job), self._policy())
            if plan != Plan():
                await self._commits.carry_out(plan, {})
        raise outrun()

    async def _described(self, sources: Collection[str]) -> dict[str, Asset]:
        claims = {place(_site(source), source).id: source for source in sources}
        snapshot = await self._store.snapshot(claims.keys(), (), ())
        return dict(_showing(snapshot, claims))


def _showing(snapshot: Snapshot, claims: Mapping[str, str]) -> Iterable[tuple[str, Asset]]:
    for claim, source in claims.items():
        asset = snapshot.assets.get(snapshot.claims.get(claim, ""))
        if asset and asset.view(source):
            yield source, asset


def _cause(asset: Asset, job: ImportJob) -> Cause:
    """The same when the import is begun again."""
    id = str(uuid.uuid5(NAMESPACE, f"withdrawn|{job.id}|{asset.id}"))
    system = f"import:{job.mapping.name}"
    return Cause(id, job.requested_at, asset.site, system, job.requested_by)


def _site(source: str) -> str:
    return source.partition("/")[0]

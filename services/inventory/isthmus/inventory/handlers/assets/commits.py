"""Carries out what the domain has planned: claims, versions, and what they publish."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from isthmus.inventory.domain.assets.plan import NOBODY, Move, Plan
from isthmus.inventory.handlers.assets import records
from isthmus.inventory.ports.assets import Announced, AssetStore, Commit, RecordPublisher
from isthmus.runtime.errors import IsthmusError

log = structlog.get_logger()
SWEEP_S = 5.0
Traces = Mapping[str, bytes | None]
"""The trace context of each cause."""


class Commits:
    """Writes plans and publishes what was written, also what others wrote and left behind."""

    def __init__(self, store: AssetStore, publisher: RecordPublisher) -> None:
        self._store = store
        self._publisher = publisher

    async def carry_out(self, plan: Plan, traces: Traces) -> bool:
        """Carry out `plan` in its order; False at the first step that met another writer."""
        steps: list[list[Commit]] = [
            [(write, records.published(write, traces.get(write.cause.id))) for write in step]
            for step in (plan.gains, plan.losses, plan.removals)
        ]
        freed = plan.freed
        if not (await self._store.claim(plan.claims) and await self._take(freed)):
            return False
        # Before and after: a source that says the same in between is settled by neither alone.
        await self._store.unsettle(plan.unsettled)
        handed = {key: each for key, each in plan.moves.items() if key not in freed}
        complete = await self._commit(steps[:1]) and await self._finish(plan, handed, steps[1:])
        await self._store.unsettle(plan.unsettled)
        if complete:
            await self._store.contest(plan.contests)
        return complete

    async def _take(self, freed: Mapping[str, Move]) -> bool:
        """Take claims that their holders do not show.

        Who takes one writes the claim and looks at the asset then; who shows a key again writes
        the asset and looks at the claim then: one of the two sees the other.
        """
        if not freed:
            return True
        if not await self._store.move(freed):
            return False
        there = await self._store.held({each.former for each in freed.values()})
        if all(key not in there[m.former].shown for key, m in freed.items() if m.former in there):
            return True
        await self._store.move(_back(freed))
        return False

    async def _finish(
        self, plan: Plan, handed: Mapping[str, Move], steps: Sequence[Sequence[Commit]]
    ) -> bool:
        # Before the losses: a claim leads to an asset that shows it, whoever reads meanwhile.
        if await self._store.move(handed) and await self._commit(steps):
            holders = await self._store.holders(plan.held.keys())
            return plan.held.items() <= holders.items()
        # So that the next try meets whoever was first.
        await self._store.move(_back(handed))
        return False

    async def _commit(self, steps: Sequence[Sequence[Commit]]) -> bool:
        committed = await self._store.commit(steps)
        await self._publish(committed.entry)
        return committed.complete

    async def run(self) -> None:
        """Publish what writers that died have left, until cancelled."""
        lost = False
        while True:
            try:
                for entry in await self._store.abandoned():
                    await self._publish(entry)
                lost = False
            except IsthmusError as error:
                if not lost:
                    log.warning("journal_blocked", reason=str(error))
                lost = True
            await asyncio.sleep(SWEEP_S)

    async def _publish(self, entry: Announced) -> None:
        await self._publisher.publish([record for _, record in entry.records])
        await self._store.published(entry)


def _back(moves: Mapping[str, Move]) -> dict[str, Move]:
    return {key: each.back for key, each in moves.items() if each.former != NOBODY}

"""Keeps the policy of precedence, and makes assets agree with it when it has changed."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime

import structlog

from isthmus.inventory.domain.assets.curation import redescribed
from isthmus.inventory.domain.assets.model import OPERATOR, Asset, Cause
from isthmus.inventory.domain.assets.plan import Plan
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.domain.assets.vocabulary import Precedence
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.assets import Holdings, PolicyStore
from isthmus.runtime.errors import IsthmusError

log = structlog.get_logger()
REFRESH_S = 5.0
PAGE = 200


class Policies:
    """The policy as the store has it now, and who is to be told of it."""

    def __init__(
        self,
        store: PolicyStore,
        assets: Holdings,
        commits: Commits,
        *listeners: Callable[[Policy], None],
    ) -> None:
        self._store = store
        self._assets = assets
        self._commits = commits
        self._listeners = listeners
        self.current = Policy()

    async def prepare(self) -> None:
        """Know the policy before the first report is taken."""
        await self.refresh()

    async def run(self) -> None:
        """Look now and then whether another replica has changed the policy, until cancelled."""
        while True:
            try:
                await self.refresh()
            except IsthmusError as error:
                log.warning("policy_not_read", reason=str(error))
            await asyncio.sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Take the policy as it stands."""
        found = Policy(dict(await self._store.decided()))
        if found != self.current:
            self.current = found
            for listener in self._listeners:
                listener(found)

    async def decide(self, field: str, order: Precedence | None, actor: str) -> int:
        """Say whose word counts for a field, None as the vocabulary says; the assets it changed."""
        await self._store.decide(field, order)
        await self.refresh()
        at, changed, after = now(), 0, ""
        while page := await self._assets.assets(None, after, PAGE):
            after = page[-1].id
            changed += sum([await self._redescribe(asset, at, actor) for asset in page])
        return changed

    async def _redescribe(self, asset: Asset, at: datetime, actor: str) -> bool:
        for _ in range(TRIES):
            cause = Cause(str(uuid.uuid4()), at, asset.site, OPERATOR, actor)
            plan = redescribed(asset, cause, self.current)
            if plan == Plan():
                return False
            if await self._commits.carry_out(plan, {}):
                return True
            found = await self._assets.asset(asset.id, None)
            if found is None:
                return False
            asset = found
        raise outrun()

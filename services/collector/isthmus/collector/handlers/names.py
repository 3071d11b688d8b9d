"""Host names, and the addresses that they have: asked again and again, and kept."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable

from isthmus.collector.ports import Resolve

RESOLVED_S = 60.0
"""Seconds after which a name is asked for again: its address may be another machine's by now."""
UNRESOLVED_S = 10.0
AT_ONCE = 32  # lookups; the resolver of the machine has threads, and others need them too


class HostNames:
    """What name servers said last.

    A name that is not known just now, or that nobody can look up, keeps the addresses it had: no
    device becomes another one, or a stranger, because a name server is away.
    """

    def __init__(self, resolve: Resolve, steady: Callable[[], float] = time.monotonic) -> None:
        self._resolve = resolve
        self._steady = steady
        self._known: dict[str, Collection[str]] = {}
        self._due: dict[str, float] = {}
        self._wanted = asyncio.Event()

    def addresses(self, name: str) -> Collection[str] | None:
        """The addresses of a name; empty when it has none, None while nobody could say."""
        return self._known.get(name)

    def want(self) -> None:
        """There are other names to follow: look at once."""
        self._wanted.set()

    async def learn(self, names: Collection[str]) -> set[str]:
        """Ask for those of `names` that are new or old; returns what is known otherwise by now."""
        now = self._steady()
        due = sorted(name for name in names if self._due.get(name, now) <= now)
        changed: set[str] = set()
        for first in range(0, len(due), AT_ONCE):
            some = due[first : first + AT_ONCE]
            for name, found in zip(
                some, await asyncio.gather(*map(self._resolve, some)), strict=True
            ):
                if self._keep(name, found):
                    changed.add(name)
        return changed

    async def follow(
        self, names: Callable[[], Iterable[str]], changed: Callable[[set[str]], None]
    ) -> None:
        """Keep knowing `names`, and say which are known otherwise; until cancelled."""
        while True:
            self._wanted.clear()
            followed = set(names())
            self._forget(followed)
            if news := await self.learn(followed):
                changed(news)
            due = min(map(self._due.__getitem__, followed), default=float("inf"))
            try:
                async with asyncio.timeout(min(RESOLVED_S, max(0.0, due - self._steady()))):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    def _keep(self, name: str, found: Collection[str] | None) -> bool:
        """Keep an answer; True when it says something new."""
        before = self._known.get(name)
        self._due[name] = self._steady() + (UNRESOLVED_S if found is None else RESOLVED_S)
        if found is None or (not found and before is not None):
            return False
        self._known[name] = found
        return before is None or set(before) != set(found)

    def _forget(self, followed: Collection[str]) -> None:
        for name in self._due.keys() - followed:
            del self._due[name]
            self._known.pop(name, None)

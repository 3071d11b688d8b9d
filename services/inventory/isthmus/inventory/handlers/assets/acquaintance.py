"""Sources that say what they said before: most reports do, and then only their time is new."""

from dataclasses import dataclass
from datetime import datetime

from isthmus.inventory.domain.assets.ledger import COARSE, SEEN_EVERY
from isthmus.inventory.ports.assets import Noted

SOURCES_MAX = 200_000  # 0.3 kB each; the one that was met first is forgotten first


@dataclass(slots=True)
class _Said:
    digest: bytes
    at: datetime
    noted_at: datetime
    coarse_at: datetime


class Acquaintance:
    """Remembers what the store has noted of each source; what it forgets costs a read."""

    def __init__(self, sources_max: int = SOURCES_MAX) -> None:
        self._sources_max = sources_max
        self._said: dict[str, _Said] = {}

    def says_again(self, source: str, digest: bytes, at: datetime) -> bool:
        """Does the source say what it said before?"""
        known = self._said.get(source)
        return known is not None and known.digest == digest and at >= known.at

    def note(self, source: str, at: datetime) -> Noted | None:
        """What the store is to be told of a source that says the same again at `at`."""
        known = self._said[source]
        known.at = at
        if at - known.noted_at < SEEN_EVERY:
            return None
        known.noted_at = at
        coarse = at - known.coarse_at >= COARSE
        if coarse:
            known.coarse_at = at
        return Noted(source, known.digest, at, coarse)

    def learn(self, source: str, digest: bytes, at: datetime) -> None:
        """The store has noted that the source said this."""
        if source not in self._said and len(self._said) >= self._sources_max:
            del self._said[next(iter(self._said))]
        self._said[source] = _Said(digest, at, at, at)

    def forget(self, source: str) -> None:
        """What the source said before does not count any more."""
        self._said.pop(source, None)

"""A name server that a test owns."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass
class NameServer:
    """Host names and their addresses; while it is away nobody can say anything."""

    known: dict[str, Collection[str]] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def resolve(self, name: str) -> Collection[str] | None:
        """The addresses of a name; None while the server is away."""
        self.asked.append(name)
        return None if self.away else self.known.get(name, ())

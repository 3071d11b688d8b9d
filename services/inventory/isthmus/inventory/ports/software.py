"""Installed software."""

from collections.abc import Collection, Sequence
from typing import Protocol

from isthmus.inventory.domain.software import Installation


class Installations(Protocol):
    """Reads what is installed. Every method may raise Retryable."""

    async def keys(self) -> Sequence[str]:
        """The keys of all products, in their order; a new one may be missing for some minutes."""

    async def installed(
        self, keys: Collection[str], sites: frozenset[str] | None
    ) -> list[Installation]:
        """All installations of these products on these sites, product by product, by id."""

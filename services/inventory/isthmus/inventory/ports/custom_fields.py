"""Custom fields, as they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from isthmus.inventory.domain.custom_fields import Definition


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition, and who wrote it when."""

    definition: Definition
    by: str
    at: datetime


class CustomFieldStore(Protocol):
    """Keeps the definitions of custom fields. Every method may raise Retryable."""

    async def defined(self) -> Mapping[str, Defined]:
        """All of them, by their fields' names; in that order."""

    async def put(self, defined: Defined) -> bool:
        """Keep it, in the place of one of the same name; whether there was none."""

    async def remove(self, name: str) -> bool:
        """Forget the one of that field; False when there is none."""

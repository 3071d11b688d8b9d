"""Who may, and who did."""

from datetime import datetime
from typing import Protocol

from isthmus.inventory.domain.access import ApiKey, Tenant
from isthmus.runtime.guard import Entry


class KeyStore(Protocol):
    """Keeps API keys, without their secrets. Every method may raise Retryable.

    With `sites`, only keys whose roles all hold on these sites; None means every key.
    """

    async def add(self, key: ApiKey, digest: str) -> bool:
        """Keep `key`; False when another one has its name."""

    async def listed(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[ApiKey]:
        """At most `limit` keys whose id comes after `after`, by id."""

    async def remove(self, id: str, *, sites: frozenset[str] | None) -> bool:
        """Forget the key, from now on; False when there is none."""


class TenantStore(Protocol):
    """Keeps tenants. Every method may raise Retryable."""

    async def put(self, tenant: Tenant) -> None:
        """Keep `tenant` in the place of the one of its name."""

    async def listed(self, *, after: str, limit: int) -> list[Tenant]:
        """At most `limit` tenants whose name comes after `after`, by name."""

    async def remove(self, name: str) -> bool:
        """Forget the tenant; False when there is none."""


class AuditLog(Protocol):
    """Reads the audit log. Every method may raise Retryable."""

    async def entries(
        self,
        *,
        who: str | None,
        below: str | None,
        since: datetime | None,
        until: datetime | None,
        before: str,
        limit: int,
    ) -> list[Entry]:
        """At most `limit` entries older than the one of id `before`, the newest first.

        Of that name or identity, with a path at or below `below`, in [since, until).
        """

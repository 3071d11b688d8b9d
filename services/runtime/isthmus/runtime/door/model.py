"""API keys, tenants and the audit log: what they are, and what is asked of their stores."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from isthmus.runtime.access import Sites
from isthmus.runtime.guard import KEY_PREFIX, Entry

USED_COARSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key beside the hash of its secret."""

    id: str
    name: str
    roles: tuple[str, ...]
    """`<role>@<scope>`."""
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    """When it was last shown, ten minutes coarse."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A name that stands for a set of sites."""

    name: str
    sites: tuple[str, ...]
    updated_at: datetime
    updated_by: str


def written(id: str, secret: str) -> str:
    """The key as its owner gets it, once."""
    return f"{KEY_PREFIX}{id}_{secret}"


def read(key: str) -> tuple[str, str] | None:
    """Id and secret of a key, or None when it has not the form of one."""
    id, _, secret = key.removeprefix(KEY_PREFIX).partition("_")
    return (id, secret) if key.startswith(KEY_PREFIX) and id and secret else None


def digest(secret: str) -> str:
    """What is kept of a secret.

    One round of SHA-256 suffices: slow hashes protect what people choose, and nobody can try
    2^256 secrets (NIST SP 800-63B, 5.1.2.2: it suffices from 112 bits on).
    """
    return sha256(secret.encode()).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether `secret` is the one whose digest is kept; takes equally long wherever they differ."""
    return hmac.compare_digest(digest(secret), kept)


def below(path: str) -> tuple[str, ...]:
    """The path and each that it lies below: `/v1/assets/7` lies below `/v1/assets`."""
    parts = path.strip("/").split("/")[:8]
    return tuple("/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1))


def stale(used_at: datetime | None, now: datetime) -> bool:
    """Whether it is time to note again that a key is in use."""
    return used_at is None or now - used_at >= USED_COARSE


class KeyStore(Protocol):
    """Keeps API keys, without their secrets. Every method may raise Retryable.

    With `sites`, only keys whose roles all hold on these sites; None means every key.
    """

    async def add(self, key: ApiKey, digest: str) -> bool:
        """Keep `key`; False when another one has its name."""

    async def listed(self, *, sites: Sites, after: str, limit: int) -> list[ApiKey]:
        """At most `limit` keys whose id comes after `after`, by id."""

    async def remove(self, id: str, *, sites: Sites) -> bool:
        """Forget the key, from now on; False when there is none."""


class TenantStore(Protocol):
    """Keeps tenants. Every method may raise Retryable."""

    async def put(self, tenant: Tenant) -> None:
        """Keep `tenant` in the place of the one of its name."""

    async def tenant(self, name: str) -> Tenant | None:
        """The tenant of that name."""

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

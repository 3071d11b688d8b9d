"""API keys of machines, and tenants: what they are, and what makes a key good."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

PREFIX = "isk_"
"""What every key begins with, so that people and scanners of source code recognise one."""
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
    return f"{PREFIX}{id}_{secret}"


def read(key: str) -> tuple[str, str] | None:
    """Id and secret of a key, or None when it has not the form of one."""
    id, _, secret = key.removeprefix(PREFIX).partition("_")
    return (id, secret) if key.startswith(PREFIX) and id and secret else None


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


def narrowed(sites: frozenset[str] | None, site: str | None) -> frozenset[str] | None:
    """Of these sites, None standing for all, only `site`, where one is asked for."""
    if not site:
        return sites
    return frozenset({site}) if sites is None or site in sites else frozenset()

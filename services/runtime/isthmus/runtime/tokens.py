"""Bearer tokens of an OpenID provider: RFC 7519 (JWT) as RFC 8725 wants them checked.

The provider's keys are fetched every five minutes, and anew when a token names one that is not
among them, at most once in ten seconds: that is how a provider changes its keys. When it is away,
the keys that are known go on to count.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import httpx
import jwt
import structlog

from isthmus.runtime.access import Access, Refused, secure
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""Algorithms that count (RFC 7518, 3.1; RFC 8037) with their key type. `none` and those with a
shared secret are not among them: a public key must never be taken for a secret."""
TOKEN_CHARACTERS_MAX = 16_384
DOCUMENT_BYTES_MAX = 1_000_000
FETCH_TIMEOUT_S = 5
REFRESH_S = 300
RETRY_S = 10
NEEDED = ["exp", "iss", "aud", "sub"]
Keys = dict[tuple[str | None, str], jwt.PyJWK]


class Tokens:
    """Checks the tokens of one issuer; `run` keeps its keys fresh."""

    def __init__(self, settings: Access) -> None:
        self._settings = settings
        self._keys: Keys = {}
        self._tried_at = -float("inf")
        self._away: str | None = None
        self._fetching = asyncio.Lock()

    async def run(self) -> None:
        """Fetch the keys until cancelled, sooner while the issuer is away."""
        while True:
            await self.refresh()
            await asyncio.sleep(RETRY_S if self._away else REFRESH_S)

    async def claims(self, token: str) -> Mapping[str, Any]:
        """What a valid token says.

        Raises Refused when it is not valid, Retryable when its key cannot be known now.
        """
        header = _header(token)
        key = self._key(header)
        if key is None:
            await self.refresh()
            key = self._key(header)
        if key is None and self._away:
            raise Retryable(f"issuer: {self._away}")
        if key is None:
            raise invalid("no key of the issuer fits its kid and alg")
        return self._decoded(token, key)

    async def refresh(self) -> None:
        """Fetch the keys, unless that was tried within ten seconds; keep them when that fails."""
        async with self._fetching:
            if time.monotonic() - self._tried_at < RETRY_S:
                return
            self._tried_at = time.monotonic()
            try:
                async with asyncio.timeout(2 * FETCH_TIMEOUT_S):
                    self._keys = await self._fetched()
            except (
                httpx.HTTPError,
                httpx.InvalidURL,
                OSError,
                RecursionError,
                ValueError,
            ) as error:
                self._lost(f"{self._settings.issuer}: {str(error) or type(error).__name__}"[:300])
                return
        if self._away:
            log.info("issuer_recovered", issuer=self._settings.issuer)
        self._away = None

    def _lost(self, reason: str) -> None:
        if not self._away:
            log.warning("issuer_lost", reason=reason, keys=len(self._keys))
        self._away = reason

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK | None:
        """The key that a token names; the only one that fits when it names none."""
        kid, algorithm = header.get("kid"), header["alg"]
        if kid is not None:
            return self._keys.get((kid, algorithm))
        fitting = [key for (_, each), key in self._keys.items() if each == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _decoded(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_s,
                options={"require": NEEDED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise invalid(str(error)) from error

    async def _fetched(self) -> Keys:
        tls = ssl.create_default_context(cafile=self._settings.ca_file)
        async with httpx.AsyncClient(verify=tls, timeout=FETCH_TIMEOUT_S) as client:
            url = self._settings.jwks_uri or await self._discovered(client)
            document = await _document(client, url)
        listed = document.get("keys")
        found = dict(_usable(listed if isinstance(listed, list) else []))
        if not found:
            raise ValueError(f"{url}: no key for {', '.join(KEY_TYPES)}")
        return found

    async def _discovered(self, client: httpx.AsyncClient) -> str:
        """Where the keys are (OpenID Connect Discovery 1.0, 4.3: the issuer must be the same)."""
        issuer = self._settings.issuer
        document = await _document(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise ValueError(f"its discovery document is of {str(document.get('issuer'))[:200]!r}")
        return secure(str(document.get("jwks_uri")))


def invalid(reason: str) -> Refused:
    """The refusal of a credential (RFC 6750, 3); `reason` holds nothing of it."""
    said = "".join(c for c in reason.replace('"', "'") if c.isascii() and c.isprintable())[:200]
    challenge = f'Bearer realm="isthmus", error="invalid_token", error_description="{said}"'
    return Refused(401, f"the credential is not valid: {said}", {"WWW-Authenticate": challenge})


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise invalid(f"longer than {TOKEN_CHARACTERS_MAX} characters")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as error:
        raise invalid("neither a JSON Web Token nor an API key") from error
    if str(header.get("alg")) not in KEY_TYPES:
        raise invalid(f"alg is not one of {', '.join(KEY_TYPES)}")
    return header


async def _document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    body = bytearray()
    async with client.stream("GET", url) as reply:
        reply.raise_for_status()
        async for chunk in reply.aiter_bytes():
            body += chunk
            if len(body) > DOCUMENT_BYTES_MAX:
                raise ValueError(f"{url}: more than {DOCUMENT_BYTES_MAX} bytes")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError(f"{url}: no JSON object")
    return document


def _usable(listed: Iterable[Any]) -> Iterator[tuple[tuple[str | None, str], jwt.PyJWK]]:
    """Each key, once for each algorithm that it may verify (RFC 7517, 4)."""
    for each, algorithm in product(listed, KEY_TYPES):
        if isinstance(each, dict) and _fits(each, algorithm):
            try:
                yield (each.get("kid"), algorithm), jwt.PyJWK(each, algorithm)
            except jwt.PyJWTError as error:
                log.warning("issuer_key_unusable", kid=each.get("kid"), reason=str(error)[:200])


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether `key` may verify with `algorithm`; one that shows its private part may not."""
    operations = key.get("key_ops", ["verify"])
    return (
        isinstance(key.get("kid", ""), str)
        and key.get("kty") == KEY_TYPES[algorithm]
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in key
    )

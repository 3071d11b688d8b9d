"""An OpenID provider for tests, over real HTTP on loopback: keys made at start, and changed."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

DISCOVERY = "/.well-known/openid-configuration"
AUDIENCE = "isthmus"


def private_key(algorithm: str) -> Any:
    """A new key that signs with `algorithm`."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Signs tokens; what it serves can be read and changed."""

    def __init__(self) -> None:
        self.url = ""
        self.private: dict[str, tuple[str, Any]] = {}
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []
        self.status = 200

    def rotate(self, **keys: str) -> None:
        """Serve these keys, `kid=algorithm`, and no others any more."""
        self.private = {kid: (each, private_key(each)) for kid, each in keys.items()}
        self.documents["/keys"] = {"keys": [self.public(kid) for kid in keys]}

    def public(self, kid: str) -> dict[str, Any]:
        """The public key as it stands in the JWKS."""
        algorithm, key = self.private[kid]
        kind = jwt.get_algorithm_by_name(algorithm)
        made: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
        made.pop("key_ops", None)
        return {**made, "kid": kid, "alg": algorithm, "use": "sig"}

    def claims(self, *roles: str, **more: Any) -> dict[str, Any]:
        """Claims of a valid token; None takes one away."""
        now = int(time.time())
        said = {
            "iss": self.url, "aud": AUDIENCE, "sub": "3c1f", "preferred_username": "mara",
            "iat": now, "exp": now + 300, "roles": [f"isthmus:{role}" for role in roles],
        }  # fmt: skip
        return {name: value for name, value in {**said, **more}.items() if value is not None}

    def token(self, *roles: str, kid: str = "", **more: Any) -> str:
        """A token with these roles, signed by the key `kid`, or by the first one."""
        kid = kid or next(iter(self.private))
        algorithm, key = self.private[kid]
        return jwt.encode(self.claims(*roles, **more), key, algorithm, headers={"kid": kid})

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request, and close."""
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(path)
        body = self.documents.get(path, {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {self.status} x\r\nContent-Length: {len(content)}\r\nConnection: close"
        writer.write(head.encode() + b"\r\n\r\n" + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def serving(
    issuer: Issuer, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """The issuer on a port of loopback, until the end of the block."""
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", port, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    issuer.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    issuer.documents[DISCOVERY] = discovery(issuer.url)
    async with server:
        yield port


def discovery(url: str) -> Mapping[str, str]:
    """The discovery document of the issuer at `url`."""
    return {"issuer": url, "jwks_uri": f"{url}/keys"}

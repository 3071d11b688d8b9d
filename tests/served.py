"""The inventory as clients meet it: a process on a real broker and store, behind its door."""

import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from tests.issuer import AUDIENCE, Issuer, serving

DAY_S = 86_400


@dataclass(frozen=True, eq=False)
class Served:
    """Where it is, and who signs its tokens."""

    url: str
    issuer: Issuer

    def token(self, *roles: str) -> str:
        """A token with these roles, `<role>@<scope>`, that lasts for the whole test."""
        claims = self.issuer.claims()
        return self.issuer.token(*roles, exp=claims["iat"] + DAY_S)


@asynccontextmanager
async def served(kafka: str, uri: str, folder: Path) -> AsyncIterator[Served]:
    """The inventory with a database of its own, until the end of the block."""
    issuer, port = Issuer(), free_port()
    issuer.rotate(test="ES256")
    async with serving(issuer):
        environ = {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": kafka,
            "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
            "ISTHMUS_STORE__URI": uri,
            "ISTHMUS_STORE__DATABASE": f"api-{uuid.uuid4().hex[:8]}",
            "ISTHMUS_ACCESS__MODE": "oidc",
            "ISTHMUS_ACCESS__ISSUER": issuer.url,
            "ISTHMUS_ACCESS__AUDIENCE": AUDIENCE,
            "ISTHMUS_ACCESS__REQUESTS_PER_S": "100000",
            "ISTHMUS_ACCESS__REQUESTS_BURST_MAX": "100000",
            "ISTHMUS_ACCESS__REFUSALS_PER_S": "100000",
            "ISTHMUS_ACCESS__REFUSALS_BURST_MAX": "100000",
            "ISTHMUS_HTTP__PORT": str(port),
        }
        command = [sys.executable, "-m", "isthmus.inventory"]
        process = Process("inventory", command, folder / "inventory.log", os.environ | environ)
        process.start()
        try:
            url = f"http://127.0.0.1:{port}"
            await ready.until(process, lambda: ready.http(f"{url}/readyz"))
            yield Served(url, issuer)
        finally:
            process.stop()

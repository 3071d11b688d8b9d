"""For tests of notices: one to tell, a store in memory, and real servers to be told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from isthmus.alerting.domain.notices.delivery import Announced, Delivery, DeliveryState, Policy
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.runtime.errors import Retryable

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
KEY = "a-key-of-twenty-four-bytes-or-more"


def a_notice(event: Event = Event.ALERT, seq: int = 1, **fields: Any) -> Notice:
    """A furnace that is too hot."""
    kinds = {
        Event.ALERT: "raised",
        Event.END: "cleared",
        Event.QUIET: "shelved",
        Event.UPDATE: "acknowledged",
    }
    said: dict[str, Any] = {
        "alarm_id": "a1",
        "kind": kinds[event],
        "at": START,
        "rule": "too-hot",
        "subject": "hagen/furnace-1",
        "site": "hagen",
        "path": "nordwerk/hagen/forge/furnace-1",
        "asset_class": "plc",
        "priority": "high",
        "message": "Temperature is 85 Cel, above 80 Cel.",
        "first_action": "Check the cooling.",
    }
    return Notice(**{**said, **fields}, seq=seq, event=event)


def policies(*names: str, **fields: Any) -> dict[str, Policy]:
    """Receivers that hear of everything."""
    return {name: Policy(name, "webhook", **fields) for name in names}


@dataclass
class Memory:
    """Deliveries as the store keeps them."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    told: dict[str, Announced] = field(default_factory=dict)
    holders: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    down: bool = False

    async def insert(self, deliveries: Iterable[Delivery]) -> int:
        self._ask()
        fresh = [each for each in deliveries if each.id not in self.deliveries]
        self.deliveries |= {each.id: each for each in fresh}
        return len(fresh)

    async def cancel(self, alarm_id: str, before_seq: int) -> int:
        self._ask()
        ended = [
            each
            for each in self._waiting()
            if each.notice.alarm_id == alarm_id and each.step and each.notice.seq < before_seq
        ]
        for each in ended:
            self.deliveries[each.id] = replace(each, state=DeliveryState.CANCELLED)
        return len(ended)

    async def announced(self, ids: Collection[str]) -> dict[str, Announced]:
        self._ask()
        return {id: self.told[id] for id in ids if id in self.told}

    async def announce(self, after: Mapping[str, Announced | None]) -> None:
        self._ask()
        for id, each in after.items():
            before = self.told.get(id)
            if each is None:
                self.told.pop(id, None)
            elif before is None or before.notice.seq <= each.notice.seq:
                self.told[id] = each

    async def standing(self, receiver: str) -> AsyncIterator[Notice]:
        self._ask()
        for each in list(self.told.values()):
            if receiver in each.receivers and not each.quiet:
                yield each.notice

    async def due(self, receiver: str, now: datetime) -> list[Delivery]:
        self._ask()
        lines: dict[str, Delivery] = {}
        mine = [each for each in self._waiting() if each.receiver == receiver]
        for each in sorted(mine, key=lambda d: d.notice.seq):
            lines.setdefault(each.line, each)
        heads = [each for each in lines.values() if each.due_at <= now]
        return sorted(heads, key=lambda d: d.due_at)

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        self._ask()
        for each in deliveries:
            said = {n: getattr(each, n) for n in ("state", "due_at", "tries", "attempts")}
            self.deliveries[each.id] = replace(self.deliveries[each.id], **said)

    async def waiting(self, receiver: str, now: datetime) -> tuple[int, datetime | None]:
        self._ask()
        mine = [e for e in self._waiting() if e.receiver == receiver and e.due_at <= now]
        return len(mine), min((each.due_at for each in mine), default=None)

    async def find(self, id: str) -> Delivery | None:
        self._ask()
        return self.deliveries.get(id)

    async def replay(self, id: str, now: datetime) -> bool:
        self._ask()
        found = self.deliveries.get(id)
        if found is None or found.state is DeliveryState.WAITING:
            return False
        self.deliveries[id] = replace(found, state=DeliveryState.WAITING, due_at=now, tries=0)
        return True

    async def page(
        self,
        *,
        sites: frozenset[str] | None,
        receiver: str | None,
        state: DeliveryState | None,
        alarm_id: str | None,
        before: str,
        limit: int,
    ) -> list[tuple[str, Delivery]]:
        self._ask()
        found = [
            (f"{each.queued_at.isoformat()}-{each.id}", each)
            for each in self.deliveries.values()
            if (sites is None or each.notice.site in sites)
            and receiver in (None, each.receiver)
            and state in (None, each.state)
            and alarm_id in (None, each.notice.alarm_id)
        ]
        older = [pair for pair in found if not before or pair[0] < before]
        return sorted(older, key=lambda pair: pair[0], reverse=True)[:limit]

    async def hold(self, receiver: str, holder: str, now: datetime, until: datetime) -> bool:
        self._ask()
        holds, ends = self.holders.get(receiver, (holder, now))
        if holds != holder and ends >= now:
            return False
        self.holders[receiver] = holder, until
        return True

    async def release(self, receiver: str, holder: str) -> None:
        self._ask()
        if self.holders.get(receiver, ("", START))[0] == holder:
            del self.holders[receiver]

    async def stand(self, receiver: str, holder: str, standing: Standing) -> None:
        self._ask()
        if self.holders.get(receiver, ("", START))[0] == holder:
            self.standings[receiver] = standing

    async def stood(self) -> dict[str, Standing]:
        self._ask()
        return dict(self.standings)

    def states(self) -> dict[str, str]:
        """What became of each delivery."""
        return {id: each.state.value for id, each in self.deliveries.items()}

    def _waiting(self) -> list[Delivery]:
        return [each for each in self.deliveries.values() if each.state is DeliveryState.WAITING]

    def _ask(self) -> None:
        if self.down:
            raise Retryable("store: down")


@dataclass
class Watched:
    """What an observer is told."""

    events: list[tuple[Any, ...]] = field(default_factory=list)

    def queued(self, deliveries: Iterable[Delivery]) -> None:
        self.events += [("queued", each.receiver) for each in deliveries]

    def cancelled(self, count: int) -> None:
        self.events += [("cancelled", count)] * bool(count)

    def untold(self, reason: str) -> None:
        self.events.append(("untold", reason))

    def told(self, policy: Policy, deliveries: Sequence[Delivery], now: datetime) -> None:
        self.events.append(("told", policy.name, len(deliveries), deliveries[0].state.value))

    def stands(self, policy: Policy, standing: Standing | None) -> None:
        pass


@dataclass(frozen=True)
class Heard:
    """One request that the server heard."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """A plain HTTP/1.1 server on loopback that answers as it is told."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], Reply] = lambda _: (200, {}, b"thanks")
    delay_s: float = 0.0
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def hears(self, count: int, within_s: float = 10) -> list[Heard]:
        """Its first `count` requests, waited for."""
        async with asyncio.timeout(within_s):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)
        return self.heard[:count]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode().strip().split("\r\n")
                method, target, _ = request.split(" ")
                headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                heard = Heard(method, target, headers, body)
                self.heard.append(heard)
                await asyncio.sleep(self.delay_s)
                writer.write(_answered(self.answer(heard)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _answered(reply: Reply) -> bytes:
    status, headers, body = reply
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def http_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server as long as the block lasts."""
    server = Server(scheme="https" if tls else "http")
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def after(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate of 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("hook.example")]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "receiver.pem", folder / "receiver.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key_file)
    return pem, context

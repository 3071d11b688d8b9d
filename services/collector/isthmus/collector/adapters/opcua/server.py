"""Reads one server through one session: what it shows, slot by slot, or as it publishes it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncua import ua

from isthmus.collector.adapters.opcua.model import Device, Item, Model, Profile, Tier
from isthmus.collector.adapters.opcua.session import Session
from isthmus.collector.adapters.opcua.subscription import Subscription
from isthmus.collector.adapters.opcua.values import Said, is_bad
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome
from isthmus.collector.ports import Line

EXPLORE_S = 3600.0  # a machine that was added to a server is found within the hour
IDENTITY_S = 24 * 3600.0
Values = dict[Item, ua.DataValue]


@dataclass(frozen=True)
class Identity:
    """A nameplate as it was read."""

    read_at: float
    witnesses: Mapping[str, str]
    said: Said


class Server:
    """What stands where is found once a session, and again when the server has changed."""

    def __init__(self, session: Session, profile: Profile, url: str, *, subscribe: bool) -> None:
        self._session = session
        self._profile = profile
        self._url = url
        self._subscribe = subscribe
        self._subscription: Subscription | None = None
        self._model = Model(profile)
        self._explored_at = 0.0
        self._read_slow = False
        self._identities: dict[Device, Identity] = {}

    async def read(
        self, line: Line, slot: int, interval_s: float, until: float
    ) -> tuple[DeviceReading, ...]:
        """One reading a device; looks for more devices until the monotonic time `until`."""
        lasting = self._read_slow  # a session of one read is not worth a subscription
        await self._session.keep(line)
        await self._explore(line, until)
        values = await self._current(line, slot)
        if self._changed(values):
            await self._forget(line)
            await self._explore(line, until)
            values = await self._current(line, slot)
        devices = [d for d in self._model.devices if d.path not in line.suspended]
        await self._identify(line, devices, values)
        if lasting and self._subscribe:
            await self._listen(line, interval_s)
        return tuple(self._reading(device, values) for device in devices)

    async def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            await self._subscription.close()

    async def _explore(self, line: Line, until: float) -> None:
        if time.monotonic() - self._explored_at > EXPLORE_S or not self._model.devices:
            model = Model(self._profile)
            await model.begin(self._session, line)
            if model.objects != self._model.objects or not self._model.devices:
                await self._forget(line)
                self._model = model
            self._explored_at = time.monotonic()
        while not self._model.whole and time.monotonic() < until:
            await self._model.look(self._session, line)

    async def _forget(self, line: Line) -> None:
        self._model = Model(self._profile)
        self._identities.clear()
        self._read_slow = False
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.delete(line)

    async def _current(self, line: Line, slot: int) -> Values:
        """Values of this slot: what is published is not asked for."""
        due: set[Tier] = {"value", "witness"}
        latest = self._subscription.latest() if self._subscription else {}
        if not self._read_slow or slot % self._profile.slow_every == 0 or latest:
            due.add("slow")
        items = [
            item
            for device in self._model.devices
            if device.path not in line.suspended
            for item in device.items
            if item.tier in due
        ]
        published = {i: latest[i.node] for i in items if i.node in latest} if latest else {}
        asked = [item for item in items if item not in published]
        found = await self._session.read(line, [item.wanted for item in asked])
        self._read_slow = True
        return published | dict(zip(asked, found, strict=True))

    def _changed(self, values: Values) -> bool:
        """The server has restarted or shows other namespaces: nodes may mean something else."""
        server = self._model.devices[0]
        identity = self._identities.get(server)
        if identity is not None and _differ(identity.witnesses, _witnesses(server, values)):
            return True
        namespaces = values.get(server.items[0])
        return (
            namespaces is not None
            and namespaces.Value is not None
            and namespaces.Value.Value != self._model.namespaces
        )

    async def _identify(self, line: Line, devices: Iterable[Device], values: Values) -> None:
        due = [d for d in devices if _answers(d, values) and self._is_due(d, values)]
        items = [item for device in due for item in device.items if item.tier == "identity"]
        read = await self._session.read(line, [item.wanted for item in items])
        found = dict(zip(items, read, strict=True))
        for device in due:
            said = Said()
            for item in device.items:
                if item in found:
                    said.take(item, found[item], self._now_s)
            self._identities[device] = Identity(time.monotonic(), _witnesses(device, values), said)

    def _is_due(self, device: Device, values: Values) -> bool:
        identity = self._identities.get(device)
        return (
            identity is None
            or time.monotonic() - identity.read_at > IDENTITY_S
            or _differ(identity.witnesses, _witnesses(device, values))
        )

    async def _listen(self, line: Line, interval_s: float) -> None:
        if self._subscription is not None or not self._model.whole:
            return
        slow_s = interval_s * self._profile.slow_every
        subscription = Subscription(self._session, self._url)
        items = [item for device in self._model.devices for item in device.items]
        wanted = {item.node: slow_s for item in items if item.tier == "slow"}
        wanted |= {item.node: interval_s for item in items if item.tier in ("value", "witness")}
        try:
            await subscription.open(line, wanted)
        except Fault as fault:
            if fault.outcome is not Outcome.REFUSED:
                raise
            self._subscribe = False  # a server without subscriptions, or without one for us
        else:
            self._subscription = subscription

    def _reading(self, device: Device, values: Values) -> DeviceReading:
        if not _answers(device, values):
            self._identities.pop(device, None)  # another device may answer next time
            status = next(values[item].StatusCode for item in device.items if item in values)
            word = status.name if status is not None else "nothing"
            error = f"{device.path or 'server'}: the server says {word} of it"
            return DeviceReading(device.path, Outcome.UNREACHABLE, error)
        identity = self._identities.get(device)
        said = identity.said.copy() if identity else Said()
        if not device.path and self._session.thumbprint:
            said.facts["ServerCertificateThumbprint"] = self._session.thumbprint
        for item in device.items:
            if item in values:
                said.take(item, values[item], self._now_s)
        return DeviceReading(device.path, error=said.error, facts=said.facts, points=said.points)

    @property
    def _now_s(self) -> float:
        """The server's clock."""
        published_s = self._subscription.server_time_s if self._subscription else 0.0
        return max(self._session.server_time_s, published_s)


def _answers(device: Device, values: Values) -> bool:
    """The server has something to show of the device; a nameplate alone is asked for."""
    own = [values[item] for item in device.items if item in values]
    return not own or not all(is_bad(value) for value in own)


def _witnesses(device: Device, values: Values) -> dict[str, str]:
    return {
        item.name: str(value.Value.Value)
        for item in device.items
        if item.tier == "witness"
        and (value := values.get(item)) is not None
        and value.Value is not None
    }


def _differ(known: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """What is not said now is not another device."""
    return any(known.get(name, text) != text for name, text in now.items())

"""Traps and informs in, Observations out: from allowed sources that are targets, at a rate."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import ValidationError

from isthmus.collector.domain.address import host_of, is_address
from isthmus.collector.domain.notification import Notification
from isthmus.collector.domain.pacing import Bucket
from isthmus.collector.domain.reading import DeviceReading, Reading
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.names import HostNames
from isthmus.collector.handlers.observations import Origin, observation
from isthmus.collector.handlers.targets import Row, target_fields
from isthmus.collector.ports import Endpoint, MeasureNotifications, Resolve
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Raw
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
REPEATS_MAX = 4096
SAID_EVERY_S = 60.0
SAID_MAX = 1024


@dataclass
class Sender:
    """One address of the site, and the targets that have it."""

    origins: dict[str, Origin] = field(default_factory=dict)
    bucket: Bucket = field(default_factory=Bucket)

    @property
    def origin(self) -> Origin:
        """The target that a notification is about: the one that is read by SNMP, if any."""
        return min(self.origins.values(), key=lambda o: (o.protocol != "snmp", o.identity.name))


class Traps:
    """Knows every target of the site by its address, whoever polls it, and hears what they send."""

    def __init__(
        self,
        site: str,
        collector: str,
        endpoint: Callable[[Mapping[str, Any]], Endpoint],
        put: Callable[[Outgoing], None],
        measure: MeasureNotifications,
        *,
        resolve: Resolve,
        sources: Iterable[str],
        rate_per_s: float,
        burst_max: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._collector = collector
        self._endpoint = endpoint
        self._put = put
        self._measure = measure
        self._names = HostNames(resolve)
        self._sources = [ipaddress.ip_network(source) for source in sources]
        self._period_s = 1 / rate_per_s
        self._burst_max = burst_max
        self._clock = clock
        self._senders: dict[str, Sender] = {}
        self._addresses: dict[str, Collection[str]] = {}
        self._named: dict[str, Origin] = {}
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._said: dict[tuple[str, str], float] = {}

    async def take(self, records: Sequence[Raw]) -> None:
        """Target records of the whole site; what is wrong with one is said by its owner."""
        for record in records:
            self.want((record.key or b"").decode(errors="replace"), _fields(record))

    def want(self, name: str, fields: Mapping[str, Any] | None) -> None:
        """Hear `site/target` as `fields` say, a Target's in JSON form; None hears it no more."""
        self._leave(name)
        self._named.pop(name, None)
        if fields is None or (origin := self._origin(fields)) is None:
            return
        if is_address(host := host_of(origin.address)):
            self._join(name, origin, [host])
        else:
            self._named[name] = origin
            self._join(name, origin, self._names.addresses(host) or ())
            self._names.want()

    async def run(self) -> None:
        """Know the addresses of targets that have a name; until cancelled."""
        await self._names.follow(
            lambda: [host_of(origin.address) for origin in self._named.values()], self._renamed
        )

    def admits(self, address: str) -> bool:
        ip = ipaddress.ip_address(address)
        if not any(ip in network for network in self._sources):
            return self._drop(address, "not_allowed")
        sender = self._senders.get(address)
        if sender is None:
            return self._drop(address, "unknown_source")
        now = time.monotonic()
        if sender.bucket.wait_s(now, self._period_s, self._burst_max) > 0:
            return self._drop(address, "rate")
        sender.bucket.take(now, self._period_s)
        return True

    def heard(self, notification: Notification) -> None:
        sender = self._senders.get(notification.address)
        if sender is None:
            self._drop(notification.address, "unknown_source")
            return
        origin = sender.origin
        id = notification.id(origin.identity)
        if id in self._taken:
            self._measure.notification_dropped("repeated")
            return
        self._taken[id] = None
        if len(self._taken) > REPEATS_MAX:
            self._taken.popitem(last=False)
        self._observe(origin, notification, id)

    def refused(self, address: str, reason: str) -> None:
        self._drop(address, reason)

    def _observe(self, origin: Origin, notification: Notification, id: str) -> None:
        now = self._clock()
        device = DeviceReading(facts=notification.facts, points=notification.points)
        self._put(
            observation(
                replace(origin, protocol="snmp"),
                Reading(devices=(device,)),
                slot_ms=round(now * 1000),
                observed_at=datetime.fromtimestamp(now, UTC),
                duration_s=0.0,
                notification_id=id,
            )
        )
        self._measure.notified()

    def _origin(self, fields: Mapping[str, Any]) -> Origin | None:
        try:
            row = Row.model_validate(fields)
            endpoint = self._endpoint(fields.get("endpoint", {}))
        except ValidationError:
            return None
        return Origin(
            identity=Identity(self._site, row.target),
            path=row.path,
            protocol=endpoint.protocol,
            profile=row.profile,
            address=endpoint.address,
            interval_s=row.interval_s,
            collector=self._collector,
        )

    def _renamed(self, hosts: Collection[str]) -> None:
        for name, origin in self._named.items():
            if (host := host_of(origin.address)) in hosts:
                self._leave(name)
                self._join(name, origin, self._names.addresses(host) or ())

    def _join(self, name: str, origin: Origin, addresses: Collection[str]) -> None:
        self._addresses[name] = addresses
        for address in addresses:
            self._senders.setdefault(address, Sender()).origins[name] = origin

    def _leave(self, name: str) -> None:
        for address in self._addresses.pop(name, ()):
            sender = self._senders[address]
            del sender.origins[name]
            if not sender.origins:
                del self._senders[address]

    def _drop(self, address: str, reason: str) -> bool:
        """Count, and say so once a source and minute; a flood of sources is said no more."""
        self._measure.notification_dropped(reason)
        now = time.monotonic()
        if len(self._said) >= SAID_MAX:
            self._said = {k: at for k, at in self._said.items() if now - at < SAID_EVERY_S}
        said_at = self._said.get((address, reason), float("-inf"))
        if now - said_at >= SAID_EVERY_S and len(self._said) < SAID_MAX:
            self._said[address, reason] = now
            log.warning("notification_dropped", address=address, reason=reason)
        return False


def _fields(record: Raw) -> Mapping[str, Any] | None:
    try:
        return target_fields(record)
    except Rejected:
        return None  # whoever owns the target says so

"""What reading by a profile sends: planned as the adapters plan it, before anything is sent."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.plan import layout
from isthmus.collector.adapters.modbus.registers import Profile as ModbusProfile
from isthmus.collector.adapters.opcua import ENVELOPE as OPCUA
from isthmus.collector.adapters.opcua.model import Profile as OpcUaProfile
from isthmus.collector.adapters.snmp import Profile as SnmpProfile
from isthmus.collector.adapters.snmp.agent import VARBINDS_MAX
from isthmus.collector.adapters.snmp.mib import BOOTS, UPTIME
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import DeviceProfile, Profiles

BLOCKS = {
    "coil": Request.MODBUS_READ_COILS,
    "discrete": Request.MODBUS_READ_DISCRETE_INPUTS,
    "holding": Request.MODBUS_READ_HOLDING_REGISTERS,
    "input": Request.MODBUS_READ_INPUT_REGISTERS,
}
Requests = Counter[Request]


@dataclass
class Cost:
    """Requests by kind; what the device decides, such as rows of a table, comes on top."""

    profile: DeviceProfile
    envelope: Envelope
    once: Requests = field(default_factory=Counter)
    """At a connection, and each 24 hours."""
    slot: Requests = field(default_factory=Counter)
    """At every slot."""
    slow: Requests = field(default_factory=Counter)
    """At every n-th slot, instead."""
    more: list[str] = field(default_factory=list)
    """What comes on top, for a person."""
    busiest: int = 0
    """Requests to the one of several devices that is sent most."""

    @property
    def interval_s_least(self) -> float:
        """The shortest interval that the envelope bears, when nothing else asks the device."""
        envelope, requests = self.envelope, self.slow.total()
        gaps_s = requests * (envelope.gap_s or 0.0)
        endpoint_s = requests / (envelope.endpoint_requests_per_s or math.inf)
        device_s = (self.busiest or requests) / (envelope.device_requests_per_s or math.inf)
        return max(gaps_s, endpoint_s, device_s)

    def add(self, other: "Cost") -> None:
        """Another device behind the same endpoint."""
        self.once += other.once
        self.slot += other.slot
        self.slow += other.slow
        self.busiest = max(self.busiest, other.slow.total())

    def lines(self) -> Iterator[tuple[str, str]]:
        """What it costs, as a person reads it."""
        profile = self.profile
        yield "matched by", ", ".join(profile.match) or "nothing: a target must name it"
        yield "once a connection", _listed(self.once)
        yield "at each slot", _listed(self.slot)
        if self.slow != self.slot:
            yield f"every {profile.slow_every} slots", _listed(self.slow)
        yield from (("on top", text) for text in self.more)
        yield "envelope", _limits(self.envelope)
        yield "shortest interval", f"{self.interval_s_least:.3g} s"
        if profile.safety:
            yield "safety controller", "read only where its zone names the target"


def cost(profile: DeviceProfile, profiles: Profiles) -> Cost:
    """What one read sends; raises Rejected when a profile that it names is wrong."""
    if isinstance(profile, ModbusProfile):
        return _gateway(profile, profiles) if profile.units else _modbus(profile)
    if isinstance(profile, SnmpProfile):
        return _snmp(profile)
    assert isinstance(profile, OpcUaProfile)
    return _opcua(profile)


def _gateway(profile: ModbusProfile, profiles: Profiles) -> Cost:
    whole = Cost(profile, profile.envelope)
    for name in profile.units.values():
        whole.add(_modbus(profiles.load(name, ModbusProfile)))
    whole.once[Request.MODBUS_CONNECT] = 1
    return whole


def _modbus(profile: ModbusProfile) -> Cost:
    plan = layout(profile, profile.envelope.items_max)
    once = Counter({Request.MODBUS_CONNECT: 1}) + _blocks(plan.identity)
    once[Request.MODBUS_READ_DEVICE_IDENTIFICATION] += profile.identification != "none"
    once[Request.MODBUS_REPORT_SERVER_ID] += profile.server_id
    made = Cost(profile, profile.envelope, +once, _blocks(plan.fast), _blocks(plan.all))
    if profile.sunspec:
        made.more.append("SunSpec: the chain of models once, then the models that it has")
    elif not made.slow:
        made.more.append("nothing at a slot: that it has gone shows when its connection breaks")
    return made


def _blocks(blocks: Iterable[Block]) -> Requests:
    return Counter(BLOCKS[block.table] for block in blocks)


def _snmp(profile: SnmpProfile) -> Cost:
    size = min(VARBINDS_MAX["2c"], profile.envelope.items_max or VARBINDS_MAX["2c"])
    tables = profile.tables()
    counters = [oid for table in tables for oid in table.changed]
    asked = {UPTIME, BOOTS, *profile.objects("values"), *counters}
    slot = Counter({Request.SNMP_GET: math.ceil(len(asked) / size)})
    slow = slot + Counter({Request.SNMP_GET_BULK: sum(table.slow for table in tables)})
    once = Counter({Request.SNMP_GET: math.ceil(len(profile.objects("identity")) / size)})
    once[Request.SNMP_GET_BULK] += len(tables)
    more = [
        f"{table.label}: {len(table.values)} objects for each row, {size} in one request"
        for table in tables
        if table.values
    ]
    return Cost(profile, profile.envelope, +once, slot, +slow, more)


def _opcua(profile: OpcUaProfile) -> Cost:
    kinds = (
        Request.OPCUA_CONNECT,
        Request.OPCUA_GET_ENDPOINTS,
        Request.OPCUA_BROWSE,
        Request.OPCUA_TRANSLATE_BROWSE_PATHS,
    )
    read = Counter({Request.OPCUA_READ: 1})
    paths = len(profile.values)
    more = [f"each device that it shows: its nameplate, and {paths} browse paths once a session"]
    envelope = dataclasses.replace(OPCUA, **_said(profile.envelope))
    return Cost(profile, envelope, Counter(kinds) + read, read, read, more)


def _listed(requests: Requests) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in sorted(requests.items())) or "nothing"


def _limits(envelope: Envelope) -> str:
    return ", ".join(f"{name} {value}" for name, value in _said(envelope).items())


def _said(envelope: Envelope) -> dict[str, Any]:
    every = {f.name: getattr(envelope, f.name) for f in dataclasses.fields(envelope)}
    return {name: value for name, value in every.items() if value not in (None, (), "", False)}

"""Observations as the domain reads them; what has no meaning is rejected, naming the field."""

from collections import Counter
from collections.abc import Iterator, Sequence

from isthmus.normalizer.domain import observation as seen
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Device, Observation, Outcome, Trigger

INTERVAL_MIN_S = 0.001
INTERVAL_MAX_S = 366 * 86_400.0
TOPIC = "collector.observations.v1"
REQUIRED = ("id", "site", "target", "address", "protocol", "outcome")
IMPORTS = "inventory.imports.v1"
IMPORTS_REQUIRED = tuple(field for field in REQUIRED if field != "address")
NOTIFICATION = Trigger.Value("TRIGGER_NOTIFICATION")
OUTCOMES = {Outcome.Value(f"OUTCOME_{o.name}"): o for o in seen.Outcome}


def source_name(message: Observation, device: str) -> str:
    """The name of the source `site/target[/device]`."""
    endpoint = f"{message.site}/{message.target}"
    return f"{endpoint}/{device}" if device else endpoint


def is_picture(message: Observation) -> bool:
    """Does it show the device? What a device says by itself is no picture of it."""
    return message.trigger != NOTIFICATION


def observation(message: Observation) -> seen.Observation:
    """The observation in a message; raises Rejected."""
    devices = tuple([device(each) for each in message.devices])
    if len(devices) > 1:
        each_once([each.path for each in devices])
    found = place(message)._replace(devices=devices, slot=slot(message))
    if found.outcome is seen.Outcome.OK and not devices:
        raise Rejected("devices: none, expected at least one when the outcome is OK")
    return found


def place(message: Observation) -> seen.Observation:
    """The observation in a message without its devices; raises Rejected."""
    outcome = OUTCOMES.get(message.outcome) or _unknown("outcome", message.outcome)
    return seen.Observation(
        message.site,
        message.protocol,
        message.profile,
        message.address,
        outcome,
        message.error,
        (),
    )


def slot(message: Observation) -> int:
    """Number of its slot, as the collector counts them; 0 where there is no schedule."""
    if not INTERVAL_MIN_S <= message.interval_s <= INTERVAL_MAX_S:
        return 0
    slot_ms = message.slot_at.seconds * 1000 + message.slot_at.nanos // 1_000_000
    return slot_ms // round(message.interval_s * 1000)


def each_once(paths: Sequence[str]) -> None:
    """Raise Rejected when a device comes twice."""
    counts = Counter(paths)
    if len(counts) < len(paths):
        twice = next(path for path, count in counts.items() if count > 1)
        raise Rejected(f"devices.path: {twice!r} twice, expected each device once")


def device(message: Device) -> seen.Device:
    """One device of an observation; raises Rejected."""
    # Slices first: protobuf copies a whole column faster than Python walks through it.
    path, facts, texts = message.path, tuple(message.fact[:]), tuple(message.text[:])
    points, values = tuple(message.point[:]), tuple(message.value[:])
    units = tuple(message.unit[:])
    outcome = OUTCOMES.get(message.outcome)
    if outcome is None:
        outcome = _unknown(f"devices[{path!r}].outcome", message.outcome)
    device = seen.Device(path, outcome, message.error, facts, texts, points, values, units)
    if len(facts) != len(texts) or not len(points) == len(values) == len(units):
        raise Rejected(f"devices[{path!r}].{next(_uneven(device))}")
    return device


def _uneven(device: seen.Device) -> Iterator[str]:
    columns = (
        ("text", device.texts, "fact", device.facts),
        ("value", device.values, "point", device.points),
        ("unit", device.units, "point", device.points),
    )
    for name, column, names, expected in columns:
        if len(column) != len(expected):
            yield f"{name}: {len(column)} entries, expected {len(expected)}, one for each {names}"


def _unknown(field: str, number: int) -> seen.Outcome:
    raise Rejected(f"{field}: {number}, expected one of {sorted(OUTCOMES)}")

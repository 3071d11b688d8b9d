"""Observations as the domain reads them; what has no meaning is rejected, naming the field."""

from collections import Counter
from collections.abc import Iterator

from isthmus.normalizer.domain import observation as seen
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Device, Observation, Outcome, Trigger

INTERVAL_MIN_S = 0.001
INTERVAL_MAX_S = 366 * 86_400.0
TOPIC = "collector.observations.v1"
REQUIRED = ("id", "site", "target", "address", "protocol", "outcome")
NOTIFICATION = Trigger.Value("TRIGGER_NOTIFICATION")
OUTCOMES = {Outcome.Value(f"OUTCOME_{o.name}"): o for o in seen.Outcome}


def is_picture(message: Observation) -> bool:
    """Does it show the device? What a device says by itself is no picture of it."""
    return message.trigger != NOTIFICATION


def observation(message: Observation) -> seen.Observation:
    """The observation in a message; raises Rejected."""
    devices = tuple([_device(device) for device in message.devices])
    if len(devices) > 1:
        _each_once(devices)
    outcome = OUTCOMES.get(message.outcome) or _unknown("outcome", message.outcome)
    if outcome is seen.Outcome.OK and not devices:
        raise Rejected("devices: none, expected at least one when the outcome is OK")
    return seen.Observation(
        message.site,
        message.protocol,
        message.profile,
        message.address,
        outcome,
        message.error,
        devices,
        _slot(message),
    )


def _slot(message: Observation) -> int:
    """Number of its slot, as the collector counts them; 0 where there is no schedule."""
    if not INTERVAL_MIN_S <= message.interval_s <= INTERVAL_MAX_S:
        return 0
    slot_ms = message.slot_at.seconds * 1000 + message.slot_at.nanos // 1_000_000
    return slot_ms // round(message.interval_s * 1000)


def _each_once(devices: tuple[seen.Device, ...]) -> None:
    paths = Counter(device.path for device in devices)
    if len(paths) < len(devices):
        twice = next(path for path, count in paths.items() if count > 1)
        raise Rejected(f"devices.path: {twice!r} twice, expected each device once")


def _device(message: Device) -> seen.Device:
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

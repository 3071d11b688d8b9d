"""Devices that answered before: most reads differ from the one before them in nothing but numbers.

Such a read is known by the bytes of its message without the values, so that what a device says of
itself, which is most of it, need not become Python once more.
"""

from isthmus.normalizer.domain import observation as seen
from isthmus.normalizer.domain.normalize import REMEMBERED_DEVICES, Known, Normalizer
from isthmus.normalizer.domain.report import Report
from isthmus.normalizer.handlers.observations import (
    OUTCOMES,
    device,
    each_once,
    observation,
    place,
    slot,
)
from isthmus.telemetry.v1.observation_pb2 import Device, Observation

Told = tuple[Report, seen.Device | None]
"""A report, and what its device said; None for a part, and for one that was silent."""
Key = tuple[str, str, str, str, bytes]


class Acquaintance:
    """Makes the reports of observations, the same with and without what it remembers."""

    def __init__(self, normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._known: dict[Key, Known] = {}

    def reports(self, message: Observation) -> list[Told]:
        """One for each device, and now and then one for each of its parts; raises Rejected."""
        if not message.devices or message.outcome not in OUTCOMES:
            return [(report, None) for report in self._normalizer.reports(observation(message))]
        if len(message.devices) > 1:
            each_once([device.path for device in message.devices])
        return [told for each in message.devices for told in self._of(message, each)]

    def _of(self, message: Observation, each: Device) -> list[Told]:
        values = tuple(each.value[:])
        key = (
            message.site,
            message.address,
            message.protocol,
            message.profile,
            _words(each, values),
        )
        known = self._known.get(key)
        if known is None or not known.says(values):
            where, spoken = place(message), device(each)
            known = self._normalizer.known(where, spoken)
            if known is None:
                return [(self._normalizer.silent(where, spoken), None)]
            if not known.layout.sees:
                self._keep(key, known)
        number = slot(message) if known.recognition.children else 0
        first, *parts = self._normalizer.reported(known, number, values)
        return [(first, known.device), *[(part, None) for part in parts]]

    def _keep(self, key: Key, known: Known) -> None:
        if len(self._known) >= REMEMBERED_DEVICES:
            del self._known[next(iter(self._known))]
        self._known[key] = known


def _words(each: Device, values: tuple[float, ...]) -> bytes:
    """Everything that a device says but its numbers, encoded."""
    each.ClearField("value")
    try:
        return each.SerializeToString(deterministic=True)
    finally:
        each.value.extend(values)  # the batch may come again

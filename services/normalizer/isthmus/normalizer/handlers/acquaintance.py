"""Devices that answered before: most reads differ from the one before them in nothing but numbers.

Such a read is known by the bytes of its message without the values, so that what a device says of
itself, which is most of it, need not become Python once more.
"""

from dataclasses import dataclass
from typing import NamedTuple

from isthmus.normalizer.domain import observation as seen
from isthmus.normalizer.domain.catalog import IMPORT
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

Key = tuple[str, str, str, float, str, str, str, bytes]
"""All of a message but its times and numbers."""


@dataclass(slots=True, eq=False)
class Met:
    """A device that answered before."""

    known: Known
    encoded: bytes = b""
    """What every report of it says again, encoded; empty until it was made."""


class Told(NamedTuple):
    """A report, what its device said, and how that device is remembered.

    A part and a silent device have said nothing.
    """

    report: Report
    device: seen.Device | None = None
    met: Met | None = None


class Acquaintance:
    """Makes the reports of observations, the same with and without what it remembers.

    Imports are not remembered: a table of many rows, said once, would push out the devices.
    """

    def __init__(self, normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._met: dict[Key, Met] = {}

    def reports(self, message: Observation) -> list[Told]:
        """One for each device, and now and then one for each of its parts; raises Rejected."""
        if not message.devices or message.outcome not in OUTCOMES:
            return [Told(report) for report in self._normalizer.reports(observation(message))]
        if len(message.devices) > 1:
            each_once([device.path for device in message.devices])
        return [told for each in message.devices for told in self._of(message, each)]

    def _of(self, message: Observation, each: Device) -> list[Told]:
        values = tuple(each.value[:])
        key = (
            message.site,
            message.target,
            message.path,
            message.interval_s,
            message.address,
            message.protocol,
            message.profile,
            _words(each, values),
        )
        met = self._met.get(key)
        if met is None or not met.known.says(values):
            where, spoken = place(message), device(each)
            known = self._normalizer.known(where, spoken)
            if known is None:
                return [Told(self._normalizer.silent(where, spoken))]
            met = Met(known)
            if not known.layout.sees and message.protocol != IMPORT:
                self._keep(key, met)
        known = met.known
        number = slot(message) if known.recognition.children else 0
        first, *parts = self._normalizer.reported(known, number, values)
        return [Told(first, known.device, met), *map(Told, parts)]

    def _keep(self, key: Key, met: Met) -> None:
        if len(self._met) >= REMEMBERED_DEVICES:
            del self._met[next(iter(self._met))]
        self._met[key] = met


def _words(each: Device, values: tuple[float, ...]) -> bytes:
    """Everything that a device says but its numbers, encoded."""
    each.ClearField("value")
    try:
        return each.SerializeToString(deterministic=True)
    finally:
        each.value.extend(values)  # the batch may come again

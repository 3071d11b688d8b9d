"""One observation becomes one report a device."""

from functools import lru_cache
from typing import NamedTuple

from isthmus.normalizer.domain import health, metrics
from isthmus.normalizer.domain.appearance import Appearance, Layout, Said
from isthmus.normalizer.domain.attributes import attributes
from isthmus.normalizer.domain.catalog import SNMP, Catalog, base
from isthmus.normalizer.domain.keys import address_key, keys
from isthmus.normalizer.domain.observation import Device, Observation, Outcome
from isthmus.normalizer.domain.report import Identity, Reachability, Report

REMEMBERED_DEVICES = 16_384  # about 4 kB each: more than one replica's share of a large fleet
REMEMBERED_LAYOUTS = 4_096


class Recognition(NamedTuple):
    """All that follows from an appearance, worked out once."""

    identity: Identity
    health: health.HealthPlan
    metrics: metrics.MetricPlan


class Normalizer:
    """Makes reports with one catalogue; remembers what it recognised, because devices repeat it.

    A device says who it is with every read. The result is the same with and without the memory.
    """

    def __init__(self, catalog: Catalog, remembered: int = REMEMBERED_DEVICES) -> None:
        self._catalog = catalog
        self._recognised = lru_cache(remembered)(self._recognise)
        self._layouts = lru_cache(REMEMBERED_LAYOUTS)(self._layout)
        self._unanswered = lru_cache(remembered)(_unanswered)

    @property
    def recognised(self) -> int:
        """How many appearances were new so far."""
        return self._recognised.cache_info().misses

    def reports(self, observation: Observation) -> list[Report]:
        """One report for each device; one for the endpoint itself when it did not answer."""
        if observation.outcome is not Outcome.OK and not observation.devices:
            return [self._offline(observation, "", observation.outcome, observation.error)]
        return [self._report(observation, device) for device in observation.devices]

    def _report(self, observation: Observation, device: Device) -> Report:
        if device.outcome is not Outcome.OK and not device.facts and not device.points:
            return self._offline(observation, device.path, device.outcome, device.error)
        recognition = self._recognised(self._appearance(observation, device))
        state, words = recognition.health.judge(device.texts, device.values)
        answered = device.outcome is Outcome.OK
        return Report(
            device.path,
            Reachability.ONLINE if answered else Reachability.DEGRADED,
            recognition.identity,
            "" if answered else device.error or device.outcome.value,
            state,
            words,
            recognition.metrics.measure(device.values),
        )

    def _offline(self, observation: Observation, path: str, outcome: Outcome, error: str) -> Report:
        identity = self._unanswered(observation.site, observation.address, path)
        not_asked = outcome is Outcome.NOT_ASKED
        reachability = Reachability.NOT_ASKED if not_asked else Reachability.OFFLINE
        return Report(path, reachability, identity, error or outcome.value)

    def _appearance(self, observation: Observation, device: Device) -> Appearance:
        layout = self._layouts(device.facts, device.points, device.units)
        return Appearance(
            observation.site,
            observation.address,
            observation.protocol,
            observation.profile,
            device.path,
            layout,
            tuple([device.texts[at] for at in layout.text_at]),
            tuple([device.values[at] for at in layout.value_at]),
        )

    def _layout(
        self, facts: tuple[str, ...], points: tuple[str, ...], units: tuple[str, ...]
    ) -> Layout:
        return Layout(facts, points, units, self._stable(facts), self._stable(points))

    def _stable(self, names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(at for at, name in enumerate(names) if base(name) in self._catalog.stable)

    def _recognise(self, appearance: Appearance) -> Recognition:
        catalog, said, layout = self._catalog, Said.of(appearance), appearance.layout
        protocol, profile = appearance.protocol, appearance.profile
        found, unrecognised = attributes(said, protocol, profile, catalog)
        identity = Identity(keys(said, appearance, found, catalog), found, unrecognised)
        vendor = identity.value("vendor")
        judged = health.plan(catalog.health, protocol, vendor, layout.facts, layout.points)
        if protocol == SNMP:
            measured = metrics.plan(catalog.metrics, said, layout.points)
        else:
            measured = metrics.plan_points(layout.points, layout.units)
        return Recognition(identity, judged, measured)


def _unanswered(site: str, address: str, path: str) -> Identity:
    return Identity((address_key(site, address, path),))

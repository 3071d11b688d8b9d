"""One observation becomes one report a device, and now and then one for each of its parts."""

from dataclasses import dataclass
from functools import lru_cache

from isthmus.normalizer.domain import health, metrics
from isthmus.normalizer.domain.appearance import Appearance, Columns, Layout, Said, picker
from isthmus.normalizer.domain.attributes import Recognised
from isthmus.normalizer.domain.catalog import IMPORT, SNMP, Catalog, base
from isthmus.normalizer.domain.composition import Child, children, relation
from isthmus.normalizer.domain.keys import address_key, keys, macs
from isthmus.normalizer.domain.observation import Device, Observation, Outcome
from isthmus.normalizer.domain.report import Health, Identity, Reachability, Report
from isthmus.normalizer.domain.sightings import COLUMNS, sightings

REMEMBERED_DEVICES = 16_384  # about 4 kB each: more than one replica's share of a large fleet
REMEMBERED_LAYOUTS = 4_096
PARTS_EVERY = 10  # slots: modules and programs change seldom, and there are many


@dataclass(eq=False)
class Recognition:
    """All that follows from an appearance, worked out once."""

    said: Said
    identity: Identity
    children: tuple[Child, ...]
    protocol: str
    told: bool = False
    """Were its parts reported already?"""


@dataclass(frozen=True, slots=True)
class Plans:
    """How the changing columns of an answer are read; devices of a kind share them."""

    health: health.HealthPlan
    metrics: metrics.MetricPlan


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A device as it answered once, and all that follows from everything but its numbers."""

    device: Device
    layout: Layout
    recognition: Recognition
    plans: Plans
    stable: tuple[float, ...]
    """The numbers that say who it is."""
    health: tuple[Health, str]
    """What its texts say of its health."""
    reachability: Reachability
    reason: str

    def says(self, values: tuple[float, ...]) -> bool:
        """Does it say these numbers as the same device?"""
        return len(values) == len(self.layout.points) and self.layout.values(values) == self.stable


class Normalizer:
    """Makes reports with one catalogue; remembers what it recognised, because devices repeat it.

    A device says who it is with every read. The result is the same with and without the memory,
    but for the parts of a device, which are also reported when it is met for the first time.
    """

    def __init__(self, catalog: Catalog, remembered: int = REMEMBERED_DEVICES) -> None:
        self.catalog = catalog
        self._recognised = lru_cache(remembered)(self._recognise)
        self._layouts: dict[tuple[tuple[str, ...], ...], Layout] = {}
        self._columns = lru_cache(remembered)(Columns)
        self._plans = lru_cache(remembered)(self._shared_plan)
        self._shared = lru_cache(remembered)(_itself)
        self._unanswered = lru_cache(remembered)(_unanswered)

    @property
    def recognised(self) -> int:
        """How many appearances were new so far."""
        return self._recognised.cache_info().misses

    @property
    def layouts(self) -> int:
        """How many ways to answer are remembered."""
        return len(self._layouts)

    def reports(self, observation: Observation) -> list[Report]:
        """One report for each device; one for the endpoint itself when it did not answer."""
        if observation.outcome is not Outcome.OK and not observation.devices:
            return [self._offline(observation, "", observation.outcome, observation.error)]
        return [r for device in observation.devices for r in self._reports(observation, device)]

    def evidence(self, observation: Observation, device: Device) -> Recognised:
        """All that speaks for and against what a device is; for a person, not remembered."""
        layout = self._layout_of(device, observation.protocol)
        appearance = _appearance(observation, device, layout)
        return self._recognised_as(appearance, Said.of(appearance))

    def known(self, observation: Observation, device: Device) -> Known | None:
        """All that follows from what a device says but for its numbers; None for a silent one."""
        if device.outcome is not Outcome.OK and not device.facts and not device.points:
            return None
        layout = self._layout_of(device, observation.protocol)
        recognition = self._recognised(_appearance(observation, device, layout))
        # What a device has seen is another layout each time: to remember those would be to keep
        # every forwarding table that was ever read.
        plans = (self._plan if layout.sees else self._plans)(layout, recognition)
        return Known(
            device._replace(facts=layout.facts, points=layout.points, units=layout.units),
            layout,
            recognition,
            plans,
            layout.values(device.values),
            plans.health.judge_texts(device.texts),
            *_answered(observation.protocol, device),
        )

    def reported(self, known: Known, slot: int, values: tuple[float, ...]) -> list[Report]:
        """The reports of a device that says `values` in the slot with this number."""
        state, words = known.plans.health.judge_numbers(values, *known.health)
        recognition = known.recognition
        made = [
            Report(
                known.device.path,
                known.reachability,
                recognition.identity,
                known.reason,
                state,
                words,
                known.plans.metrics.measure(values),
                sightings(known.device) if known.layout.sees else (),
            )
        ]
        if recognition.children and self._parts_are_due(slot, recognition):
            for part in recognition.children:
                made.append(
                    Report(part.device, known.reachability, part.identity, every=PARTS_EVERY)
                )
        return made

    def silent(self, observation: Observation, device: Device) -> Report:
        """The report of a device that said nothing."""
        return self._offline(observation, device.path, device.outcome, device.error)

    def _reports(self, observation: Observation, device: Device) -> list[Report]:
        known = self.known(observation, device)
        if known is None:
            return [self.silent(observation, device)]
        return self.reported(known, observation.slot, device.values)

    def _parts_are_due(self, slot: int, recognition: Recognition) -> bool:
        first, recognition.told = not recognition.told, True
        return first or slot % PARTS_EVERY == 0

    def _offline(self, observation: Observation, path: str, outcome: Outcome, error: str) -> Report:
        identity = self._unanswered(
            observation.site, observation.address, observation.protocol, path
        )
        not_asked = outcome is Outcome.NOT_ASKED
        reachability = Reachability.NOT_ASKED if not_asked else Reachability.OFFLINE
        return Report(path, reachability, identity, error or outcome.value)

    def _layout_of(self, device: Device, protocol: str) -> Layout:
        names = device.facts, device.points, device.units
        if protocol == IMPORT:  # a record says who a device is, with every word of it
            return self._layout(*names, stable=tuple(range(len(device.facts))))
        layout = self._layouts.get(names)
        if layout is None:
            layout = self._layout(*names, stable=self._stable(device.facts))
            if not layout.sees:
                if len(self._layouts) >= REMEMBERED_LAYOUTS:
                    self._layouts.clear()
                self._layouts[names] = layout
        return layout

    def _layout(
        self,
        facts: tuple[str, ...],
        points: tuple[str, ...],
        units: tuple[str, ...],
        *,
        stable: tuple[int, ...],
    ) -> Layout:
        texts, values = picker(stable), picker(self._stable(points))
        columns = self._columns(texts(facts), values(points))
        sees = any(base(name) in COLUMNS for name in (*facts, *points))
        return Layout(facts, points, units, columns, texts, values, sees)

    def _stable(self, names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(at for at, name in enumerate(names) if base(name) in self.catalog.stable)

    def _recognise(self, appearance: Appearance) -> Recognition:
        catalog, said = self.catalog, Said.of(appearance)
        recognised = self._recognised_as(appearance, said)
        attributes = recognised.attributes()
        identity = Identity(
            keys(said, appearance, attributes, catalog),
            attributes,
            recognised.alternatives(),
            recognised.unrecognised(),
            relation(appearance.protocol, appearance.path),
        )
        parts = children(said, appearance, {a.name: a for a in attributes}, catalog)
        return Recognition(said, identity, parts, appearance.protocol)

    def _recognised_as(self, appearance: Appearance, said: Said) -> Recognised:
        own = () if appearance.path else macs(said, self.catalog.traps)
        return Recognised(said, appearance.protocol, appearance.profile, own, self.catalog)

    def _shared_plan(self, layout: Layout, recognition: Recognition) -> Plans:
        return self._shared(self._plan(layout, recognition))

    def _plan(self, layout: Layout, recognition: Recognition) -> Plans:
        catalog, protocol = self.catalog, recognition.protocol
        vendor = recognition.identity.value("vendor")
        rules = () if protocol == IMPORT else catalog.health
        judged = health.plan(rules, protocol, vendor, layout.facts, layout.points)
        if protocol == SNMP:
            said = recognition.said
            measured = metrics.plan(catalog.metrics, said, layout.points, catalog.ranges)
        else:
            measured = metrics.plan_points(layout.points, layout.units, catalog.ranges)
        return Plans(judged, measured)


def _appearance(observation: Observation, device: Device, layout: Layout) -> Appearance:
    return Appearance(
        observation.site,
        observation.address,
        observation.protocol,
        observation.profile,
        device.path,
        layout.columns,
        layout.texts(device.texts),
        layout.values(device.values),
    )


def _answered(protocol: str, device: Device) -> tuple[Reachability, str]:
    """Whether a device that is spoken of answers, and why it is not simply so."""
    if protocol == IMPORT:
        return Reachability.NOT_ASKED, "a system of record speaks of it"
    if device.outcome is Outcome.OK:
        return Reachability.ONLINE, ""
    return Reachability.DEGRADED, device.error or device.outcome.value


def _itself(plans: Plans) -> Plans:
    """Through a cache: the first of those that are equal."""
    return plans


def _unanswered(site: str, address: str, protocol: str, path: str) -> Identity:
    return Identity((address_key(site, address, path),), relation=relation(protocol, path))

"""A plant of some hundred devices, seen through several protocols: who is who, pair by pair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import pytest

from isthmus.inventory.domain.assets.model import Key, Report, Said, Tier
from isthmus.inventory.domain.assets.vocabulary import Origin
from tests.unit.inventory.domain.world import address, host, mac, report, serial
from tests.unit.inventory.memory import Service, run

DEVICES = 300
READS = 4
EVERY_S = 30
UNRULY = 0.3
"""So many records come twice, and so many come late, by up to the whole time."""
BATCH = 50
DEFAULT_NAMES = ("plc", "localhost", "S7-1500")
Sources = dict[str, list[Key]]


@dataclass
class Plant:
    """The truth: the sources of each device, and what each of them shows of it."""

    devices: dict[str, Sources] = field(default_factory=dict)

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Sources of one device, two by two."""
        return _pairs(self.devices.values())


def _pairs(groups: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def engine(value: str) -> Key:
    return Key(Tier.STRONG, "hagen", "engine-id", value)


def uri(value: str) -> Key:
    return Key(Tier.UNIQUE, "global", "product-instance-uri", value)


def _plant(chance: Random) -> Plant:
    plant = Plant()
    for number in range(DEVICES):
        plant.devices[f"d{number}"] = _device(chance, number)
    return plant


def _device(chance: Random, number: int) -> Sources:
    """One to four protocols, each with some keys of the device, one of which another has too.

    Names are often left as delivered, and engine ids are cloned with images; whoever shows such a
    one shows a key that tells devices apart besides.
    """
    own = {"serial": serial(f"s/{number}"), "mac": mac(f"m/{number}"), "uri": uri(f"u/{number}")}
    alike = chance.random() < 0.2
    name = host(chance.choice(DEFAULT_NAMES) if alike else f"h/{number}")
    clone = engine(f"clone/{number // 100}") if chance.random() < 0.1 else engine(f"e/{number}")
    bridge = own[chance.choice(["serial", "mac"])]
    known: dict[str, list[Key]] = {
        f"plc-{number}": [own["serial"], address(f"10.0.{number}:502")],
        f"snmp-{number}": [own["mac"], own["serial"], clone, name],
        f"gw-{number % 20}/unit-{number}": [own["uri"]],
        f"erp:{number}": [],
    }
    chosen = chance.sample(sorted(known), chance.randint(1, 4))
    return {source: [*known[source], *([bridge] if bridge not in known[source] else [])]
            for source in chosen}  # fmt: skip


def _reads(chance: Random, device: str, source: str, keys: list[Key]) -> Iterator[Report]:
    """Some in full, some in part, some without an answer; the last one is always in full."""
    target, _, behind = source.partition("/")
    origin = Origin.IMPORT if ":" in source else Origin.DEVICE
    phase = chance.randrange(EVERY_S)
    for number in range(READS):
        second = EVERY_S * number + phase
        last = number == READS - 1
        steady = last or behind or origin is Origin.IMPORT
        kind = "full" if steady else chance.choice(["full", "part", "no"])
        shown = keys if kind == "full" else _some(chance, keys)
        said = {"owner": Said(device)} if origin is Origin.IMPORT else {"name": Said(device)}
        if kind == "no":
            yield report(target, second, offline=True, device=behind)
        else:
            yield report(target, second, *shown, device=behind, attributes=said, origin=origin)


def _some(chance: Random, keys: list[Key]) -> list[Key]:
    shared = {"engine-id", "hostname"}
    part = [key for key in keys if chance.random() < 0.5]
    own = any(key.tier is Tier.UNIQUE for key in part)
    return part if own else [key for key in part if key.kind not in shared]


def _delivered(chance: Random, made: list[Report]) -> list[Report]:
    """As they come: many twice, many late."""
    span = READS * EVERY_S
    arrivals = []
    for each in made:
        at = each.observed_at.timestamp()
        late = chance.random() * span if chance.random() < UNRULY else 0
        arrivals.append((at + late, each))
        if chance.random() < UNRULY:
            arrivals.append((at + late + chance.random() * span, each))
    return [each for _, each in sorted(arrivals, key=lambda arrival: arrival[0])]


@pytest.mark.parametrize("seed", range(4))
def test_a_fleet_is_known_device_by_device(seed: int) -> None:
    """No two devices are one asset, and hardly a device is two, whatever comes twice or late."""
    chance = Random(seed)
    plant = _plant(chance)
    made = [
        each
        for device, sources in plant.devices.items()
        for source, keys in sources.items()
        for each in _reads(chance, device, source, keys)
    ]
    stream = _delivered(chance, made)
    service = Service()
    run(service.consume([stream[at : at + BATCH] for at in range(0, len(stream), BATCH)]))

    found = _pairs(
        [source.removeprefix("hagen/") for source in asset.sources]
        for asset in service.store.live.values()
    )
    wrong, missed = found - plant.pairs, plant.pairs - found
    assert wrong == set()
    assert len(missed) <= 0.01 * len(plant.pairs), sorted(missed)
    sources = [source for asset in service.store.live.values() for source in asset.sources]
    assert len(sources) == len(set(sources)) == sum(map(len, plant.devices.values()))

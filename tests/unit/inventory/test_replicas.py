"""Several writers on one store: whatever comes between two of their steps, the end is the same."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.assets.v1 import asset_pb2
from isthmus.inventory.domain.assets.model import Report
from isthmus.inventory.handlers.assets.curation import Asked
from isthmus.inventory.handlers.assets.records import ASSETS
from isthmus.runtime.errors import IsthmusError
from tests.unit.inventory.domain.world import host, mac, report, serial
from tests.unit.inventory.memory import MemoryAssets, Service, Topic, cut, interleaved, run

ASKED = Asked("mara", reason="one press")
CHANCES = st.builds(Random, st.integers(0, 9_999))
EVERY_S = 10
"""From one read to the next: longer than a source may go unnoted."""


@st.composite
def fleets(draw: st.DrawFn) -> list[list[Report]]:
    """Reports of each source in their order; a source shows some keys of one device."""
    found = []
    for number in range(draw(st.integers(2, 5))):
        device = draw(st.integers(1, 3))
        known = [serial(f"s/{device}"), mac(f"m/{device}"), host(f"h/{device}")]
        shown = draw(st.lists(st.sampled_from(known), unique=True))
        reads = draw(st.lists(st.sampled_from(["1", "1", "2", ""]), min_size=1, max_size=6))
        found.append(
            [
                report(f"t{number}", EVERY_S * n, *shown, attributes={"firmware": said})
                if said
                else report(f"t{number}", EVERY_S * n, offline=True)
                for n, said in enumerate(reads)
            ]
        )
    return found


def batches(chance: Random, queues: list[list[Report]]) -> list[list[Report]]:
    """All that is queued, each source in its order, with replays, cut into batches."""
    left, taken = [list(queue) for queue in queues if queue], list[Report]()
    while any(left):
        taken.append(chance.choice([queue for queue in left if queue]).pop(0))
        if chance.random() < 0.3:
            taken.append(chance.choice(taken))
    size = chance.randint(1, 4)
    return [taken[start : start + size] for start in range(0, len(taken), size)]


def essence(store: MemoryAssets) -> set[object]:
    """What the assets are, whatever their ids."""
    return {
        (a.sources, a.keys, tuple(sorted(a.fields().items()))) for a in store.live.values()
    }  # fmt: skip


def published(topic: Topic) -> dict[str, int]:
    """The revision of each asset that readers of the compacted topic end with."""
    messages = map(asset_pb2.Asset.FromString, filter(None, topic.last(ASSETS).values()))
    return {message.id: message.revision for message in messages}


def alone(queues: list[list[Report]]) -> MemoryAssets:
    """The store after one replica has taken everything."""
    service = Service()
    run(service.consume([queue for queue in queues if queue]))
    return service.store


@settings(max_examples=400, deadline=None)
@given(fleets(), CHANCES)
def test_two_replicas_end_as_one(made: list[list[Report]], chance: Random) -> None:
    """Sources go from one replica to the other and back, with replays; all is published."""
    store, topic = MemoryAssets(), Topic()
    replicas = [Service(store, topic), Service(store, topic)]
    at = [0] * len(made)
    while any(start < len(queue) for start, queue in zip(at, made, strict=True)):
        shares: list[list[list[Report]]] = [[], []]
        for number, queue in enumerate(made):
            end = chance.randint(at[number], len(queue))
            replay = max(0, at[number] - chance.randint(0, 1))
            shares[chance.randint(0, 1)].append(queue[replay:end])
            at[number] = end
        work = zip(replicas, shares, strict=True)
        interleaved(chance, *(each.consume(batches(chance, share)) for each, share in work))

    assert essence(store) == essence(alone(made))
    assert published(topic) == {id: asset.revision for id, asset in store.live.items()}
    assert store.journal == {}


@settings(max_examples=120, deadline=None)
@given(fleets(), CHANCES)
def test_a_replica_that_dies_between_any_two_steps_leaves_nothing_half_done(
    made: list[list[Report]], chance: Random
) -> None:
    """Another one publishes what was written, and takes the same records again."""
    store, topic = MemoryAssets(), Topic()
    work = batches(chance, made)
    cut(chance, Service(store, topic).consume(work), 40)
    heir = Service(store, topic)
    store.end_leases()
    run(_swept(heir))
    run(heir.consume(work))

    assert essence(store) == essence(alone(made))
    assert published(topic) == {id: asset.revision for id, asset in store.live.items()}
    assert store.journal == {}


async def _swept(service: Service) -> None:
    for entry in await service.store.abandoned():
        await service.topic.publish([record for _, record in entry.records])
        await service.store.published(entry)


async def _asked(task: Any) -> None:
    try:
        await task
    except IsthmusError:
        return  # told so, and free to ask again


@pytest.mark.parametrize("act", ["part", "restore", "join", "edit"])
@settings(max_examples=100, deadline=None)
@given(chance=CHANCES, names=st.booleans())
def test_what_people_do_while_devices_report_leaves_each_source_with_one_asset(
    act: str, chance: Random, names: bool
) -> None:
    """Nobody's word gets lost, and no source describes two assets."""
    store = MemoryAssets()
    service, other = Service(store), Service(store)
    keys = {t: [serial(t), host("press")] for t in "abc"} if names else {t: [] for t in "abc"}
    run(service.take(*(report(t, 0, *keys[t]) for t in "abc")))
    a, b, _ = sorted(store.live, key=lambda id: store.live[id].sources)
    if act != "join":
        run(service.curation.join(a, b, ASKED))
    asked = {
        "part": lambda: service.curation.part(a, ["hagen/b"], ASKED),
        "restore": lambda: service.curation.restore(b, ASKED),
        "join": lambda: service.curation.join(a, b, ASKED),
        "edit": lambda: service.curation.edit(a, {"name": "press"}, None, ASKED),
    }[act]()
    changing = [[report(t, s, *keys[t], attributes={"firmware": str(s)})]
                for s in (10, 20) for t in "ab"]  # fmt: skip

    interleaved(chance, _asked(asked), other.consume(changing))
    run(service.take(*(report(t, 30, *keys[t], attributes={"firmware": "30"}) for t in "abc")))

    found = [s for a in store.live.values() for s in a.sources if not s.startswith("operator")]
    assert sorted(found) == ["hagen/a", "hagen/b", "hagen/c"]
    for asset in store.live.values():
        assert asset.attributes["firmware"] == "30"


def test_a_replica_does_not_take_for_old_news_what_another_one_has_changed_since() -> None:
    """A source goes to another replica for one read, and says the former again when back."""
    store = MemoryAssets()
    here, there = Service(store), Service(store)
    reads = [
        report("plc", EVERY_S * n, serial("s/1"), attributes={"firmware": said})
        for n, said in enumerate("1121")
    ]
    run(here.consume([[reads[0]], [reads[1]]]))
    run(there.take(reads[2]))

    run(here.take(reads[3]))

    (asset,) = store.live.values()
    assert asset.attributes["firmware"] == "1"

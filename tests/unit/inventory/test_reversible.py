"""What people join and part can be undone, and stays as they said, whatever devices report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid5

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.model import NAMESPACE, Report, place
from isthmus.inventory.domain.assets.vocabulary import Origin
from isthmus.inventory.handlers.assets.curation import Asked
from tests.unit.inventory.domain.world import host, mac, report, serial
from tests.unit.inventory.memory import MemoryAssets, Service, run

ASKED = Asked("mara", reason="one press")
TARGETS = ("a", "b", "c", "d")
KEYS = st.tuples(
    *(st.sampled_from([None, *(make(n) for n in "123")]) for make in (serial, mac, host))
).map(lambda keys: [key for key in keys if key])
CHANCES = st.builds(Random, st.integers(0, 9_999))
SAID = st.fixed_dictionaries(
    {},
    optional={
        "firmware": st.sampled_from(["1", "2"]),
        "name": st.sampled_from(["press", "saw"]),
        "family": st.sampled_from(["M340", "S7"]),
        "cpe": st.sampled_from(["cpe:m340", "cpe:s7"]),
        "criticality": st.sampled_from(["high", "low"]),
    },
)
EDITS = st.dictionaries(
    st.sampled_from(["name", "criticality", "owner", "path", "firmware"]),
    st.sampled_from([None, "high", "low"]),
    min_size=1,
)


@st.composite
def reports(draw: st.DrawFn, second: int) -> Report:
    """A report of a device, of what stands behind one, or of a row of the books."""
    target, keys, said = draw(st.sampled_from(TARGETS)), draw(KEYS), draw(SAID)
    match draw(st.sampled_from(["device", "device", "silent", "behind", "import"])):
        case "silent":
            return report(target, second, offline=True)
        case "behind":
            return report("gw", second, *keys, device=f"unit-{target}", attributes=said)
        case "import":
            row = f"erp:{target}"
            return report(row, second, *keys, attributes=said, origin=Origin.IMPORT)
    return report(target, second, *keys, attributes=said)


@st.composite
def lives(draw: st.DrawFn, first: int = 0, size: int = 10) -> list[Report]:
    """What is reported, in order."""
    return [draw(reports(10 * n)) for n in range(first, first + draw(st.integers(2, size)))]


def known(store: MemoryAssets) -> Mapping[str, Any]:
    """All that must be as it was: what each asset is, says and shows, but not when."""
    return {
        id: (asset.sources, asset.keys, asset.fields(), asset.provisional)
        for id, asset in store.live.items()
    }


def astray(store: MemoryAssets) -> set[str]:
    """Keys that assets show and none of those holds, until one of them reports again."""
    shown: dict[str, set[str]] = {}
    for id, asset in store.live.items():
        for key in [*asset.keys, *(place(asset.site, source) for source in asset.sources)]:
            shown.setdefault(key.id, set()).add(id)
    return {key for key, ids in shown.items() if store.holder(key) not in ids}


async def _edited(service: Service, chance: Random, edits: list[dict[str, str | None]]) -> None:
    for edit in edits:
        id = chance.choice(sorted(service.store.live))
        await service.curation.edit(id, edit, None, ASKED)


@settings(max_examples=150, deadline=None)
@given(lives(), st.lists(EDITS, max_size=3), CHANCES)
def test_a_merge_by_hand_is_undone_whole(
    life: list[Report], edits: list[dict[str, str | None]], chance: Random
) -> None:
    """Any two assets of any world: ids, sources, keys, claims and fields are as before."""
    service = Service()
    run(service.consume([[each] for each in life]))
    run(_edited(service, chance, edits))
    before, lost = known(service.store), astray(service.store)
    assume(len(before) > 1)
    winner, loser = chance.sample(sorted(before), 2)

    run(service.curation.join(winner, loser, ASKED))
    run(service.curation.restore(loser, ASKED))

    assert known(service.store) == before
    assert astray(service.store) <= lost


@settings(max_examples=150, deadline=None)
@given(lives(), lives(first=100), CHANCES)
def test_what_a_person_has_parted_stays_apart(
    life: list[Report], further: list[Report], chance: Random
) -> None:
    """Every source stays with its side, whatever all of them report, and in whatever order."""
    service = Service()
    run(service.consume([[each] for each in life]))
    wide = [a for a in service.store.live.values() if len(a.sources) > 1]
    assume(wide)
    asset = chance.choice(wide)
    going = chance.sample(asset.sources, chance.randint(1, len(asset.sources) - 1))
    run(service.curation.part(asset.id, going, ASKED))

    run(service.consume([[each] for each in further]))

    sides = {source: id for id, a in service.store.live.items() for source in a.sources}
    assert len({sides[source] for source in going}) == 1
    assert {sides[source] for source in going}.isdisjoint(
        sides[source] for source in asset.sources if source not in going
    )


@settings(max_examples=150, deadline=None)
@given(lives(), CHANCES)
def test_nothing_flaps(life: list[Report], chance: Random) -> None:
    """Sources that go on to say what they say come to rest, also those that a person has parted."""
    service = Service()
    run(service.consume([[each] for each in life]))
    wide = [a for a in service.store.live.values() if len(a.sources) > 1]
    if wide:
        asset = chance.choice(wide)
        run(service.curation.part(asset.id, asset.sources[:1], ASKED))
    last = list({each.source: each for each in life}.values())
    rounds = []
    for number in range(1, 6):
        chance.shuffle(last)
        later = timedelta(seconds=1_000 * number)
        again = [
            replace(each, id=str(uuid5(NAMESPACE, f"{each.id}{number}")),
                    observed_at=each.observed_at + later)
            for each in last
        ]  # fmt: skip
        run(service.consume([[each] for each in again]))
        rounds.append(len(service.store.versions))

    assert rounds[-1] == rounds[-2]

"""What people do to assets, as plans."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.domain.world import NOON, mac, report, serial

from isthmus.inventory.domain.assets.curation import Heir, edited, joined, parted, redescribed
from isthmus.inventory.domain.assets.model import (
    Asset,
    Cause,
    ChangeKind,
    Key,
    Report,
    Said,
    Status,
    place,
    view,
)
from isthmus.inventory.domain.assets.plan import Plan
from isthmus.inventory.domain.assets.precedence import POLICY, Policy, described
from isthmus.inventory.domain.assets.vocabulary import Origin

CAUSE = Cause("6ba7b810-9dad-11d1-80b4-00c04fd430c8", NOON, "hagen", "operator", "mara")
NAMES = st.sampled_from(["name", "firmware", "owner", "criticality", "tags", "custom.cabinet"])
EDITS = st.lists(st.dictionaries(NAMES, st.none() | st.sampled_from("12"), min_size=1), max_size=5)


def _asset(id: str, *reports: Report) -> Asset:
    views = [view(each, None) for each in reports]
    return described(Asset(id, NOON, NOON, revision=4), views)


def _edited(asset: Asset, said: Mapping[str, str | None], policy: Policy = POLICY) -> Asset:
    words = {name: text for name, text in said.items() if text is not None}
    unsaid = {name for name, text in said.items() if text is None}
    plan = edited(asset, words, unsaid, None, CAUSE, policy)
    return plan.gains[0].after if plan.gains else asset


PRESS = _asset("a", report("plc", 0, serial("1"), attributes={"name": "PLC", "firmware": "3"}))
SAW = _asset("b", report("saw", 0, serial("2"), mac("m"), attributes={"name": "SAW"}))


@given(EDITS, EDITS)
def test_what_a_person_takes_back_shows_what_the_device_says_again(
    first: list[dict[str, str | None]], then: list[dict[str, str | None]]
) -> None:
    """After any edits, taking all of them back leaves the asset as it was."""
    asset = PRESS
    for each in [*first, *then]:
        asset = _edited(asset, each)
    named = dict.fromkeys({name for each in [*first, *then] for name in each})
    asset = _edited(asset, named) if named else asset

    assert (asset.fields(), asset.sources) == (PRESS.fields(), PRESS.sources)


@given(EDITS)
def test_the_last_word_on_each_field_is_what_counts_of_a_person(
    edits: list[dict[str, str | None]],
) -> None:
    """Edits add up, field by field; the same edit twice is nothing new."""
    asset, last = PRESS, dict[str, str | None]()
    for each in edits:
        asset = _edited(asset, each)
        last |= each
    words = {name: text for name, text in last.items() if text is not None}
    mine = asset.view("operator:a")

    assert {n: s.value for n, s in mine.attributes.items()} == words if mine else not words
    assert all(asset.attributes[n] == text for n, text in words.items() if n != "firmware")
    assert edited(asset, words, (), None, CAUSE, POLICY) == Plan()


def test_an_edit_is_a_version_with_its_changes_and_who_asked() -> None:
    """Only what changed is history."""
    (write,) = edited(
        PRESS, {"name": "Press 1", "firmware": "9"}, (), Status.IGNORED, CAUSE, POLICY
    ).gains  # fmt: skip

    assert (write.before, write.after.revision) == (PRESS, 5)
    assert {(c.field, c.after) for c in write.changes} == {("name", "Press 1"),
                                                           ("status", "ignored")}  # fmt: skip
    assert write.after.attributes["firmware"] == "3"
    assert write.cause.actor == "mara"
    assert write.after.views[-1].attributes["name"] == Said("Press 1", rule="mara")


def test_a_word_that_agrees_with_the_device_is_kept() -> None:
    """When the device says otherwise one day, the person has said so before."""
    agreed = _edited(PRESS, {"name": "PLC"})
    renamed = view(report("plc", 5, attributes={"name": "PLC-7"}), agreed.view("hagen/plc"))

    assert agreed.revision == PRESS.revision + 1
    after = described(agreed, [renamed, *(v for v in agreed.views if v.source != "hagen/plc")])
    assert after.attributes["name"] == "PLC"


def test_an_edit_that_says_nothing_is_no_version() -> None:
    """Nor is taking back what was never said."""
    assert edited(PRESS, {}, {"owner"}, None, CAUSE, POLICY) == Plan()
    assert edited(PRESS, {}, (), PRESS.status, CAUSE, POLICY) == Plan()


def test_another_policy_is_a_version_only_where_it_decides_otherwise() -> None:
    """The views are the same, and so is what they say."""
    asset = _edited(PRESS, {"firmware": "9"})

    assert redescribed(asset, CAUSE, POLICY) == Plan()
    (write,) = redescribed(asset, CAUSE, Policy({"firmware": ("operator",)})).gains
    assert write.after.attributes["firmware"] == "9"
    assert write.after.views == asset.views


def test_joined_assets_have_the_sources_keys_and_words_of_both() -> None:
    """The first keeps its id; both get a MERGED with the reason."""
    saw = _edited(SAW, {"owner": "Mill"})

    plan = joined(PRESS, saw, CAUSE, "one press", POLICY)

    (gain,), (removal,) = plan.gains, plan.removals
    assert gain.after.sources == ("hagen/plc", "hagen/saw", "operator:b")
    assert gain.after.keys == PRESS.keys | SAW.keys
    assert gain.after.attributes["owner"] == "Mill"
    assert (removal.asset, removal.successor) == (saw, "a")
    for change in (gain.changes[0], *removal.changes):
        assert (change.kind, change.before, change.after) == (ChangeKind.MERGED, "b", "a")
        assert change.evidence == "one press"
    assert plan.unsettled == {*PRESS.sources, *saw.sources}


def test_of_two_persons_words_on_one_asset_the_later_one_counts() -> None:
    """What was said of the asset that was merged does not hold against what is said now."""
    plan = joined(
        _edited(replace(PRESS, id="x"), {"name": "mine"}), _edited(SAW, {"name": "theirs"}),
        CAUSE, "one press", POLICY,
    )  # fmt: skip
    later = replace(CAUSE, at=NOON.replace(hour=13))
    both = plan.gains[0].after
    (write,) = edited(both, {"name": "now"}, (), None, later, POLICY).gains
    (taken_back,) = edited(both, {}, {"name"}, None, later, POLICY).gains

    assert write.after.attributes["name"] == "now"
    assert taken_back.after.attributes["name"] == "PLC"


def test_a_joined_asset_was_seen_when_either_was() -> None:
    """An asset that answered once is never again taken for a mere place."""
    silent = _asset("b", report("saw", 0, offline=True))
    seen = replace(silent, id="c", last_seen_at=NOON)

    for winner, loser in ((silent, seen), (seen, silent)):
        (gain,) = joined(winner, loser, CAUSE, "one", POLICY).gains
        assert gain.after.last_seen_at == NOON


def test_joining_may_be_tried_again_when_half_of_it_is_done() -> None:
    """The other asset was written since: each source is there once, as it is now."""
    half = joined(PRESS, SAW, CAUSE, "one", POLICY).gains[0].after
    newer = view(report("saw", 9, attributes={"owner": "Mill"}), SAW.view("hagen/saw"))
    saw = described(replace(SAW, revision=5), [newer])

    (gain,) = joined(half, saw, CAUSE, "one", POLICY).gains

    assert gain.after.sources == ("hagen/plc", "hagen/saw")
    assert gain.after.attributes["owner"] == "Mill"


def _keys(*keys: Key) -> set[str]:
    return {key.id for key in keys}


def test_parted_sources_take_along_what_nobody_else_shows() -> None:
    """Keys and place go over; a key of both stays; all are pinned to their side."""
    twin = _asset(
        "a",
        report("plc", 0, serial("1"), attributes={"name": "PLC"}),
        report("saw", 0, serial("1"), mac("m"), attributes={"owner": "Mill"}),
    )
    empty = Asset("new", NOON, NOON)

    plan = parted(twin, ["hagen/saw"], Heir(empty), CAUSE, "a clone", POLICY)

    (gain,), (loss,) = plan.gains, plan.losses
    assert (gain.before, gain.after.revision, gain.after.id) == (None, 1, "new")
    assert (gain.after.sources, sorted(gain.after.pinned)) == (("hagen/saw",), ["hagen/saw"])
    assert (loss.after.sources, sorted(loss.after.pinned)) == (("hagen/plc",), ["hagen/plc"])
    assert (loss.after.attributes, gain.after.attributes) == ({"name": "PLC"}, {"owner": "Mill"})
    assert plan.moves.keys() == _keys(mac("m"), place("hagen", "hagen/saw"))
    assert loss.after.keys == {serial("1")}
    kinds = [change.kind for change in (*gain.changes, *loss.changes)]
    assert kinds == [ChangeKind.SPLIT, ChangeKind.SPLIT, ChangeKind.CHANGED]
    assert loss.changes[0].evidence == "a clone"


def test_an_asset_keeps_what_it_knew_before_those_that_go_had_come() -> None:
    """What no source says any more is lost to neither side."""
    old = replace(PRESS, attributes={**PRESS.attributes, "model": "M340"}, last_seen_at=NOON)
    (gain,) = joined(old, SAW, CAUSE, "", POLICY).gains
    heir = Heir(replace(SAW, views=(), revision=5), 5, old)

    plan = parted(gain.after, ["hagen/saw"], heir, CAUSE, "", POLICY)

    assert plan.losses[0].after.fields() == old.fields()
    assert plan.gains[0].after.fields() == SAW.fields()
    assert plan.gains[0].after.revision == 6


def test_parting_may_be_tried_again_when_half_of_it_is_done() -> None:
    """The new asset is there and was written by its own source since: the newer view counts."""
    both = joined(PRESS, SAW, CAUSE, "", POLICY).gains[0].after
    first = parted(both, ["hagen/saw"], Heir(Asset("new", NOON, NOON)), CAUSE, "", POLICY)
    there = first.gains[0].after
    newer = view(report("saw", 9, attributes={"name": "SAW-2"}), there.view("hagen/saw"))
    there = described(replace(there, revision=2), [newer])

    (gain,) = parted(both, ["hagen/saw"], Heir(there, 2), CAUSE, "", POLICY).gains

    assert (gain.before, gain.after.revision) == (there, 3)
    assert gain.after.attributes["name"] == "SAW-2"


def test_a_row_of_the_books_can_be_parted_from_a_device() -> None:
    """It stays on the list, never asked, and the device keeps what it says itself."""
    row = report("erp:1", 0, serial("1"), origin=Origin.IMPORT, attributes={"owner": "Mill"},
                 offline=True)  # fmt: skip
    asset = _asset("a", report("plc", 0, serial("1"), attributes={"name": "PLC"}), row)

    plan = parted(
        asset, ["hagen/erp:1"], Heir(Asset("n", NOON, NOON)), CAUSE, "", POLICY
    )  # fmt: skip

    assert plan.gains[0].after.attributes == {"owner": "Mill"}
    assert plan.losses[0].after.attributes == {"name": "PLC"}

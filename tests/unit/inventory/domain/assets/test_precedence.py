"""Whose word counts."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.domain.world import NOON, report, serial

from isthmus.inventory.domain.assets.model import (
    OF_FAMILY,
    Asset,
    Health,
    Reachability,
    Said,
    View,
    view,
)
from isthmus.inventory.domain.assets.precedence import POLICY, STALE, Policy, described, why
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Origin

EMPTY = Asset("a", NOON, NOON)
VIEW = view(report("plc", 0), None)
LATER = NOON + STALE + timedelta(seconds=1)
NAMES = ("firmware", "name", "owner", "criticality", "family", "cpe", "custom.cabinet", "path")


def seen(source: str, origin: Origin = Origin.DEVICE, **more: object) -> View:
    said: object = more.pop("said", {})
    assert isinstance(said, dict)
    attributes = {n: v if isinstance(v, Said) else Said(v) for n, v in said.items()}
    made = replace(VIEW, source=source, origin=origin, attributes=attributes)
    return replace(made, **more)  # type: ignore[arg-type]


@st.composite
def views(draw: st.DrawFn) -> list[View]:
    """Views of one asset, by sources of each origin."""
    sources = [("hagen/a", Origin.DEVICE), ("hagen/b", Origin.DEVICE),
               ("hagen/a/unit-1", Origin.DEVICE), ("hagen/erp:1", Origin.IMPORT),
               ("hagen/cmdb:1", Origin.IMPORT), ("operator:a", Origin.OPERATOR)]  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(sources), unique=True, min_size=1))
    values = st.sampled_from(["1", "2"])
    saying = st.dictionaries(
        st.sampled_from(NAMES),
        st.builds(Said, values, st.sampled_from([0.5, 0.9])),
    )
    return [
        seen(
            source, origin, said=draw(saying),
            observed_at=draw(st.sampled_from([NOON, LATER])),
            reachability=draw(st.sampled_from(Reachability)),
            health=draw(st.sampled_from(Health)),
            path=draw(st.sampled_from(["", "x/hagen", "x/hagen/hall", "y/hagen"])),
        )
        for source, origin in chosen
    ]  # fmt: skip


@given(views(), st.randoms(use_true_random=False))
def test_the_winner_does_not_depend_on_the_order_of_views(made: list[View], chance: object) -> None:
    """Nor does anything else of an asset."""
    shuffled = list(made)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert described(EMPTY, shuffled) == described(EMPTY, made)


@given(views())
def test_an_asset_says_what_the_first_candidate_says(made: list[View]) -> None:
    """What is shown and the reason that is given for it never disagree."""
    asset = described(EMPTY, made)
    found = POLICY.candidates(asset.views)

    for name in NAMES:
        if name != "path":
            said = found[name][0][1].value if name in found else ""
            assert asset.attributes.get(name, "") == said
            assert repr(said) in why(asset, name) or not said


@given(views())
def test_describing_again_changes_nothing(made: list[View]) -> None:
    """An asset is the fold of its views."""
    asset = described(EMPTY, made)

    assert described(asset, asset.views) == asset


@given(views(), st.sampled_from(NAMES))
def test_an_operators_word_wins_exactly_where_the_policy_says(made: list[View], name: str) -> None:
    """Against everybody whose origin comes later, and who may have a say at all."""
    others = [each for each in made if each.origin is not Origin.OPERATOR]
    word = seen("operator:a", Origin.OPERATOR, said={name: "mine"})
    order = list(POLICY.of(name))
    newest = max(v.observed_at for v in [*others, word])
    stronger = [
        each for each in others
        if name in each.attributes
        and order.index(each.origin) < order.index(Origin.OPERATOR)
        and (each.origin is not Origin.DEVICE or each.alive or newest - each.observed_at <= STALE)
    ]  # fmt: skip
    asset = described(EMPTY, [*others, word])
    value = asset.path if name == "path" else asset.attributes.get(name, "")

    if name not in OF_FAMILY:
        assert (value == "mine") == (not stronger)


@given(views(), st.sampled_from(NAMES), st.sampled_from(["1", "2"]))
def test_what_no_source_says_any_more_stays_as_it_was_known(
    made: list[View], name: str, value: str
) -> None:
    """A partial report never takes a field away."""
    known = replace(EMPTY, attributes={name: value})
    silent = [each for each in made if not {name, "family"} & each.attributes.keys()]

    assert described(known, silent).attributes[name] == value


def test_a_field_that_is_not_in_the_vocabulary_is_a_persons() -> None:
    """Its site has added it for itself."""
    views = [
        seen("hagen/erp:1", Origin.IMPORT, said={"custom.cabinet": "6"}),
        seen("operator:a", Origin.OPERATOR, said={"custom.cabinet": "7"}),
    ]

    assert described(EMPTY, views).attributes == {"custom.cabinet": "7"}


def test_a_policy_may_prefer_one_system_of_record_to_another() -> None:
    """By its name, before or after any other word of the order."""
    views = [
        seen("hagen/cmdb:1", Origin.IMPORT, said={"owner": "IT"}),
        seen("hagen/erp:1", Origin.IMPORT, said={"owner": "Press shop"}),
        seen("operator:a", Origin.OPERATOR, said={"owner": "me"}),
    ]

    for first in permutations([("cmdb", "IT"), ("erp", "Press shop"), ("operator", "me")]):
        policy = Policy({"owner": tuple(word for word, _ in first)})
        assert described(EMPTY, views, policy).attributes["owner"] == first[0][1]
    assert described(EMPTY, views).attributes["owner"] != "me"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (seen("hagen/plc", said={"firmware": "1"}), seen("hagen/a/Plc", said={"firmware": "2"})),
        (
            seen("hagen/b", said={"firmware": "1"}),
            seen("hagen/a", said={"firmware": "2"}, reachability=Reachability.OFFLINE),
        ),
        (
            seen("hagen/b", said={"firmware": Said("1", 0.9)}),
            seen("hagen/a", said={"firmware": Said("2", 0.4)}),
        ),
        (
            seen("hagen/erp:1", Origin.IMPORT, said={"firmware": "1"}, observed_at=LATER),
            seen("hagen/a", said={"firmware": "2"}, reachability=Reachability.OFFLINE),
        ),
    ],
    ids=["itself, not a server", "alive, not silent", "more confident", "no longer heard of"],
)
def test_of_equals_the_better_witness_is_believed(better: View, worse: View) -> None:
    """Who asks the device itself and now, who is surer, and nobody who lost it a month ago."""
    assert described(EMPTY, [worse, better]).attributes["firmware"] == "1"


def test_a_silent_device_still_knows_its_serial_number_better_than_the_books() -> None:
    """Until it has been silent for so long that nobody knows what stands there."""
    silent = seen("hagen/a", said={"serial": "1"}, reachability=Reachability.OFFLINE)
    books = seen("hagen/erp:1", Origin.IMPORT, said={"serial": "2"})

    assert described(EMPTY, [silent, books]).attributes["serial"] == "1"
    later = replace(books, observed_at=LATER)
    assert described(EMPTY, [silent, later]).attributes["serial"] == "2"


def test_dates_of_another_family_do_not_count() -> None:
    """A person who corrects the family takes the former's end of support with it."""
    device = seen("hagen/a", said={"family": "M340", "end_of_support": "2030"})
    person = seen("operator:a", Origin.OPERATOR, said={"family": "M580"})

    corrected = described(described(EMPTY, [device]), [device, person])

    assert corrected.attributes == {"family": "M580"}
    back = described(corrected, [device])
    assert back.attributes == {"family": "M340", "end_of_support": "2030"}


def test_the_deepest_path_of_the_site_is_kept_unless_somebody_says_it() -> None:
    """The line that one source knows is not lost to another that knows only the hall."""
    hall, line = (seen(f"hagen/{p}", path=f"x/hagen/{p}") for p in ("hall", "hall/line-1"))
    word = seen("operator:a", Origin.OPERATOR, path="", said={"path": "x/hagen/elsewhere"})

    assert described(EMPTY, [hall, line]).path == "x/hagen/hall/line-1"
    assert described(EMPTY, [hall, line, word]).path == "x/hagen/elsewhere"
    assert "path" not in described(EMPTY, [hall, line, word]).attributes


def test_an_asset_without_sources_keeps_what_was_known() -> None:
    """A device that was taken away is offline, and still what and where it was."""
    known = described(
        EMPTY, [seen("hagen/a", said={"model": "M340"}, keys=(serial("s"),), health=Health.FAILURE)]
    )
    word = seen("operator:a", Origin.OPERATOR, said={"name": "P"}, path="",
                reachability=Reachability.NOT_ASKED)  # fmt: skip

    for left in (described(known, []), described(known, [word])):
        assert left.attributes["model"] == "M340"
        assert left.path == known.path
        assert left.proven == {serial("s")}
        assert (left.reachability, left.health) == (Reachability.OFFLINE, Health.UNKNOWN)


def test_a_device_that_only_the_books_know_was_never_asked() -> None:
    """It is not offline: nobody has looked."""
    row = seen("hagen/erp:1", Origin.IMPORT, reachability=Reachability.NOT_ASKED)

    assert described(EMPTY, [row]).reachability is Reachability.NOT_ASKED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Reachability.OFFLINE, Reachability.DEGRADED], Reachability.DEGRADED),
        ([Reachability.DEGRADED, Reachability.ONLINE], Reachability.ONLINE),
        ([Reachability.OFFLINE, Reachability.OFFLINE], Reachability.OFFLINE),
        ([Reachability.OFFLINE, Reachability.NOT_ASKED], Reachability.OFFLINE),
    ],
)
def test_the_best_reachability_counts(said: list[Reachability], expected: Reachability) -> None:
    """One source that reaches it is enough."""
    views = [seen(f"hagen/{n}", reachability=each) for n, each in enumerate(said)]

    assert described(EMPTY, views).reachability is expected


@pytest.mark.parametrize("worse", range(len(Health) - 1))
def test_the_worse_health_counts(worse: int) -> None:
    """NE 107: failure, off spec, check function, maintenance required, normal, unknown."""
    order = list(Health)
    views = [seen("hagen/a", health=order[worse + 1]), seen("hagen/b", health=order[worse])]

    assert described(EMPTY, views).health is order[worse]


def test_the_health_that_a_dead_source_said_does_not_count() -> None:
    """Nothing is known of a device that does not answer."""
    dead = seen("hagen/a", health=Health.FAILURE, reachability=Reachability.OFFLINE)

    assert described(EMPTY, [dead]).health is Health.UNKNOWN


def test_the_reason_is_one_sentence_with_every_witness() -> None:
    """Who said what, when, by which rule, and the order that decided."""
    device = seen("hagen/a", said={"vendor": Said("Siemens", 0.9, "fc43:VendorName", "SIEMENS")})
    person = seen("operator:a", Origin.OPERATOR, said={"vendor": "Festo"})

    assert why(described(EMPTY, [device, person]), "vendor") == (
        "vendor is 'Festo' because operator:a (operator, 2026-03-01 12:00 UTC) said so; "
        "hagen/a (device, 2026-03-01 12:00 UTC) said 'Siemens'; "
        "for this field the order is operator, device, import."
    )
    assert why(described(EMPTY, [device]), "vendor").startswith(
        "vendor is 'Siemens' because hagen/a (device, 2026-03-01 12:00 UTC) said so by "
        "fc43:VendorName from 'SIEMENS' (confidence 0.9);"
    )


def test_the_reason_says_when_nobody_says_it_any_more() -> None:
    """Or never did."""
    known = replace(EMPTY, attributes={"model": "M340"})

    assert why(known, "model") == (
        "model is 'M340' because it was known so once; no source says it any more."
    )
    assert why(known, "owner") == "owner is not known: no source says anything of it."


def test_every_field_has_an_order_of_its_own() -> None:
    """What a policy does not name is as the vocabulary says."""
    policy = Policy({"owner": ("operator",)})

    assert policy.of("owner") == ("operator",)
    assert all(policy.of(n) == f.decided_by for n, f in FIELDS.items() if n != "owner")

"""How families are recognised, and what of several hits is worth most."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.normalizer.catalogue import families, recogniser

from isthmus.normalizer.adapters.patterns import compiled
from isthmus.normalizer.domain.families import (
    OID_ARCS_MAX,
    Families,
    Family,
    Hit,
    Pattern,
    Rank,
    Recogniser,
    Union,
)

MANY = 5_000


def family(name: str, *ways: Recogniser, vendor: str = "Acme", **fields: object) -> Family:
    """A family of switches."""
    return Family(name, name.title(), "switch", vendor, ways, **fields)  # type: ignore[arg-type]


def names(hits: Iterable[Hit]) -> list[str]:
    """The families that were hit."""
    return [hit.family.name for hit in hits]


@pytest.mark.parametrize(
    ("way", "rank"),
    [
        (recogniser(order_code="^6ES7"), Rank.ORDER_CODE),
        (recogniser(order_code="^6ES7", model="15"), Rank.ORDER_CODE),
        (recogniser(model="^C9300"), Rank.MODEL),
        (recogniser(sysDescr="IOS"), Rank.FACT),
        (recogniser(profile="host"), Rank.PROFILE),
        (recogniser(profile="host", model="x"), Rank.PROFILE),
    ],
)
def test_a_way_to_know_a_family_is_worth_its_best_evidence(way: Recogniser, rank: Rank) -> None:
    """What one orders to get the same again is the most specific."""
    assert way.rank is rank


def test_evidence_has_an_order() -> None:
    """From what runs on a device to what one orders."""
    assert [rank.name.lower() for rank in sorted(Rank)] == [
        "generic", "profile", "branch", "fact", "object", "model", "order_code",
    ]  # fmt: skip


def test_more_evidence_of_the_same_kind_weighs_more_and_then_the_longer() -> None:
    """Two patterns beat one; a long text beats a short one."""
    acme = family("acme")
    hits = [
        Hit(acme, Rank.FACT, {"sysDescr": "a longer text"}, {}),
        Hit(acme, Rank.FACT, {"sysDescr": "text"}, {}),
        Hit(acme, Rank.FACT, {"sysDescr": "t", "sysName": "n"}, {}),
        Hit(acme, Rank.MODEL, {"model": "m"}, {}),
    ]

    found = sorted(hits, key=lambda hit: hit.weight, reverse=True)

    assert found == [hits[3], hits[2], hits[0], hits[1]]


def test_attributes_speak_for_devices_of_the_vendor_only() -> None:
    """Model `100` is somebody's model; raw facts speak for themselves."""
    known = families(
        family("by-model", recogniser(model="^100$")),
        family("by-text", recogniser(sysDescr="Acme 100")),
        family("of-other", recogniser(model="^100$"), vendor="Other"),
    )
    said = {"model": ["100"], "sysDescr": ["Acme 100"]}

    assert names(known.by_text(said, "")) == ["by-text"]
    assert names(known.by_text(said, "Acme")) == ["by-model"]
    assert names(known.by_text(said, "Other")) == ["of-other"]
    assert names(known.by_text(said, "Nobody")) == []


def test_an_attribute_that_stands_alone_needs_no_vendor() -> None:
    """An order code like Siemens' is Siemens', whatever the label says."""
    known = families(family("s7", recogniser(alone=True, order_code="^6ES7")))

    assert names(known.by_text({"order_code": ["6ES7 513"]}, "")) == ["s7"]
    assert names(known.by_text({"order_code": ["6ES7 513"]}, "Other")) == []


def test_all_conditions_of_one_way_must_hold() -> None:
    """Half a description is none."""
    known = families(family("acme", recogniser(sysDescr="^Linux", sysName="^acme-")))

    assert names(known.by_text({"sysDescr": ["Linux 5"], "sysName": ["acme-1"]}, "")) == ["acme"]
    assert names(known.by_text({"sysDescr": ["Linux 5"], "sysName": ["web-1"]}, "")) == []
    assert names(known.by_text({"sysDescr": ["Linux 5"]}, "")) == []


def test_named_groups_give_attributes_and_empty_ones_nothing() -> None:
    """What a pattern finds is told beside the family."""
    way = recogniser(
        sysDescr=r"Acme (?P<model>\S+)( v(?P<firmware>\S+))?", sysName=r"(?P<name>.*)-"
    )
    [hit] = families(family("acme", way)).by_text(
        {"sysDescr": ["Acme X1"], "sysName": ["hag-1"]}, ""
    )

    assert hit.gives == {"model": "X1", "name": "hag"}
    assert hit.evidence == {"sysDescr": "Acme X1", "sysName": "hag-1"}
    assert hit.recogniser is way


def test_any_of_several_texts_may_say_it() -> None:
    """An attribute may be known in more than one spelling."""
    known = families(family("acme", recogniser(sysDescr="Acme")))

    assert names(known.by_text({"sysDescr": ["Other", "Acme"]}, "")) == ["acme"]


def test_the_longest_branch_of_an_object_identifier_decides() -> None:
    """Arc by arc: 8691.70 does not lie below 8691.7."""
    known = families(
        family("short", oids={"1.3.6.1.4.1.8691": ""}),
        family("long", oids={"1.3.6.1.4.1.8691.7": ""}),
        family("exact", oids={"1.3.6.1.4.1.8691.7.86": "EDS-508A"}),
    )

    assert names(known.by_object("1.3.6.1.4.1.8691.70")) == ["short"]
    assert names(known.by_object(".1.3.6.1.4.1.8691.7.1.2")) == ["long"]
    assert names(known.by_object("1.3.6.1.4.1.8691.7.86")) == ["exact"]
    assert names(known.by_object("1.3.6.1.4.1.1")) == []
    assert names(known.by_object("")) == []


def test_an_object_that_tells_the_model_is_worth_more_than_its_branch() -> None:
    """A branch says the family only, and a device below an object may be another model."""
    known = families(family("acme", oids={"1.3.6.1": "X1", "1.3.7": ""}))

    [exact], [below], [branch] = (known.by_object(o) for o in ("1.3.6.1", "1.3.6.1.5", "1.3.7"))

    assert (exact.rank, exact.gives) == (Rank.OBJECT, {"model": "X1"})
    assert below.rank is Rank.BRANCH
    assert (branch.rank, branch.gives) == (Rank.BRANCH, {})


def test_an_endless_object_identifier_is_none() -> None:
    """RFC 2578 allows 128 arcs; a device may send a million."""
    known = families(family("acme", oids={"1.3.6.1.4.1.9": ""}))
    arcs = "1.3.6.1.4.1.9" + ".1" * (OID_ARCS_MAX - 7)

    assert names(known.by_object(arcs)) == ["acme"]
    assert names(known.by_object(f"{arcs}.1")) == []
    assert names(known.by_object(f"{arcs}{'.1' * 500_000}")) == []


def test_a_profile_is_the_last_resort() -> None:
    """It says what a device should be; conditions beside it must hold as well."""
    known = families(
        family("host", recogniser(profile="host")),
        family("web", recogniser(profile="host", sysDescr="nginx")),
    )

    assert names(known.by_profile("host", {})) == ["host"]
    assert names(known.by_profile("host", {"sysDescr": ["nginx"]})) == ["host", "web"]
    assert names(known.by_profile("other", {})) == []
    assert [hit.rank for hit in known.by_profile("host", {})] == [Rank.PROFILE]


def test_what_many_devices_run_is_worth_least() -> None:
    """An agent says nothing of the box, however well it is recognised."""
    known = families(family("net-snmp", recogniser(sysDescr="^Linux"), generic=True))

    assert [hit.rank for hit in known.by_text({"sysDescr": ["Linux 5"]}, "")] == [Rank.GENERIC]


def test_the_facts_that_recognisers_read_are_known() -> None:
    """They belong to the appearance of a device; attributes are made of others."""
    known = families(
        family("a", recogniser(sysDescr="x", model="y")), family("b", recogniser(os="z"))
    )

    assert known.facts == {"sysDescr", "os"}


class Counting:
    """A pattern that counts how often it is tried alone."""

    def __init__(self, text: str, tries: list[str]) -> None:
        self.pattern, self._found, self._tries = text, compiled(text), tries

    def search(self, text: str) -> object:
        self._tries.append(self.pattern)
        return self._found.search(text)


def test_one_of_five_thousand_families_is_found_without_trying_the_others() -> None:
    """All patterns of a fact are one automaton: only what it found is looked at again."""
    tries: list[str] = []
    texts: list[str] = []
    ways: list[Pattern] = [Counting(rf"^Acme X{n}\b", tries) for n in range(MANY)]  # type: ignore[misc]

    def unite(patterns: Sequence[Pattern]) -> Union:
        def found(text: str) -> Sequence[int]:
            texts.append(text)
            return [n for n, p in enumerate(patterns) if compiled(p.pattern).search(text)]

        return found

    each = [family(f"f{n}", Recogniser({"sysDescr": way})) for n, way in enumerate(ways)]
    known = Families(each, unite)

    assert names(known.by_text({"sysDescr": ["Acme X4711 rev 2"]}, "")) == ["f4711"]
    assert (texts, tries) == (["Acme X4711 rev 2"], [r"^Acme X4711\b"])


def test_five_thousand_families_are_one_automaton_that_works() -> None:
    """Neither too big to compile nor too big to run: a pattern is never silently left out."""
    ways = [recogniser(sysDescr=rf"(?i)acme series (?P<model>x{n}) v\d+\.\d+") for n in range(MANY)]
    known = families(*(family(f"f{n}", way) for n, way in enumerate(ways)))

    for n in (*range(0, MANY, 617), MANY - 1):
        [hit] = known.by_text({"sysDescr": [f"ACME Series X{n} v1.{n}"]}, "")
        assert (hit.family.name, hit.gives) == (f"f{n}", {"model": f"X{n}"})


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_may_be_looked_up(name: str, text: str) -> None:
    """Hits or none."""
    known = families(family("acme", recogniser(sysDescr=r"^A(?P<model>.*)B$")))
    printable = text.encode(errors="ignore").decode()

    assert len(list(known.by_text({name: [printable], "sysDescr": [printable]}, ""))) in (0, 1)
    assert len(list(known.by_object(text))) == 0

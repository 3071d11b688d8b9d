"""The linter: every family is won by its own examples, and by no other family's."""

from tests.unit.normalizer.catalogue import bare, recogniser

from isthmus.normalizer.domain.catalog import Vendor
from isthmus.normalizer.domain.families import Family, Recogniser
from isthmus.normalizer.domain.lint import Example, lint

SOURCES = {
    "part": {"vendor": ("vendor",), "model": ("model",), "order_code": ("order_code",)},
    "snmp": {"vendor": ("entPhysicalMfgName@chassis",), "model": ("entPhysicalModelName@chassis",)},
}


def family(name: str, *ways: Recogniser, **fields: object) -> Family:
    """A family of Acme's."""
    return Family(name, name, "plc", "Acme", ways, **fields)  # type: ignore[arg-type]


def example(name: str, gives: dict[str, str] | None = None, **says: str) -> Example:
    """What a device of a family says."""
    return Example("families/all.yaml", name, says, gives or {})


def linted(families: list[Family], *examples: Example) -> list[str]:
    """The mistakes of a catalogue with these families."""
    return list(lint(bare(*families, vendors=[Vendor("Acme")], sources=SOURCES), examples))


def test_a_family_that_its_examples_know_is_right() -> None:
    """By a fact, by an attribute, by an object identifier and by a profile."""
    pump = family(
        "acme-pump",
        recogniser(sysDescr=r"^Acme pump (?P<model>\S+)"),
        recogniser(model="^P-"),
        recogniser(profile="pump"),
        oids={"1.3.6.1.4.1.1.2": "P-2"},
    )

    assert linted(
        [pump],
        example("acme-pump", {"model": "P-1"}, sysDescr="Acme pump P-1"),
        example("acme-pump", vendor="Acme", model="P-7"),
        example("acme-pump", entPhysicalMfgName="Acme", entPhysicalModelName="P-8"),
        example("acme-pump", {"model": "P-2"}, sysObjectID="1.3.6.1.4.1.1.2"),
        example("acme-pump", profile="pump"),
    ) == []  # fmt: skip


def test_an_example_that_nobody_claims_is_a_mistake() -> None:
    """The line names file, family and example."""
    pump = family("acme-pump", recogniser(sysDescr="^Acme"))

    assert linted(
        [pump], example("acme-pump", sysDescr="Acme 1"), example("acme-pump", sysDescr="X")
    ) == ["families/all.yaml: acme-pump: example {'sysDescr': 'X'}: no family claims it"]


def test_two_families_that_claim_one_device_are_a_mistake() -> None:
    """Whoever wins: the other one's pattern is too wide."""
    wide, narrow = (
        family("acme-any", recogniser(sysDescr="Acme")),
        family("acme-pump", recogniser(sysDescr="^Acme pump")),
    )

    [mistake] = linted(
        [wide, narrow],
        example("acme-any", sysDescr="Pump of Acme"),
        example("acme-pump", sysDescr="Acme pump P-1"),
    )

    assert mistake.startswith("families/all.yaml: acme-pump: example")
    assert "acme-any (fact)" in mistake


def test_better_evidence_may_overrule_worse() -> None:
    """A branch of object identifiers, an agent or a profile claims much, and gives way."""
    agent = family("agent", recogniser(sysDescr="Linux"), oids={"1.3.6.1.4.1.1": ""}, generic=True)
    pump = family("acme-pump", recogniser(sysDescr="^Linux pump"))

    assert linted(
        [agent, pump],
        example("agent", sysDescr="Linux"),
        example("acme-pump", sysDescr="Linux pump", sysObjectID="1.3.6.1.4.1.1.9"),
    ) == []  # fmt: skip


def test_the_wrong_winner_is_named_with_its_evidence() -> None:
    """Its author sees what to make tighter."""
    pump = family("acme-pump", recogniser(sysDescr="Acme"))
    valve = family("acme-valve", recogniser(alone=True, model="^V-"))

    mistakes = linted(
        [pump, valve],
        example("acme-pump", sysDescr="Acme", model="V-1"),
        example("acme-valve", model="V-1"),
    )

    assert mistakes == [
        "families/all.yaml: acme-pump: example {'sysDescr': 'Acme', 'model': 'V-1'}: "
        "acme-valve (model) wins"
    ]


def test_a_way_that_no_example_needs_is_a_mistake() -> None:
    """A rule that nobody has seen at work is a guess."""
    pump = family(
        "acme-pump", recogniser(sysDescr="^Acme"), recogniser(model="^P-"), recogniser(profile="p")
    )

    assert linted([pump], example("acme-pump", sysDescr="Acme")) == [
        "families/all.yaml: acme-pump: dead rule {'model': '^P-'}: no example needs it",
        "families/all.yaml: acme-pump: dead rule {'profile': 'p'}: no example needs it",
    ]


def test_what_an_example_must_give_is_compared() -> None:
    """A group that takes too much, or nothing."""
    pump = family("acme-pump", recogniser(sysDescr=r"^Acme (?P<model>.*)"))

    wanted = example("acme-pump", {"model": "P-1", "serial": "7"}, sysDescr="Acme P-1 x")

    assert linted([pump], wanted) == [
        "families/all.yaml: acme-pump: example {'sysDescr': 'Acme P-1 x'}: "
        "model is 'P-1 x', expected 'P-1'",
        "families/all.yaml: acme-pump: example {'sysDescr': 'Acme P-1 x'}: "
        "serial is '', expected '7'",
    ]  # fmt: skip

"""The rules in force: the shipped ones, and what people have stored over them."""

from dataclasses import replace

from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Behind,
    Count,
    Expression,
    Limit,
    Limits,
)
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.rules.book import NEVER_S, RuleBook, Stored

LATE = Rule("late", "low", "", "", Behind(300))
SAID = Expression("", frozenset(), {}, lambda known: True)
ASSET = Rule("asset", "low", "", "", Assertion(SAID), classes=frozenset({"plc"}))
GROUP = Rule("group", "low", "", "", Count(frozenset({"late"}), "site", Limits((Limit(3),))))


def test_a_stored_rule_stands_before_the_shipped_one_until_it_is_deleted() -> None:
    """Or switches it off."""
    book = RuleBook([LATE])
    book.store("late", Stored(1, replace(LATE, watched=Behind(60), version=1)))
    assert (book.by_name["late"].version, book.behind_s) == (1, 60)
    book.store("late", Stored(2, None))
    assert (book.by_name, book.behind_s) == ({}, NEVER_S)
    book.store("late", Stored(3, None, deleted=True))

    assert book.by_name == {"late": LATE}


def test_an_older_version_changes_nothing() -> None:
    """The topic is read from its beginning again after a loss."""
    book = RuleBook([LATE])
    book.store("late", Stored(2, None))
    before = book.generation
    book.store("late", Stored(1, LATE))

    assert (book.by_name, book.generation) == ({}, before)


def test_a_change_is_in_force_with_the_next_report() -> None:
    """What was made of the rules before is made anew."""
    book = RuleBook([])
    assert book.of("plc").always == []
    book.store("late", Stored(1, LATE))

    assert book.of("plc").always == [LATE]
    assert book.generation == 2


def test_rules_on_assets_and_groups_are_met_by_no_report() -> None:
    """They are asked for by class, and as a whole."""
    book = RuleBook([ASSET, GROUP])

    assert book.of("plc").always == []
    assert book.on_assets("plc") == (ASSET,)
    assert book.on_assets("atm") == ()
    assert book.counts == [(GROUP, GROUP.watched)]

"""What should be there against what is."""

from dataclasses import replace

from tests.unit.inventory.domain.world import Inventory, report, serial

from isthmus.inventory.domain.assets.drift import Drift, DriftKind, drifts
from isthmus.inventory.domain.assets.model import Asset, Reachability, Said, Status
from isthmus.inventory.domain.assets.precedence import POLICY, Policy
from isthmus.inventory.domain.assets.vocabulary import Origin


def known(*, wire: dict[str, str] | None = None, books: dict[str, str] | None = None) -> Asset:
    """An asset that the wire, the books or both describe."""
    inventory = Inventory()
    key = serial("siemens/1")
    if wire is not None:
        inventory.take(report("plc", 0, key, attributes=wire))
    if books is not None:
        row = report("sap:4711", 1, key, origin=Origin.IMPORT, attributes=books)
        inventory.take(replace(row, reachability=Reachability.NOT_ASKED))
    return inventory.one()


def test_a_device_that_no_book_knows_is_unexpected_until_somebody_accepts_it() -> None:
    """Or says that it is of no interest."""
    found = known(wire={"vendor": "Siemens"})

    assert drifts(found, POLICY) == [Drift(DriftKind.UNEXPECTED)]
    assert drifts(replace(found, status=Status.ACCEPTED), POLICY) == []
    assert drifts(replace(found, status=Status.IGNORED), POLICY) == []


def test_what_only_the_books_have_is_missing_unless_it_is_not_yet_or_no_longer_there() -> None:
    """Planned and retired assets are not looked for."""
    assert drifts(known(books={"state": "in_service"}), POLICY) == [
        Drift(DriftKind.MISSING, "state", "in_service")
    ]
    assert drifts(known(books={}), POLICY) == [Drift(DriftKind.MISSING, "state", "in_service")]
    assert drifts(known(books={"state": "retired"}), POLICY) == []


def test_what_is_retired_and_answers_is_back() -> None:
    """Somebody has switched it on again."""
    found = known(wire={}, books={"state": "retired"})

    assert drifts(found, POLICY) == [Drift(DriftKind.BACK, "state", "retired", "online")]


def test_what_both_say_differently_is_a_mismatch_with_the_one_that_counts() -> None:
    """The policy decides; writing a name in capitals is no other name."""
    found = known(
        wire={"vendor": "Siemens", "firmware": "3.3"},
        books={"vendor": "SIEMENS", "firmware": "3.2", "owner": "Press shop"},
    )

    assert drifts(found, POLICY) == [Drift(DriftKind.MISMATCHED, "firmware", "3.2", "3.3", "3.3")]


def test_the_policy_says_which_of_two_systems_is_meant() -> None:
    """The first of those that the policy names."""
    found = known(wire={"model": "S7-300"}, books={"model": "S7-400"})
    said = Said("S7-400")
    (row,) = [v for v in found.views if v.origin is Origin.IMPORT]
    cmdb = replace(row, source="hagen/cmdb:1", attributes={"model": replace(said, value="S7-300")})
    both = replace(found, views=(*found.views, cmdb))

    assert drifts(both, Policy({"model": ("cmdb", "import", "device")})) == []
    assert drifts(both, Policy({"model": ("sap", "device")})) == [
        Drift(DriftKind.MISMATCHED, "model", "S7-400", "S7-300", "S7-300")
    ]

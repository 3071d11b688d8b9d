"""The tables in what a device says."""

from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain.appearance import Appearance, Columns, Said, mib_order
from isthmus.normalizer.domain.catalog import Row

CHASSIS = Row("entPhysicalClass", 3)


def test_facts_and_numbers_of_an_appearance_stand_under_their_names() -> None:
    """The columns of the layout are zipped with what was said."""
    columns = Columns(("VendorName",), ("ifType.1",))

    said = Said.of(Appearance("hagen", "a:1", "modbus", "", "", columns, ("WAGO",), (6.0,)))

    assert said == Said({"VendorName": "WAGO"}, {"ifType.1": 6.0})


def test_indices_stand_in_the_order_of_a_mib() -> None:
    """Ten comes after two, and a longer index after its beginning."""
    facts = {"ifDescr.10": "c", "ifDescr.2": "b", "ifDescr.1": "a"}

    assert [text for _, text in Said(facts, {}).column("ifDescr")] == ["a", "b", "c"]
    assert mib_order("1.2") < mib_order("1.10") < mib_order("2")


def test_the_first_row_of_the_right_kind_is_the_device() -> None:
    """A stack has several chassis; modules and power supplies are none."""
    said = Said(
        {"entPhysicalSerialNum.1000": "CHASSIS-1", "entPhysicalSerialNum.7": "FAN"},
        {"entPhysicalClass.7": 7, "entPhysicalClass.2000": 3, "entPhysicalClass.1000": 3},
    )

    assert said.row(CHASSIS, "entPhysicalSerialNum") == "1000"


def test_without_kinds_the_first_row_is_the_device() -> None:
    """Small agents fill the table without classes."""
    said = Said({"entPhysicalSerialNum.3": "B", "entPhysicalSerialNum.2": "A"}, {})

    assert said.row(CHASSIS, "entPhysicalSerialNum") == "2"


def test_a_table_without_a_fitting_row_has_none() -> None:
    """Modules alone are not the device."""
    said = Said({"entPhysicalSerialNum.3": "B"}, {"entPhysicalClass.3": 9})

    assert said.row(CHASSIS, "entPhysicalSerialNum") == ""


def test_a_cell_is_text_whether_it_was_a_text_or_a_number() -> None:
    """Rules of the catalogue compare texts; a number has no needless decimals."""
    said = Said({"entPhysicalName.1": "Slot 1"}, {"entPhysicalClass.1": 9.0, "sysServices": 78.0})

    assert said.cell("entPhysicalName", "1") == "Slot 1"
    assert said.cell("entPhysicalClass", "1") == "9"
    assert said.cell("sysServices", "") == "78"
    assert said.cell("entPhysicalName", "2") == ""


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=4))
def test_the_order_of_a_mib_is_the_order_of_its_arcs(arcs: list[int]) -> None:
    """An index sorts as the numbers in it do."""
    assert mib_order(".".join(map(str, arcs))) == tuple(arcs)


@given(st.text())
def test_any_index_has_a_place(index: str) -> None:
    """What is no number comes first; a number without end is bounded."""
    assert all(-1 <= arc < 10**18 for arc in mib_order(index))

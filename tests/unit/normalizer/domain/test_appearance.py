"""The tables in what a device says."""

from isthmus.normalizer.domain.appearance import Appearance, Layout, Said, mib_order
from isthmus.normalizer.domain.catalog import Row

CHASSIS = Row("entPhysicalClass", 3)


def test_only_stable_cells_are_said() -> None:
    """Facts and numbers are found by name, those that change are left out."""
    layout = Layout(("VendorName", "state"), ("level", "ifType.1"), ("m", "1"), (0,), (1,))

    said = Said.of(Appearance("hagen", "a:1", "modbus", "", "", layout, ("WAGO",), (6.0,)))

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

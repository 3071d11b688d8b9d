"""Rows of a device's tables that are devices of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.domain.appearance import Appearance, Columns, Said
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.composition import PARTS_MAX, Child, children, relation
from isthmus.normalizer.domain.report import Attribute, Kind, Relation

CHASSIS = {"entPhysicalSerialNum.1": "FOC2447L0AB", "entPhysicalModelName.1": "C9300-48P"}
CISCO = Attribute("vendor", "Cisco", "", "")


def appearance(path: str = "") -> Appearance:
    """A switch of Hagen."""
    return Appearance("hagen", "10.0.0.1:161", "snmp", "", path, Columns((), ()), (), ())


def parts(
    facts: Mapping[str, str],
    numbers: Mapping[str, float],
    *attributes: Attribute,
    path: str = "",
    catalog: Catalog | None = None,
) -> list[Child]:
    """The parts that these tables show."""
    named = {attribute.name: attribute for attribute in attributes}
    return list(children(Said(facts, numbers), appearance(path), named, catalog or small()))


def row(
    index: int, serial: str, kind: float, **columns: str
) -> tuple[dict[str, str], dict[str, float]]:
    """A row of entPhysicalTable."""
    facts = {f"entPhysical{name}.{index}": text for name, text in columns.items()}
    return {**facts, f"entPhysicalSerialNum.{index}": serial}, {f"entPhysicalClass.{index}": kind}


def test_a_module_is_a_device_with_its_own_serial_number() -> None:
    """Of the chassis' maker where it names none; its place is its name in the chassis."""
    facts, numbers = row(1001, "JAE2447", 9, ModelName="NM-8X", Name="Slot 1")

    [module] = parts({**CHASSIS, **facts}, {"entPhysicalClass.1": 3, **numbers}, CISCO)

    assert module.device == "module-1001"
    assert module.identity.relation == Relation(Kind.PART_OF, "", "Slot 1")
    assert [(k.scope, k.kind, k.value) for k in module.identity.keys] == [
        ("global", "serial", "cisco/JAE2447"),
        ("hagen", "address", "10.0.0.1:161/module-1001"),
    ]
    found = {name: module.identity.value(name) for name in ("vendor", "model", "serial", "class")}
    assert found == {
        "vendor": "Cisco", "model": "NM-8X", "serial": "JAE2447", "class": "line_card",
    }  # fmt: skip


def test_a_module_of_another_maker_keeps_its_own() -> None:
    """A transceiver need not be the switch's."""
    facts, numbers = row(7, "XYZ1234", 10, MfgName="Moxa", ModelName="SFP-1G")

    [module] = parts(facts, numbers, CISCO)

    assert module.identity.value("vendor") == "Moxa"
    assert module.identity.value("class") == "transceiver"


def test_the_chassis_itself_is_no_part_but_the_others_of_a_stack_are() -> None:
    """The first chassis is the device that reports."""
    facts, numbers = row(2001, "FOC9999", 3, ModelName="C9300-24T")
    stack = parts({**CHASSIS, **facts}, {"entPhysicalClass.1": 3, **numbers}, CISCO)

    assert [child.device for child in stack] == ["module-2001"]
    assert stack[0].identity.value("family") == "Catalyst 9300"


@pytest.mark.parametrize(("serial", "kind"), [("", 9.0), ("N/A", 9.0), ("JAE2447", 8.0)])
def test_a_row_that_could_not_be_known_again_is_left_out(serial: str, kind: float) -> None:
    """Without a serial number, and for sensors and containers."""
    facts, numbers = row(1001, serial, kind)

    assert parts(facts, numbers, CISCO) == []


def test_a_part_of_a_part_keeps_its_path() -> None:
    """A device behind an endpoint may have modules too."""
    facts, numbers = row(4, "JAE2447", 9)

    [module] = parts(facts, numbers, CISCO, path="unit-3")

    assert module.device == "unit-3/module-4"
    assert module.identity.relation == Relation(Kind.PART_OF, "unit-3", "4")


def test_only_programs_that_the_catalogue_knows_are_reported() -> None:
    """A host has hundreds; the host's maker did not make them."""
    facts = {
        "hrSWInstalledName.1": "Microsoft SQL Server 2019 (64-bit) 15.0.2000",
        "hrSWInstalledName.2": "Solitaire",
    }

    [program] = parts(facts, {}, Attribute("vendor", "Siemens", "", ""))

    assert program.device == "software-1"
    assert program.identity.relation == Relation(Kind.INSTALLED_ON, "", "1")
    assert (program.identity.value("vendor"), program.identity.value("model")) == (
        "Microsoft",
        "2019",
    )
    assert program.identity.value("software") == "15.0.2000"
    assert program.identity.unrecognised == ()


@pytest.mark.parametrize(("own", "devices"), [("atm", ["peripheral-1"]), ("server", [])])
def test_peripherals_are_those_of_machines_that_the_public_uses(
    own: str, devices: list[str]
) -> None:
    """The disks of a server are no devices of their own, the printer of an ATM is."""
    facts = {
        "hrDeviceDescr.1": "Receipt printer TP13", "hrDeviceType.1": "1.3.6.1.2.1.25.3.1.5",
        "hrDeviceDescr.2": "CPU", "hrDeviceType.2": "1.3.6.1.2.1.25.3.1.3",
    }  # fmt: skip

    found = parts(facts, {}, Attribute("class", own, "", ""))

    assert [child.device for child in found] == devices
    for child in found:
        assert child.identity.value("class") == "printer"
        relation = child.identity.relation
        assert relation is not None
        assert relation.kind is Kind.PERIPHERAL_OF


@pytest.mark.parametrize(
    ("protocol", "path", "expected"),
    [
        ("modbus", "unit-3", Relation(Kind.BEHIND, "", "unit-3")),
        ("opcua", "Machines/Robot1", Relation(Kind.EXPOSED_BY, "", "Robot1")),
        ("snmp", "chassis-2", Relation(Kind.PART_OF, "", "chassis-2")),
        ("snmp", "", None),
    ],
)
def test_what_stands_behind_an_endpoint_is_related_to_it(
    protocol: str, path: str, expected: Relation | None
) -> None:
    """By what its protocol says of such places."""
    assert relation(protocol, path) == expected


class Counted(Mapping[str, float]):
    """Numbers that count how often they are looked up."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers
        self.looks = 0

    def __getitem__(self, name: str) -> float:
        self.looks += 1
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def counted(rows: int, serial: str) -> tuple[int, int]:
    """How many parts a table of chassis makes, and how often its numbers are looked at."""
    facts: dict[str, str] = {}
    numbers: dict[str, float] = {}
    for index in range(rows):
        texts, kinds = row(index, serial and f"{serial}{index}", 3)
        facts |= texts
        numbers |= kinds
    looked = Counted(numbers)
    return len(parts(facts, looked, CISCO)), looked.looks


def test_the_work_for_a_table_grows_with_its_rows() -> None:
    """Ten times the rows, ten times the looks: no row is compared with all others."""
    (_, few), (_, many) = counted(200, ""), counted(2_000, "")

    assert 0 < many <= 11 * few


def test_the_parts_of_one_device_are_bounded() -> None:
    """A table without end makes neither reports nor work without end."""
    made, looks = counted(3 * PARTS_MAX, "SN")

    assert made == PARTS_MAX
    assert looks <= 20 * PARTS_MAX


def test_a_part_that_two_rules_show_is_one() -> None:
    """A place is one device."""
    facts, numbers = row(1001, "JAE2447", 9)
    twice = replace(small(), parts=(small().parts[0], small().parts[0]))

    assert len(parts(facts, numbers, CISCO, catalog=twice)) == 1


@pytest.mark.parametrize(
    ("kind", "model", "expected"),
    [
        (6, "C9300-48P", "power_supply"),
        (9, "C9300-NM-8X", "line_card"),
        (3, "C9300-48P", "switch"),
    ],
)
def test_a_module_is_no_switch_although_it_is_sold_like_one(
    kind: float, model: str, expected: str
) -> None:
    """What the table says of the row beats a family whose name it bears; a stack member is one."""
    facts, numbers = row(1001, "JAE2447", kind, ModelName=model)

    [part] = parts({**CHASSIS, **facts}, {"entPhysicalClass.1": 3, **numbers}, CISCO)

    assert part.identity.value("class") == expected

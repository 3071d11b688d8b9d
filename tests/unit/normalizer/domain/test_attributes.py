"""Who made a device, what it is, which versions it runs, and by which rule we say so."""

import pytest

from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.attributes import attributes
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.report import Attribute


def known(
    catalog: Catalog, protocol: str, facts: dict[str, str], profile: str = ""
) -> dict[str, Attribute]:
    """The attributes that these facts give, by name."""
    found, _ = attributes(Said(facts, {}), protocol, profile, catalog)
    return {attribute.name: attribute for attribute in found}


def test_an_attribute_keeps_what_was_said_and_why_it_became_what_it_is(catalog: Catalog) -> None:
    """The evidence stands beside the value."""
    found = known(catalog, "modbus", {"MajorMinorRevision": "FW 03.10.08"})

    assert found["firmware"] == Attribute(
        "firmware", "03.10.08", "FW 03.10.08", "modbus:MajorMinorRevision"
    )


@pytest.mark.parametrize(
    ("said", "vendor"),
    [
        ("Schneider-Electric", "Schneider Electric"),
        ("ABB Ability(TM) System 800xA", "ABB"),
        ("G. Lufft", "Lufft"),
        ("YAMAZAKI MAZAK", "Mazak"),
        ("Diebold Nixdorf, Incorporated", "Diebold Nixdorf"),
        ("American Power Conversion Corp.", "APC"),
        ("Q-Free ASA", "Q-Free"),
    ],
)
def test_a_vendor_has_one_name(catalog: Catalog, said: str, vendor: str) -> None:
    """However a vendor spells itself, it is the same vendor."""
    assert known(catalog, "opcua", {"Manufacturer": said})["vendor"].value == vendor


def test_an_enterprise_number_tells_the_vendor_but_not_that_of_an_agent(catalog: Catalog) -> None:
    """net-snmp answers on machines of any vendor."""
    moxa = known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.8691.7.86"})
    linux = known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.8072.3.2.10"})

    assert moxa["vendor"].value == "Moxa"
    assert "vendor" not in linux


def test_a_vendor_that_a_better_source_knows_beats_an_unknown_name(catalog: Catalog) -> None:
    """An OEM label does not hide whose device it is."""
    facts = {"entPhysicalMfgName.1": "Nobody Knows", "sysObjectID": "1.3.6.1.4.1.9.1.2494"}

    assert known(catalog, "snmp", facts)["vendor"].value == "Cisco"


def test_the_longest_object_identifier_decides(catalog: Catalog) -> None:
    """A router of a vendor that makes switches too."""
    assert (
        known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.9.1.2661"})["class"].value == "router"
    )
    assert (
        known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.9.1.2494"})["class"].value == "switch"
    )


def test_a_profile_only_fills_what_the_device_leaves_open(catalog: Catalog) -> None:
    """A drive that is read with the profile of a PLC stays a drive."""
    drive = {"model_name": "FC-302"}

    found = known(catalog, "modbus", drive, profile="schneider-m340")

    assert (found["class"].value, found["vendor"].value) == ("drive", "Danfoss")
    assert known(catalog, "modbus", {}, profile="schneider-m340")["class"].value == "plc"


def test_a_version_is_found_inside_a_description(catalog: Catalog) -> None:
    """sysDescr fills what no object of its own says."""
    facts = {
        "sysObjectID": "1.3.6.1.4.1.9.1.2061",
        "sysDescr": "Cisco IOS Software, IE4000 Software, Version 15.2(8)E2, RELEASE SOFTWARE",
    }

    assert known(catalog, "snmp", facts)["software"].value == "15.2(8)E2"
    better = known(catalog, "snmp", {**facts, "entPhysicalSoftwareRev.1": "15.2(9)"})
    assert better["software"].value == "15.2(9)"


def test_the_class_gives_the_purdue_level(catalog: Catalog) -> None:
    """A meter stands on level 0, a SCADA server on level 3."""
    assert known(catalog, "modbus", {}, profile="schneider-pm5320")["purdue_level"].value == "0"
    scada = known(catalog, "opcua", {"ManufacturerName": "Inductive Automation"})
    assert scada["purdue_level"].value == "3"


def test_what_no_rule_knows_is_reported_raw_and_named(catalog: Catalog) -> None:
    """An unknown vendor is still what the device said."""
    said = Said({"VendorName": "Nobody  Knows\x00", "ProductCode": "X-1"}, {})

    found, unrecognised = attributes(said, "modbus", "", catalog)

    assert found[0] == Attribute(
        "vendor", "Nobody Knows", "Nobody  Knows\x00", "unrecognised:VendorName"
    )
    assert unrecognised == ("class", "vendor")


def test_placeholders_are_no_attributes(catalog: Catalog) -> None:
    """What the mainboard's maker forgot to fill in is not known."""
    facts = {
        "entPhysicalSerialNum.1": "To Be Filled By O.E.M.",
        "entPhysicalModelName.1": "Default string",
        "sysLocation": "Unknown",
    }

    assert known(catalog, "snmp", facts) == {}

"""How vendors are looked up, and which facts say who a device is."""

import pytest

from isthmus.normalizer.domain.catalog import Catalog, base


@pytest.mark.parametrize(
    ("said", "vendor"),
    [
        ("Schneider-Electric", "Schneider Electric"),
        ("SCHNEIDER ELECTRIC SE", "Schneider Electric"),
        ("Telemecanique", "Schneider Electric"),
        ("Siemens AG Digital Industries", "Siemens"),
        ("ABB Ability(TM) System 800xA", "ABB"),
        ("WAGO Kontakttechnik GmbH & Co. KG", "WAGO"),
        ("G. Lufft", "Lufft"),
        ("Cisco Systems, Inc.", "Cisco"),
        ("Ciscone", None),
        ("Nobody", None),
        ("", None),
    ],
)
def test_a_vendor_has_one_name(catalog: Catalog, said: str, vendor: str | None) -> None:
    """However a vendor spells itself, it is the same vendor; a word like it is another."""
    found = catalog.vendor(said)

    assert (found and found.name) == vendor


@pytest.mark.parametrize(
    ("oid", "vendor"),
    [
        ("1.3.6.1.4.1.9.1.2494", "Cisco"),
        (".1.3.6.1.4.1.9", "Cisco"),
        ("1.3.6.1.4.1.99999", None),
        ("1.3.6.1.2.1.9", None),
        ("1.3.6.1.4.1", None),
        ("cisco", None),
        ("", None),
    ],
)
def test_a_private_enterprise_number_is_the_seventh_arc(
    catalog: Catalog, oid: str, vendor: str | None
) -> None:
    """Only below 1.3.6.1.4.1 does a number tell a vendor."""
    found = catalog.vendor_of_pen(oid)

    assert (found and found.name) == vendor


@pytest.mark.parametrize(
    ("uri", "vendor"),
    [
        ("https://www.siemens.com/s7-1500/1", "Siemens"),
        ("https://support.industry.siemens.com/cs", "Siemens"),
        ("urn:SIEMENS.com:S7", "Siemens"),
        ("urn:wago:pfc200", "WAGO"),
        ("https://notsiemens.com/", None),
        ("https://siemens.com.example/", None),
        ("urn:nobody:server", None),
        ("", None),
    ],
)
def test_a_uri_tells_the_vendor_by_its_host(catalog: Catalog, uri: str, vendor: str | None) -> None:
    """Label by label from the right: another domain that only looks alike is another's."""
    found = catalog.vendor_of_uri(uri)

    assert (found and found.name) == vendor


def test_a_text_without_end_is_looked_up_as_its_beginning(catalog: Catalog) -> None:
    """The names that are tried do not grow with what a device sends."""
    tail = " a" * 500_000
    vendor, of_uri = (
        catalog.vendor(f"Siemens{tail}"),
        catalog.vendor_of_uri("https://" + "a." * 500_000),
    )

    assert vendor is not None
    assert vendor.name == "Siemens"
    assert of_uri is None


def test_states_are_not_stable(catalog: Catalog) -> None:
    """What changes while a device runs does not make another device of it."""
    assert {
        "VendorName", "entPhysicalSerialNum", "ifPhysAddress", "moduleType", "sysDescr",
        "hrSWInstalledName", "snmpEngineID", "hrStorageType",
    } <= catalog.stable  # fmt: skip
    assert not {
        "state", "sysUpTime", "ifOperStatus", "hrStorageUsed", "dot1dTpFdbPort",
        "ipNetToMediaPhysAddress", "lldpRemChassisId", "upsBatteryStatus",
    } & catalog.stable  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ifPhysAddress.2", "ifPhysAddress"),
        ("prtMarkerSuppliesLevel.1.1", "prtMarkerSuppliesLevel"),
        ("entPhysicalMfgName@chassis", "entPhysicalMfgName"),
        ("VendorName", "VendorName"),
    ],
)
def test_a_column_is_named_without_its_instance(name: str, expected: str) -> None:
    """Rules are written for columns, devices answer with instances."""
    assert base(name) == expected

"""Which claims of a device are keys, and which only look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.domain.keys import FORMS
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.observation import Device, Observation, Outcome

SNMP = {"sysObjectID": "1.3.6.1.4.1.9.1.2494", "entPhysicalSerialNum.1": "FOC2447L0AB"}


def keys(
    normalizer: Normalizer,
    facts: dict[str, str],
    *,
    protocol: str = "snmp",
    site: str = "hagen",
    path: str = "",
    numbers: dict[str, float] | None = None,
) -> dict[str, str]:
    """The keys that these facts give, value by kind."""
    numbers = numbers or {}
    device = Device(
        path,
        Outcome.OK,
        facts=tuple(facts),
        texts=tuple(facts.values()),
        points=tuple(numbers),
        values=tuple(numbers.values()),
        units=("1",) * len(numbers),
    )
    observation = Observation(site, protocol, "", "10.0.0.1:502", Outcome.OK, "", (device,))
    report = normalizer.reports(observation)[0]
    return {f"{key.scope}|{key.kind}": key.value for key in report.identity.keys}


def test_one_machine_has_one_serial_key_by_any_protocol(normalizer: Normalizer) -> None:
    """Vendor and serial number are spelt alike, whoever spells them."""
    modbus = keys(
        normalizer,
        {"VendorName": "Schneider Electric", "serial_number": "2121-3607"},
        protocol="modbus",
    )
    opcua = keys(
        normalizer,
        {"Manufacturer": "SCHNEIDER ELECTRIC SE", "SerialNumber": "21213607"},
        protocol="opcua",
        path="Press1",
    )

    assert modbus["global|serial"] == opcua["global|serial"] == "schneider-electric/21213607"


def test_siemens_writes_a_prefix_that_is_no_part_of_the_serial(normalizer: Normalizer) -> None:
    """`S C-` before a serial number of Siemens is left out."""
    facts = {"Manufacturer": "Siemens AG", "SerialNumber": "S C-E1N12345"}

    assert keys(normalizer, facts, protocol="opcua")["global|serial"] == "siemens/E1N12345"


@pytest.mark.parametrize(
    "serial",
    [
        "",
        "0",
        "00000000",
        "FFFFFFFF",
        "123456789",
        "To Be Filled By O.E.M.",
        "N/A",
        "default string",
        "System Serial Number",
        "Not Specified",
        "xxxxxxxxxx",
    ],
)
def test_a_placeholder_is_no_serial_key(normalizer: Normalizer, serial: str) -> None:
    """What many devices have as their serial number tells none of them apart."""
    assert "global|serial" not in keys(normalizer, {**SNMP, "entPhysicalSerialNum.1": serial})


def test_a_serial_without_a_known_vendor_is_no_key(normalizer: Normalizer) -> None:
    """Two vendors may give the same serial number."""
    facts = {"VendorName": "Nobody Knows Works", "serial_number": "4711"}

    assert "global|serial" not in keys(normalizer, facts, protocol="modbus")


@pytest.mark.parametrize(
    "mac",
    [
        "00:00:5e:00:01:0a",
        "00:00:0c:07:ac:01",
        "00:00:0c:9f:f0:01",
        "00:07:b4:00:01:01",
        "00:50:56:9a:00:01",
        "00:15:5d:01:02:03",
        "00:0c:29:01:02:03",
        "00:05:69:01:02:03",
        "00:16:3e:01:02:03",
        "08:00:27:01:02:03",
        "02:42:ac:11:00:02",
        "52:54:00:12:34:56",
        "06:1b:0c:3a:10:01",
        "0a:1b:0c:3a:10:01",
        "0e:1b:0c:3a:10:01",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:01",
    ],
)
def test_a_shared_or_virtual_mac_is_no_key(normalizer: Normalizer, mac: str) -> None:
    """Addresses of router groups, virtual machines and containers move between devices."""
    assert "hagen|mac" not in keys(normalizer, {**SNMP, "ifPhysAddress.1": mac})


def test_the_lowest_physical_port_gives_the_mac(normalizer: Normalizer) -> None:
    """One port stands for all, whatever its index, and VLAN interfaces do not count."""
    found = keys(
        normalizer,
        {
            **SNMP,
            "ifPhysAddress.1": "00:1b:0c:3a:10:09",
            "ifPhysAddress.2": "00:1b:0c:3a:10:02",
            "ifPhysAddress.10": "00:1b:0c:3a:10:00",
        },
        numbers={"ifType.1": 6, "ifType.2": 6, "ifType.10": 53},
    )

    assert found["hagen|mac"] == "00:1b:0c:3a:10:02"


@pytest.mark.parametrize(
    ("engine_id", "is_key"),
    [
        ("800000090300001b0c3a1001", True),
        ("80:00:00:09:03:00:00:1b:0c:3a:10:01", True),
        ("8000000001020304", False),
        ("800000090300000000000000", False),
        ("80000009", False),
        ("80000009" + "01" * 28, True),
        ("80000009" + "01" * 29, False),
        ("not hex", False),
    ],
)
def test_a_cloned_engine_id_is_no_key(normalizer: Normalizer, engine_id: str, is_key: bool) -> None:
    """Engine ids of images and defaults belong to many agents."""
    assert ("hagen|engine-id" in keys(normalizer, {**SNMP, "snmpEngineID": engine_id})) is is_key


@pytest.mark.parametrize(
    ("uri", "is_key"),
    [
        ("urn:nordwerk:hagen:scada-1:ignition", True),
        ("urn:freeopcua:python:server", False),
        ("urn:localhost:Vendor:Server", False),
        ("URN:LocalHost:Vendor:Server", False),
        ("", False),
    ],
)
def test_a_default_application_uri_is_no_key(
    normalizer: Normalizer, uri: str, is_key: bool
) -> None:
    """The vendor's default is on every server of that vendor."""
    found = keys(normalizer, {"ApplicationUri": uri}, protocol="opcua")

    assert ("hagen|application-uri" in found) is is_key


def test_the_same_address_on_two_sites_is_two_keys(normalizer: Normalizer) -> None:
    """Addresses and names are unique within a site only."""
    assert keys(normalizer, SNMP, site="hagen")["hagen|address"] == "10.0.0.1:502"
    assert keys(normalizer, SNMP, site="lyon")["lyon|address"] == "10.0.0.1:502"


def test_a_device_behind_an_endpoint_has_its_own_address_only(normalizer: Normalizer) -> None:
    """What the endpoint says of itself is no key of what stands behind it."""
    facts = {"ApplicationUri": "urn:nordwerk:hagen:scada-1", "ifPhysAddress.1": "00:1b:0c:3a:10:01"}

    assert keys(normalizer, facts, path="unit-3") == {"hagen|address": "10.0.0.1:502/unit-3"}


@pytest.mark.parametrize("name", ["Switch.local", "localhost", "", "10.0.0.1", "42", "N/A"])
def test_default_host_names_are_no_keys(normalizer: Normalizer, name: str) -> None:
    """A name that a device has out of the box is on many devices; an address is no name."""
    assert "hagen|hostname" not in keys(normalizer, {**SNMP, "sysName": name})


def test_a_host_is_known_by_its_short_name(normalizer: Normalizer) -> None:
    """With and without its domain it is one host."""
    assert keys(normalizer, {**SNMP, "sysName": "HAG-1.x.example"})["hagen|hostname"] == "hag-1"


def test_keys_stand_strongest_first(normalizer: Normalizer) -> None:
    """Inventory reads the best claim first."""
    facts = {**SNMP, "sysName": "hag-core-1", "ifPhysAddress.1": "00:1b:0c:3a:10:01"}

    assert list(keys(normalizer, facts)) == [
        "global|serial", "hagen|mac", "hagen|address", "hagen|hostname",
    ]  # fmt: skip


@given(st.permutations(range(6)))
def test_keys_do_not_depend_on_the_order_of_facts(order: list[int]) -> None:
    """A device that answers in another order is the same device."""
    facts = [
        ("sysObjectID", "1.3.6.1.4.1.9.1.2494"),
        ("sysName", "hag-core-1"),
        ("entPhysicalSerialNum.1", "FOC2447L0AB"),
        ("entPhysicalSerialNum.1001", "FOC0000MODULE"),
        ("ifPhysAddress.1", "00:1b:0c:3a:10:01"),
        ("ifPhysAddress.2", "00:1b:0c:3a:10:02"),
    ]
    numbers = {"entPhysicalClass.1": 3.0, "entPhysicalClass.1001": 9.0}
    expected = keys(Normalizer(small()), dict(facts), numbers=numbers)
    shuffled = {facts[i][0]: facts[i][1] for i in order}

    assert keys(Normalizer(small()), shuffled, numbers=numbers) == expected
    assert expected["global|serial"] == "cisco/FOC2447L0AB"


@pytest.mark.parametrize(
    ("uuid", "is_key"),
    [
        ("4C4C4544-0042-3510-8052-B4C04F4A3132", True),
        ("03000200-0400-0500-0006-000700080009", False),
        ("00000000-0000-0000-0000-000000000000", False),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", False),
        ("Not Settable", False),
    ],
)
def test_a_uuid_that_a_mainboard_comes_with_is_no_key(
    normalizer: Normalizer, uuid: str, is_key: bool
) -> None:
    """Makers forgot to write one; all their boards have the same."""
    assert ("global|uuid" in keys(normalizer, {"system_uuid": uuid})) is is_key


@pytest.mark.parametrize(
    ("vin", "is_key"),
    [("wvw zzz1jz3w386752", True), ("WVWZZZ1JZ3W38675", False), ("WVWZZZ1JZ3W38675I", False)],
)
def test_a_vehicle_is_known_by_its_number(normalizer: Normalizer, vin: str, is_key: bool) -> None:
    """ISO 3779: seventeen characters without I, O and Q."""
    assert ("global|vin" in keys(normalizer, {"vin": vin})) is is_key


@pytest.mark.parametrize(
    ("thumbprint", "is_key"),
    [("AB:" * 19 + "CD", True), ("ab" * 32, True), ("abcd", False), ("xy" * 20, False)],
)
def test_a_certificate_is_known_by_its_thumbprint(
    normalizer: Normalizer, thumbprint: str, is_key: bool
) -> None:
    """SHA-1 or SHA-256, however it is grouped."""
    found = keys(normalizer, {"ServerCertificateThumbprint": thumbprint}, protocol="opcua")

    assert ("hagen|certificate" in found) is is_key


@pytest.mark.parametrize(
    ("serial", "is_key"), [("00C0FFEE", True), ("0", False), ("00000000", False)]
)
def test_a_cip_serial_number_is_unique_for_its_vendor(
    normalizer: Normalizer, serial: str, is_key: bool
) -> None:
    """Of an unknown vendor it is nobody's; zero is nobody's either."""
    facts = {"VendorName": "Moxa", "cip_serial": serial}

    assert ("global|cip-serial" in keys(normalizer, facts, protocol="modbus")) is is_key
    assert "global|cip-serial" not in keys(normalizer, {"cip_serial": serial}, protocol="modbus")


def test_a_product_instance_uri_is_unique_in_the_world(normalizer: Normalizer) -> None:
    """Also for a device behind an aggregating server: it is the device's own."""
    facts = {"ProductInstanceUri": "https://siemens.com/1P6ES7/SE1N12345"}

    found = keys(normalizer, facts, protocol="opcua", path="Machines/Robot1")

    assert found["global|product-instance-uri"] == "https://siemens.com/1P6ES7/SE1N12345"


def test_a_bridge_is_known_by_its_base_address_and_its_first_port(normalizer: Normalizer) -> None:
    """A board may be swapped and a port may be read alone."""
    facts = {
        "dot1dBaseBridgeAddress": "00:1b:0c:3a:10:80",
        "ifPhysAddress.1": "00:1b:0c:3a:10:02",
        "ifPhysAddress.2": "00:1b:0c:3a:10:01",
    }

    assert strong(normalizer, facts) == ["00:1b:0c:3a:10:01", "00:1b:0c:3a:10:80"]


def test_a_shared_base_address_is_no_key(normalizer: Normalizer) -> None:
    """The bridge of a virtual switch moves with its host."""
    facts = {"dot1dBaseBridgeAddress": "00:50:56:00:00:01", "ifPhysAddress.1": "00:1b:0c:3a:10:02"}

    assert strong(normalizer, facts) == ["00:1b:0c:3a:10:02"]


def test_sub_interfaces_with_one_mac_are_one_key(normalizer: Normalizer) -> None:
    """VLANs repeat the address of their port."""
    facts = {f"ifPhysAddress.{n}": "00:1b:0c:3a:10:02" for n in range(1, 40)}

    assert strong(normalizer, facts) == ["00:1b:0c:3a:10:02"]


def test_an_engine_id_of_a_virtual_card_is_no_key(normalizer: Normalizer) -> None:
    """Its format says that a MAC address follows, and that one moves."""
    facts = {"snmpEngineID": "80000009 03 005056010203"}

    assert "hagen|engine-id" not in keys(normalizer, facts)


def test_model_description_and_unit_are_no_keys(normalizer: Normalizer) -> None:
    """What all devices of a kind say tells none of them apart."""
    facts = {"VendorName": "WAGO", "ProductCode": "750-8214", "MajorMinorRevision": "03.10.08"}

    assert keys(normalizer, facts, protocol="modbus") == {"hagen|address": "10.0.0.1:502"}


@pytest.mark.parametrize("form", sorted(FORMS))
@given(raw=st.text(max_size=80))
def test_any_text_is_a_printable_key_or_none(form: str, raw: str) -> None:
    """And a key is its own canonical form."""
    value = FORMS[form](raw, small().traps)

    assert value.isprintable()
    assert FORMS[form](value, small().traps) == value


def strong(normalizer: Normalizer, facts: dict[str, str]) -> list[str]:
    """The MAC addresses by which a switch is known."""
    device = Device("", Outcome.OK, facts=tuple(facts), texts=tuple(facts.values()))
    observation = Observation("hagen", "snmp", "", "10.0.0.1:161", Outcome.OK, "", (device,))
    [report] = normalizer.reports(observation)
    return [key.value for key in report.identity.keys if key.kind == "mac"]


def test_a_record_is_known_by_its_number_in_the_books_and_by_what_it_says(
    normalizer: Normalizer,
) -> None:
    """Its network card, its name, its serial number with its maker."""
    found = keys(
        normalizer,
        {
            "asset_number": " 4711-0",
            "mac": "00-1B-1B-2C-3D-4E",
            "host_name": "Press-PLC-1.nordwerk.example",
            "vendor": "SIEMENS AG",
            "serial": "S C-E1N12345",
        },
        protocol="import",
    )

    assert found.pop("hagen|address")
    assert found == {
        "global|asset-number": "4711-0",
        "global|serial": "siemens/E1N12345",
        "hagen|mac": "00:1b:1b:2c:3d:4e",
        "hagen|hostname": "press-plc-1",
    }

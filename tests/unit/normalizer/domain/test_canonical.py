"""One spelling for what devices spell in many ways."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain import canonical


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("V3.20", "3.20"),
        ("v2.3.1", "2.3.1"),
        ("FW 03.10.08", "03.10.08"),
        ("Firmware: 1.2", "1.2"),
        ("Version V4.10", "4.10"),
        ("rev. 7", "7"),
        ("R 5.1", "5.1"),
        ("8.1.44 (b2024090310)", "8.1.44"),
        ("15.2(8)E2", "15.2(8)E2"),
        ("6.1.1-2", "6.1.1-2"),
        ("C2.4", "C2.4"),
        ("UPS 16.5", "16.5"),
        ("FortiGate-60F v7.0.12,build0523,230606 (GA.M)", "7.0.12"),
        ("7.1.070, Release 1309", "7.1.070"),
        ("V1.05/V1.02", "1.05"),
        ("10.0: Build 54.6", "10.0"),
        ("build, of today", "build, of today"),
        ("MSNGM.081.232", "MSNGM.081.232"),
        ("(7)", "(7)"),
        ("version", "version"),
        ("", ""),
    ],
)
def test_a_version_keeps_only_the_version(raw: str, expected: str) -> None:
    """Words before a version and a build behind it go; what is part of the version stays."""
    assert canonical.version(raw) == expected


def test_a_version_loses_the_words_that_the_catalogue_names() -> None:
    """A model or a product name before the version is no part of it."""
    assert canonical.version("RobotWare 7.8.2", ["RobotWare"]) == "7.8.2"
    assert canonical.version("BMX P34 2020 V3.20", ["BMX P34 2020"]) == "3.20"


def test_a_text_has_no_control_characters() -> None:
    """What a register map pads with zeros, and what a terminal would obey, is not shown."""
    assert canonical.text("  BMX\x00P34\r\n20\u200b20\x1b[31m ") == "BMX P34 2020 [31m"


@given(st.text())
def test_a_text_is_printable_short_and_stays_as_it_is(raw: str) -> None:
    """The canonical form of any text can be printed, is bounded, and is its own canonical form."""
    found = canonical.text(raw)

    assert found.isprintable()
    assert len(found) <= canonical.TEXT_CHARACTERS
    assert canonical.text(found) == found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Schneider-Electric", ["schneider electric", "schneider"]),
        ("Beckhoff Automation GmbH & Co. KG", ["beckhoff automation", "beckhoff"]),
        ("Cisco Systems, Inc.", ["cisco systems", "cisco"]),
        ("Diebold Nixdorf, Incorporated", ["diebold nixdorf", "diebold"]),
        ("SE Electronics", ["se electronics", "se", "electronics"]),
        (
            "Acme Ltd a division of Big Corp",
            ["acme", "acme a division of big", "acme a division of", "acme a division", "acme a"],
        ),
        ("", []),
    ],
)
def test_a_vendor_is_looked_up_without_its_legal_form(raw: str, expected: list[str]) -> None:
    """Case, punctuation and legal form do not matter, and trailing words matter last."""
    assert list(dict.fromkeys(canonical.vendor_names(raw))) == expected


def test_a_serial_number_is_compared_without_grouping() -> None:
    """Blanks, hyphens and case that only group a serial number make no other machine."""
    assert canonical.serial(" 30-0b2c 7741\x00") == "300B2C7741"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("00:1b:0c:3a:10:01", "00:1b:0c:3a:10:01"),
        ("00-1B-0C-3A-10-01", "00:1b:0c:3a:10:01"),
        ("001b.0c3a.1001", "00:1b:0c:3a:10:01"),
        ("00:1b:0c", None),
        ("00:1b:0c:3a:10:01:ff:fe", None),
        ("0x001B0C3A1001", "00:1b:0c:3a:10:01"),
        ("hag-acc-00123456", None),
        ("switch 001b0c3a1001", None),
        ("", None),
    ],
)
def test_a_mac_has_one_spelling(raw: str, expected: str | None) -> None:
    """An EUI-48 is written with colons in lower case; nothing else is one."""
    assert canonical.mac(raw) == expected


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        ("00:1b:0c:3a:10:01", True),
        ("02:42:ac:11:00:02", False),
        ("01:00:5e:00:00:01", False),
        ("ff:ff:ff:ff:ff:ff", False),
        ("00:00:00:00:00:00", False),
    ],
)
def test_only_a_universal_unicast_mac_belongs_to_one_card(mac: str, expected: bool) -> None:
    """Group, local and empty addresses tell no card apart."""
    assert canonical.is_universal_unicast(mac) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("4C4C4544-0042-3510-8052-B4C04F4A3132", "4c4c4544-0042-3510-8052-b4c04f4a3132"),
        ("urn:uuid:4c4c4544004235108052b4c04f4a3132", "4c4c4544-0042-3510-8052-b4c04f4a3132"),
        ("00000000-0000-0000-0000-000000000000", None),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", None),
        ("{4C4C4544-0042-3510-8052-B4C04F4A3132}", "4c4c4544-0042-3510-8052-b4c04f4a3132"),
        ("a machine " + "4c4c4544004235108052b4c04f4a3132", None),
        ("not a uuid", None),
    ],
)
def test_a_uuid_has_one_spelling(raw: str, expected: str | None) -> None:
    """A UUID is written as RFC 9562 does; one of equal digits says nothing."""
    assert canonical.uuid(raw) == expected


def test_a_host_name_is_short_and_in_lower_case() -> None:
    """The domain of a host is no part of its name."""
    assert canonical.host("LYO-ERP-1.nordwerk.example") == "lyo-erp-1"


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://www.siemens.com/products/1", "siemens.com"),
        ("urn:SIEMENS.com:S7-1500", "siemens.com"),
        ("opc.tcp://10.0.0.1:4840/UA", "10.0.0.1"),
        ("wago.com/750-8214", "wago.com"),
        ("urn:a b:c", ""),
        ("", ""),
    ],
)
def test_a_uri_names_a_host(uri: str, host: str) -> None:
    """Whatever stands before and behind it."""
    assert canonical.uri_host(uri) == host


@pytest.mark.parametrize(
    "form",
    [canonical.text, canonical.mac, canonical.uuid, canonical.uri_host, canonical.serial],
)
def test_no_form_reads_more_of_a_text_than_it_needs(form: Callable[[str], object]) -> None:
    """What stands behind the first page of a text changes nothing, so it costs nothing."""
    start = "00:1b:0c:3a:10:01 ".ljust(canonical.READ_CHARACTERS)

    assert form(start + "x" * 1_000_000) == form(start)


def test_a_long_text_is_few_vendor_names() -> None:
    """The names that are looked up grow with the words that are read, not with what was sent."""
    assert len(list(canonical.vendor_names("a " * 500_000))) <= canonical.TEXT_CHARACTERS


@given(st.text(alphabet="vVrR. :_=-swfirmwae0", max_size=60))
def test_words_before_a_version_are_taken_away_once_for_all(raw: str) -> None:
    """What is left has no such word before it, unless it is nothing else."""
    found = canonical.version(raw)

    assert canonical.version(found) == found

"""Who made a device, what it is, which versions it runs, and by which rule we say so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.adapters.entries import AttributeName
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.attributes import (
    ADDRESSED,
    MATCHED,
    NAMED,
    ORDER,
    PLAIN,
    RAW_CHARACTERS,
    RECORDED,
    REFINED,
    REGISTERED,
    STATED,
    UNKNOWN_NAME,
    Evidence,
    Recognised,
)
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.families import Rank
from isthmus.normalizer.domain.report import Attribute

CISCO = "1.3.6.1.4.1.9.1.2494"
MAC = "00:90:e8:00:00:01"


def recognised(
    catalog: Catalog, protocol: str, facts: dict[str, str], profile: str = "", *macs: str
) -> Recognised:
    """What these facts say."""
    return Recognised(Said(facts, {}), protocol, profile, macs, catalog)


def known(
    catalog: Catalog, protocol: str, facts: dict[str, str], profile: str = "", *macs: str
) -> dict[str, Attribute]:
    """The attributes that these facts give, by name."""
    found = recognised(catalog, protocol, facts, profile, *macs)
    return {attribute.name: attribute for attribute in found.attributes()}


def test_an_attribute_keeps_what_was_said_and_why_it_became_what_it_is(catalog: Catalog) -> None:
    """The evidence stands beside the value."""
    found = known(catalog, "modbus", {"MajorMinorRevision": "FW 03.10.08"})

    assert found["firmware"] == Attribute(
        "firmware", "03.10.08", "FW 03.10.08", "modbus:MajorMinorRevision", STATED, "c3.d10.c8.B"
    )


def test_evidence_is_ranked_by_how_far_it_may_be_trusted() -> None:
    """What a field is made for, then what a text says, then what a number or a guess says."""
    order = [
        REFINED, STATED, MATCHED[Rank.ORDER_CODE], MATCHED[Rank.MODEL], MATCHED[Rank.OBJECT],
        MATCHED[Rank.FACT], MATCHED[Rank.BRANCH], NAMED, UNKNOWN_NAME, MATCHED[Rank.PROFILE],
        MATCHED[Rank.GENERIC], ADDRESSED,
    ]  # fmt: skip

    assert order == sorted(order, reverse=True)
    assert set(MATCHED) == set(Rank)
    assert MATCHED[Rank.BRANCH] == REGISTERED
    assert all(0 < confidence <= 1 for confidence in order)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "B ", "c"]), st.sampled_from([0.4, 0.9]))))
def test_of_equals_the_first_stays_the_first(said: list[tuple[str, float]]) -> None:
    """And what says the same in another spelling is no alternative."""
    evidence = Evidence()
    for value, confidence in said:
        evidence.add(Attribute("model", value, value, "r", confidence))
    ranked = sorted(said, key=lambda each: -each[1])

    assert evidence.best("model") == (ranked[0][0] if ranked else "")
    others = [each.value.strip().lower() for each in evidence.others("model")]
    assert len(others) == len(set(others))
    assert {*others, evidence.best("model").strip().lower()} >= {v.strip().lower() for v, _ in said}


def test_what_the_same_answer_says_otherwise_is_kept(catalog: Catalog) -> None:
    """Two sources in conflict are two attributes, the better one first."""
    facts = {"entPhysicalModelName.1": "C9300-48P", "sysObjectID": CISCO, "upsIdentModel": "UPS-1"}

    found = recognised(catalog, "snmp", facts)

    assert next(a for a in found.attributes() if a.name == "model").value == "C9300-48P"
    models = [(a.value, a.rule) for a in found.alternatives() if a.name == "model"]
    assert models == [("UPS-1", "snmp:upsIdentModel"), ("C9300-24T", "catalog:cisco-catalyst-9300")]


def test_a_label_does_not_hide_the_vendor_that_a_number_tells(catalog: Catalog) -> None:
    """An unknown name is worth less than a registered number, and is kept."""
    facts = {"entPhysicalMfgName.1": "Nobody Knows", "sysObjectID": CISCO}

    found = recognised(catalog, "snmp", facts)

    assert next(a for a in found.attributes() if a.name == "vendor").value == "Cisco"
    assert [a.value for a in found.alternatives() if a.name == "vendor"] == ["Nobody Knows"]


def test_an_enterprise_number_tells_the_vendor_but_not_that_of_an_agent(catalog: Catalog) -> None:
    """net-snmp answers on machines of any vendor."""
    moxa = known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.8691.7.86"})
    linux = known(catalog, "snmp", {"sysObjectID": "1.3.6.1.4.1.8072.3.2.10"})

    assert (moxa["vendor"].value, moxa["vendor"].rule) == ("Moxa", "pen:sysObjectID")
    assert "vendor" not in linux
    assert linux["class"].confidence == MATCHED[Rank.BRANCH]


@pytest.mark.parametrize(
    "fact", ["ManufacturerUri", "ProductInstanceUri", "ProductUri", "ApplicationUri"]
)
def test_a_uri_tells_the_vendor(catalog: Catalog, fact: str) -> None:
    """OPC UA names things by URIs of their maker."""
    vendor = known(catalog, "opcua", {fact: "https://www.siemens.com/s7-1500"})["vendor"]

    assert (vendor.value, vendor.rule, vendor.confidence) == ("Siemens", f"uri:{fact}", NAMED)


def test_a_network_card_tells_the_vendor_when_nothing_else_does(catalog: Catalog) -> None:
    """The IEEE's registry knows who got the address block."""
    makers = {"00:90:e8": "Moxa Technologies Corp., Ltd.", "00:15:17": "Intel Corporate"}
    ours = replace(catalog, organisation=lambda mac: makers.get(mac[:8], ""))

    assert known(ours, "modbus", {}, "", MAC)["vendor"] == Attribute(
        "vendor", "Moxa", f"{MAC} Moxa Technologies Corp., Ltd.", "oui", ADDRESSED
    )
    assert known(ours, "modbus", {"VendorName": "WAGO"}, "", MAC)["vendor"].value == "WAGO"
    assert "vendor" not in known(ours, "modbus", {}, "", "00:15:17:00:00:01")


def test_an_order_code_beats_an_object_identifier(catalog: Catalog) -> None:
    """What is more specific decides what a device is."""
    facts = {"ProductCode": "6ES7 513-1AL02-0AB0", "SerialNumber": "S C-E1N12345"}

    found = known(catalog, "opcua", facts)

    assert (found["vendor"].value, found["family"].value) == ("Siemens", "SIMATIC S7-1500")
    assert found["class"].rule == "catalog:siemens-s7-1500"
    assert found["class"].confidence == MATCHED[Rank.ORDER_CODE]
    assert found["serial"].value == "E1N12345"


def test_a_profile_only_fills_what_the_device_leaves_open(catalog: Catalog) -> None:
    """A drive that is read with the profile of a PLC stays a drive."""
    drive = recognised(catalog, "modbus", {"model_name": "FC-302"}, "schneider-m340")
    found = {a.name: a.value for a in drive.attributes()}

    assert (found["class"], found["vendor"]) == ("drive", "Danfoss")
    assert [a.value for a in drive.alternatives() if a.name == "class"] == ["plc"]
    alone = known(catalog, "modbus", {}, "schneider-m340")
    assert (alone["class"].value, alone["class"].confidence) == ("plc", MATCHED[Rank.PROFILE])


def test_what_runs_on_a_device_gives_way_to_what_it_is(catalog: Catalog) -> None:
    """Linux on a PLC of a known family is not a server."""
    facts = {"sysDescr": "Linux 750-8214 5.10", "entPhysicalModelName.1": "750-8214"}

    alone = known(catalog, "snmp", {"sysDescr": "Linux 750-8214 5.10"})
    plc = known(catalog, "snmp", {**facts, "entPhysicalMfgName.1": "WAGO"})

    assert (alone["class"].value, alone["class"].confidence) == ("server", MATCHED[Rank.GENERIC])
    assert plc["class"].value == "plc"


def test_a_branch_of_another_maker_says_nothing_of_the_family(catalog: Catalog) -> None:
    """A card of one maker answers in the box of another."""
    facts = {"sysObjectID": "1.3.6.1.4.1.9.1.99", "entPhysicalMfgName.1": "Moxa"}

    found = known(catalog, "snmp", facts)

    assert found["vendor"].value == "Moxa"
    assert "family" not in found
    assert "class" not in found


def test_a_version_is_found_inside_a_description(catalog: Catalog) -> None:
    """sysDescr fills what no object of its own says."""
    facts = {"sysDescr": "Cisco IOS Software [X], CAT9K_IOSXE, Version 16.12.5b, RELEASE"}

    assert known(catalog, "snmp", facts)["software"].value == "16.12.5b"
    better = known(catalog, "snmp", {**facts, "entPhysicalSoftwareRev.1": "17.3.1"})
    assert better["software"].value == "17.3.1"


def test_versions_lose_the_words_of_their_vendor_and_order_by_its_scheme(catalog: Catalog) -> None:
    """`RobotWare 7.8` is 7.8, and Schneider's 3.20 is 3.2.0."""
    robot = known(catalog, "opcua", {"Manufacturer": "ABB", "SoftwareRevision": "RobotWare 7.8.2"})
    plc = {"VendorName": "Modicon", "ProductCode": "BMX P34 2020"}
    plc["MajorMinorRevision"] = "BMX P34 2020 V3.20"

    assert robot["firmware"].value == "7.8.2"
    found = known(catalog, "modbus", plc)["firmware"]
    assert (found.value, found.order) == ("3.20", "c3.c2.B")


def test_the_class_gives_purdue_level_and_criticality(catalog: Catalog) -> None:
    """Until a zone or a person says otherwise; as sure as the class."""
    found = known(catalog, "modbus", {"model_name": "FC-302"})

    assert (found["purdue_level"].value, found["criticality"].value) == ("0", "medium")
    assert found["purdue_level"].confidence == found["class"].confidence


def test_a_family_gives_its_cpe_name_with_the_version(catalog: Catalog) -> None:
    """Or any version, where none is known."""
    facts = {"VendorName": "Modicon", "ProductCode": "BMX P34 2020"}

    named = known(catalog, "modbus", {**facts, "MajorMinorRevision": "V3.20"})["cpe"].value
    assert named.startswith("cpe:2.3:o:schneider-electric:modicon_m340_firmware:3.20:")
    assert ":modicon_m340_firmware:*:" in known(catalog, "modbus", facts)["cpe"].value


def test_the_most_narrow_fact_of_a_lifecycle_wins(catalog: Catalog) -> None:
    """What a maker says of one firmware beats what it says of the family."""
    facts = {"VendorName": "Modicon", "ProductCode": "BMX P34 2020"}

    old = known(catalog, "modbus", {**facts, "MajorMinorRevision": "V2.7"})
    new = known(catalog, "modbus", {**facts, "MajorMinorRevision": "V3.2"})

    assert (old["lifecycle"].value, old["end_of_support"].value) == ("known", "2026-12-31")
    assert (new["lifecycle"].value, new["released"].value) == ("supported_no_date", "2007")
    assert "end_of_support" not in new
    assert old["lifecycle"].rule == "lifecycle:schneider-m340"
    assert "lifecycle" not in known(catalog, "modbus", {"model_name": "FC-302"})


def test_what_no_rule_knows_is_reported_raw_and_named(catalog: Catalog) -> None:
    """An unknown vendor is still what the device said."""
    found = recognised(catalog, "modbus", {"VendorName": "Nobody  Knows\x00"})

    assert found.attributes() == (
        Attribute(
            "vendor", "Nobody Knows", "Nobody  Knows\x00", "unrecognised:VendorName", UNKNOWN_NAME
        ),
    )
    assert found.unrecognised() == ("class", "model", "family", "vendor")


def test_placeholders_are_no_attributes(catalog: Catalog) -> None:
    """What the mainboard's maker forgot to fill in is not known."""
    facts = {
        "entPhysicalSerialNum.1": "To Be Filled By O.E.M.",
        "entPhysicalModelName.1": "Default string",
        "sysLocation": "Unknown",
    }

    assert known(catalog, "snmp", facts) == {}


def test_the_evidence_of_a_long_text_is_its_beginning(catalog: Catalog) -> None:
    """A report does not grow with what a device sends."""
    raw = "x" * 1_000_000

    found = known(catalog, "modbus", {"VendorName": raw})["vendor"]

    assert (len(found.raw), len(found.value)) == (RAW_CHARACTERS, 256)


def test_attributes_that_files_may_name_are_those_that_are_made() -> None:
    """A source for an attribute that nobody makes would be without effect."""
    assert set(AttributeName.__args__) == {"class", "family", "vendor", *PLAIN}  # type: ignore[attr-defined]


@given(
    st.dictionaries(st.sampled_from(sorted(small().stable)), st.text(max_size=30), max_size=6),
    st.sampled_from(["modbus", "opcua", "snmp", "part", "mqtt"]),
    st.sampled_from(["", "schneider-m340"]),
)
def test_each_attribute_is_made_once_and_in_its_order(
    facts: dict[str, str], protocol: str, profile: str
) -> None:
    """Whatever is said: one value for a name, sure to some degree, by a rule that is named."""
    found = recognised(small(), protocol, facts, profile)
    made, others = found.attributes(), found.alternatives()

    assert [a.name for a in made] == [n for n in ORDER if n in {a.name for a in made}]
    assert all(a.value and a.rule and 0 < a.confidence <= 1 for a in (*made, *others))
    assert {a.name for a in others} <= {a.name for a in made}


@pytest.mark.parametrize(
    ("fact", "number", "vendor"),
    [
        ("cip_vendor_id", "991", "Moxa"),
        ("bacnet_vendor_id", " 661 ", "Moxa"),
        ("cip_vendor_id", "661", None),
        ("cip_vendor_id", "", None),
    ],
)
def test_a_maker_is_known_by_the_number_it_was_given(
    fact: str, number: str, vendor: str | None, catalog: Catalog
) -> None:
    """Of ODVA or ASHRAE, each in its own registry."""
    found = known(catalog, "ethernetip", {fact: number})

    assert (found["vendor"].value if "vendor" in found else None) == vendor


def test_a_system_of_record_is_trusted_less_than_a_device(catalog: Catalog) -> None:
    """Its maker may be a dealer, and its class what an accountant takes for one."""
    says = {"vendor": "Elektro Grossmann", "order_code": "6ES7 513-1AL02-0AB0", "class": "machine"}
    by_order_code = known(catalog, "import", says)
    by_itself = known(catalog, "import", {"vendor": "ABB Ability", "class": "machine"})

    assert by_order_code["vendor"].value == "Siemens"
    assert by_order_code["class"].value == "plc"
    assert by_itself["vendor"] == Attribute(
        "vendor", "ABB", "ABB Ability", "import:vendor", RECORDED
    )
    assert by_itself["class"].value == "machine"
    assert UNKNOWN_NAME < RECORDED < min(NAMED, REGISTERED, STATED)


def test_what_a_system_of_record_decides_passes_as_it_stands(catalog: Catalog) -> None:
    """In place of what is assumed of a class; a site's own fields with it."""
    says = {
        "order_code": "6ES7 513-1AL02-0AB0", "criticality": "low", "purchase_price": "4850.00",
        "custom.cabinet": "7 ", "unheard_of": "x",
    }  # fmt: skip

    found = known(catalog, "import", says)

    assert found["purdue_level"].rule == "catalog:classes"
    assert found["criticality"] == Attribute(
        "criticality", "low", "low", "import:criticality", RECORDED
    )
    assert found["purchase_price"].value == "4850.00"
    assert found["custom.cabinet"].value == "7 "
    assert "unheard_of" not in found
    assert "purchase_price" not in known(catalog, "modbus", {"purchase_price": "1"})

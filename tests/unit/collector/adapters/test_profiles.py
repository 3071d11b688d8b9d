"""Device profiles: every one that is shipped is good, and a wrong one says where."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from isthmus.collector.adapters import PROFILES
from isthmus.collector.adapters.costs import Cost, cost
from isthmus.collector.adapters.modbus.registers import Profile as ModbusProfile
from isthmus.collector.adapters.profiles import ProfileFolder, shipped
from isthmus.collector.adapters.snmp import Profile as SnmpProfile
from isthmus.collector.domain.recognition import matching
from isthmus.collector.ports import DeviceProfile
from isthmus.runtime.errors import Rejected

ROOT = Path(__file__).parents[4]
SHIPPED = sorted((ROOT / "services/collector/isthmus/collector/profiles").glob("*.yaml"))
SCHEMA = "# yaml-language-server: $schema=../../../../../docs/profiles.schema.json"
# Requests of one read, slow ones included: a device is asked about as much as a person could read.
READ_MAX = {"modbus": 8, "opcua": 2, "snmp": 16}
GATEWAY_MAX = 20


def shipped_profile(file: Path) -> DeviceProfile:
    protocol = yaml.safe_load(file.read_text())["protocol"]
    return ProfileFolder().load(file.stem, PROFILES[protocol])


def cost_of(file: Path) -> Cost:
    return cost(shipped_profile(file), ProfileFolder())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_is_good(file: Path) -> None:
    """It has the shape of its protocol, and a name that a target may have."""
    assert isinstance(shipped_profile(file), DeviceProfile)
    assert re.fullmatch(r"[a-z0-9-]+", file.stem)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_names_its_schema_and_its_source(file: Path) -> None:
    """An editor helps with the one; a device engineer looks the other up."""
    lines = file.read_text().splitlines()
    assert lines[0] == SCHEMA
    assert any(line.startswith("# Source: ") for line in lines)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_read_by_a_shipped_profile_sends_few_requests(file: Path) -> None:
    """Planned as the adapter plans it, at the slots where most is read."""
    found = cost_of(file)
    gateway = "units" in yaml.safe_load(file.read_text())
    bound = GATEWAY_MAX if gateway else READ_MAX[found.profile.protocol]
    assert found.slot.total() <= found.slow.total() <= bound


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_bears_an_interval_of_ten_seconds(file: Path) -> None:
    """Its own envelope lets all of a slow read through in that time."""
    if not shipped_profile(file).safety:
        assert cost_of(file).interval_s_least <= 10


def test_there_are_profiles_for_every_protocol_and_for_safety_controllers() -> None:
    """The latter are read by nobody who has not named them."""
    profiles = {file.stem: shipped_profile(file) for file in SHIPPED}
    assert len(profiles) >= 60
    for protocol in PROFILES:
        assert profiles[f"{protocol}-any"].match == {}
        assert sum(p.protocol == protocol for p in profiles.values()) >= 10
    assert {n for n, p in profiles.items() if p.safety} == {
        "hima-himax", "schneider-m580s", "siemens-s7-1500f",
    }  # fmt: skip


def test_no_two_shipped_profiles_match_by_the_same_expressions() -> None:
    """A device that both fit could be neither."""
    for protocol, kind in PROFILES.items():
        rules = [sorted(match.items()) for match in ProfileFolder().rules(kind).values()]
        assert len(rules) >= 5, protocol
        assert all(rules.count(rule) == 1 for rule in rules)


@pytest.mark.parametrize(
    ("protocol", "facts", "profile"),
    [
        ("modbus", {"ProductCode": "BME P58 4040"}, "schneider-m580"),
        ("modbus", {"ProductCode": "BMEP584040C"}, "schneider-m580"),
        ("modbus", {"ProductCode": "BMEP584040S"}, "schneider-m580s"),
        ("modbus", {"ProductCode": "BME P58 2040SC"}, "schneider-m580s"),
        ("opcua", {"Model": "CPU 1515-2 PN"}, "siemens-s7-1500"),
        ("opcua", {"Model": "CPU 1511C-1 PN"}, "siemens-s7-1500"),
        ("opcua", {"Model": "CPU 1516F-3 PN/DP"}, "siemens-s7-1500f"),
        ("opcua", {"Model": "CPU 1512SP F-1 PN"}, "siemens-s7-1500f"),
    ],
)
def test_a_safety_controller_is_told_from_its_sister(
    protocol: str, facts: dict[str, str], profile: str
) -> None:
    """A letter in its order code keeps everyone's hands off it."""
    said = {"VendorName": "Schneider Electric", "ProductName": "SIMATIC S7-1500", **facts}
    rules = ProfileFolder().rules(PROFILES[protocol])
    assert matching(rules, said) == [profile]


def told(file: Path) -> Iterator[str]:
    """Facts of identity that reading by a profile tells."""
    profile = shipped_profile(file)
    if profile.protocol == "opcua":
        yield from ("ApplicationUri", "ProductUri", "ManufacturerName", "ProductName")
        yield from ("Manufacturer", "Model", "SerialNumber")
    elif isinstance(profile, ModbusProfile) and profile.identification != "none":
        yield from ("VendorName", "ProductCode", "MajorMinorRevision")
    elif isinstance(profile, SnmpProfile) and "system" in profile.groups:
        yield from ("sysDescr", "sysObjectID", "sysName")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_tells_the_facts_that_it_matches(file: Path) -> None:
    """Else a device that was swapped would go on being read by the map of the one before."""
    assert set(shipped_profile(file).match) <= set(told(file))


def test_a_folder_of_ones_own_goes_before_the_shipped_one(tmp_path: Path) -> None:
    """A plant may say it better; what it does not say is as shipped."""
    (tmp_path / "host.yaml").write_text("protocol: snmp\ngroups: [system]")
    folder = ProfileFolder(tmp_path, shipped())
    assert folder.load("host", SnmpProfile).groups == ["system"]
    assert folder.load("ups", SnmpProfile) == ProfileFolder().load("ups", SnmpProfile)


def test_a_profile_that_is_not_there_is_named() -> None:
    """The sentence says which file is missing."""
    with pytest.raises(Rejected, match=r"no file profiles/acme-9000\.yaml"):
        ProfileFolder().load("acme-9000", ModbusProfile)


def test_a_name_leads_to_no_other_folder(tmp_path: Path) -> None:
    """A gateway's profile names others, and a person wrote it."""
    with pytest.raises(Rejected, match=r"'\.\./secrets': expected a name of a-z"):
        ProfileFolder(tmp_path).load("../secrets", ModbusProfile)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("protocol: modbus\nregisters: [{name: a}]", r"acme\.yaml:2: registers\.0\.address: miss"),
        ("protocol: modbus\nregister: []", r"acme\.yaml:2: register: unknown .* 'registers'\?"),
        ("protocol: snmp", r"acme\.yaml:1: protocol: 'snmp', expected 'modbus'"),
        ("protocol: [", r"acme\.yaml:1: no YAML"),
        ("protocol: modbus\nmatch: {a: (}", r"acme\.yaml:2: match\.a: '\(', is no regular expr"),
        ("protocol: modbus\nenvelope: {gap_s: -1}", r"acme\.yaml:2: envelope: gap_s: -1"),
    ],
)
def test_a_wrong_profile_names_file_line_and_field(
    tmp_path: Path, content: str, reason: str
) -> None:
    """One sentence, and no more."""
    (tmp_path / "acme.yaml").write_text(content)
    with pytest.raises(Rejected, match=reason):
        ProfileFolder(tmp_path).load("acme", ModbusProfile)


def test_a_group_that_is_unknown_is_named(tmp_path: Path) -> None:
    """The sentence lists those that are known."""
    (tmp_path / "acme.yaml").write_text("protocol: snmp\ngroups: [sistem]")
    with pytest.raises(Rejected, match="'sistem', expected one of arp, bridge"):
        ProfileFolder(tmp_path).load("acme", SnmpProfile)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "snmp\ngroups: [system]\nvalues: {a: sysName.0}",
            r"3: values\.a: 'sysName\.0', expected an",
        ),
        ("snmp\ngroups: [system]\nidentity: {a: .1.3.6.1}", r"3: identity\.a: '\.1\.3\.6\.1', exp"),
        ("snmp\ngroups: [system]\nvalues: {a: 1.3.4294967296}", r"3: values\.a: .*as 1\.3\.6"),
        ("snmp\ngroups: [system]\nvalues: {a: '1.3'}", r"3: values\.a: '1\.3', expected an object"),
        ("snmp\ngroups: [system]\nvalues: {sysName: 1.3.6.1}", "both have the name 'sysName'"),
        (
            "opcua\nvalues: [{name: a, path: 'id:A'}]",
            r"2: values\.0\.path: 'id:A', 'id': exp.* own, cnc",
        ),
        (
            "opcua\nvalues: [{name: a, path: 'di:A/x:B'}]",
            r"2: values\.0\.path: .*'x': expected one of",
        ),
        ("modbus\nprivate_objects: {127: a}", r"2: private_objects: 127: expected 128 to 255"),
        ("modbus\nprivate_objects: {0x100: a}", r"2: private_objects: 256: expected 128 to 255"),
        ("modbus\nunits: {256: keba-p30}", r"2: units: 256: expected 0 to 255"),
        ("modbus\nunits: {-1: keba-p30}", r"2: units: -1: expected 0 to 255"),
    ],
)
def test_what_no_device_can_have_is_a_mistake(tmp_path: Path, content: str, reason: str) -> None:
    """It would be asked for in vain, at each slot, and nobody would know why."""
    (tmp_path / "acme.yaml").write_text(f"protocol: {content}\n")
    with pytest.raises(Rejected, match=reason):
        ProfileFolder(tmp_path).load("acme", PROFILES[content.partition("\n")[0]])


def test_what_is_just_allowed_is_taken(tmp_path: Path) -> None:
    """The first and the last of each range, and every prefix."""
    for name, content in {
        "bus": "modbus\nprivate_objects: {0x80: a, 0xFF: b}\nunits: {0: keba-p30, 255: keba-p30}",
        "agent": "snmp\ngroups: [system]\nvalues: {a: 1.3.4294967295}",
        "server": "opcua\nvalues: [{name: a, path: 'own:A/cnc:B/di:C'}]",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(f"protocol: {content}\n")
        kind = PROFILES[content.partition("\n")[0]]
        assert isinstance(ProfileFolder(tmp_path).load(name, kind), DeviceProfile)


def test_two_points_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    """One of them would be lost."""
    register = "{name: a, table: holding, type: uint16, address: "
    (tmp_path / "acme.yaml").write_text(
        f"protocol: modbus\nregisters:\n  - {register} 1}}\n  - {register} 2}}\n"
    )
    with pytest.raises(Rejected, match="two registers have the name 'a'"):
        ProfileFolder(tmp_path).load("acme", ModbusProfile)


def test_a_wrong_profile_stops_no_other_one(tmp_path: Path) -> None:
    """It takes part in no recognition, and the others do."""
    good = "protocol: modbus\nmatch: {VendorName: Acme}\n"
    (tmp_path / "good.yaml").write_text(good)
    (tmp_path / "wrong.yaml").write_text(f"{good}colour: red\n")
    (tmp_path / "torn.yaml").write_text("protocol: [")
    (tmp_path / "silent.yaml").write_text("protocol: modbus\n")
    (tmp_path / "other.yaml").write_text("protocol: snmp\ngroups: [system]\nmatch: {a: b}\n")
    assert ProfileFolder(tmp_path).rules(ModbusProfile) == {"good": {"VendorName": "Acme"}}


def test_a_profile_is_the_same_object_for_all_targets_that_use_it() -> None:
    """Ten thousand targets of one type plan their requests once."""
    folder = ProfileFolder()
    assert folder.load("keba-p30", ModbusProfile) is folder.load("keba-p30", ModbusProfile)

"""Device profiles: every one that is shipped is good, and a wrong one says where."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from isthmus.collector.adapters.modbus.registers import Profile as ModbusProfile
from isthmus.collector.adapters.opcua.model import Profile as OpcUaProfile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.adapters.snmp import Profile as SnmpProfile
from isthmus.runtime.errors import Rejected

ROOT = Path(__file__).parents[4]
SHIPPED = sorted((ROOT / "services/collector/isthmus/collector/profiles").glob("*.yaml"))
KINDS: dict[str, type[BaseModel]] = {
    "modbus": ModbusProfile,
    "opcua": OpcUaProfile,
    "snmp": SnmpProfile,
}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_profile_is_good(file: Path) -> None:
    """It has the shape of its protocol."""
    protocol = yaml.safe_load(file.read_text())["protocol"]
    assert isinstance(ProfileFolder().load(file.stem, KINDS[protocol]), KINDS[protocol])


def test_the_units_behind_a_gateway_have_profiles() -> None:
    """A profile that names another one names one that is there."""
    folder = ProfileFolder()
    for file in SHIPPED:
        for name in (yaml.safe_load(file.read_text()).get("units") or {}).values():
            assert folder.load(name, ModbusProfile).protocol == "modbus"


def test_a_profile_that_is_not_there_is_named() -> None:
    """The sentence says which file is missing."""
    with pytest.raises(Rejected, match=r"no file profiles/acme-9000\.yaml"):
        ProfileFolder().load("acme-9000", ModbusProfile)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("protocol: modbus\nregisters: [{name: a}]", r"acme\.yaml: registers\.0\.table: Field req"),
        ("protocol: modbus\nregister: []", r"acme\.yaml: register: Extra inputs"),
        ("protocol: snmp", r"acme\.yaml: protocol: Input should be 'modbus'"),
        ("protocol: [", r"acme\.yaml: no YAML"),
    ],
)
def test_a_wrong_profile_names_file_and_field(tmp_path: Path, content: str, reason: str) -> None:
    """One sentence, and no more."""
    (tmp_path / "acme.yaml").write_text(content)
    with pytest.raises(Rejected, match=reason):
        ProfileFolder(tmp_path).load("acme", ModbusProfile)


def test_a_group_that_is_unknown_is_named(tmp_path: Path) -> None:
    """The sentence lists those that are known."""
    (tmp_path / "acme.yaml").write_text("protocol: snmp\ngroups: [sistem]")
    with pytest.raises(Rejected, match="'sistem', expected one of bridge, entity"):
        ProfileFolder(tmp_path).load("acme", SnmpProfile)

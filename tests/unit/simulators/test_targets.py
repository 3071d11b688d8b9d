"""The seed files."""

from pathlib import Path

import yaml

from isthmus.simulators import targets
from isthmus.simulators.fleet import Fleet

PORTS = {"modbus": 15020, "snmp": 16100, "opcua": 14840}


def _targets(folder: Path, site: str) -> dict[str, dict[str, object]]:
    read = yaml.safe_load((folder / f"{site}.yaml").read_text())
    return {target["target"]: target for target in read["targets"]}


def test_each_site_has_its_own_targets(fleet: Fleet, tmp_path: Path) -> None:
    """A dead device is a target too; the three protocols have their own fields."""
    targets.write(fleet, PORTS, tmp_path)
    hagen = _targets(tmp_path, "hagen")
    assert len(hagen) == sum(endpoint.site == "hagen" for endpoint in fleet.endpoints)
    assert hagen["press-plc-1"] == {
        "target": "press-plc-1",
        "path": "nordwerk/hagen/press-shop/line-1/press-1",
        "interval_s": 2.0,
        "profile": "schneider-m340",
        "endpoint": {"protocol": "modbus", "host": "127.21.0.11", "port": 15020, "units": [1]},
    }
    assert hagen["utilities-bus"]["endpoint"]["units"] == [3, 4, 5, 6]  # type: ignore[index]
    assert hagen["scada-1"]["endpoint"] == {
        "protocol": "opcua",
        "url": "opc.tcp://127.21.0.13:14840",
    }
    assert "welding-plc-1" in hagen


def test_no_target_holds_a_secret(fleet: Fleet, tmp_path: Path) -> None:
    """Communities and keys stand in credentials.yaml only, under the names that targets give."""
    targets.write(fleet, PORTS, tmp_path)
    credentials = yaml.safe_load((tmp_path / "credentials.yaml").read_text())
    for site in fleet.sites:
        text = (tmp_path / f"{site}.yaml").read_text()
        for target in _targets(tmp_path, site).values():
            named = target["endpoint"].get("credential")  # type: ignore[attr-defined]
            assert named is None or named in credentials
        for credential in credentials.values():
            assert not any(
                str(secret) in text for key, secret in credential.items() if key != "user"
            )

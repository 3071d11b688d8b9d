"""The command `probe`, on simulated devices."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.collector.adapters.documents import Mistakes
from isthmus.collector.api.probe import probe, rows
from isthmus.runtime.errors import IsthmusError, Rejected
from isthmus.simulators.devices import Library, ModbusDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

LIBRARY = Library(folder=Path(__file__).parents[4] / "simulators" / "devices")


@pytest.fixture
async def wago() -> AsyncIterator[ModbusServer]:
    """A controller that says who it is."""
    model = LIBRARY.read("modbus/wago-pfc200", ModbusDevice)
    unit = Unit(model, model.state({"serial": "30-0B2C-7741"}, "wago"))
    server = ModbusServer("127.0.0.1", 0, {1: unit})
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def switch() -> AsyncIterator[int]:
    """The port of a switch that wants the community `secret-7319`."""
    model = LIBRARY.read("snmp/cisco-ie4000", SnmpDevice)
    wanted = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "serial": "S1"}
    socket = SnmpSocket(
        "127.0.0.1", 0, [SnmpAgent(model, model.state(wanted, "n1"), "secret-7319")]
    )
    await socket.start()
    yield socket.port
    await socket.stop()


def row(port: int, profile: str = "wago-pfc200", **fields: Any) -> dict[str, Any]:
    endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": port}
    return {"target": "furnace-1", "profile": profile, "endpoint": endpoint, **fields}


def written(folder: Path, content: Any) -> str:
    file = folder / "hagen.yaml"
    file.write_text(yaml.safe_dump(content))
    return str(file)


async def probed(file: str, *targets: str, as_json: bool = False) -> int:
    return await asyncio.to_thread(probe, file, targets, None, as_json, False)


async def test_a_probe_prints_what_was_sent_and_what_was_said(
    wago: ModbusServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the device's own record agrees."""
    assert await probed(written(tmp_path, row(wago.port))) == 0
    out = capsys.readouterr().out
    assert "ok in" in out
    assert "1  modbus.read_device_identification" in out
    assert "serial_number       30-0B2C-7741" in out
    assert f"sent: {1 + sum(wago.record.requests.values())} requests" in out
    assert wago.record.connections_most == 1


async def test_a_device_of_unknown_type_is_probed_by_the_profile_that_fits(
    wago: ModbusServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON says which."""
    file = written(tmp_path, row(wago.port, "auto"))
    assert await probed(file, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["profile"] == "wago-pfc200"
    assert said["outcome"] == "ok"
    assert said["limits"]["gap_s"] == {"value": 0.2, "from": "probe"}
    assert said["devices"][0]["points"]["temperature"]["unit"] == "Cel"
    assert {"modbus.connect", "modbus.read_input_registers"} <= {s["kind"] for s in said["sent"]}


async def test_a_device_that_does_not_answer_is_a_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipeline sees it."""
    assert await probed(written(tmp_path, row(1))) == 1
    assert "unreachable" in capsys.readouterr().out


async def test_a_probe_uses_credentials_and_says_none(
    switch: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in the output, nor when they are refused."""
    for name, community in (("good", "secret-7319"), ("wrong", "secret-0000")):
        (tmp_path / "credentials.yaml").write_text(f"core: {{community: {community}}}")
        monkeypatch.setenv("ISTHMUS_CREDENTIALS__FILE", str(tmp_path / "credentials.yaml"))
        endpoint = {
            "protocol": "snmp", "host": "127.0.0.1", "port": switch, "credential": "core",
            "request_timeout_s": 0.3, "timeout_s": 1,
        }  # fmt: skip
        file = written(tmp_path, {"target": "core-1", "profile": "snmp-any", "endpoint": endpoint})
        assert await probed(file) == int(name == "wrong")
        said = capsys.readouterr()
        assert "secret-" not in said.out + said.err


def test_a_target_is_picked_by_name_out_of_a_seed_file(tmp_path: Path) -> None:
    """Also as `site/target`; a list without a name is not read as a whole."""
    file = Path(written(tmp_path, {"targets": [row(1), row(2, target="furnace-2")]}))
    assert [r.endpoint.address for r in rows(file, ["hagen/furnace-2"])] == ["127.0.0.1:2"]
    with pytest.raises(IsthmusError, match="name the targets to probe: furnace-1, furnace-2"):
        rows(file, [])
    with pytest.raises(IsthmusError, match="no target furnace-9, only furnace-1, furnace-2"):
        rows(file, ["furnace-9"])


def test_a_wrong_target_names_line_and_field(tmp_path: Path) -> None:
    """As a wrong profile does."""
    file = tmp_path / "hagen.yaml"
    file.write_text(
        "target: a\nprofile: auto\nendpoint:\n  protocol: modbus\n  host: h\n  prot: 502\n"
    )
    with pytest.raises(Mistakes) as caught:
        rows(file, [])
    assert caught.value.lines == [f"{file}:6: endpoint.prot: unknown field; did you mean 'port'?"]


async def test_a_profile_that_is_not_there_is_said_before_anything_is_sent(
    wago: ModbusServer, tmp_path: Path
) -> None:
    """One sentence."""
    with pytest.raises(Rejected, match=r"no file profiles/acme\.yaml"):
        await probed(written(tmp_path, row(wago.port, "acme")))
    assert wago.record.connections_most == 0

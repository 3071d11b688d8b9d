"""The process as a whole: it starts, answers and ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

SIMULATORS = Path(__file__).parents[3] / "simulators"
SMALL = {
    "enterprise": "test",
    "sites": {"here": {"title": "Here"}},
    "credentials": {},
    "endpoints": [
        {
            "name": "plc-1",
            "site": "here",
            "path": "test/here",
            "protocol": "modbus",
            "address": "127.0.0.1",
            "device": "modbus/schneider-m340",
            "with": {"serial": "1"},
            "target": {"profile": "schneider-m340", "interval_s": 2},
        }
    ],
    "devices": [
        {
            "name": "plc-1",
            "sources": ["here/plc-1"],
            "truth": {"site": "here", "reachability": "online", "health": "normal"},
        }
    ],
    "events": [],
}


def _start(fleet: Path, targets: Path) -> subprocess.Popen[str]:
    arguments = ["--fleet", fleet, "--targets", targets, "--control-port", "0"]
    arguments += ["--modbus-port", "0", "--snmp-port", "0", "--opcua-port", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "isthmus.simulators", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SIMULATORS)},
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A fleet of one device beside the real device files."""
    (tmp_path / "devices").symlink_to(SIMULATORS / "devices")
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_starts_answers_and_ends_cleanly(small: Path, number: signal.Signals) -> None:
    """One JSON line when all listen; exit code 0 and no word on either signal."""
    process = _start(small, small.parent / "targets")
    assert process.stdout is not None
    started = json.loads(process.stdout.readline())
    assert (started["event"], started["devices"]) == ("fleet_started", 1)
    assert "here/plc-1" in httpx.get(f"{started['control']}/record").json()
    assert (small.parent / "targets" / "here.yaml").exists()
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, "")


def test_a_mistake_in_the_fleet_is_one_line(small: Path) -> None:
    """Exit code 2, the field and the reason, no stack trace."""
    small.write_text(yaml.safe_dump({**SMALL, "sites": {}}))
    process = _start(small, small.parent / "targets")
    _, said = process.communicate(timeout=10)
    assert process.returncode == 2
    assert said.strip() == "fleet: plc-1: site here is not one of the sites"

"""The plant engineer's page is true: its tables, its examples, its numbers."""

import json
import re
from pathlib import Path

import pytest
import yaml

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.circuit import FAILURES_MAX, REST_INITIAL_S
from isthmus.collector.domain.envelope import DEFAULTS, Envelope
from isthmus.collector.domain.pacing import BURST
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.ledger import COLUMNS
from isthmus.inventory.domain.polling.targets import target
from isthmus.inventory.domain.polling.zones import Zone, patched, zone
from isthmus.runtime.registry import registry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/runbooks/plant-engineer.md").read_text()
EXAMPLES = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0])
WHERE = {
    "Modbus": ("modbus-any", {"protocol": "modbus", "host": "10.0.0.1"}),
    "OPC UA": ("opcua-any", {"protocol": "opcua", "url": "opc.tcp://10.0.0.1:4840"}),
    "SNMP": (
        "snmp-any",
        {"protocol": "snmp", "host": "10.0.0.1", "version": "2c", "credential": "x"},
    ),
}


def test_every_kind_of_request_has_its_row_and_no_other() -> None:
    """The table is the list that the collector has."""
    rows = re.findall(r"^\| `((?:modbus|opcua|snmp)\.\w+)` \|", PAGE, re.M)

    assert sorted(rows) == sorted(kind.value for kind in Request)


def test_the_limits_by_default_are_those_of_the_code() -> None:
    """Number for number, protocol for protocol."""
    for column, (profile, fields) in enumerate(WHERE.values()):
        envelope = _envelope(profile, fields)
        for name in ("connections_max", "gap_s", "device_requests_per_s"):
            assert _number(name, column) == (getattr(envelope, name) or 0)
        for name in ("site_connects_per_s", "backoff_max_s"):
            assert _number(name, column) == getattr(DEFAULTS, name)


def test_the_examples_are_taken_as_they_stand() -> None:
    """Seed file and request bodies, checked by what takes them."""
    assert [target(row, "hagen").id for row in EXAMPLES["targets"]]
    assert [zone(row, "hagen").id for row in EXAMPLES["zones"]]
    bodies = [json.loads(body) for body in re.findall(r"-d '(.*?)'", PAGE)]
    assert len(bodies) == 2
    for body in bodies:
        assert patched(Zone("hagen"), body).envelope


def test_the_columns_of_the_ledger_are_named() -> None:
    """In the order in which they stand."""
    line = next(line for line in PAGE.splitlines() if "`gap_s_least`" in line)

    assert tuple(re.findall(r"`(\w+)`", line))[: len(COLUMNS)] == COLUMNS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("at most four requests", BURST == 4),
        ("after three failed reads", FAILURES_MAX == 3),
        ("about 5 s, doubling", REST_INITIAL_S == 5.0),
        ("kept for 400 days", registry()["collector.touches.v1"].retention_hours == 400 * 24),
    ],
)
def test_what_is_said_in_words_is_so(said: str, meant: bool) -> None:
    """A constant that changes takes its sentence with it."""
    assert said in PAGE
    assert meant


def _envelope(profile: str, fields: dict[str, str]) -> Envelope:
    source = endpoint(fields).source(profile, ProfileFolder(), CredentialsFile(None))
    return source.profile.envelope


def _number(limit: str, column: int) -> float:
    row = next(line for line in PAGE.splitlines() if f"(`{limit}`)" in line and "|" in line)
    cell = row.split("|")[2 + column].strip()
    return 0 if cell == "none" else float(re.split(r"[ /]", cell)[0])

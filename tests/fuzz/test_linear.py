"""The work for a record grows with its size, not with its square: counted, not timed.

What is counted are the calls that Python makes. No single call may work through more than a
bounded piece of a text, or once through a table; tests of the modules see to that.
"""

import ast
import asyncio
import gc
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.normalizer import domain
from isthmus.normalizer.adapters.patterns import compiled
from isthmus.normalizer.domain.families import Family
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.observation import Device, Outcome
from isthmus.normalizer.domain.observation import Observation as Seen
from isthmus.normalizer.handlers.reports import Handler
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.observation_pb2 import Observation
from tests.unit.normalizer.catalogue import bare, recogniser, small
from tests.unit.normalizer.handlers.bench import Counts, observation, plain

PARSER: Any = importlib.import_module("re._parser")
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
ROWS = 300
TIMES = 4
SLACK = 1.3
LONG = 20_000
NOISE = 1.05  # what is done once in a process, and the interpreter's own
TEXTS = (
    "VendorName", "Manufacturer", "sysDescr", "sysObjectID", "ApplicationUri", "ManufacturerUri",
    "SerialNumber", "serial_number", "sysName", "snmpEngineID", "entPhysicalSerialNum.1",
    "entPhysicalMfgName.1", "MajorMinorRevision", "ProductCode", "system_uuid", "ifPhysAddress.1",
)  # fmt: skip
Table = Callable[[int], Observation]


def calls(message: Observation) -> int:
    """How many calls a new handler makes for a message."""
    handler = Handler(Normalizer(small()), Counts())
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event.endswith("call")

    async def run() -> None:
        batch = Batch([Record(message, "k", "t", 0, 0, None)])
        gc.disable()
        sys.setprofile(count)
        try:
            await handler(batch)
        finally:
            sys.setprofile(None)
            gc.enable()

    asyncio.run(run())
    return made


def snmp(facts: dict[str, str], points: dict[str, float]) -> Observation:
    """A device with tables."""
    device = {
        **plain(**facts), "point": list(points), "value": list(points.values()),
        "unit": ["1"] * len(points),
    }  # fmt: skip
    return observation(protocol="snmp", devices=[device])


def chassis(rows: int) -> Observation:
    return snmp(
        {f"entPhysicalSerialNum.{n}": f"SN{n}" for n in range(rows)},
        {f"entPhysicalClass.{n}": 3.0 for n in range(rows)},
    )


def nameless(rows: int) -> Observation:
    return snmp({}, {f"entPhysicalClass.{n}": 3.0 for n in range(rows)})


def programs(rows: int) -> Observation:
    name = "Microsoft SQL Server 2019 (64-bit) 15.0"
    return snmp({f"hrSWInstalledName.{n}": f"{name}.{n}" for n in range(rows)}, {})


def ports(rows: int) -> Observation:
    return snmp(
        {f"ifPhysAddress.{n}": f"001b0c{n:06x}" for n in range(rows)},
        {f"ifType.{n}": 6.0 for n in range(rows)},
    )


def neighbours(rows: int) -> Observation:
    return snmp(
        {f"lldpRemChassisId.0.{n}.1": f"001b0c{n:06x}" for n in range(rows)},
        {f"lldpRemManAddrIfId.0.{n}.1.1.4.10.0.0.{n % 256}": 1.0 for n in range(rows)},
    )


def resolved(rows: int) -> Observation:
    facts = {
        f"ipNetToMediaPhysAddress.1.10.0.{n >> 8}.{n & 255}": "001b0c000001" for n in range(rows)
    }
    return snmp({"ifName.1": "x" * LONG, **facts}, {})


def learned(rows: int) -> Observation:
    return snmp({}, {f"dot1qTpFdbPort.1.0.144.232.0.{n >> 8}.{n & 255}": 1.0 for n in range(rows)})


def discs(rows: int) -> Observation:
    return snmp(
        {f"hrStorageType.{n}": "1.3.6.1.2.1.25.2.1.4" for n in range(rows)},
        {
            f"{column}.{n}": 9.0
            for n in range(rows)
            for column in ("hrStorageSize", "hrStorageUsed")
        },
    )


def units(rows: int) -> Observation:
    return observation(
        devices=[{**plain(VendorName=f"Nobody {n}"), "path": f"unit-{n}"} for n in range(rows)]
    )


def twice(rows: int) -> Observation:
    return observation(devices=[{"outcome": 1, "path": f"u-{n % (rows - 1)}"} for n in range(rows)])


@pytest.mark.parametrize(
    "table",
    [chassis, nameless, programs, ports, neighbours, resolved, learned, discs, units, twice],
)
def test_the_work_for_a_table_grows_with_its_rows(table: Table) -> None:
    """Four times the rows are at most four times the calls, and a little."""
    few, many = calls(table(ROWS)), calls(table(TIMES * ROWS))

    assert many <= SLACK * TIMES * few


@pytest.mark.parametrize("protocol", ["modbus", "opcua", "snmp"])
@pytest.mark.parametrize("unit", ["x", "a ", "a.", "1.", "(", "v1.", "00:", "\x00", "\u200b"])
def test_the_work_for_a_text_does_not_grow_with_it(protocol: str, unit: str) -> None:
    """What is behind the first page of a text is not looked at."""

    def said(length: int) -> Observation:
        facts = dict.fromkeys(TEXTS, unit * length)
        return observation(protocol=protocol, devices=[plain(**facts)])

    calls(said(1))

    assert calls(said(10 * LONG)) <= NOISE * calls(said(LONG))


def test_a_hostile_pattern_meets_a_hostile_text() -> None:
    """What makes a backtracking matcher try for ever is one pass here: this test ends."""
    wild = [r"(a|aa)+$", r"(x+x+)+y", r"^(\w+\s?)*$", r"(.*)(.*)(.*)(.*)(.*)[^a]!"]
    families = [
        Family(f"f{n}", "F", "plc", "", (recogniser(sysDescr=text),)) for n, text in enumerate(wild)
    ]
    text = "a" * 240 + "x" * 10 + "!"
    device = Device("", Outcome.OK, "", ("sysDescr",), (text * 4_000,))
    normalizer = Normalizer(bare(*families))

    [report] = normalizer.reports(Seen("s", "part", "", "a", Outcome.OK, "", (device,)))

    assert [key.kind for key in report.identity.keys] == ["address"]
    for pattern in wild:
        compiled(pattern).search(text * 4_000)


def used(file: Path) -> Iterator[str]:
    """The regular expressions of the standard library that a module uses."""
    for node in ast.walk(ast.parse(file.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
        ):
            [pattern, *_] = node.args
            assert isinstance(pattern, ast.Constant), (
                f"{file}:{node.lineno}: a pattern that is made"
            )
            yield str(pattern.value)


def nested(parsed: Any, inside: bool = False) -> bool:
    """Is a repetition without end inside another one?"""
    for operation, argument in parsed:
        endless = str(operation) in REPEATS and argument[1] == PARSER.MAXREPEAT
        if endless and inside:
            return True
        if any(nested(part, inside or endless) for part in parts(argument)):
            return True
    return False


def parts(argument: Any) -> Iterator[Any]:
    """The patterns inside an operation."""
    if isinstance(argument, PARSER.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from parts(each)


@pytest.mark.parametrize(
    ("pattern", "is_nested"),
    [
        (r"(a+)+", True),
        (r"(?:\.\d+)*x", True),
        (r"(?:a|(b*c)){2,}", True),
        (r"a+b+", False),
        (r"(a{1,3})+", False),
        (r"(\d+)([\d.]*)", False),
    ],
)
def test_a_nested_repetition_is_known_when_it_is_seen(pattern: str, is_nested: bool) -> None:
    """The next test stands on this."""
    assert nested(PARSER.parse(pattern)) is is_nested


def test_no_pattern_of_the_domain_repeats_a_repetition() -> None:
    """Python's matcher backtracks; what it meets there was sent by a device."""
    [folder] = domain.__path__
    found = {text: file.name for file in sorted(Path(folder).glob("*.py")) for text in used(file)}

    assert len(found) >= 10
    assert [text for text in found if nested(PARSER.parse(text))] == []


def test_patterns_of_the_catalogue_are_not_those_of_python() -> None:
    """Nobody swaps the linear matcher for the other one."""
    assert not isinstance(compiled("a"), re.Pattern)

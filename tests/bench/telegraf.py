"""The peer: Telegraf reading the same twenty points, its output discarded."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asyncua.client.client import Client

from isthmus.demo.process import Process
from tests.bench.recording import Recorded
from tests.bench.rig import Row
from tests.bench.twenty import COMMUNITY, HOST, NAMESPACE, NODES, OIDS, POINTS, devices

BUILD = "GOBIN=/usr/local/bin go install github.com/influxdata/telegraf/cmd/telegraf@v1.36.2"
WARM_UP_S, SECONDS = 4.0, 8.0
# Inputs side by side, and how often each reads: enough that Telegraf is busy with reading.
INPUTS = {"modbus": 10, "opcua": 2, "snmp": 10}
INTERVAL = "10ms"
REQUESTS = {"modbus": "fc03", "opcua": "Read", "snmp": "Get"}
# It asks for each scalar object with a GET of its own, and for the others with one request.
POINTS_IN_REQUEST = {"modbus": POINTS, "opcua": POINTS, "snmp": 1}
AGENT = f"""
[agent]
  interval = "{INTERVAL}"
  round_interval = false
  flush_interval = "1s"
  omit_hostname = true
  quiet = true
  logfile = "/dev/null"
[[outputs.discard]]
"""


async def telegraf(_: Recorded) -> AsyncIterator[Row]:
    """Rows without a reference; none where there is no Telegraf."""
    binary = shutil.which("telegraf")
    if binary is None:
        print(f"telegraf.*: left out, no telegraf on the path; it is built by: {BUILD}")
        return
    async with devices() as served:
        for protocol in INPUTS:
            port = served.ports[protocol]
            config = AGENT + "".join([text async for text in _inputs(protocol, port)])
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "telegraf.conf"
                file.write_text(config)
                command = [binary, "--config", str(file)]
                process = Process("telegraf", command, Path(folder) / "log", os.environ)
                process.start()
                try:
                    seen = served.records[protocol].requests
                    per_s = await _requests_per_cpu_s(process, seen, REQUESTS[protocol])
                finally:
                    process.stop()
            points = POINTS_IN_REQUEST[protocol] * per_s
            yield Row(f"telegraf.{protocol}.points_per_cpu_s", points, "1/s", 0.0, "the peer")


async def _requests_per_cpu_s(process: Process, seen: dict[str, int], request: str) -> float:
    await asyncio.sleep(WARM_UP_S)
    reads, cpu_s = seen[request], process.cpu_s()
    await asyncio.sleep(SECONDS)
    assert seen[request] > reads, f"telegraf reads nothing:\n{process.tail()}"
    return (seen[request] - reads) / (process.cpu_s() - cpu_s)


async def _inputs(protocol: str, port: int) -> AsyncIterator[str]:
    one = {"modbus": _modbus, "snmp": _snmp}
    for _ in range(INPUTS[protocol]):
        yield "\n".join(one[protocol](port) if protocol in one else await _opcua(port)) + "\n"


def _modbus(port: int) -> Iterator[str]:
    yield f'[[inputs.modbus]]\n  name = "d"\n  controller = "tcp://{HOST}:{port}"\n  slave_id = 1'
    yield '  timeout = "1s"\n  configuration_type = "register"\n  holding_registers = ['
    for number in range(POINTS):
        field = f'name = "p{number}", byte_order = "AB", data_type = "UINT16", scale = 1.0'
        yield f"    {{ {field}, address = [{number}] }},"
    yield "  ]"


def _snmp(port: int) -> Iterator[str]:
    yield f'[[inputs.snmp]]\n  agents = ["udp://{HOST}:{port}"]\n  version = 2'
    yield f'  community = "{COMMUNITY}"\n  timeout = "2s"'
    for number, oid in enumerate(OIDS):
        yield f'  [[inputs.snmp.field]]\n    name = "p{number}"\n    oid = "{oid}"'


async def _opcua(port: int) -> list[str]:
    async with Client(f"opc.tcp://{HOST}:{port}") as client:
        index = await client.get_namespace_index(NAMESPACE)
    rows = [f'[[inputs.opcua]]\n  endpoint = "opc.tcp://{HOST}:{port}"\n  security_policy = "None"']
    rows.append('  security_mode = "None"\n  auth_method = "Anonymous"\n  nodes = [')
    for number, node in enumerate(NODES):
        where = f'namespace = "{index}", identifier_type = "s", identifier = "{node}"'
        rows.append(f'    {{ name = "p{number}", {where} }},')
    return [*rows, "  ]"]

"""`python -m isthmus.simulators`: serve the whole fleet until SIGTERM or SIGINT."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from isthmus.simulators import targets
from isthmus.simulators.control import application
from isthmus.simulators.devices import FleetError
from isthmus.simulators.fleet import Fleet, load
from isthmus.simulators.simulation import build


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="isthmus.simulators", description=__doc__)
    parser.add_argument(
        "--fleet", type=Path, required=True, help="fleet.yaml; devices/ lies beside it"
    )
    parser.add_argument("--targets", type=Path, required=True, help="folder for the seed files")
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--modbus-port", type=int, default=15020)
    parser.add_argument("--snmp-port", type=int, default=16100)
    parser.add_argument("--opcua-port", type=int, default=14840)
    return parser.parse_args()


async def serve(fleet: Fleet, given: argparse.Namespace) -> None:
    """Run the fleet and its control endpoint to the signal."""
    ports = {"modbus": given.modbus_port, "snmp": given.snmp_port, "opcua": given.opcua_port}
    simulation = build(fleet, given.fleet.parent / "devices", ports)
    # asyncua builds its address spaces of objects that stay: collecting meanwhile costs seconds.
    gc.disable()
    try:
        await simulation.start()
    finally:
        gc.enable()
        gc.freeze()
    targets.write(fleet, ports, given.targets)
    try:
        await _control(uvicorn.Config(application(simulation), log_level="critical"), fleet, given)
    finally:
        await simulation.stop()


async def _control(config: uvicorn.Config, fleet: Fleet, given: argparse.Namespace) -> None:
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", given.control_port))
    _say_started(f"http://127.0.0.1:{listening.getsockname()[1]}", len(fleet.devices))
    # uvicorn takes both signals, ends `serve` and raises them again: the second must not kill us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    await server.serve(sockets=[listening])


def _say_started(control: str, devices: int) -> None:
    print(
        json.dumps({"event": "fleet_started", "control": control, "devices": devices}), flush=True
    )


def main() -> int:
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    given = arguments()
    try:
        asyncio.run(serve(load(given.fleet), given))
    except (FleetError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

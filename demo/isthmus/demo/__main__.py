"""`make demo`: the three sites, found."""

import argparse
import asyncio
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live

from isthmus.demo import once
from isthmus.demo.kafka import BrokenDownload
from isthmus.demo.ports import Ports
from isthmus.demo.ready import NotReady
from isthmus.demo.stack import Stack
from isthmus.demo.table import screen

ROOT = Path(__file__).parents[3]
PAGE_S = 6
console = Console(highlight=False)


def main() -> None:
    """Run the demo; exits 0 after Ctrl-C or a proof that holds, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=", description=__doc__)
    parser.add_argument("--once", action="store_true", help="prove that found = truth, then end")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run found")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where data is kept")
    parser.add_argument(
        "--fleet", type=Path, default=ROOT / "simulators" / "fleet.yaml", help="the ground truth"
    )
    arguments = parser.parse_args()
    if arguments.fresh:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    try:
        sys.exit(asyncio.run(_demo(arguments)))
    except (NotReady, BrokenDownload) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        console.print("stopped")


async def _demo(arguments: argparse.Namespace) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    ports = Ports.remembered(arguments.folder / "ports.json")
    jar_folder = ROOT / "build" / "kafka-jars"
    try:
        async with Stack(arguments.folder, arguments.fleet, jar_folder, ports, _say) as stack:
            if arguments.once:
                return _verdict(await once.prove(stack, _say), stack)
            await _show(stack)
    except asyncio.CancelledError:
        _say("stopped; everything that was started has ended")
    return 0


def _verdict(lines: list[str], stack: Stack) -> int:
    for name, process in stack.processes.items():
        console.print(f"  {name:<22}{process.memory_bytes() / 1e6:6.0f} MB")
    for line in lines:
        console.print(f"[red]not as it should be:[/] {line}", soft_wrap=True)
    if not lines:
        console.print(
            "[green]all as it should be:[/] found = truth, 0 writes, 1 connection a device"
        )
    return 1 if lines else 0


async def _show(stack: Stack) -> None:
    with Live(console=console, auto_refresh=False, transient=False) as live:
        first: float | None = None
        while True:
            try:
                assets = await stack.items("inventory", "/v1/assets")
                alarms = await stack.items("alerting", "/v1/alarms")
            except httpx.HTTPError:
                await asyncio.sleep(1)  # it is being restarted, and the watch says so
                continue
            if assets and first is None:
                first = time.monotonic() - stack.started_at
                _say(f"first asset {first:.0f} s after the start")
            picture = screen(
                assets,
                alarms,
                _addresses(stack),
                now=datetime.now(UTC),
                height=console.height if console.is_terminal else 10_000,
                page=int(time.monotonic() / PAGE_S),
            )
            live.update(picture, refresh=console.is_terminal)
            await asyncio.sleep(1)


def _addresses(stack: Stack) -> dict[str, Any]:
    return {
        "inventory": f"{stack.url('inventory')}/docs",
        "alerting": f"{stack.url('alerting')}/docs",
        "the sites": f"{stack.url('control')}/events",
        "Kafka": stack.bootstrap_servers,
        "logs": ".demo/logs",
    }


def _say(line: str) -> None:
    console.print(f"[dim]{datetime.now():%H:%M:%S}[/] {line}", soft_wrap=True)


if __name__ == "__main__":
    main()

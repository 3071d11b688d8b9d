"""`make bench`: figures beside their references, as a table and as build/bench.json."""

import argparse
import asyncio
import json

from rich.console import Console
from rich.table import Table

from tests.bench.alarms import crashed, open_alarms
from tests.bench.alerting import core as judged
from tests.bench.alerting import flatness as alerting_flatness
from tests.bench.collector import collector
from tests.bench.directory import directory
from tests.bench.estate import estate
from tests.bench.inventory import changed, memory, replicas
from tests.bench.inventory import flatness as inventory_flatness
from tests.bench.normalizer import core, flatness, poisoned
from tests.bench.recording import Recorded, record
from tests.bench.rig import ROOT, Row
from tests.bench.rows import ROWS, Rows
from tests.bench.size import size
from tests.bench.telegraf import telegraf

# Rows of the collector and its peer, by the beginnings of their names.
READERS: dict[str, Rows] = {
    "collector.modbus collector.opcua collector.snmp": collector,
    "telegraf": telegraf,
    "collector.observation_bytes": size,
    "collector.late_slots collector.cores collector.bytes collector.flatness collector.cpu": estate,
}
# Rows of a service's own work, without Kafka.
WORK: dict[str, Rows] = {
    "alerting.core": judged,
    "alerting.crash_differences": crashed,
    "alerting.flatness": alerting_flatness,
    "alerting.open_alarms alerting.open_alarm_bytes": open_alarms,
    "normalizer.core": core,
    "normalizer.flatness": flatness,
    "normalizer.poisoned": poisoned,
    "inventory.reports_per_s inventory.reports_to inventory.new inventory.unchanged": changed,
    "inventory.flatness": inventory_flatness,
    "inventory.grown": memory,
    "inventory.replicas": replicas,
    "inventory.list inventory.search inventory.facets": directory,
}
ALL: dict[str, Rows] = {**READERS, **ROWS, **WORK}


async def measure(only: str) -> list[Row]:
    """Every row whose name begins with `only`."""
    wanted = [(names, rows) for names, rows in ALL.items() if _has(names, only)]
    recorded: Recorded = {}
    if any(rows in ROWS.values() for _, rows in wanted):
        print("recording the demo's own messages")
        recorded = await record()
    found = []
    for names, rows in wanted:
        print(f"measuring {names}")
        found += [row async for row in rows(recorded) if row.name.startswith(only)]
    return found


def _has(names: str, only: str) -> bool:
    """May any of the rows that begin with `names` begin with `only`?"""
    return any(name.startswith(only) or only.startswith(name) for name in names.split())


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name begins so")
    rows = asyncio.run(measure(parser.parse_args().only))
    table = Table(box=None)
    for heading in ("name", "value", "unit", "reference", "ratio", "goal"):
        table.add_column(heading, justify="left" if heading in ("name", "goal") else "right")
    for row in rows:
        found = row.as_dict()
        ratio = f"{found['ratio']:.2f}" if found["ratio"] else "-"
        value, reference = shown(row.value), shown(row.reference)
        table.add_row(row.name, value, row.unit, reference, ratio, row.goal)
    Console(width=120).print(table)
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([row.as_dict() for row in rows], indent=2) + "\n")


def shown(figure: float) -> str:
    """Whole where it is large, with three digits where it is small."""
    return f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.3g}"


if __name__ == "__main__":
    main()

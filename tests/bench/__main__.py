"""`make bench`: figures beside their references, as a table and as build/bench.json."""

import argparse
import asyncio
import json

from rich.console import Console
from rich.table import Table

from tests.bench.collector import collector
from tests.bench.recording import record
from tests.bench.rig import ROOT, Row
from tests.bench.rows import ROWS

ALL = dict(sorted({**ROWS, "collector": collector}.items()))


async def measure(only: str) -> list[Row]:
    """Every row whose name begins with `only`."""
    wanted = [name for name in ALL if name.startswith(only.split(".")[0]) or not only]
    print("recording the demo's own messages")
    recorded = await record()
    rows = []
    for name in wanted:
        print(f"measuring {name}")
        rows += [row async for row in ALL[name](recorded) if row.name.startswith(only)]
    return rows


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
        table.add_row(
            row.name, f"{row.value:,.0f}", row.unit, f"{row.reference:,.0f}", ratio, row.goal
        )
    Console(width=120).print(table)
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([row.as_dict() for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()

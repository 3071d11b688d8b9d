"""The table: readable at 100 columns, alarms beneath, addresses below."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from rich.console import Console

from isthmus.demo.table import screen

NOW = datetime(2026, 3, 1, 6, 0, 10, tzinfo=UTC)
ADDRESSES = {"inventory": "http://127.0.0.1:18081/docs", "Kafka": "127.0.0.1:19092"}


def asset(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "site": "hagen", "path": f"nordwerk/hagen/press-shop/line-1/press-{number:03}",
        "name": "", "class": "plc", "vendor": "Schneider Electric", "model": "BMX P34 2020",
        "serial": "21213607", "firmware": "3.20", "health": "normal", "reachability": "online",
        "last_seen_at": "2026-03-01T06:00:00Z", **fields,
    }  # fmt: skip


def alarm(**fields: str) -> dict[str, str]:
    return {
        "state": "unacknowledged", "priority": "high", "subject": "hagen/furnace-plc-1",
        "message": "temperature is 95 Cel, above 80 Cel", **fields,
    }  # fmt: skip


def shown(assets: list[dict[str, Any]], alarms: list[dict[str, str]], height: int = 50) -> str:
    console = Console(width=100, file=StringIO(), color_system=None)
    console.print(screen(assets, alarms, ADDRESSES, now=NOW, height=height))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    return str(text)


def test_an_asset_is_one_line_at_100_columns() -> None:
    """Site, path, class, vendor, model, serial, firmware, health, last seen."""
    text = shown([asset(1)], [])

    line = next(line for line in text.splitlines() if "press-001" in line)
    for part in ("hagen", "plc", "Schneider", "BMX P34 2020", "21213607", "3.20", "normal", "10s"):
        assert part in line


def test_a_device_that_does_not_answer_is_shown_as_offline() -> None:
    """Its last health would be a lie."""
    assert "offline" in shown([asset(1, reachability="offline", last_seen_at=None)], [])


def test_alarms_stand_beneath_and_addresses_below() -> None:
    """What is wrong, then where to look."""
    text = shown([asset(1)], [alarm(), alarm(state="normal", subject="hagen/quiet")])

    assert text.index("press-001") < text.index("furnace-plc-1") < text.index("19092")
    assert "hagen/quiet" not in text


def test_a_long_inventory_is_shown_page_by_page() -> None:
    """What does not fit must not push the alarms off the screen."""
    text = shown([asset(n) for n in range(60)], [alarm()], height=40)

    assert len(text.splitlines()) <= 40
    assert "60 assets, 1 to" in text
    assert "furnace-plc-1" in text

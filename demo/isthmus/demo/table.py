"""What a person sees: the assets, the alarms beneath, and where to look further."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

HEALTH = {
    "normal": "green",
    "maintenance_required": "yellow",
    "check_function": "yellow",
    "off_spec": "yellow",
    "failure": "bold red",
    "unknown": "dim",
}
PRIORITY = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bold red"}
FRAME_LINES = 8  # headings, blank lines and the addresses


def screen(
    assets: Sequence[Mapping[str, Any]],
    alarms: Sequence[Mapping[str, Any]],
    addresses: Mapping[str, str],
    *,
    now: datetime,
    height: int,
    page: int = 0,
) -> RenderableType:
    """The whole picture in at most `height` lines; a long inventory is shown page by page."""
    open_alarms = [a for a in alarms if a["state"] != "normal"][:8]
    room = max(5, height - FRAME_LINES - len(open_alarms) - len(addresses))
    pages = max(1, -(-len(assets) // room))
    first = (page % pages) * room
    ordered = sorted(assets, key=lambda a: (a["site"], a["path"], a["name"]))
    shown = ordered[first : first + room]
    title = f"{len(assets)} assets"
    if pages > 1:
        title += f", {first + 1} to {first + len(shown)}"
    return Group(
        _assets(shown, title, now),
        _alarms(open_alarms),
        Text("\n".join(f"{name:<12}{address}" for name, address in addresses.items()), "dim"),
    )


def _assets(assets: Iterable[Mapping[str, Any]], title: str, now: datetime) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    identity = {"site": 9, "path": 16, "class": 14, "vendor": 12, "model": 12, "serial": 10}
    for name, width in {**identity, "firmware": 8, "health": 7}.items():
        table.add_column(name, width=width, no_wrap=True, overflow="ellipsis")
    table.add_column("seen", width=4, justify="right", no_wrap=True)
    for asset in assets:
        table.add_row(
            asset["site"],
            "/".join(asset["path"].split("/")[-2:]),
            asset["class"] or "?",
            asset["vendor"],
            asset["model"],
            asset["serial"],
            asset["firmware"],
            _health(asset),
            _age(asset["last_seen_at"], now),
        )
    return table


def _health(asset: Mapping[str, Any]) -> Text:
    if asset["reachability"] == "offline":
        return Text("offline", "red")
    if asset["reachability"] == "not_asked":
        return Text("not asked", "dim")
    return Text(asset["health"].replace("_", " "), HEALTH.get(asset["health"], ""))


def _age(stamp: str | None, now: datetime) -> str:
    if not stamp:
        return "-"
    seconds = max(0, int((now - datetime.fromisoformat(stamp).astimezone(UTC)).total_seconds()))
    return f"{seconds}s" if seconds < 100 else f"{seconds // 60}m"


def _alarms(alarms: Sequence[Mapping[str, Any]]) -> RenderableType:
    if not alarms:
        return Text("\nno alarms\n", "green")
    table = Table(
        title="\nalarms", title_justify="left", box=None, pad_edge=False, show_header=False
    )
    for alarm in alarms:
        table.add_row(
            Text(alarm["priority"], PRIORITY.get(alarm["priority"], "")),
            alarm["state"].replace("_", " "),
            alarm["subject"],
            Text(alarm["message"], overflow="ellipsis", no_wrap=True),
        )
    return Group(table, Text(""))

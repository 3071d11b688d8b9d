"""The proof: what was found is the truth, the scripted alarms came and went, no device was hurt."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import httpx

from isthmus.demo.fleet import differences
from isthmus.demo.stack import Say, Stack

FOUND_WITHIN_S = 120
UNCHANGED_S = 40  # several times the longest poll interval of the fleet
ALARM_WITHIN_S = 60


async def prove(stack: Stack, say: Say) -> list[str]:
    """What is not as it should be, a line each; empty when all of it holds."""
    say("waiting until what was found equals the truth")
    lines = await found(stack)
    if not lines:
        elapsed_s = time.monotonic() - stack.started_at
        count = len(stack.fleet.devices)
        say(f"found = truth for all {count} devices, {elapsed_s:.0f} s after the start")
    lines += await alarms_of(stack, stack.fleet.events, say)
    return lines + harm(await stack.get("control", "/record"))


async def found(stack: Stack) -> list[str]:
    """Differences between the inventory and the fleet, once they do not change any more."""
    deadline = time.monotonic() + FOUND_WITHIN_S
    lines, since = ["inventory: no answer"], time.monotonic()
    while lines and time.monotonic() < min(deadline, since + UNCHANGED_S):
        await asyncio.sleep(1)
        before, lines = lines, await _lines(stack)
        if lines != before:
            since = time.monotonic()
    return lines


async def _lines(stack: Stack) -> list[str]:
    try:
        assets = await stack.items("inventory", "/v1/assets")
    except httpx.HTTPError as error:
        return [f"inventory: {error!r}"]
    return differences(stack.fleet, assets) or stale(assets, stack.began_at)


def stale(assets: list[dict[str, Any]], began_at: datetime) -> list[str]:
    """Assets said to be online that were last seen before `began_at`: kept, not found."""
    return [
        f"asset {asset['id']}: from {asset['sources']}, not seen in this run"
        for asset in assets
        if asset["sources"]
        and asset["reachability"] in ("online", "degraded")
        and datetime.fromisoformat(asset["last_seen_at"]) < began_at
    ]


async def alarms_of(stack: Stack, events: Iterable[Mapping[str, Any]], say: Say) -> list[str]:
    """Run the events that expect an alarm, at the same time; what did not come of them."""
    alarms = [
        (event["name"], expected)
        for event in events
        for expected in event["expect"]
        if expected["service"] == "alerting"
    ]
    earlier = [await _steps(stack, e["subject"], e["condition"]) for _, e in alarms]
    for name in dict(alarms):
        say(f"event: {name}")
        await stack.post("control", f"/events/{name}")
    waits = [
        alarm(stack, name, expected, len(steps), say)
        for (name, expected), steps in zip(alarms, earlier, strict=True)
    ]
    return [line for line in await asyncio.gather(*waits) if line]


async def alarm(
    stack: Stack, event: str, expected: Mapping[str, Any], earlier: int, say: Say
) -> str | None:
    """Wait for the steps of one expected alarm; the line that says what is missing, or None.

    `earlier` counts the steps that the alarm had taken before the event.
    """
    wanted = list(expected["shows"])
    subject, condition = expected["subject"], expected["condition"]
    steps: list[str] = []
    deadline = time.monotonic() + ALARM_WITHIN_S
    while time.monotonic() < deadline:
        steps = (await _steps(stack, subject, condition))[earlier:]
        if steps == wanted:
            say(f"alarm {condition} of {subject}: {' and '.join(wanted)}")
            return None
        await asyncio.sleep(0.5)
    return f"event {event}: alarm {condition} of {subject}: {steps or 'none'}, expected {wanted}"


async def _steps(stack: Stack, subject: str, condition: str) -> list[str]:
    try:
        alarms = await stack.items("alerting", "/v1/alarms")
        mine = [a for a in alarms if (a["subject"], a["condition"]) == (subject, condition)]
        if not mine:
            return []
        page = await stack.get("alerting", f"/v1/alarms/{mine[0]['id']}/transitions")
    except httpx.HTTPError:
        return []
    return [step["kind"] for step in page["items"] if step["kind"] in ("raised", "cleared")]


def harm(record: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the devices themselves noted that must never be: writes, a second connection."""
    lines = []
    for name, device in record.items():
        if device["writes"]:
            lines.append(f"{name}: {device['writes']} writes, expected 0")
        if device["connections_most"] > 1:
            lines.append(f"{name}: {device['connections_most']} connections at once, expected 1")
    return lines

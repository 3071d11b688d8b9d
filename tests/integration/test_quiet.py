"""Maintenance, floods and figures on a real Kafka and store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.test_alerting import Service, until

from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.telemetry.v1.report_pb2 import Reachability

HOT = {"temperature": (85.0, "Cel")}
OFFLINE = Reachability.REACHABILITY_OFFLINE
RAISED = TransitionKind.TRANSITION_KIND_RAISED
UNSUPPRESSED = TransitionKind.TRANSITION_KIND_UNSUPPRESSED


@pytest.fixture
async def alerting(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The service, ready; its reports are of now."""
    service = Service(kafka, mongodb, tmp_path)
    await service.start()
    service.start_at = datetime.now(UTC)
    yield service
    service.process.stop()


async def keep(service: Service, seconds: float) -> httpx.Response:
    """A window that has begun, and ends so many seconds from now."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    body = {
        "site": "hagen",
        "title": "Service",
        "starts": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
        "duration_s": 3600,
        "assets": [service.source],
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as client:
        return await client.put(f"/v1/maintenance-windows/{service.name}", json=body)


async def test_maintenance_keeps_quiet_until_it_ends_also_after_a_kill(alerting: Service) -> None:
    """Then what is still bad is annunciated, and reported."""
    assert (await keep(alerting, 12)).status_code == 200
    await alerting.send(alerting.report(0, metrics=HOT))
    [raised] = await alerting.transitions("temperature-high", 1)
    assert (raised.kind, raised.annunciate) == (RAISED, False)
    assert list(raised.suppressed) == [f"maintenance:{alerting.name}"]
    alerting.process.stop()
    await alerting.start()
    steps = await alerting.transitions("temperature-high", 2)
    assert [(step.kind, step.annunciate) for step in steps[1:]] == [(UNSUPPRESSED, True)]

    async def reported() -> bool:
        path = f"/v1/maintenance-windows/{alerting.name}/reports"
        found = (await alerting.get(path)).json()["items"]
        return bool(found) and found[0]["count"] == 1

    await until(reported, alerting.process.tail)


async def test_a_second_replica_keeps_to_a_window_that_the_first_has_stored(
    alerting: Service, tmp_path: Path
) -> None:
    """Within seconds, without a restart."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = Service(alerting.servers, alerting.uri, folder, alerting.name)
    await other.start()
    try:
        assert (await keep(alerting, 300)).status_code == 200

        async def known() -> bool:
            path = f"/v1/maintenance-windows/{alerting.name}"
            return (await other.get(path)).status_code == 200

        await until(known, other.process.tail)
    finally:
        other.process.stop()


async def test_a_device_behind_one_that_is_down_calls_nobody(alerting: Service) -> None:
    """Whichever of them is heard of first."""
    alerting_child = alarm_id("device-offline", f"{alerting.source}/unit-1")
    await alerting.send(
        alerting.report(0, reachability=OFFLINE, device="unit-1"),
        alerting.report(0, reachability=OFFLINE),
    )

    async def held() -> bool:
        found = (await alerting.get(f"/v1/alarms/{alerting_child}")).json()
        sources = [each["source"] for each in found.get("suppressed_by", [])]
        return f"parent_down:{alerting.source}" in sources

    await until(held, alerting.process.tail)
    await asyncio.sleep(12)
    steps = (await alerting.get(f"/v1/alarms/{alerting_child}/transitions")).json()["items"]
    assert not any(step["annunciate"] for step in steps)


async def test_what_called_is_counted_and_more_than_ten_are_a_flood(alerting: Service) -> None:
    """Seen over HTTP, as metrics and as an alarm."""
    site = f"s{alerting.name}"
    reports: list[Any] = []
    for number in range(12):
        report = alerting.report(0, f"t{number}", metrics=HOT)
        report.site = site
        reports.append(report)
    await alerting.send(*reports)

    async def counted() -> bool:
        found = (await alerting.get("/v1/kpis", site=site)).json()["items"]
        return bool(found) and found[0]["annunciated"] >= 13

    await until(counted, alerting.process.tail)
    flood = (await alerting.get(f"/v1/alarms/{alarm_id('alarm-flood', site)}")).json()
    metrics = (await alerting.get("/metrics")).text
    assert flood["state"] == "unacknowledged"
    assert f'isthmus_alerting_flooded_sites{{site="{site}"}} 1.0' in metrics

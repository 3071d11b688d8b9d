"""Rules on a real Kafka and store: stored over HTTP, on assets, on groups."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.test_alerting import Service

from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.assets.v1.asset_pb2 import Asset

MIST = {
    "name": "mist",
    "priority": "low",
    "message": "{value:.0f} m",
    "impact": "Nobody sees far.",
    "first_action": "Look.",
    "consequence": "people",
    "threshold": {"metric": "visibility", "unit": "m", "below": 1000},
}
RAISED, CLOSED = TransitionKind.TRANSITION_KIND_RAISED, TransitionKind.TRANSITION_KIND_CLOSED


@pytest.fixture
async def alerting(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The service, ready."""
    service = Service(kafka, mongodb, tmp_path)
    await service.start()
    yield service
    service.process.stop()


async def store(service: Service, rule: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as client:
        return await client.put(f"/v1/rules/{rule['name']}", json=rule)


async def test_a_stored_rule_judges_reports_and_takes_its_alarms_along(alerting: Service) -> None:
    """Without a restart; where it watches something else, its alarms are closed."""
    assert (await store(alerting, MIST)).status_code == 200
    await alerting.send(alerting.report(0, metrics={"visibility": (300, "m")}))
    await alerting.transitions("mist", 1)
    other = {**MIST, "threshold": {"metric": "level", "unit": "%", "above": 90}}
    assert (await store(alerting, other)).status_code == 200
    steps = await alerting.transitions("mist", 2)

    assert [step.kind for step in steps] == [RAISED, CLOSED]
    assert (await alerting.get("/v1/rules/mist")).json()["version"] == 2


async def test_a_rule_on_assets_is_judged_without_any_report(alerting: Service) -> None:
    """Its subject is the asset."""
    asset = Asset(id=f"asset-{alerting.name}", site="hagen", name="OLD-1", end_of_support="2020",
                  revision=1)  # fmt: skip
    asset.changed_at.FromDatetime(datetime.now(UTC))
    await alerting.send(asset)
    alerting.alarm = lambda rule: alarm_id(rule, asset.id)  # type: ignore[method-assign]
    [step] = await alerting.transitions("support-ends", 1)

    assert (step.kind, step.level) == (RAISED, "past")
    assert step.subject == asset.id

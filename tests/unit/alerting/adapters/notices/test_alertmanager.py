"""What Alertmanager is told; a real one hears it in tests/integration/test_notices.py."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.notices import START, Server, a_notice, after, http_server

from isthmus.alerting.adapters.notices.alertmanager import Alertmanager, AlertmanagerPart
from isthmus.alerting.domain.notices.delivery import Verdict
from isthmus.alerting.domain.notices.notice import Event

LINKS = {"alarm": "https://x.example/{alarm_id}"}


@pytest.fixture
async def replicas() -> AsyncIterator[tuple[Server, Server]]:
    """Two of them."""
    async with http_server() as one, http_server() as two:
        yield one, two


def alertmanager(*replicas: Server, **more: Any) -> Alertmanager:
    part = {
        "urls": [f"{each.url}/am" for each in replicas],
        "allow_networks": ["127.0.0.0/8"],
        "labels": {"team": "plant"},
    }
    return Alertmanager(AlertmanagerPart.model_validate(part | more), LINKS)


def alerts(server: Server, number: int = -1) -> list[dict[str, Any]]:
    """Alerts of one post."""
    assert server.heard[number].target == "/am/api/v2/alerts"
    found: list[dict[str, Any]] = server.heard[number].json
    return found


async def test_every_replica_is_told(replicas: tuple[Server, Server]) -> None:
    """They do not tell each other: its documentation forbids a load balancer, too."""
    told = alertmanager(*replicas)

    answer = await told.send([a_notice()], START)

    await told.close()
    assert answer.verdict is Verdict.SENT
    for replica in replicas:
        (alert,) = alerts(replica)
        assert alert["labels"] == {
            "alertname": "too-hot",
            "alarm_id": "a1",
            "site": "hagen",
            "subject": "hagen/furnace-1",
            "severity": "high",
            "team": "plant",
        }
        assert alert["annotations"]["summary"] == "Temperature is 85 Cel, above 80 Cel."
        assert alert["annotations"]["first_action"] == "Check the cooling."
        assert alert["generatorURL"] == "https://x.example/a1"
        assert alert["startsAt"] == "2026-03-02T12:00:00.000+00:00"
        assert alert["endsAt"] == "2026-03-02T12:04:00.000+00:00"


async def test_taken_by_one_replica_is_taken(replicas: tuple[Server, Server]) -> None:
    """The other hears it with the next repeat; which one failed is in the attempt."""
    replicas[0].answer = lambda _: (503, {}, b"starting")
    told = alertmanager(*replicas)

    answer = await told.send([a_notice()], START)

    await told.close()
    assert (answer.verdict, answer.status) == (Verdict.SENT, 200)
    assert "retryable 503 starting" in answer.excerpt


async def test_taken_by_none_is_tried_again(replicas: tuple[Server, Server]) -> None:
    """With what the first of them said."""
    for replica in replicas:
        replica.answer = lambda _: (503, {}, b"starting")
    told = alertmanager(*replicas)

    assert (await told.send([a_notice()], START)).verdict is Verdict.RETRYABLE
    await told.close()


async def test_what_stands_is_repeated_until_it_is_over(replicas: tuple[Server, Server]) -> None:
    """With the same labels, and an end that is always four repeats away."""
    told = alertmanager(*replicas)
    await told.send([a_notice(), a_notice(alarm_id="a2")], START)

    await told.repeat(after(60))

    labels = [alert["labels"] for alert in alerts(replicas[0])]
    assert labels == [alert["labels"] for alert in alerts(replicas[0], 0)]
    assert {alert["endsAt"] for alert in alerts(replicas[0])} == {"2026-03-02T12:05:00.000+00:00"}
    await told.send([a_notice(Event.END, 2)], after(70))
    (over,) = alerts(replicas[0])
    assert over["endsAt"] == "2026-03-02T12:01:10.000+00:00"
    await told.repeat(after(120))
    await told.close()
    assert [alert["labels"]["alarm_id"] for alert in alerts(replicas[0])] == ["a2"]


async def test_what_is_held_back_ends_there_and_does_not_come_back_with_a_comment(
    replicas: tuple[Server, Server],
) -> None:
    """Shelving stays with us: Alertmanager calls nobody meanwhile."""
    told = alertmanager(*replicas)
    await told.send([a_notice()], START)
    await told.send([a_notice(Event.QUIET, 2, suppressed="shelved")], after(1))
    heard = len(replicas[0].heard)

    comment = a_notice(Event.UPDATE, 3, kind="commented", suppressed="shelved")
    answer = await told.send([comment], after(2))
    await told.repeat(after(60))

    await told.close()
    assert alerts(replicas[0])[0]["endsAt"] == "2026-03-02T12:00:01.000+00:00"
    assert answer.verdict is Verdict.SENT
    assert len(replicas[0].heard) == heard


async def test_another_priority_is_another_alert_and_the_former_one_is_over(
    replicas: tuple[Server, Server],
) -> None:
    """Labels identify an alert: it would otherwise stand twice for a while."""
    told = alertmanager(*replicas)
    await told.send([a_notice()], START)

    risen = a_notice(Event.ALERT, 2, priority="critical", was_priority="high")
    await told.send([risen], after(5))

    await told.close()
    former, now = alerts(replicas[0])
    assert (former["labels"]["severity"], former["endsAt"]) == (
        "high",
        "2026-03-02T12:00:05.000+00:00",
    )
    assert now["labels"]["severity"] == "critical"
    assert now["endsAt"] > former["endsAt"]


async def test_a_successor_repeats_what_stood(replicas: tuple[Server, Server]) -> None:
    """Another replica of ours told it so far."""
    told = alertmanager(*replicas)
    told.stand([a_notice(), a_notice(alarm_id="a2")])

    await told.repeat(after(60))

    await told.close()
    assert {alert["labels"]["alarm_id"] for alert in alerts(replicas[0])} == {"a1", "a2"}


async def test_a_thousand_alarms_are_repeated_in_parts(replicas: tuple[Server, Server]) -> None:
    """No post grows with the plant."""
    told = alertmanager(replicas[0])
    told.stand(a_notice(alarm_id=f"a{n}") for n in range(1001))

    await told.repeat(START)

    await told.close()
    assert [len(heard.json) for heard in replicas[0].heard] == [500, 500, 1]


async def test_a_test_ends_by_itself(replicas: tuple[Server, Server]) -> None:
    """And is not repeated."""
    told = alertmanager(replicas[0])
    await told.send([a_notice(test=True)], START)
    await told.repeat(after(60))

    await told.close()
    assert len(replicas[0].heard) == 1
    assert alerts(replicas[0])[0]["endsAt"] == "2026-03-02T12:01:00.000+00:00"

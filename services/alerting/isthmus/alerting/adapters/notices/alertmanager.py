"""Alertmanager, API v2: every replica is told, and told again while an alarm stands.

Its documentation asks clients to send active alerts again every 30 s to 3 min (alerts_api.md); an
alert that is not repeated ends by its own `endsAt`, as those of Prometheus do.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from isthmus.alerting.adapters.notices.outbound import Outbound, Reach, Url, failed, judged
from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.delivery import Answer, Verdict
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.redaction import excerpt
from isthmus.runtime.errors import Retryable, Unauthorized

PATH = "/api/v2/alerts"
ALERTS_MAX = 500
MISSED_MAX = 4  # Prometheus, rules/manager: endsAt is four resend delays away
TEST = timedelta(minutes=1)


class AlertmanagerPart(Reach):
    """All replicas of one Alertmanager."""

    urls: list[Url] = Field(min_length=1)
    """Each replica, with its path prefix if it has one; not a load balancer before them."""
    repeat_s: float = Field(default=60, ge=1, le=180)
    """Seconds after which an alarm that stands is sent again."""
    labels: dict[str, str] = Field(default={})
    """Further labels of every alert."""


class Alertmanager:
    """Keeps all replicas told of what stands."""

    def __init__(self, part: AlertmanagerPart, links: Mapping[str, str]) -> None:
        self._part = part
        self._links = links
        self._replicas = {url: Outbound(part) for url in part.urls}
        self._standing: dict[str, bytes] = {}
        self.repeat_s = part.repeat_s

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        """See Receiver; taken by one replica is taken, the others hear it with the next repeat."""
        for each in notices:
            if not each.test:
                self._remember(each)
        alerts = [alert for each in notices for alert in self._alerts(each, now)]
        return await self._post(alerts)

    def stand(self, notices: Iterable[Notice]) -> None:
        """See Repeating."""
        self._standing = {}
        for each in notices:
            self._remember(each)

    async def repeat(self, now: datetime) -> Answer:
        """See Repeating."""
        waiting = list(self._standing.values())
        answer = Answer(Verdict.SENT)
        for start in range(0, len(waiting), ALERTS_MAX):
            chunk = [json.loads(each) for each in waiting[start : start + ALERTS_MAX]]
            answer = await self._post([each | {"endsAt": self._until(now)} for each in chunk])
            if answer.verdict is not Verdict.SENT:
                break
        return answer

    async def close(self) -> None:
        """See Receiver."""
        await asyncio.gather(*(each.close() for each in self._replicas.values()))

    def _remember(self, notice: Notice) -> None:
        if _stands(notice, known=notice.alarm_id in self._standing):
            # Bytes, because a hundred thousand dictionaries would be ten times the memory.
            self._standing[notice.alarm_id] = json.dumps(self._alert(notice)).encode()
        elif notice.event is not Event.UPDATE:
            self._standing.pop(notice.alarm_id, None)

    def _alerts(self, notice: Notice, now: datetime) -> list[dict[str, Any]]:
        if notice.was_priority:  # another label is another alert: the former one is over
            over = self._alert(notice, notice.was_priority) | {"endsAt": _stamp(now)}
            return [over, *self._alerts(_renewed(notice), now)]
        alert = self._alert(notice)
        if notice.test:
            return [alert | {"endsAt": _stamp(now + TEST)}]
        if _stands(notice, known=notice.alarm_id in self._standing):
            return [alert | {"endsAt": self._until(now)}]
        return [] if notice.event is Event.UPDATE else [alert | {"endsAt": _stamp(now)}]

    def _alert(self, notice: Notice, severity: str = "") -> dict[str, Any]:
        """Labels say which alarm it is, and stay the same; annotations are as last said."""
        links = wording.linked(notice, self._links)
        annotations = {
            "summary": notice.message,
            "first_action": notice.first_action,
            "consequence": notice.consequence,
            "safety_impact": notice.safety_impact,
            "process_impact": notice.process_impact,
            "runbook_url": notice.runbook,
            "path": notice.path,
            "class": notice.asset_class,
            "value": f"{notice.value} {notice.unit}".strip(),
            "state": notice.state,
            "suppressed": notice.suppressed,
            **{f"{name}_url": link for name, link in links.items()},
        }
        labels = {
            **self._part.labels,
            "alertname": notice.rule,
            "alarm_id": notice.alarm_id,
            "site": notice.site,
            "subject": notice.subject,
            "severity": severity or notice.priority,
        }
        return {
            "labels": labels,
            "annotations": {name: text for name, text in annotations.items() if text},
            "startsAt": _stamp(notice.raised_at or notice.at),
            "generatorURL": links.get("alarm", ""),
        }

    def _until(self, now: datetime) -> str:
        return _stamp(now + timedelta(seconds=MISSED_MAX * self._part.repeat_s))

    async def _post(self, alerts: list[dict[str, Any]]) -> Answer:
        if not alerts:
            return Answer(Verdict.SENT, excerpt="nothing to say: it does not stand there")
        body = json.dumps(alerts).encode()
        answers = await asyncio.gather(*(self._tell(url, body) for url in self._replicas))
        taken = [each for each in answers if each.verdict is Verdict.SENT]
        best = taken[0] if taken else answers[0]
        said = "; ".join(
            f"{url}: {answer.verdict} {answer.status or ''} {answer.excerpt}".strip()
            for url, answer in zip(self._replicas, answers, strict=True)
        )
        return Answer(best.verdict, best.status, excerpt(said, ()), best.retry_after_s)

    async def _tell(self, url: str, body: bytes) -> Answer:
        headers = {"content-type": "application/json"}
        secrets: list[str] = []
        try:
            secrets = self._part.secrets()
            reply = await self._replicas[url].request(
                "POST", f"{url.rstrip('/')}{PATH}", body, headers
            )
        except (Retryable, Unauthorized) as error:
            return failed(error, secrets)
        return judged(reply, secrets)


def _stands(notice: Notice, *, known: bool) -> bool:
    if notice.event is Event.UPDATE:
        return known and not notice.suppressed
    return notice.event is Event.ALERT


def _renewed(notice: Notice) -> Notice:
    return replace(notice, was_priority="")


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")  # RFC 3339

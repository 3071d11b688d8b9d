"""Incidents as ServiceNow's Table API takes them: one open incident an alarm, found by its id.

https://www.servicenow.com/docs, "Table API": `correlation_id` is for the id of another system.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, Field

from isthmus.alerting.adapters.notices.outbound import (
    Outbound,
    Reach,
    Reply,
    Url,
    failed,
    judged,
)
from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.delivery import Answer, Verdict
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.runtime.errors import Retryable, Unauthorized

HEADERS = {"content-type": "application/json", "accept": "application/json"}


def _template(text: str) -> str:
    wording.named(text, wording.DETAILS)
    return text


# ServiceNow, "Incident form": impact and urgency are 1 high to 3 low; state 2 is in progress, 6
# resolved.
PRIORITIES = {
    "critical": {"urgency": "1", "impact": "1"},
    "high": {"urgency": "1", "impact": "2"},
    "medium": {"urgency": "2", "impact": "2"},
    "low": {"urgency": "3", "impact": "3"},
}
CREATE = {"short_description": "{message}", "description": "{details}"}
REPEAT = {"state": "2", "work_notes": "{details}"}
UPDATE = {"work_notes": "{kind} {by} {comment} {suppressed}"}
RESOLVE = {"state": "6", "close_code": "Resolved by caller", "close_notes": "{kind} at {at}"}
Template = dict[str, Annotated[str, AfterValidator(_template)]]


class ServiceNowPart(Reach):
    """An instance that keeps incidents."""

    url: Url
    """The instance, `https://<name>.service-now.com`."""
    table: str = Field(default="incident", pattern=r"^[a-z0-9_]+$")
    """The table of incidents."""
    priorities: dict[str, dict[str, str]] = Field(default=PRIORITIES)
    """Fields by the priority of the alarm; sent with a new incident, and when it changes."""
    create: Template = Field(default=CREATE)
    """Fields of a new incident."""
    repeat: Template = Field(default=REPEAT)
    """Fields that change when there is an open incident and somebody shall hear again."""
    update: Template = Field(default=UPDATE)
    """Fields that change when more is known."""
    resolve: Template = Field(default=RESOLVE)
    """Fields that change when the alarm is over."""


class ServiceNow:
    """Makes, updates and resolves the incident of an alarm."""

    def __init__(self, part: ServiceNowPart, links: Mapping[str, str]) -> None:
        self._part = part
        self._links = links
        self._http = Outbound(part)
        self._table = f"{part.url.rstrip('/')}/api/now/table/{part.table}"

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        """See Receiver; asks first what there is, so that a repetition makes no second one."""
        secrets: list[str] = []
        try:
            secrets = self._part.secrets()
            found = await self._open(notices[0])
            if found.status != 200:
                return judged(found, secrets)
            return await self._write(notices[0], _sys_id(found), secrets)
        except (Retryable, Unauthorized) as error:
            return failed(error, secrets)

    async def close(self) -> None:
        """See Receiver."""
        await self._http.close()

    async def _write(self, notice: Notice, sys_id: str, secrets: Sequence[str]) -> Answer:
        if sys_id:
            body = self.changes(notice)
            reply = await self._ask("PATCH", f"{self._table}/{sys_id}", body)
        elif notice.event is Event.ALERT:
            reply = await self._ask("POST", self._table, self.incident(notice))
        else:
            return Answer(Verdict.SENT, 200, "there is no open incident")
        return judged(reply, secrets)

    async def _open(self, notice: Notice) -> Reply:
        """A resolved incident is open until it is closed: an alarm that comes back reopens it."""
        query = {
            "sysparm_query": f"correlation_id={notice.alarm_id}^active=true",
            "sysparm_fields": "sys_id",
            "sysparm_limit": "1",
        }
        return await self._http.request("GET", f"{self._table}?{urlencode(query)}", b"", HEADERS)

    async def _ask(self, method: str, url: str, body: dict[str, str]) -> Reply:
        return await self._http.request(method, url, json.dumps(body).encode(), HEADERS)

    def incident(self, notice: Notice) -> dict[str, str]:
        """A new incident."""
        return {
            **self._filled(self._part.create, notice),
            **self._part.priorities.get(notice.priority, {}),
            "correlation_id": notice.alarm_id,
            "correlation_display": "Isthmus",
        }

    def changes(self, notice: Notice) -> dict[str, str]:
        """What changes in the incident that there is."""
        templates = {Event.ALERT: self._part.repeat, Event.END: self._part.resolve}
        changed = self._filled(templates.get(notice.event, self._part.update), notice)
        if notice.was_priority:
            changed |= self._part.priorities.get(notice.priority, {})
        return changed

    def _filled(self, template: Mapping[str, str], notice: Notice) -> dict[str, str]:
        details = "\n".join(wording.lines(notice, self._links))
        said = wording.fields(notice) | {"details": details}
        return {name: text.format_map(said).strip() for name, text in template.items()}


def _sys_id(reply: Reply) -> str:
    try:
        found: Any = json.loads(reply.text)
        rows = found["result"]
        return str(rows[0]["sys_id"]) if rows else ""
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Retryable(f"no answer of a Table API: {reply.text[:100]}") from error

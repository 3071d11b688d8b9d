"""Incidents, on a server that behaves as the Table API."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from tests.notices import START, Heard, Server, a_notice, http_server

from isthmus.alerting.adapters.notices.servicenow import ServiceNow, ServiceNowPart
from isthmus.alerting.domain.notices.delivery import Verdict
from isthmus.alerting.domain.notices.notice import Event

TABLE = "/api/now/table/incident"
JSON = {"content-type": "application/json"}


@dataclass
class Instance:
    """The incidents of an instance."""

    incidents: list[dict[str, str]] = field(default_factory=list)

    def answer(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        """As the Table API answers."""
        url = urlsplit(heard.target)
        if heard.method == "GET":
            assert url.path == TABLE
            query = parse_qs(url.query)["sysparm_query"][0]
            wanted = dict(part.split("=") for part in query.split("^"))
            found = [i for i in self.incidents if wanted.items() <= i.items()]
            return 200, JSON, json.dumps({"result": found[:1]}).encode()
        if heard.method == "POST":
            made = heard.json | {"sys_id": f"s{len(self.incidents)}", "active": "true"}
            self.incidents.append(made)
            return 201, JSON, json.dumps({"result": made}).encode()
        incident = next(i for i in self.incidents if url.path == f"{TABLE}/{i['sys_id']}")
        incident |= heard.json
        return 200, JSON, json.dumps({"result": incident}).encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server for an instance."""
    async with http_server() as found:
        yield found


@pytest.fixture
def instance(server: Server) -> Instance:
    """An instance without incidents."""
    made = Instance()
    server.answer = made.answer
    return made


def servicenow(server: Server, **more: Any) -> ServiceNow:
    part = {"url": server.url, "allow_networks": ["127.0.0.0/8"]}
    return ServiceNow(ServiceNowPart.model_validate(part | more), {})


async def test_an_alarm_is_one_incident_from_its_beginning_to_its_end(
    server: Server, instance: Instance
) -> None:
    """Created, updated, resolved; found by the alarm's id."""
    told = servicenow(server)
    for notice in (
        a_notice(),
        a_notice(Event.UPDATE, 2, by="mara", comment="fan ordered"),
        a_notice(Event.END, 3),
    ):
        answer = await told.send([notice], START)
        assert answer.verdict is Verdict.SENT

    await told.close()
    (incident,) = instance.incidents
    assert incident["correlation_id"] == "a1"
    assert incident["short_description"] == "Temperature is 85 Cel, above 80 Cel."
    assert "First: Check the cooling." in incident["description"]
    assert (incident["urgency"], incident["impact"]) == ("1", "2")
    assert "fan ordered" in incident["work_notes"]
    assert incident["state"] == "6"


async def test_a_repetition_makes_no_second_incident(server: Server, instance: Instance) -> None:
    """We crashed after it was made, and before we knew."""
    told = servicenow(server)
    for _ in range(2):
        await told.send([a_notice()], START)

    await told.close()
    assert len(instance.incidents) == 1


async def test_an_alarm_that_comes_back_reopens_its_incident_until_that_is_closed(
    server: Server, instance: Instance
) -> None:
    """Then there is a new one."""
    told = servicenow(server)
    for notice in (a_notice(), a_notice(Event.END, 2), a_notice(seq=3)):
        await told.send([notice], START)
    assert [each["state"] for each in instance.incidents] == ["2"]

    instance.incidents[0]["active"] = "false"
    await told.send([a_notice(seq=5)], START)

    await told.close()
    assert len(instance.incidents) == 2


async def test_the_end_of_what_has_no_incident_makes_none(
    server: Server, instance: Instance
) -> None:
    """A person closed it."""
    told = servicenow(server)

    answer = await told.send([a_notice(Event.END, 2)], START)

    await told.close()
    assert (answer.verdict, answer.excerpt) == (Verdict.SENT, "there is no open incident")
    assert instance.incidents == []


async def test_a_changed_priority_changes_urgency_and_impact(
    server: Server, instance: Instance
) -> None:
    """And what a person set there stays otherwise."""
    told = servicenow(server)
    await told.send([a_notice()], START)
    await told.send([a_notice(seq=2, priority="critical", was_priority="high")], START)

    await told.close()
    assert (instance.incidents[0]["urgency"], instance.incidents[0]["impact"]) == ("1", "1")


async def test_the_template_is_the_plants_own(server: Server, instance: Instance) -> None:
    """Its fields, its words."""
    told = servicenow(server, create={"cmdb_ci": "{subject}", "short_description": "{rule}"})

    await told.send([a_notice()], START)

    await told.close()
    assert instance.incidents[0]["cmdb_ci"] == "hagen/furnace-1"
    assert instance.incidents[0]["short_description"] == "too-hot"
    assert "description" not in instance.incidents[0]


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, b"User Not Authenticated", Verdict.UNAUTHORIZED),
        (503, b"hibernating", Verdict.RETRYABLE),
        (200, b"<html>hibernating instance</html>", Verdict.RETRYABLE),
        (200, b'{"other": []}', Verdict.RETRYABLE),
    ],
)
async def test_an_answer_that_is_none_is_said_as_it_is(
    server: Server, status: int, body: bytes, verdict: Verdict
) -> None:
    """An instance that sleeps answers 200 with a page."""
    server.answer = lambda _: (status, {}, body)
    told = servicenow(server)

    assert (await told.send([a_notice()], START)).verdict is verdict
    await told.close()


def test_a_template_that_names_no_field_is_a_mistake(server: Server) -> None:
    """Found at start."""
    with pytest.raises(ValidationError, match="is no field"):
        servicenow(server, create={"short_description": "{mesage}"})

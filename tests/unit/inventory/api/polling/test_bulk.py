"""Targets and zones in bulk over HTTP, on what is in memory."""

import json
from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.handlers.polling.test_wanted import Store, Topics, row

from isthmus.inventory.api.polling import bulk as api_bulk
from isthmus.inventory.api.polling.bulk import serve_bulk
from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.polling.zones import Zone, zone
from isthmus.inventory.handlers.polling.bulk import Bulk, no_rules
from isthmus.inventory.handlers.polling.orders import target_record, zone_record
from isthmus.inventory.handlers.polling.wanted import Kind, Wanted
from isthmus.runtime.http import api

TARGETS, ZONES = "/v1/targets/bulk", "/v1/zones/bulk"
TABLE = """\
site,target,path,interval_s,profile,endpoint.protocol,endpoint.host
hagen,plc-1,nordwerk/hagen,2,m340,modbus,127.0.0.1
hagen,plc-2,nordwerk/hagen,fast,m340,modbus,127.0.0.2
lyon,plc-1,nordwerk/lyon,2,m340,modbus,127.0.0.1
"""


class Service:
    """The API on two empty stores."""

    def __init__(self) -> None:
        self.targets: Store[Target] = Store()
        self.zones: Store[Zone] = Store()

    async def sent(
        self, path: str, body: str | list[Any], kind: str, *roles: str, **query: Any
    ) -> httpx.Response:
        http = api("inventory", "")
        topics: dict[str, Any] = {"written": lambda: None}
        targets = Wanted(Kind("target", target, target_record), self.targets, Topics(), **topics)
        zones = Wanted(Kind("zone", zone, zone_record), self.zones, Topics(), **topics)
        serve_bulk(http, "targets", Bulk(targets, self.targets, Topics(), no_rules))
        serve_bulk(http, "zones", Bulk(zones, self.zones, Topics(), no_rules))
        sign_in(http, *roles or ("engineer@*",))
        content = body if isinstance(body, str) else json.dumps(body)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(http), base_url="http://inventory"
        ) as client:
            return await client.post(
                path, params=query, content=content, headers={"content-type": kind}
            )


@pytest.fixture
def service() -> Service:
    """Nothing is wanted yet."""
    return Service()


async def test_a_table_is_answered_row_by_row(service: Service) -> None:
    """With the line that a spreadsheet shows, and the field at fault; the others are written."""
    reply = await service.sent(TARGETS, TABLE, "text/csv; charset=utf-8", "engineer@hagen")
    found = reply.json()

    assert reply.status_code == 200
    assert found["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 2}
    assert [(e["row"], e["id"], e["verdict"], e["field"]) for e in found["items"]] == [
        (2, "hagen/plc-1", "created", ""),
        (3, "", "refused", "interval_s"),
        (4, "lyon/plc-1", "refused", "site"),
    ]
    assert found["items"][1]["reason"] == "'fast', expected seconds, above 0 and at most 86400"
    assert found["items"][2]["reason"] == "'lyon', expected a site that you may write to: hagen"
    assert service.targets.kept.keys() == {"hagen/plc-1"}


async def test_a_dry_run_writes_nothing(service: Service) -> None:
    """And says what it would."""
    reply = await service.sent(TARGETS, [row(1), row(2)], "application/json",
                               site="hagen", dry_run=True)  # fmt: skip

    assert reply.json()["dry_run"]
    assert reply.json()["counts"]["created"] == 2
    assert service.targets.kept == {}


async def test_a_secret_is_no_part_of_a_row(service: Service) -> None:
    """It is refused, and not repeated."""
    endpoint = {"protocol": "snmp", "host": "127.0.0.1", "community": "hunter2"}
    reply = await service.sent(TARGETS, [row(1, endpoint=endpoint)], "application/json",
                               site="hagen")  # fmt: skip

    [refused] = reply.json()["items"]
    assert refused["field"] == "endpoint.community"
    assert refused["reason"] == "is a secret; name a credential instead"
    assert "hunter2" not in reply.text


async def test_zones_are_signed_by_who_sends_them(service: Service) -> None:
    """Whatever name their rows bear; the file of a site is taken as it is."""
    body = "zones:\n- {site: hagen, do_not_poll: [a], updated_by: somebody}\n- 7\n"
    reply = await service.sent(ZONES, body, "application/yaml")

    assert [each["verdict"] for each in reply.json()["items"]] == ["created", "refused"]
    assert service.zones.kept["hagen"].value.updated_by == "mara"


async def test_what_is_too_much_or_no_list_is_refused_whole(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By media type, size, number of rows and form; and who is no engineer."""
    monkeypatch.setattr(api_bulk, "ROWS_MAX", 2)
    many = await service.sent(TARGETS, [1, 2, 3], "application/json")
    form = await service.sent(TARGETS, "{}", "application/json")
    kind = await service.sent(TARGETS, "x", "text/plain")
    viewer = await service.sent(TARGETS, [], "application/json", "viewer@*")
    monkeypatch.setattr(api_bulk, "BYTES_MAX", 3)
    large = await service.sent(TARGETS, "[1, 2]", "application/json")

    statuses = [each.status_code for each in (many, form, kind, viewer, large)]
    assert statuses == [422, 422, 415, 403, 413]
    assert many.json()["fields"][0] == {"field": "body", "reason": "3 rows, expected at most 2"}

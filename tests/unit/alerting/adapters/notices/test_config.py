"""The routing file."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.notices import KEY, a_notice

from isthmus.alerting.adapters.notices.config import Configured, load, parsed
from isthmus.alerting.adapters.notices.documents import Mistakes
from isthmus.alerting.domain.notices.notice import Event
from isthmus.alerting.domain.notices.routing import routed

WHOLE = """
links:
  alarm: https://isthmus.example/alarms/{alarm_id}
calendars:
  day:
    time_zone: Europe/Berlin
    weekdays: [monday, tuesday, wednesday, thursday, friday]
    shifts: [{begin: "06:00", end: "22:00"}]
    closed_on: [2026-12-25]
receivers:
  desk:
    webhook: {url: https://desk.example/in, signed_by: [{env: HOOK_KEY}]}
    messages_per_min: 120
  mail:
    email:
      host: mail.example
      sender: isthmus@plant.example
      to: [shift@plant.example]
      group_by: [site]
  prom:
    alertmanager: {urls: [https://am-0.example, https://am-1.example]}
  tickets:
    servicenow: {url: https://plant.service-now.com, username: isthmus, password: {env: HOOK_KEY}}
route:
  to: [prom]
  routes:
    - match: {priorities: [critical]}
      to: [desk, tickets]
      escalate: [{after_s: 900, to: [mail]}]
      go_on: true
    - match: {sites: [hagen], during: day}
      to: [mail]
"""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", KEY)


def whole() -> Configured:
    return parsed("notices.yaml", WHOLE)


def mistakes(old: str, new: str) -> tuple[str, ...]:
    """The mistakes of the file with this change."""
    assert old in WHOLE
    with pytest.raises(Mistakes) as error:
        parsed("notices.yaml", WHOLE.replace(old, new))
    return error.value.lines


def test_each_receiver_is_told_in_its_own_way() -> None:
    """What a state is gathered, what an incident is goes alone."""
    policies = whole().policies

    assert {name: policy.kind for name, policy in policies.items()} == {
        "desk": "webhook",
        "mail": "email",
        "prom": "alertmanager",
        "tickets": "servicenow",
    }
    assert policies["desk"].messages_per_min == 120
    assert policies["mail"].events == {Event.ALERT, Event.END}
    assert policies["mail"].group_wait == timedelta(seconds=30)
    assert policies["prom"].gathers
    assert policies["tickets"].batch_max == 1


def test_the_tree_tells_who_is_there() -> None:
    """By day Hagen's mail, by night Prometheus; for what is critical the desk as well."""
    tree = whole().route
    berlin = ZoneInfo("Europe/Berlin")
    day, night = (datetime(2026, 3, 2, hour, tzinfo=berlin) for hour in (12, 23))

    assert routed(tree, a_notice(), day).to == ("mail",)
    assert routed(tree, a_notice(), night).to == ("prom",)
    critical = routed(tree, a_notice(priority="critical"), day)
    assert critical.to == ("desk", "tickets", "mail")
    assert critical.escalate[0].to == ("mail",)


async def test_the_receivers_are_made_from_what_they_say() -> None:
    """Nothing is connected until something is sent."""
    made = whole().receivers()

    assert {type(each).__name__ for each in made.values()} == {
        "Alertmanager",
        "Email",
        "ServiceNow",
        "Webhook",
    }
    for each in made.values():
        await each.close()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Europe/Berlin", "Europe/Berlen", "notices.yaml:6: calendars.day.time_zone: "),
        (
            '"22:00"',
            "22:00",
            "notices.yaml:8: calendars.day.shifts.0.end: '1320', expected a valid ",
        ),
        ("[monday,", "[mon,", "notices.yaml:7: calendars.day.weekdays.0: 'mon', expected "),
        ("env: HOOK_KEY}]", "env: NO_KEY}]", "notices.yaml:12: receivers.desk.webhook.signed_by.0"),
        ("{alarm_id}", "{alarm}", "notices.yaml:3: links.alarm: "),
        ("during: day", "during: night", "notices.yaml:31: route.routes.1.match.during: 'night'"),
        ("[desk, tickets]", "[desk, ticket]", "notices.yaml:28: route.routes.0.to.1: 'ticket'"),
        ("after_s: 900", "after_s: 0", "notices.yaml:29: route.routes.0.escalate.0.after_s: "),
        ("critical]}", "urgent]}", "notices.yaml:27: route.routes.0.match.priorities.0: 'urgent'"),
        ("    webhook:", "    web_hook:", "notices.yaml:12: receivers.desk.web_hook: unknown"),
        ("messages_per_min: 120", "messages_per_min: 0", "notices.yaml:13: receivers.desk."),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_its_reason(old: str, new: str, line: str) -> None:
    """At start: a route to nowhere is found before the alarm is."""
    assert any(said.startswith(line) for said in mistakes(old, new)), mistakes(old, new)


def test_no_mistake_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the secret is what is wrong."""
    monkeypatch.setenv("HOOK_KEY", "hunter2")

    with pytest.raises(Mistakes, match="too short") as error:
        whole()

    assert "hunter2" not in str(error.value)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(Mistakes, match="No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "notices.yaml").write_text(WHOLE)
    assert set(load(tmp_path / "notices.yaml").parts) == {"desk", "mail", "prom", "tickets"}

"""The page on notifications says what the code does."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.notices import KEY, START, a_notice

from isthmus.alerting.adapters.notices.config import Configured, parsed
from isthmus.alerting.adapters.notices.webhook import signature
from isthmus.alerting.domain.notices.delivery import DeliveryState
from isthmus.alerting.domain.notices.notice import Event
from isthmus.alerting.domain.notices.routing import routed

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
SUNDAY_NIGHT, MONDAY, HOLIDAY, MONDAY_NIGHT = (
    datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    for at in ("2026-03-01T03:00", "2026-03-02T10:00", "2026-12-25T10:00", "2026-03-02T23:00")
)
PRESS = {"path": "nordwerk/hagen/press-shop/line-1", "asset_class": "plc"}


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)
    return str(found)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Configured:
    """The example of the page, with its secrets where it says."""
    for name in ("MAIL_PASSWORD", "SERVICENOW_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("PAGER_URL", "https://pager.example/T0/B0/x")
    (tmp_path / "webhook.key").write_text(KEY)
    monkeypatch.chdir(tmp_path)
    return parsed("notices.yaml", block("yaml"))


@pytest.mark.parametrize(
    ("row", "at", "fields"),
    [
        (0, SUNDAY_NIGHT, {"priority": "critical", "site": "lyon", "path": "nordwerk/lyon"}),
        (1, MONDAY, {}),
        (2, HOLIDAY, {}),
        (3, MONDAY_NIGHT, PRESS),
        (4, MONDAY, {"priority": "low", "site": "lyon", "path": "nordwerk/lyon"}),
    ],
)
def test_the_example_tells_whom_the_table_says(
    configured: Configured, row: int, at: datetime, fields: dict[str, Any]
) -> None:
    """At once, and later."""
    table = PAGE.partition("| alarm | when |")[2].splitlines()[2:7]
    _, _, to, then = (cell.strip() for cell in table[row].strip("|").split("|"))

    told = routed(configured.route, a_notice(**fields), at)

    assert ", ".join(told.to) == to
    steps = [
        f"{', '.join(s.to)} after {int(s.after.total_seconds() / 60)} min" for s in told.escalate
    ]
    assert ", ".join(steps) == then


async def test_every_receiver_of_the_example_can_be_made(configured: Configured) -> None:
    """From the words on the page alone."""
    made = configured.receivers()

    assert set(made) == {"control-room", "maintenance", "on-call", "tickets", "platform"}
    for each in made.values():
        await each.close()


def test_the_check_of_a_signature_on_the_page_is_right() -> None:
    """It takes ours, and nothing else."""
    code: dict[str, Any] = {}
    exec(block("python"), code)
    body = b'{"events":[]}'
    headers = signature("a1:1", START, body, [KEY, "another-key-of-enough-bytes"])

    assert code["authentic"](headers, body, KEY.encode())
    assert not code["authentic"](headers, body + b" ", KEY.encode())
    assert not code["authentic"](headers, body, b"wrong")


def test_the_page_explains_every_event_and_every_state() -> None:
    """None is left out, none is invented."""
    for heading, words in (("event", list(Event)), ("state", list(DeliveryState))):
        table = PAGE.partition(f"| `{heading}` | means |\n|---|---|\n")[2].partition("\n\n")[0]
        assert re.findall(r"^\| `(\w+)` \|", table, re.M) == [str(word) for word in words]

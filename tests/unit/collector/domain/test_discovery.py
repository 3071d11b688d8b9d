"""Which host of a job is next."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.discovery import Job, Probe, Progress
from isthmus.collector.domain.envelope import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALWAYS = Window(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00", "00:00", "UTC")


def job(*ranges: str, **more: Any) -> Job:
    """A job over some ranges."""
    said: dict[str, Any] = {
        "ranges": tuple(map(ip_network, ranges)), "probes": (Probe("modbus", 502),),
        "window": ALWAYS, "requests_per_s": 1.0, "requested_at": NOON, **more,
    }  # fmt: skip
    return Job("j", "hagen", **said)


@pytest.mark.parametrize(
    ("ranges", "hosts"),
    [
        (["127.0.0.0/30"], ["127.0.0.1", "127.0.0.2"]),
        (["127.0.0.8/31"], ["127.0.0.8", "127.0.0.9"]),
        (["127.0.0.7/32", "127.0.0.4/32"], ["127.0.0.7", "127.0.0.4"]),
        (["2001:db8::/126"], ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
        (["127.0.0.0/30", "127.0.0.4/30"], [f"127.0.0.{n}" for n in (1, 2, 5, 6)]),
    ],
)
def test_hosts_come_in_the_order_of_the_ranges(ranges: list[str], hosts: list[str]) -> None:
    """Neither the address of a network nor its broadcast address is one, also of neighbours."""
    made = job(*ranges)

    assert [made.host(cursor) for cursor in range(made.hosts)] == hosts
    with pytest.raises(IndexError):
        made.host(made.hosts)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"ranges": ()}, "ranges: 0 addresses, expected 1 to 4096"),
        ({"ranges": (ip_network("127.0.0.0/19"),)}, "ranges: 8192 addresses"),
        ({"ranges": (ip_network("::/64"),)}, "ranges: 18446744073709551616 addresses"),
        ({"requests_per_s": 0}, "requests_per_s: 0, expected above 0 and at most 5"),
        ({"requests_per_s": 50}, "requests_per_s: 50, expected"),
        ({"probes": ()}, "probes: none"),
    ],
)
def test_a_collector_does_not_trust_a_job_with_how_much_it_sends(more: Any, says: str) -> None:
    """Whoever wrote the record."""
    with pytest.raises(ValueError, match=says):
        job("127.0.0.0/30", **more)


@given(st.lists(st.sampled_from(["answered", "silent", "skipped"])))
def test_every_host_is_counted_once(outcomes: list[str]) -> None:
    """Asked and skipped make up what is done."""
    done = Progress()
    for outcome in outcomes:
        if outcome == "skipped":
            done = done.after_skipping()
        else:
            done = done.after_asking(answered=outcome == "answered")

    assert done.cursor == done.asked + done.skipped == len(outcomes)
    assert done.answered == outcomes.count("answered")

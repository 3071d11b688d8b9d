"""Jobs, how far they come, and what is made of what they find."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    Probe,
    Progress,
    Step,
    advanced,
    cancelled,
    job,
    target_row,
)
from isthmus.inventory.domain.polling.targets import target
from isthmus.inventory.domain.rows import Invalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "site": "hagen",
    "ranges": ["127.21.0.0/28", "127.21.7.4/32", "127.21.7.6/31"],
    "protocols": [
        {"protocol": "snmp", "credential": "hagen-snmp"},
        {"protocol": "modbus", "ports": [502, 15020]},
        {"protocol": "opcua"},
    ],
    "window": {"start": "22:00", "end": "05:00", "time_zone": "Europe/Berlin"},
    "requested_by": "planner",
}
JOB = job(ROW, "j", NOON)


def test_a_row_is_a_job_that_asks_the_least_intrusive_protocol_first() -> None:
    """One request a second unless it says otherwise; network and broadcast are no hosts."""
    assert JOB.probes == (
        Probe("opcua", 4840),
        Probe("modbus", 502),
        Probe("modbus", 15020),
        Probe("snmp", 161, "hagen-snmp"),
    )
    assert JOB.hosts == 14 + 1 + 2
    assert (JOB.requests_per_s, JOB.state, JOB.live) == (1.0, DiscoveryState.WAITING, True)
    assert job(ROW | {"ranges": ["2001:db8::/126"]}, "j", NOON).hosts == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"site": None}, "site: missing"),
        ({"ranges": []}, "ranges: 0, expected 1 to 4096 addresses in all"),
        ({"ranges": ["127.0.0.0/19"]}, "ranges: 8192, expected 1 to 4096"),
        ({"ranges": ["127.0.0.1/24"]}, "ranges.0: '127.0.0.1/24', expected a network in CIDR"),
        ({"ranges": [5]}, "ranges.0: 5, expected a network"),
        ({"ranges": ["::ffff:127.0.0.0/124"]}, "ranges.0: '::ffff:127.0.0.0/124', expected IPv4"),
        ({"ranges": ["224.0.0.0/28"]}, "ranges.0: '224.0.0.0/28', expected a network of single"),
        ({"ranges": ["0.0.0.0/28"]}, "ranges.0: '0.0.0.0/28', expected a network of single"),
        ({"ranges": ["127.0.0.0/28", "127.0.0.8/29"]}, "ranges.1: '127.0.0.8/29' overlaps"),
        ({"protocols": []}, "protocols: [], expected some of opcua, modbus, snmp"),
        ({"protocols": [{"protocol": "s7"}]}, "protocols.0.protocol: 's7', expected one of"),
        ({"protocols": [{"protocol": "snmp", "credential": "A"}]}, "protocols.0.credential: 'A'"),
        ({"protocols": [{"protocol": "modbus", "ports": [0]}]}, "protocols.0.ports.0: 0, exp"),
        ({"protocols": [{"protocol": "modbus", "ports": [1, 2, 3, 4, 5]}]}, "protocols.0.ports: "),
        ({"protocols": [{"protocol": "modbus"}] * 2}, "protocols: a protocol asks a port twice"),
        ({"window": None}, "window: missing"),
        ({"requests_per_s": 6}, "requests_per_s: 6, expected a number, above 0 and at most 5"),
        ({"requested_by": " "}, "requested_by: missing, expected who asks for it"),
        ({"speed": 9}, "speed: unknown field"),
    ],
)
def test_a_wrong_job_names_field_value_and_what_was_expected(change: Any, says: str) -> None:
    """Nothing is sent for it."""
    with pytest.raises(Invalid) as error:
        job({**ROW, **change}, "j", NOON)

    assert str(error.value).startswith(says)


def step(
    cursor: int, state: DiscoveryState = DiscoveryState.RUNNING, second: int = 1, reason: str = ""
) -> Step:
    """What a collector says."""
    at = NOON + timedelta(seconds=second)
    return Step("j", state, at, "collector-0", Progress(cursor, cursor, 0, 0), reason)


def test_a_step_carries_the_job_on() -> None:
    """With who does it, when, and what it waits for."""
    after = advanced(JOB, step(3, reason="its window"))

    assert (after.state, after.progress.cursor) == (DiscoveryState.RUNNING, 3)
    assert (after.collector, after.reason, after.revision) == ("collector-0", "its window", 2)
    assert advanced(after, step(4)).reason == ""


def test_a_job_that_has_ended_stays_so() -> None:
    """A collector that has not heard of the end yet still counts what it did."""
    ended = cancelled(JOB, NOON)

    late = advanced(ended, step(5))

    assert (late.state, late.progress.cursor) == (DiscoveryState.CANCELLED, 5)
    assert cancelled(late, NOON) == late
    finished = advanced(JOB, step(17, DiscoveryState.FINISHED))
    assert cancelled(finished, NOON) == finished


@given(st.permutations([step(n) for n in range(1, 6)] + [step(6, DiscoveryState.FINISHED)]))
def test_steps_that_come_twice_or_late_end_in_the_same_state(steps: list[Step]) -> None:
    """Delivery is at least once."""
    after = JOB
    for each in [*steps, *steps]:
        after = advanced(after, each)

    assert (after.state, after.progress) == (DiscoveryState.FINISHED, Progress(6, 6, 0, 0))


def test_a_late_step_takes_back_neither_state_nor_reason() -> None:
    """What waited on a disk arrives behind what was said later."""
    running = advanced(JOB, step(5))

    assert advanced(running, step(0, DiscoveryState.WAITING, reason="its window")) == running
    assert advanced(running, step(4, reason="a pause")) == running
    assert (
        advanced(running, step(4, DiscoveryState.REFUSED, reason="no credential")).state
        == DiscoveryState.REFUSED
    )


def test_a_step_that_says_nothing_new_makes_no_version() -> None:
    """What was written back to the topic is not written again for ever."""
    after = advanced(JOB, step(3))

    assert advanced(after, step(3)) is after


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("127.21.0.8:502", "modbus-127-21-0-8-502"),
        ("[2001:db8::1]:502", "modbus-2001-db8--1-502"),
    ],
)
def test_a_finding_becomes_a_target(address: str, name: str) -> None:
    """Named after what is known of it: protocol, host and port."""
    endpoint = {"protocol": "modbus", "host": "127.21.0.8", "port": 502}
    finding = Finding("hagen", "j", address, "modbus", endpoint, {}, NOON)

    made = target(target_row(finding, "auto", 10, "nordwerk/hagen"))

    assert (made.id, made.profile, made.endpoint) == (f"hagen/{name}", "auto", endpoint)
    assert replace(finding, job="k").id == finding.id


def test_an_agent_that_was_found_without_a_credential_is_read_with_one() -> None:
    """Nothing is guessed: who approves it names the credential."""
    endpoint = {"protocol": "snmp", "host": "127.21.0.8", "port": 161, "version": "3"}
    finding = Finding("hagen", "j", "127.21.0.8:161", "snmp", endpoint, {}, NOON)

    with pytest.raises(Invalid, match="credential: missing"):
        target_row(finding, "auto", 10, "nordwerk/hagen")

    row = target_row(finding, "auto", 10, "nordwerk/hagen", "hagen-v3")
    assert row["endpoint"] == {**endpoint, "credential": "hagen-v3"}

"""Logs: one event a line, machine-readable, quiet about libraries."""

import json
import logging

import pytest
import structlog

from isthmus.runtime.settings import Telemetry
from isthmus.runtime.telemetry import configure_logs


def test_an_event_is_one_json_line_with_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    """What a log collector indexes."""
    configure_logs("normalizer", Telemetry())

    structlog.get_logger().warning("source_lost", topic="t", reason="why")

    event = json.loads(capsys.readouterr().err)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "source_lost", "level": "warning", "reason": "why",
        "service": "normalizer", "topic": "t",
    }  # fmt: skip


def test_a_library_that_logs_every_lost_connection_is_silenced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A dead device would otherwise fill the log; the transition is logged once by us."""
    configure_logs("collector", Telemetry(log_level="debug"))

    logging.getLogger("aiokafka.conn").error("Unable connect")
    logging.getLogger("pymodbus.logging").error("No response")

    assert capsys.readouterr().err == ""


def test_events_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """`log_level` is the least severe that is written."""
    configure_logs("collector", Telemetry(log_level="warning"))

    structlog.get_logger().info("service_started")

    assert capsys.readouterr().err == ""

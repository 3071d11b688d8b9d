"""What a service says when it cannot start: one line that names what to mend, and a status."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from isthmus.demo.kafka import free_port

SERVICES = ("collector", "normalizer", "inventory", "alerting")
OWN = {
    "collector": {"ISTHMUS_COLLECTOR__SITE": "hagen"},
    "inventory": {
        "ISTHMUS_STORE__DATABASE": "start-inventory",
        "ISTHMUS_ACCESS__MODE": "off",
    },
    "alerting": {"ISTHMUS_STORE__DATABASE": "start-alerting", "ISTHMUS_ACCESS__MODE": "off"},
}


def start(service: str, **environ: str) -> subprocess.Popen[str]:
    needed = (
        {"ISTHMUS_STORE__URI": "mongodb://127.0.0.1:1"}
        if "DATABASE" in str(OWN.get(service))
        else {}
    )
    settings = {**needed, **OWN.get(service, {}), **environ}
    return subprocess.Popen(
        [sys.executable, "-m", f"isthmus.{service}"],
        env={**os.environ, "ISTHMUS_HTTP__PORT": str(free_port()), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_kafka_exits_and_names_the_setting(service: str) -> None:
    """Non-zero, no stack trace: an orchestrator and a person both understand."""
    process = start(
        service,
        ISTHMUS_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1",
        ISTHMUS_KAFKA__START_TIMEOUT_S="0.2",
    )

    said, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "kafka: 127.0.0.1:1: no broker answers" in said
    assert "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_with_an_unknown_setting_exits_and_names_it(service: str) -> None:
    """A typing error in a chart is found at the first start."""
    process = start(service, ISTHMUS_KAFKA__BOOTSTRAP_SERVER="127.0.0.1:1")

    said, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "ISTHMUS_KAFKA__BOOTSTRAP_SERVER: unknown setting; did you mean" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("service", ["inventory", "alerting"])
def test_a_service_without_its_store_exits_and_names_the_setting(service: str, kafka: str) -> None:
    """The store is needed from the first record on."""
    process = start(service, ISTHMUS_KAFKA__BOOTSTRAP_SERVERS=kafka, ISTHMUS_STORE__TIMEOUT_S="0.5")

    said, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "store: ServerSelectionTimeoutError" in said
    assert "ISTHMUS_STORE__URI" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_named(kafka: str) -> None:
    """Not a zombie that consumes and cannot be asked how it is."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        process = start(
            "normalizer", ISTHMUS_KAFKA__BOOTSTRAP_SERVERS=kafka, ISTHMUS_HTTP__PORT=str(port)
        )
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert f"http: 127.0.0.1:{port}: Address already in use" in said
    assert "ISTHMUS_HTTP__PORT" in said


def test_a_service_that_is_asked_to_stop_stops_with_status_0(kafka: str) -> None:
    """SIGTERM, as a kubelet sends it."""
    process = start("normalizer", ISTHMUS_KAFKA__BOOTSTRAP_SERVERS=kafka)
    assert process.stdout is not None
    while "service_started" not in process.stdout.readline():
        assert process.poll() is None
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert time.monotonic() - began < 10
    assert "service_stopped" in said

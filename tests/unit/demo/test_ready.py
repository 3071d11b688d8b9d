"""Waiting ends: with the part, with its death, or with the time."""

import sys
from pathlib import Path

import pytest

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process


async def never() -> bool:
    return False


async def test_a_part_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The reason stands in the log, so the log is shown."""
    command = [sys.executable, "-c", "print('no disk left'); raise SystemExit(3)"]
    process = Process("store", command, tmp_path / "log", {})
    process.start()

    with pytest.raises(ready.NotReady, match=r"store ended with 3:\nno disk left"):
        await ready.until(process, never)


async def test_a_part_that_is_late_is_named(tmp_path: Path) -> None:
    """Nothing waits for ever."""
    process = Process(
        "kafka", [sys.executable, "-c", "import time; time.sleep(9)"], tmp_path / "log", {}
    )

    with pytest.raises(ready.NotReady, match="kafka is not ready after 0 s"):
        await ready.until(process, never, timeout_s=0.2)


async def test_what_is_not_there_is_not_ready() -> None:
    """Neither a broker, nor a port, nor a page."""
    port = free_port()

    assert not await ready.kafka(f"127.0.0.1:{port}")
    assert not await ready.listens(port)
    assert not await ready.http(f"http://127.0.0.1:{port}/readyz")

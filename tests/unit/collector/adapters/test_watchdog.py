"""A process that stands still is ended by the kernel; one that runs is not."""

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import asyncio
from isthmus.collector.adapters.watchdog import Watchdog

async def main():
    watching = asyncio.create_task(Watchdog(1.25).run())
    await asyncio.sleep(0)
    print("up", flush=True)
    await asyncio.sleep({seconds})
    {then}

asyncio.run(main())
"""


def started(seconds: float, then: str = "pass") -> subprocess.Popen[bytes]:
    program = PROGRAM.format(seconds=seconds, then=then)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    return child


def test_a_process_that_runs_lives_on() -> None:
    """Twice the timeout, and it ends by itself."""
    with started(2.0) as child:
        assert child.wait(10) == 0


def test_a_frozen_process_is_ended_while_it_is_frozen() -> None:
    """Nobody wakes it: the kernel does it, and closes what it held."""
    with started(60) as child:
        os.kill(child.pid, signal.SIGSTOP)
        assert child.wait(10) == -signal.SIGKILL


def test_a_blocked_event_loop_is_no_sign_of_life() -> None:
    """A loop that hangs polls nothing and closes nothing."""
    with started(0, "import time; time.sleep(60)") as child:
        began = time.monotonic()
        assert child.wait(10) == -signal.SIGKILL
        assert time.monotonic() - began == pytest.approx(1.0, abs=0.9)

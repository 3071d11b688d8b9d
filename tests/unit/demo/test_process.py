"""Processes end when they are told to, and with us."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from isthmus.demo.process import Process, stop_all

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True);"
    " time.sleep(60)",
]


def started(tmp_path: Path, command: list[str]) -> Process:
    process = Process("sleeper", command, tmp_path / "log", {})
    process.start()
    while "up" not in process.tail():
        time.sleep(0.02)
    return process


def test_a_process_ends_at_sigterm(tmp_path: Path) -> None:
    """Its status says by which signal."""
    process = started(tmp_path, SLEEP)
    assert process.status() is None
    assert process.memory_bytes() > 1_000_000
    assert process.cpu_s() < 10

    process.stop()

    assert process.status() == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """Nothing that we started outlives us."""
    process = started(tmp_path, STUBBORN)

    process.stop(timeout_s=0.2)

    assert process.status() == -signal.SIGKILL


def test_all_are_ended_at_the_same_time(tmp_path: Path) -> None:
    """The slowest decides, not the sum."""
    processes = [started(tmp_path / str(n), SLEEP) for n in range(3)]

    began = time.monotonic()
    stop_all(processes)

    assert time.monotonic() - began < 5
    assert all(p.status() is not None for p in processes)


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """prctl(2): a demo that is killed leaves no broker behind."""
    script = (
        "import time; from pathlib import Path; from isthmus.demo.process import Process;"
        f"p = Process('c', {SLEEP!r}, Path({str(tmp_path / 'log')!r}), {{}}); p.start();"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        raise AssertionError(f"process {child} is still there")


def test_a_process_tells_what_it_has_computed(tmp_path: Path) -> None:
    """Processor time, whatever else the machine does."""
    program = "import time\nwhile time.process_time() < 0.2: pass\nprint('up', flush=True)\n"
    process = started(tmp_path, [sys.executable, "-c", f"{program}time.sleep(60)"])

    assert 0.15 < process.cpu_s() < 10

    process.stop()

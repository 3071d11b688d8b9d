"""Processes that we started: each with its log, each ended by its own id."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2): the signal a child gets when its parent is gone


class Process:
    """One child process; it ends with us, also when we are killed."""

    def __init__(
        self, name: str, command: Sequence[str], log_file: Path, environ: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log_file = log_file
        self.restarts = 0
        self._command = list(command)
        self._environ = dict(environ)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; raises when it was not started."""
        assert self._child is not None, f"{self.name} was not started"
        return self._child.pid

    def start(self) -> None:
        """Start it, in a session of its own so that Ctrl-C reaches only us."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def status(self) -> int | None:
        """Its exit status, or None while it runs."""
        return None if self._child is None else self._child.poll()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def stop(self, timeout_s: float = 30) -> None:
        """Ask it to end; end it when it does not within `timeout_s`."""
        self.kill(signal.SIGTERM)
        if self._child is None:
            return
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def memory_bytes(self) -> int:
        """Resident memory (VmRSS of proc(5))."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def cpu_s(self) -> float:
        """Processor time it has taken since its start (utime and stime of proc(5))."""
        text = Path(f"/proc/{self.pid}/stat").read_text()
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


def stop_all(processes: Sequence[Process]) -> None:
    """End all of them at once, then wait: the slowest decides, not the sum."""
    for process in processes:
        process.kill(signal.SIGTERM)
    deadline = time.monotonic() + 30
    for process in processes:
        process.stop(max(0.1, deadline - time.monotonic()))


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

"""Ends this process when it stands still, so that its connections to devices are given back.

A process that is frozen (SIGSTOP, a cgroup freezer, a debugger, a blocked event loop) cannot close
anything, and Kafka gives its targets to another collector: its open connections would be second
ones. The kernel can close them: a timer that is set again while we run, and that ends us when it
is not. A machine that is suspended finds its timer run out before anything else runs.
"""

import asyncio
import ctypes
import os
import signal
import time

SIGEV_SIGNAL = 0  # sigevent(7)
AGAIN_S = 0.5
# The broker counts from the last heartbeat, up to a tenth of the session before we froze.
PART_OF_SESSION = 0.8


class _Sigevent(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("reserved", ctypes.c_int * 12),
    )


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Watchdog:
    """A kernel timer (timer_create(2)) that kills us after a session without a sign of life.

    Nothing else reaches a stopped process: only SIGKILL does.
    """

    def __init__(self, session_timeout_s: float) -> None:
        self.timeout_s = PART_OF_SESSION * session_timeout_s
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = ctypes.c_void_p()

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        event = _Sigevent(None, signal.SIGKILL, SIGEV_SIGNAL)
        reference = ctypes.byref(self._timer)
        self._call("timer_create", time.CLOCK_BOOTTIME, ctypes.byref(event), reference)
        try:
            while True:
                self._set(self.timeout_s)
                await asyncio.sleep(AGAIN_S)
        finally:
            self._call("timer_delete", self._timer)

    def _set(self, after_s: float) -> None:
        seconds, part = divmod(after_s, 1)
        once = _Timer(_Timespec(0, 0), _Timespec(int(seconds), int(part * 1e9)))
        self._call("timer_settime", self._timer, 0, ctypes.byref(once), None)

    def _call(self, name: str, *arguments: object) -> None:
        if getattr(self._libc, name)(*arguments):
            code = ctypes.get_errno()
            raise OSError(code, f"{name}: {os.strerror(code)}")

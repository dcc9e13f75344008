"""How urgent the page is: as any program, but much less than mirroring while that computes.

A nice value counts only among the processes of one session where Linux schedules sessions as groups (autogroup), which
is the default of most systems: a page started in another terminal would take half of a busy processor. There the page
has a session of its own, and changes the nice value of the whole session. https://man7.org/linux/man-pages/man7/sched.7.html
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from archiver.lock import find_holder
from archiver.web.job_control import stop_and_continue_with

NICE: Final = 10
"""Niceness of the process: if mirroring wants the processor too, it gets about nine tenths of it."""
BESIDE: Final = 15
"""Niceness of the session while mirroring computes: a thirtieth of a busy processor."""
HURRIED: Final = 5
"""The same while it holds something that mirroring needs."""
BUSY: Final = 0.1
"""Share of a processor above which mirroring computes, or waits to; a service that waits for posts takes less."""
_EVERY: Final = 1.0
"""Seconds between two looks at whether it does."""
_GROUP: Final = Path("/proc/self/autogroup")
_GROUPED: Final = Path("/proc/sys/kernel/sched_autogroup_enabled")
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG"""
_PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def step_back() -> None:
    """Lower the priority of this process, so that many readers at once do not slow down mirroring."""
    with suppress(OSError):
        os.nice(NICE)


def run_apart() -> int | None:
    """Continue in a child process with a session of its own: None there, and here the exit status once it has ended.

    Where sessions do not matter, or this process leads one already, returns None at once. Call it before any thread.
    """
    if not _is_grouped() or os.getsid(0) == os.getpid():
        return None
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGTSTP})  # until they can be passed on
    child = os.fork()
    if child:
        return _wait_for(child, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.setsid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    return None


def _wait_for(child: int, mask: Iterable[int]) -> int:
    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    stop_and_continue_with(child)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    return 128 - ended if ended < 0 else ended


def _is_grouped() -> bool:
    try:
        return _GROUPED.read_text(encoding="ascii").strip() == "1" and _GROUP.exists()
    except OSError:
        return False


def is_busy(before: Mapping[str, int], after: Mapping[str, int], seconds: float) -> bool:
    """Whether threads with these nanoseconds before and after took much; yes if that is not known."""
    if not before or not after:
        return True
    return sum(taken - before.get(thread, 0) for thread, taken in after.items()) > BUSY * seconds * 1e9


def _read_taken(pid: int) -> Mapping[str, int]:
    """Nanoseconds for which each thread of a process has run or waited for a processor; none if it cannot be seen."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError, ValueError):  # it has ended
            ran, waited, _ = thread.read_text(encoding="ascii").split()
            found[str(thread)] = int(ran) + int(waited)
    return found


class Urgency:
    """Keeps the session's niceness as it should be."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_own = _is_grouped() and os.getsid(0) == os.getpid()
        self._next = 0.0
        self.is_mirroring = self._is_hurried = False
        """Whether mirroring computed when that was last looked at."""
        self._niceness = 0
        self._seen: tuple[int, float, Mapping[str, int]] = 0, 0.0, {}
        """The process that mirrors, when it was looked at, and what its threads had taken by then."""

    def settle(self) -> None:
        """Look whether mirroring computes, unless that was just done."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            holder = find_holder(self._directory)
            self.is_mirroring = holder is not None and self._computes(holder.pid)
            self._apply()

    def _computes(self, pid: int) -> bool:
        """Whether this process has computed much since it was last looked at; yes if that is not known."""
        known, at, before = self._seen
        self._seen = pid, time.monotonic(), _read_taken(pid)
        return known != pid or is_busy(before, self._seen[2], self._seen[1] - at)

    def hurry(self, wanted: bool) -> None:
        """Be more urgent for a moment, because something is held that mirroring needs."""
        self._is_hurried = wanted
        self._apply()

    def _apply(self) -> None:
        wanted = (HURRIED if self._is_hurried else BESIDE) if self.is_mirroring else 0
        if self._is_own and wanted != self._niceness:
            with suppress(OSError):  # tried again in a moment: the kernel allows few changes
                _GROUP.write_text(str(wanted), encoding="ascii")
                self._niceness = wanted

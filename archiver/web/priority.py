"""How urgent the page is: as any program, but much less than mirroring while the archive is being mirrored.

A nice value counts only among the processes of one session where Linux schedules sessions as groups (autogroup), which
is the default of most systems: a page started in another terminal would take half of a busy processor. There the page
has a session of its own, and changes the nice value of the whole session. https://man7.org/linux/man-pages/man7/sched.7.html
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from archiver.lock import find_holder

NICE: Final = 10
"""Niceness of the process: if mirroring wants the processor too, it gets about nine tenths of it."""
BESIDE: Final = 15
"""Niceness of the session while the archive is being mirrored: a thirtieth of a busy processor."""
_EVERY: Final = 1.0
"""Seconds between two looks at whether the archive is being mirrored."""
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
    """Go on in a session of one's own: None there, and the exit status in this process, once that has ended.

    None at once where sessions do not matter, or this is one already. Only before there are threads.
    """
    if not _is_grouped() or os.getsid(0) == os.getpid():
        return None
    parent = os.getpid()
    child = os.fork()
    if child:
        return _wait_for(child)
    os.setsid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    return None


def _wait_for(child: int) -> int:
    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    return 128 - ended if ended < 0 else ended


def _is_grouped() -> bool:
    try:
        return _GROUPED.read_text(encoding="ascii").strip() == "1" and _GROUP.exists()
    except OSError:
        return False


class Urgency:
    """Keeps the session's niceness as it should be."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_own = _is_grouped() and os.getsid(0) == os.getpid()
        self._next = 0.0
        self._is_mirrored = self._is_hurried = False
        self._niceness = 0

    def settle(self) -> None:
        """Look whether the archive is being mirrored, unless that was just done."""
        if self._is_own and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            self._is_mirrored = find_holder(self._directory) is not None
            self._apply()

    def hurry(self, wanted: bool) -> None:
        """Be as urgent as anything for a moment, because something is held that mirroring needs."""
        if self._is_own:
            self._is_hurried = wanted
            self._apply()

    def _apply(self) -> None:
        wanted = BESIDE if self._is_mirrored and not self._is_hurried else 0
        if wanted != self._niceness:
            with suppress(OSError):  # tried again in a moment: the kernel allows few changes
                _GROUP.write_text(str(wanted), encoding="ascii")
                self._niceness = wanted

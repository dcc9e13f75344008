"""The process of a hook: how it is confined, how its end is noticed, and how all that it started is ended with it.

Ended are its process group, and processes that left the group but still carry our mark in their environment.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

_MARK: Final = "TELEKEEP_HOOK"
_ENDED_WITH_US: Final = ("--pdeathsig", "KILL")
_PASSED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "XDG_CACHE_HOME", "XDG_DATA_HOME")
LARGEST_FILE: Final = 4 << 30
"""Bytes of a file that a program may write, such as a sound track: it must not fill the disk."""
_ROUNDS: Final = 10
"""Maximum searches for processes that a program left running: they may start others meanwhile."""


@cache
def list_wrappers() -> tuple[str, ...]:
    """Commands to put before a hook's: it then ends with us, however we end, and has the lowest priority."""
    found: list[str] = []
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        setpriv = shutil.which("setpriv")  # from util-linux; missing or too old on some systems
        tried = [setpriv or "", *_ENDED_WITH_US, "true"]
        if setpriv and subprocess.run(tried, check=False, capture_output=True, timeout=10).returncode == 0:  # noqa: S603
            found += [setpriv, *_ENDED_WITH_US]
    if nice := shutil.which("nice"):
        found += [nice, "-n", "19"]
    return tuple(found)


def make_environment(work: Path, mark: str) -> dict[str, str]:
    """What the program sees: none of our settings, which may hold secrets."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, **kept, "TMPDIR": str(work), _MARK: mark}


def restrain(pid: int, limit: float) -> None:
    """Let it run only on idle processors, write no endless file and no core, and end even if we are killed.

    `limit`: its seconds.
    """
    seconds = int(limit * (os.cpu_count() or 1)) + 60
    with contextlib.suppress(OSError, AttributeError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds + 10))
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):  # if memory runs out, it goes first
        Path(f"/proc/{pid}/oom_score_adj").write_text("800", encoding="ascii")


@contextlib.contextmanager
def watch(pid: int) -> Iterator[int | None]:
    """A descriptor that can be read once the process has ended; None where the system has no pidfd."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended. It stays a zombie, so that the numbers of the process and its group are not reused."""
    if sys.platform == "darwin":
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end(process: subprocess.Popen[bytes], mark: str) -> None:
    """End the process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(_ROUNDS):
        left = list(_list_marked(mark))
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return
        time.sleep(0.01)


def _list_marked(mark: str) -> Iterator[int]:
    """Running processes that inherited the mark: those that left the group, too."""
    wanted = f"{_MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes():  # a zombie's is empty
                yield int(folder.name)

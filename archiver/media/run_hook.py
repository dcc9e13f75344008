"""Run a program of the user's on a stored file, and take what it prints: never a shell, and within limits.

The program gets the file as one argument, a temporary directory to work in, an environment without our settings, the
lowest priority, and limits of time and output. All that it started is ended with it (`hook_process`).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from archiver.media.hook_process import end, has_ended, list_wrappers, make_environment, restrain, watch
from config.names import HOOK_PLACEHOLDER
from config.paths import expand_home

_CHUNK: Final = 65_536
_LARGEST_PIPE: Final = 4 << 20
_COMPLAINT: Final = 2_000
"""Bytes of what it prints on stderr that are kept, the last ones."""
_LONGEST_REASON: Final = 200
_POLL: Final = 0.1
"""Seconds between two checks of a process, on systems that do not report its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookLimits:
    """What one run may take."""

    seconds: float
    output: int
    """Bytes on stdout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """How one run ended."""

    text: str | None
    """What it printed; None: it failed."""
    reason: str | None = None
    """Why it failed."""
    exit_status: int | None = None
    """None: it was not started, or ended by us."""
    seconds: float = 0.0
    absent: bool = False
    """The program is not there, or cannot be started: the file is not to blame."""


class _LimitError(Exception):
    """The run was ended; the message says why."""


async def run_hook(arguments: Sequence[str], path: Path, *, suffix: str, limits: HookLimits) -> HookResult:
    """Run a program on a file. `suffix`: of the name that the program sees, such as `.ogg`.

    If the task is cancelled, the program and all that it started are ended first.
    """
    reading, writing = os.pipe()
    running = asyncio.ensure_future(asyncio.to_thread(_run, arguments, path, suffix, limits, reading))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        os.write(writing, b"stop")
        await asyncio.wait({running})
        raise
    finally:
        os.close(writing)
        os.close(reading)


def find_program(name: str) -> str | None:
    """The program's path, as `PATH` gives it; None if there is none that can be started."""
    return shutil.which(expand_home(name))


def _run(arguments: Sequence[str], path: Path, suffix: str, limits: HookLimits, stop: int) -> HookResult:
    program = find_program(arguments[0])
    if program is None:
        return HookResult(text=None, reason=f"there is no program {arguments[0]}", absent=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="telekeep-hook-", ignore_cleanup_errors=True) as directory:
        shown = Path(directory, f"file{suffix}")
        shown.symlink_to(path.resolve())
        work = Path(directory, "work")
        work.mkdir()
        command = [program, *(_fill(argument, shown) for argument in arguments[1:])]
        result = _start(command, work, limits, stop)
    return replace(result, seconds=time.monotonic() - began)


def _fill(argument: str, path: Path) -> str:
    """An argument with the path in it; `~/` is the home directory, as in all settings."""
    expanded = str(expand_home(argument)) if argument.startswith("~/") else argument
    return expanded.replace(HOOK_PLACEHOLDER, str(path))


def _start(command: Sequence[str], work: Path, limits: HookLimits, stop: int) -> HookResult:
    mark = secrets.token_hex(16)
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own settings; no shell
            [*list_wrappers(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=work,
            env=make_environment(work, mark),
            start_new_session=True,
        )
    except OSError as exc:
        return HookResult(text=None, reason=f"{command[0]} cannot be started: {exc.strerror}", absent=True)
    with process:
        restrain(process.pid, limits.seconds)
        output = _Output(process, limits)
        try:
            try:
                output.read_until_end(stop)
            finally:
                end(process, mark)
            output.drain()
        except _LimitError as exc:
            return HookResult(text=None, reason=str(exc))
        return output.judge()


class _Output:
    """What a process prints, read while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], limits: HookLimits) -> None:
        self._process = process
        self._limits = limits
        self._out = bytearray()
        self._err = bytearray()

    def read_until_end(self, stop: int) -> None:
        """Read until the process has ended. Raises _LimitError."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        deadline = time.monotonic() + self._limits.seconds
        with selectors.DefaultSelector() as selector, watch(process.pid) as ended:
            watched = [stop, process.stdout.fileno(), process.stderr.fileno(), *([] if ended is None else [ended])]
            for descriptor in watched:
                selector.register(descriptor, selectors.EVENT_READ)
            while not has_ended(process):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _LimitError(f"it took longer than {self._limits.seconds:g} s")
                for key, _ in selector.select(left if ended is not None else min(left, _POLL)):
                    if key.fd == stop:
                        raise _LimitError("stopped")
                    if key.fd != ended and not self._take(key.fd):
                        selector.unregister(key.fd)

    def judge(self) -> HookResult:
        """The result, by the exit status and what was printed."""
        status = self._process.returncode
        if status != 0:
            said = _last_line(bytes(self._err))
            ended = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
            return HookResult(text=None, reason=f"{ended}{': ' if said else ''}{said}", exit_status=status)
        try:
            text = self._out.decode("utf-8")
        except UnicodeDecodeError:
            return HookResult(text=None, reason="what it printed is not UTF-8 text", exit_status=status)
        if "\0" in text:
            return HookResult(text=None, reason="what it printed is not text", exit_status=status)
        return HookResult(text=text.replace("\r\n", "\n").strip(), exit_status=status)

    def _take(self, descriptor: int) -> bool:
        """Read once; False at the end. Raises _LimitError."""
        assert self._process.stdout is not None
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if descriptor != self._process.stdout.fileno():
            self._err += chunk
            del self._err[:-_COMPLAINT]
            return bool(chunk)
        self._out += chunk
        if len(self._out) > self._limits.output:
            raise _LimitError(f"it printed more than {self._limits.output:,} bytes")
        return bool(chunk)

    def drain(self) -> None:
        """Read what is left in the pipes, no more than they hold: all that wrote has been ended. Raises _LimitError."""
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            for _ in range(_LARGEST_PIPE // _CHUNK):
                if not self._take(pipe.fileno()):
                    break


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return "".join(one if one.isprintable() else " " for one in lines[-1])[:_LONGEST_REASON].strip() if lines else ""

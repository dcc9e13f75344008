"""Show output that does not fit on the screen by a pager: $TELEKEEP_PAGER, [display] pager, $PAGER, or `less -FRX`.

`page` holds output back until it is longer than the screen; only then is a pager started, so that short answers need
none. Notes to stderr wait until the pager is closed. A pager that cannot be started is not an error: the output goes to
the terminal. In a pipe nothing changes.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archiver.cli import screen, terminal

if TYPE_CHECKING:
    import subprocess

VARIABLE = "TELEKEEP_PAGER"
DEFAULT = "less -FRX"
_SHELL = re.compile(r"[|&;<>()$`*?~]")
_NOT_STARTED = (126, 127)
"""Exit statuses of a shell that cannot start a pager."""
_REPEATED = 1 << 20
"""Maximum bytes kept, to be shown without the pager if it does not start."""
_NONE = frozenset({"", "cat", "off"})
_STYLES = re.compile(rb"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")
_settings: dict[str, Any] = {"command": None, "off": False}


class PagerLeftError(Exception):
    """The pager was closed: the rest of the output is not needed."""


def set_pager(command: str | None) -> None:
    """Set [display] pager."""
    _settings["command"] = command


def set_off(off: bool) -> None:
    """Set --no-pager."""
    _settings["off"] = off


class Paged:
    """Outcome of paging."""

    left = False
    """Whether the pager was closed before everything was written."""


@contextmanager
def page() -> Iterator[Paged]:
    """Page the output of the block if it does not fit on the screen. Exit the block before printing notes."""
    paged = Paged()
    command = None if _settings["off"] else choose_pager(os.environ, _settings["command"])
    size = screen.size(sys.stdout)
    if command is None or size is None or not sys.stdout.isatty():
        yield paged
        return
    raw = _Screen(command, *size)
    stdout, stderr = sys.stdout, sys.stderr
    stdout.flush()
    notes = _Notes() if stderr.isatty() else None
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), stdout.encoding, "backslashreplace")
    if notes is not None:
        sys.stderr = notes
    try:
        with contextlib.suppress(PagerLeftError):
            yield paged
            sys.stdout.flush()
    finally:
        with contextlib.suppress(PagerLeftError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = stdout, stderr
        raw.finish()
        paged.left = raw.left
        if notes is not None:
            stderr.write(notes.getvalue())


def choose_pager(environment: Mapping[str, str], configured: str | None) -> list[str] | None:
    """The pager's command line; None: no pager."""
    is_dumb = environment.get("TERM", "dumb") == "dumb"
    chosen = environment.get(VARIABLE)
    if chosen is None:
        chosen = configured
    if chosen is None and not is_dumb:  # less asks there before it shows anything
        chosen = environment.get("PAGER", DEFAULT)
    if chosen is None or chosen.strip() in _NONE:
        return None
    if _SHELL.search(chosen):
        return ["sh", "-c", chosen]
    import shlex

    try:
        return shlex.split(chosen)
    except ValueError:  # an open quotation mark
        return None


def pager_environment(environment: Mapping[str, str], encoding: str) -> dict[str, str]:
    """The environment of a pager that can show colours and our encoding."""
    changed = {"LV": "-c", **environment}
    flags = environment.get("LESS")
    if flags is None:
        changed["LESS"] = "FRX"
    elif "r" not in flags.lower():
        changed["LESS"] = f"{flags} -R" if flags.startswith("-") else f"{flags}R"
    if encoding.lower().replace("-", "") == "utf8":
        changed.setdefault("LESSCHARSET", "utf-8")
    return changed


def count_lines(data: bytes, columns: int) -> int:
    """Number of screen lines that the output takes."""
    return sum(
        max(1, -(-terminal.width(_STYLES.sub(b"", line).decode(errors="replace")) // columns))
        for line in data.splitlines()
    )


class _Notes(io.StringIO):
    """Holds back notes to the terminal while a pager uses it."""

    def isatty(self) -> bool:
        """It is shown there later."""
        return True


class _Screen(io.RawIOBase):
    """Buffers output that fits on the screen; passes everything to a pager once it does not fit."""

    def __init__(self, command: Sequence[str], columns: int, lines: int) -> None:
        super().__init__()
        self._command = command
        self._columns, self._left_lines = columns, lines - 1  # one for the prompt
        self._held = bytearray()
        self._terminal = sys.stdout
        self._pager: subprocess.Popen[bytes] | None = None
        self._is_direct = False
        self._before: Any = None
        self.left = False

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """True: everything written ends up on a terminal."""
        return True

    def fileno(self) -> int:
        """The terminal's, to ask for its size."""
        return self._terminal.fileno()

    def write(self, data: Any, /) -> int:
        """Buffer the data, or pass it on. Raises PagerLeftError when the pager was closed, once."""
        if self._pager is None and not self._is_direct:
            self._held += data
            self._left_lines -= count_lines(bytes(data), self._columns)
            if self._left_lines >= 0:
                return len(data)
            self._start()
            self._send(bytes(self._held))
        else:
            if len(self._held) < _REPEATED:
                self._held += data
            self._send(bytes(data))
        return len(data)

    def finish(self) -> None:
        """Write what was held back; wait until the pager is closed."""
        if self._pager is not None:
            self._close_pager(self._pager)
        elif not self._is_direct:
            self._write_directly(bytes(self._held))

    def _start(self) -> None:
        import subprocess

        environment = pager_environment(os.environ, self._terminal.encoding)
        try:
            self._pager = subprocess.Popen(self._command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - theirs
        except OSError:
            self._is_direct = True
            return
        # Ctrl-C is the pager's: it stops a search in it, and must not leave a pager without us.
        self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _send(self, data: bytes) -> None:
        if self.left:
            return
        if self._pager is None or self._pager.stdin is None:
            self._write_directly(data)
            return
        try:
            self._pager.stdin.write(data)
            self._pager.stdin.flush()
        except OSError:
            if self._close_pager(self._pager):
                self.left = True
                raise PagerLeftError from None

    def _close_pager(self, pager: subprocess.Popen[bytes]) -> bool:
        """Wait until the pager is closed. If a shell could not start it, show all without it, and return False."""
        with contextlib.suppress(OSError):
            if pager.stdin is not None:
                pager.stdin.close()
        status = pager.wait()
        signal.signal(signal.SIGINT, self._before)
        self._pager, self._is_direct = None, True
        if status in _NOT_STARTED:
            self._write_directly(bytes(self._held))
        return status not in _NOT_STARTED

    def _write_directly(self, data: bytes) -> None:
        self._terminal.buffer.write(data)
        self._terminal.flush()

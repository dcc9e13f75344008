"""`python -m MODULE` in a process of its own that need not import anything first.

Starting Python and importing costs 0.4 s of CPU a command, which is most of what the tests of commands would take. So
an interpreter that has imported everything waits, and forks for each command: `Warm` is a `subprocess.Popen` in all but
that. Arguments, directory, environment, streams, signals and the end of the process are its own; what differs is only
that modules are imported already and hashes have one seed. Where that matters, start the command as ever.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import inspect
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMPORTED = {
    "archiver": ("archiver", "search", "config"),
    "tests.acceptance.world": ("tests.doubles.telegram.__main__",),
}
"""What is imported, packages with all that is in them, before these modules are run."""
_SHAPES_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""Variables that an interpreter reads only when it begins."""
_ON_TERMINAL = "import os, sys; os.login_tty(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"
_MOST = 1 << 20
_EXECUTE = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
_PR_SET_CHILD_SUBREAPER = 36


def start(
    args: list[str], *, terminal: str = "", closed: Collection[int] = (), imported: str = "", **options: Any
) -> subprocess.Popen[bytes]:
    """As `subprocess.Popen`, by a warm interpreter where the process would be the same.

    With a terminal it is the leader of a session there, so that it is the one which asks for passwords; of its three
    streams some may be closed. A script (`-c`) is run so if it may find a module of `IMPORTED` imported.
    """
    if _is_same(args, imported, options):
        return Warm(args, terminal=terminal, closed=closed, imported=imported, **options)
    if terminal:
        args = [sys.executable, "-c", _ON_TERMINAL, terminal, *args]
    if closed:
        args = ["bash", "-c", " ".join(['exec "$@"', *(f"{handle}>&-" for handle in closed)]), "bash", *args]
    return subprocess.Popen(args, **options)


def run(*arguments: str, limit: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """`telekeep` with these arguments, from its start to its end."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start([sys.executable, "-m", "archiver", *arguments], **streams | options) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, (out or b"").decode(), (err or b"").decode())


def _is_same(args: list[str], imported: str, options: dict[str, Any]) -> bool:
    module = imported if args[:2] == [sys.executable, "-c"] else args[2] if args[:2] == [sys.executable, "-m"] else ""
    if not sys.platform.startswith("linux") or module not in IMPORTED:
        return False
    return options.keys() <= {"cwd", "env", "umask", "stdin", "stdout", "stderr"} and (
        _shape(options.get("env", os.environ)) == _shape(_environment())
    )


def _shape(environment: Any) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_SHAPES_THE_START)}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


class Warm(subprocess.Popen[bytes]):
    """A process that was forked for one command."""

    def __init__(
        self, args: list[str], *, terminal: str, closed: Collection[int], imported: str, **options: Any
    ) -> None:
        self._terminal, self._closed, self._imported = terminal, closed, imported
        super().__init__(args, **options)

    def _execute_child(self, *args: Any, **kwargs: Any) -> None:
        given = _EXECUTE.bind(self, *args, **kwargs).arguments
        streams = [
            given[name] if given[name] != -1 else at for at, name in enumerate(("p2cread", "c2pwrite", "errwrite"))
        ]
        how, what, *arguments = given["args"][1:]
        self.pid = _waiting(self._imported if how == "-c" else what).fork(
            script=what if how == "-c" else "",
            arguments=arguments,
            cwd=str(given["cwd"] or Path.cwd()),
            environment=dict(given["env"] if given["env"] is not None else os.environ),
            umask=given["umask"],
            streams=streams,
            terminal=self._terminal,
            closed=[*self._closed],
        )
        self._child_created = True
        self._close_pipe_fds(  # type: ignore[attr-defined]
            *(given[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"))
        )


class Waiting:
    """An interpreter that has imported what a module needs."""

    def __init__(self, module: str) -> None:
        # Whoever is forked loses its parent and becomes our child: we can wait for it as for any other.
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        self._process = subprocess.Popen(
            [sys.executable, __file__, module, str(theirs.fileno())],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def fork(self, *, streams: list[int], **request: Any) -> int:
        """The id of the new process."""
        with _one_at_a_time:
            socket.send_fds(self._socket, [json.dumps(request).encode()], streams)
            return int(self._socket.recv(64))


_all: dict[str, Waiting] = {}
_one_at_a_time = threading.RLock()


def _waiting(module: str) -> Waiting:
    with _one_at_a_time:
        if module not in _all:
            _all[module] = Waiting(module)
        return _all[module]


# What follows runs in the interpreter that waits, and in those that it forks.


def main(module: str, descriptor: int) -> None:
    program = f"{module}.__main__"
    for name in IMPORTED[module]:
        for found in pkgutil.walk_packages(getattr(import_module(name), "__path__", []), f"{name}."):
            if found.name != program:
                import_module(found.name)
    sys.modules.pop(program, None)
    gc.collect()
    gc.freeze()  # so that no child looks at, and thereby copies, what all of them share
    with socket.socket(fileno=descriptor) as asked:
        request, streams = wait_for_request(asked)
    become(request, streams)
    sys.argv = ["-c", *request["arguments"]]
    try:
        if request["script"]:
            exec(request["script"], {"__name__": "__main__"})  # noqa: S102 - as `-c` does
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as exc:
        leave(exc.code if isinstance(exc.code, int) else 0 if exc.code is None else 1)
    leave(0)


def wait_for_request(asked: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each request; return in the new processes only."""
    while True:
        data, streams, _, _ = socket.recv_fds(asked, _MOST, 3)
        if not data:
            os._exit(0)
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if not child:
                os.close(reading)
                os.close(writing)
                return json.loads(data), streams
            os.write(writing, str(child).encode())
            os._exit(0)
        os.waitpid(between, 0)
        asked.send(os.read(reading, 64))
        for handle in (reading, writing, *streams):
            os.close(handle)


def become(request: dict[str, Any], streams: list[int]) -> None:
    """Be as if started by the one who asked."""
    for at, handle in enumerate(streams):
        os.dup2(handle, at)
    os.closerange(3, max(streams) + 1)
    if request["terminal"]:
        os.login_tty(os.open(request["terminal"], os.O_RDWR))
    for handle in request["closed"]:
        os.close(handle)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    if request["umask"] >= 0:
        os.umask(request["umask"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for at, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, None if at in request["closed"] else _stream(at, getattr(sys, f"__{name}__")))
        setattr(sys, f"__{name}__", getattr(sys, name))


def leave(status: int) -> None:
    """End as an interpreter does, but for taking apart all that was imported, which costs as much as importing it."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        status = 120
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.flush()
    os._exit(status)


def _stream(at: int, before: io.TextIOWrapper) -> io.TextIOWrapper:
    raw = io.FileIO(at, "r" if at == 0 else "w", closefd=False)
    buffer = io.BufferedReader(raw) if at == 0 else io.BufferedWriter(raw)
    made = io.TextIOWrapper(
        buffer,
        encoding=before.encoding,
        errors=before.errors,
        newline=None if at == 0 else "\n",
        line_buffering=at == 2 or raw.isatty(),
    )
    made.mode = "r" if at == 0 else "w"
    return made


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

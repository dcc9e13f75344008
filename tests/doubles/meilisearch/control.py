"""A line protocol for demos and tests: a JSON object a line on stdin, a JSON object a line on stdout.

{"do": "fault", "spec": "POST /indexes/*/documents:status(503)x2"}   -> {"ok": true}
{"do": "calls", "target": "POST *"}                  -> {"ok": true, "calls": [...], "most_concurrent": 3}
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from tests.doubles.meilisearch.faults import parse
from tests.doubles.meilisearch.server import Server

_MAX_LINE = 1 << 20


class Control:
    """What the lines may ask for. Names of methods with `do_` before them are the words."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def answer(self, line: str) -> dict[str, Any]:
        try:
            order = json.loads(line)
            word = order.pop("do")
            act: Callable[..., dict[str, Any] | None] | None = getattr(self, f"do_{word}", None)
            if act is None:
                return {"ok": False, "error": f"unknown: {word}"}
            return {"ok": True, **(act(**order) or {})}
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as exc:
            return {"ok": False, "error": f"{type(exc).__name__}: {exc}"}

    # --- faults

    def do_fault(self, spec: str) -> None:
        """Requests: METHOD PATH:ACTION(ARGS)+SKIPxTIMES%CHANCE, with ; between several."""
        for pattern, action, conditions in parse(spec):
            self.server.faults.add(pattern, action, **conditions)

    def do_fail_task(self, code: str, kind: str = "*", message: str = "", **conditions: Any) -> None:
        self.server.faults.fail_task(kind, code, message, **conditions)

    def do_clear(self, pattern: str | None = None) -> None:
        self.server.faults.clear(pattern)

    def do_slow(self, seconds: float = 0.0, per_document: float = 0.0) -> None:
        """Each batch takes this long."""
        scheduler = self.server.instance.scheduler
        scheduler.delay, scheduler.delay_per_document = seconds, per_document

    def do_hold(self, at: str | None = "enqueued") -> None:
        """The queue is stuck: at "enqueued", at "processing", or (null) no more."""
        self.server.instance.scheduler.hold(at)

    def do_disk_full(self, full: bool = True) -> None:
        """Every write is refused with 422 no_space_left_on_device."""
        self.server.instance.disk_full = full

    def do_wipe(self, index: str | None = None) -> None:
        self.server.instance.wipe(index)

    def do_forget_task(self, uid: int) -> None:
        self.server.instance.forget_task(uid)

    def do_refuse(self) -> None:
        self.server.refuse()

    def do_listen(self) -> None:
        self.server.listen()

    def do_restart(self, keep: bool = True) -> None:
        self.server.restart(keep=keep)

    def do_limit(self, payload: int) -> None:
        """The greatest payload in bytes, after decompression."""
        self.server.instance.payload_limit = payload

    def do_version(self, version: str) -> None:
        self.server.instance.version["pkgVersion"] = version

    # --- what there is

    def do_calls(self, target: str = "*") -> dict[str, Any]:
        calls = [
            {
                "target": call.target,
                "query": call.query,
                "key": call.key,
                "content_type": call.content_type,
                "encoding": call.encoding,
                "size": call.size,
                "decoded_size": call.decoded_size,
                "status": call.status,
                "concurrent": call.concurrent,
                "fault": call.fault,
            }
            for call in self.server.calls.of(target)
        ]
        return {"calls": calls, "most_concurrent": self.server.calls.most_concurrent}

    def do_tasks(self) -> dict[str, Any]:
        return {"tasks": [task.view() for task in self.server.instance.tasks]}

    def do_documents(self, index: str) -> dict[str, Any]:
        """The ids that are in an index."""
        return {"ids": sorted(self.server.instance.index(index).row_of)}

    def do_idle(self, timeout: float = 30) -> dict[str, Any]:
        return {"idle": self.server.instance.idle(timeout)}


def listen(control: Control) -> threading.Thread:
    """Read stdin in a thread of its own: any kind of stdin will do, and its end is no end of the server."""

    def read() -> None:
        # os.read instead of sys.stdin: a daemon thread that holds stdin's lock breaks the interpreter's end.
        rest = b""
        while data := _read_stdin():
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                if line.strip():
                    answer = control.answer(line.decode("utf-8", "replace"))
                    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
                    sys.stdout.flush()
            if len(rest) > _MAX_LINE:
                break

    thread = threading.Thread(target=read, name="control lines", daemon=True)
    thread.start()
    return thread


def _read_stdin() -> bytes:
    try:
        return os.read(0, 1 << 16)
    except OSError:  # closed
        return b""

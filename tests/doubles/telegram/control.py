"""A line protocol for demos and tests: a JSON object a line on stdin, a JSON object a line on stdout.

{"do": "post", "channel": "alpha", "text": "..."}      -> {"ok": true, "id": 12, "pts": 31}
{"do": "fault", "spec": "messages.getHistory:flood(3)x1"}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles.telegram.orders_centres import CentreOrders
from tests.doubles.telegram.orders_channel import ChannelOrders
from tests.doubles.telegram.orders_files import FileOrders
from tests.doubles.telegram.orders_server import ServerOrders
from tests.doubles.telegram.orders_takeout import TakeoutOrders
from tests.doubles.telegram.proxies import Proxy
from tests.doubles.telegram.server import Server

_MAX_LINE = 1 << 20


class Control(ChannelOrders, ServerOrders, TakeoutOrders, CentreOrders, FileOrders):
    """What the lines may ask for. Names of methods with `do_` before them are the words."""

    def __init__(self, server: Server, proxies: Sequence[Proxy] = ()) -> None:
        self.server = server
        self.proxies = proxies

    def answer(self, line: str) -> dict[str, Any]:
        try:
            order = json.loads(line)
            word = order.pop("do")
            act: Callable[..., dict[str, Any]] | None = getattr(self, f"do_{word}", None)
            if act is None:
                return {"ok": False, "error": f"unknown: {word}"}
            if "channel" in order:
                order["channel"] = self.server.world.channel(order["channel"])
            if "account" in order:
                order["account"] = self.server.world.account(order["account"])
            return {"ok": True, **act(**order)}
        except (ValueError, TypeError, LookupError, AttributeError) as exc:
            return {"ok": False, "error": f"{type(exc).__name__}: {exc}"}


def listen(control: Control, loop: asyncio.AbstractEventLoop) -> threading.Thread:
    """Read stdin in a thread of its own: any kind of stdin will do, and its end is no end of the server."""

    def act(line: str) -> None:
        sys.stdout.write(json.dumps(control.answer(line), ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def read() -> None:
        # os.read instead of sys.stdin: a daemon thread that holds stdin's lock breaks the interpreter's end.
        rest = b""
        while data := _read_stdin():
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                if line.strip():
                    loop.call_soon_threadsafe(act, line.decode("utf-8", "replace"))
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

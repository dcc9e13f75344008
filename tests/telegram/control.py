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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.telegram import truth
from tests.telegram.channel import Channel
from tests.telegram.faults import parse
from tests.telegram.server import Server

_MAX_LINE = 1 << 20


class Control:
    """What the lines may ask for. Names of methods with `do_` before them are the words."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def answer(self, line: str) -> dict[str, Any]:
        try:
            order = json.loads(line)
            word = order.pop("do")
            act: Callable[..., dict[str, Any]] | None = getattr(self, f"do_{word}", None)
            if act is None:
                return {"ok": False, "error": f"unknown: {word}"}
            if "channel" in order:
                order["channel"] = self.server.world.channel(order["channel"])
            return {"ok": True, **act(**order)}
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            return {"ok": False, "error": f"{type(exc).__name__}: {exc}"}

    def do_post(self, channel: Channel, text: str, date: int | None = None, **fields: Any) -> dict[str, Any]:
        kind = fields.pop("media", None)
        media = getattr(self.server.world.media, kind)() if kind else None
        return {"id": channel.post(text, date=date, media=media, **fields).id, "pts": channel.pts}

    def do_edit(self, channel: Channel, id: int, text: str, date: int | None = None) -> dict[str, Any]:  # noqa: A002
        channel.edit(id, text=text, date=date)
        return {"id": id, "pts": channel.pts}

    def do_delete(self, channel: Channel, ids: list[int]) -> dict[str, Any]:
        channel.delete(*ids)
        return {"ids": ids, "pts": channel.pts}

    def do_pin(self, channel: Channel, id: int) -> dict[str, Any]:  # noqa: A002
        channel.pin(id)
        return {"pts": channel.pts}

    def do_view(self, channel: Channel, id: int, views: int) -> dict[str, Any]:  # noqa: A002
        channel.view(id, views)
        return {}

    def do_react(self, channel: Channel, id: int, counts: dict[str, int]) -> dict[str, Any]:  # noqa: A002
        channel.react(id, counts)
        return {}

    def do_title(self, channel: Channel, title: str) -> dict[str, Any]:
        return {"id": channel.set_title(title).id, "pts": channel.pts}

    def do_rename(self, channel: Channel, username: str | None = None) -> dict[str, Any]:
        channel.rename(username)
        return {}

    def do_private(self, channel: Channel, on: bool = True) -> dict[str, Any]:
        channel.private = on
        return {}

    def do_forget(self, channel: Channel) -> dict[str, Any]:
        """Differences from before are too long from now on."""
        channel.forget_events()
        return {"pts": channel.pts}

    def do_fault(self, spec: str = "", clear: bool = False) -> dict[str, Any]:
        if clear:
            self.server.faults.clear()
        for method, action, conditions in parse(spec):
            self.server.faults.add(method, action, **conditions)
        return {"rules": len(self.server.faults.rules)}

    def do_net(self, **fields: float) -> dict[str, Any]:
        for name, value in fields.items():
            if not hasattr(self.server.net, name):
                raise ValueError(name)
            setattr(self.server.net, name, value)
        return {}

    def do_drop(self) -> dict[str, Any]:
        count = len(self.server.connections)
        self.server.drop_connections()
        return {"connections": count}

    def do_clock(self, seconds: float) -> dict[str, Any]:
        self.server.clock = seconds
        return {}

    def do_expire_references(self) -> dict[str, Any]:
        self.server.world.files.expire()
        return {}

    def do_log_out(self) -> dict[str, Any]:
        for account in self.server.world.accounts.values():
            self.server.log_out_everywhere(account)
        return {}

    def do_truth(self, path: str) -> dict[str, Any]:
        truth.write(self.server.world, Path(path))
        return {"path": path}

    def do_channels(self) -> dict[str, Any]:
        rows = [
            {"id": c.id, "username": c.username, "title": c.title, "top": c.top, "pts": c.pts, "count": len(c.ids)}
            for c in self.server.world.channels.values()
        ]
        return {"channels": rows}

    def do_calls(self) -> dict[str, Any]:
        """How often each method was called, and what a polite client would not have done."""
        counts: dict[str, int] = {}
        for call in self.server.calls:
            counts[call.method] = counts.get(call.method, 0) + 1
        return {
            "calls": counts,
            "forbidden": [c.method for c in self.server.forbidden],
            "violations": [[v.method, round(v.seconds_early, 3)] for v in self.server.violations],
        }


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

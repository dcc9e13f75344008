"""What Telegram Desktop writes as result.json: one chat, or several in the frame of a whole account.

Valid JSON, unlike Desktop's own, which writes control characters as `\\xNN`; its indentation, a space a level.
"""

from __future__ import annotations

import re
from typing import Any

from archiver.export.formats.desktop_message import DesktopView, desktop_message, own_fields
from archiver.export.formats.local_clock import LocalClock
from archiver.export.media_places import MediaPlaces, no_files
from archiver.export.request import Request
from archiver.model.json_text import dump
from archiver.model.row import SCHEMA_VERSION, ChannelName, Row

_INDENT = re.compile(rb"^ +", re.MULTILINE)
_ABOUT = "Made by telekeep from its archive, in the format of Telegram Desktop; not an export by Telegram."
_ABOUT_CHATS = "The channels of this export."


class DesktopJsonWriter:
    """Writes channel after channel: the rows must come by channel."""

    extension = "json"

    def __init__(
        self,
        request: Request,
        *,
        groups: frozenset[int] = frozenset(),
        public: frozenset[int] = frozenset(),
        media_places: MediaPlaces = no_files,
    ) -> None:
        """`public`: channels that may be public although their @name is unknown."""
        self._channels, self._groups, self._public = list(request.channels), groups, public
        self._view = DesktopView(
            clock=LocalClock(request.zone),
            titles={int(one.channel_id): one.title for one in request.channels},
            media_places=media_places,
        )
        self._is_single = len(request.channels) == 1
        self._depth = 0 if self._is_single else 3
        self._next = 0
        self._rows = 0
        self.options: dict[str, object] = {"encoding": "UTF-8", "indent": 1, "tz": request.zone, "own_key": "telekeep"}
        self.warnings: list[str] = []

    def begin(self) -> bytes:
        """The frame up to the first chat."""
        if self._is_single:
            return self._open_chat()
        return b'{\n "about": ' + dump(_ABOUT) + b',\n "chats": {\n  "about": ' + dump(_ABOUT_CHATS) + b',\n  "list": ['

    def encode(self, row: Row) -> bytes:
        """Encode a message; a new channel ends the chat before it."""
        before = b"" if self._is_single else self._go_to(row["channel_id"])
        separator = b",\n" if self._rows else b"\n"
        self._rows += 1
        pad = b" " * (self._depth + 2)
        message = self._indented(desktop_message(row, self._view), self._depth + 2).removesuffix(b"\n" + pad + b"}")
        own = b',\n%s "telekeep": %s' % (pad, dump(own_fields(row)))
        return b"%s%s%s%s%s\n%s}" % (before, separator, pad, message, own, pad)

    def end(self) -> bytes:
        """The end of the last chat, and of the frame."""
        if self._is_single:
            return self._close_chat()
        return self._go_to(None) + b"\n  ]\n }\n}"

    def _go_to(self, channel_id: int | None) -> bytes:
        """End the chats before this one, and begin it; None: end all."""
        written = b""
        while not self._next or self._channels[self._next - 1].channel_id != channel_id:
            if self._next:
                written += self._close_chat()
            if self._next == len(self._channels):
                break
            written += (b",\n   " if self._next else b"\n   ") + self._open_chat()
        return written

    def _open_chat(self) -> bytes:
        channel = self._channels[self._next]
        self._next += 1
        self._rows = 0
        pad = b" " * self._depth
        fields = {"name": channel.title or None, "type": self._type(channel), "id": channel.channel_id}
        lines = b",".join(b"\n%s %s: %s" % (pad, dump(key), dump(value)) for key, value in fields.items())
        return b'{%s,\n%s "messages": [' % (lines, pad)

    def _close_chat(self) -> bytes:
        channel = self._channels[self._next - 1]
        pad = b" " * self._depth
        own = {
            "row_schema_version": SCHEMA_VERSION,
            "username": channel.username,
            "alias": channel.alias,
            "usernames": list(channel.usernames),
        }
        return b'\n%s ],\n%s "telekeep": %s\n%s}' % (pad, pad, dump(own), pad)

    def _type(self, channel: ChannelName) -> str:
        seen = "public" if channel.username or channel.channel_id in self._public else "private"
        return f"{seen}_supergroup" if channel.channel_id in self._groups else f"{seen}_channel"

    def _indented(self, value: dict[str, Any], depth: int) -> bytes:
        """With a space a level; the first line is not indented."""
        data = dump(value, indent=True)
        return _INDENT.sub(lambda found: b" " * (len(found[0]) // 2), data).replace(b"\n", b"\n" + b" " * depth)

"""What is read of pages that Telegram Desktop wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from archiver.ids import ChannelId
from archiver.imports.source import Flaw, ImportedMessage
from archiver.imports.sources.desktop_html import open_file
from tests.desktop_pages import NEWEST, OF_2022, OF_2024, OLD, DesktopPages, Generation

CHANNEL = ChannelId(1001)
WINTER = int(datetime(2024, 1, 10, 12, tzinfo=UTC).timestamp())
SUMMER = int(datetime(2024, 7, 10, 12, tzinfo=UTC).timestamp())
ALL = [OLD, OF_2022, OF_2024, NEWEST]


def entries(path: Path, zone: str | None = "Europe/Berlin") -> Iterator[ImportedMessage | Flaw]:
    source = open_file(path, ZoneInfo(zone) if zone else None)
    for chat in source.chats():
        assert not isinstance(chat, Flaw)
        yield from chat.read(CHANNEL)


def read(path: Path, zone: str | None = "Europe/Berlin") -> dict[int, ImportedMessage]:
    return {int(one.message.message_id): one for one in entries(path, zone) if isinstance(one, ImportedMessage)}


def flaws(path: Path, zone: str | None = "Europe/Berlin") -> list[Flaw]:
    return [one for one in entries(path, zone) if isinstance(one, Flaw)]


def one_message(tmp_path: Path, generation: Generation = NEWEST, **parts: Any) -> ImportedMessage:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=generation)
    pages.add(5, WINTER, **parts)
    return read(pages.write(tmp_path))[5]


def load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)

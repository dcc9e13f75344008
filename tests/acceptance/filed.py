"""A desk that fetches files, and what must be true of them afterwards: their bytes, the disk, the server's log."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at

UNDER_WAY = 3.0
"""Seconds before a break within which an answer may still be on its way to the disk of a busy machine."""


@dataclass
class FileServer:
    """The loopback server with channels of files, and moments at which something broke."""

    telegram: Telegram
    session: Path
    breaks: list[float] = field(default_factory=list)
    """World's times of kills and dropped connections."""

    def desk(self, home: Path, *names: str, **media: str) -> Desk:
        """Logged in, with these channels; files of every kind and size are wanted unless told otherwise."""
        desk = desk_at(self.telegram, home)
        desk.archive.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.session, desk.archive / "session")
        wanted = {"download": "all", "max_size": "4GB", "min_free": "0", "thumbnails": "false"} | media
        desk.environment |= {f"TELEKEEP_MEDIA__{name.upper()}": value for name, value in wanted.items()}
        desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
        if names:
            desk.do("add", *names)
            desk.do("sync")
        return desk

    def channels(self, *names: str) -> None:
        for name in names:
            self.telegram.order("make", title=name, username=name)

    def post(self, *channels: str, count: int = 1, media: str = "document", **about: Any) -> list[str]:
        """Files in each of these channels; their keys, in order."""
        posted = self.telegram.order("post_files", channels=list(channels), count=count, media=media, **about)["posted"]
        return list(dict.fromkeys(key for _, _, key in posted))

    def broke(self) -> None:
        """Something breaks now: what was under way may have to be fetched again."""
        self.breaks.append(self.telegram.order("clock")["now"])

    def truth(self) -> dict[str, dict[str, Any]]:
        """Every file of the world by its key."""
        path = self.telegram.directory / "files.jsonl"
        self.telegram.order("files", path=str(path))
        return {row["key"]: row for row in map(json.loads, path.read_text("ascii").splitlines())}

    def parts(self) -> list[dict[str, Any]]:
        path = self.telegram.directory / "parts.jsonl"
        self.telegram.order("parts", path=str(path))
        return [json.loads(line) for line in path.read_text("ascii").splitlines()]


@contextmanager
def file_server(place: Path, *arguments: str) -> Iterator[FileServer]:
    with Telegram(place, "--world", "empty", *arguments) as telegram:
        first = desk_at(telegram, place / "login")
        first.log_in()
        yield FileServer(telegram, first.archive / "session")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    """A server with one channel, @alpha, and no posts."""
    place = tmp_path / "telegram"
    place.mkdir()
    with file_server(place) as running:
        running.channels("alpha")
        yield running


def stored(desk: Desk) -> dict[str, Path]:
    """What lies below media/ as a finished file: name of its SHA-256 -> path."""
    media = desk.archive / "media"
    paths = [path for path in media.rglob("*") if path.is_file() and "partial" not in path.relative_to(media).parts]
    return {path.parent.name + path.name: path for path in paths}


def expect_no_wrong_byte(desk: Desk) -> None:
    """Every finished file has the bytes that its name says, and no one else may read it."""
    for name, path in stored(desk).items():
        assert sha256(path.read_bytes()).hexdigest() == name
        assert path.stat().st_mode & 0o777 == 0o600


def expect_all_there(desk: Desk, server: FileServer, keys: list[str]) -> None:
    """These files are stored, each once, as the world has them; rows and disk agree; nothing is left over."""
    truth = server.truth()
    expect_no_wrong_byte(desk)
    wanted = {truth[key]["sha256"] for key in keys}
    known = dict(desk.query("SELECT file_key, sha256 FROM file WHERE status = 'downloaded'"))
    lacking = [key for key in keys if known.get(key) != truth[key]["sha256"]]
    assert not lacking, [row for row in desk.query("SELECT * FROM file") if row[0] in lacking] or lacking
    assert wanted <= set(stored(desk))
    expect_no_orphan(desk)


def expect_no_orphan(desk: Desk) -> None:
    """Each stored file has a row, each row of a present file has the file, and no partial file is left."""
    rows = {sha for (sha,) in desk.query("SELECT sha256 FROM blob WHERE state = 'present'")}
    assert set(stored(desk)) == rows
    partial = desk.archive / "media" / "partial"
    assert [path.name for path in partial.rglob("*") if path.is_file()] == []
    slots = desk.query("SELECT DISTINCT sha256 FROM media WHERE status = 'downloaded'")
    assert {sha for (sha,) in slots} <= rows


def expect_no_part_twice(server: FileServer) -> int:
    """Of no file is a byte fetched again, but for what was under way when something broke; how many parts that were."""
    seen: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    for part in server.parts():
        if part["size"]:
            seen[part["key"], part["letter"], part["offset"]].append(part)
    again = 0
    for parts in seen.values():
        for first, _ in pairwise(parts):
            broken = any(first["asked"] - 0.1 <= moment <= first["time"] + UNDER_WAY for moment in server.breaks)
            assert broken, (parts, server.breaks)
            again += 1
    return again

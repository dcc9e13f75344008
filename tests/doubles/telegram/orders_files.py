"""Control lines about files: posting them, their references, what goes wrong with them, and who fetched what.

A file is named as in `photo/5100000000000007` or `document/5100000000000014`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.doubles.telegram import file_faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.faults import parse
from tests.doubles.telegram.files import File
from tests.doubles.telegram.pictures import Scene
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account


def key_of(file: File) -> str:
    return f"{file.kind}/{file.id}"


class FileOrders:
    """Orders about files and downloading."""

    server: Server

    def do_post_files(
        self,
        channel: Channel | None = None,
        channels: list[str | int] | None = None,
        count: int = 1,
        text: str = "",
        date: int | None = None,
        **about: Any,
    ) -> dict[str, Any]:
        """`count` new files, each shown once in every one of these channels."""
        world = self.server.world
        where = [world.channel(name) for name in channels or ()] + ([channel] if channel else [])
        posted = []
        for number in range(count):
            media, file = self._media(dict(about))
            for each in where:
                when = None if date is None else date + number
                posted.append([each.id, each.post(text, media=media, date=when).id, key_of(file)])
        return {"posted": posted}

    def do_edit_file(self, channel: Channel, id: int, **about: Any) -> dict[str, Any]:  # noqa: A002
        """The message shows another file from now on."""
        media, file = self._media(about)
        channel.edit(id, media=media)
        return {"file": key_of(file), "pts": channel.pts}

    def do_noforwards(self, channel: Channel, on: bool = True) -> dict[str, Any]:
        """What the channel posts from now on is protected, and so is the channel."""
        channel.noforwards = on
        channel.version += 1
        return {}

    def _media(self, about: dict[str, Any]) -> tuple[Any, File]:
        """`media` is a builder of media.py; `scene`, `crop` and `step` make a Scene; the rest goes to the builder."""
        world = self.server.world
        kind, scene = about.pop("media", "photo"), about.pop("scene", None)
        look = {name: about.pop(name) for name in ("crop", "step") if name in about}
        if scene is not None:
            about["scene"] = Scene(scene, **look)
        media = getattr(world.media, kind)(**about)
        shown, of = (media.photo, "photo") if hasattr(media, "photo") else (media.document, "document")
        file = world.files.find(shown.id, of)
        assert file is not None
        return media, file

    # what is true

    def do_files(self, path: str | None = None) -> dict[str, Any]:
        """Key, data centre, size and SHA-256 of every file and of its sizes; JSON lines where there is a path."""
        rows = [self._row(file) for file in self.server.world.files]
        return self._told("files", rows, path)

    def _row(self, file: File) -> dict[str, Any]:
        files = self.server.world.files
        sizes = {
            letter: {"size": size, "sha256": files.sha256(file, letter).hex()}
            for letter, (_, _, size) in file.sizes.items()
        }
        return {"key": key_of(file), "dc": file.dc, "mime": file.mime, **sizes[file.largest], "sizes": sizes}

    def _told(self, word: str, rows: Iterable[dict[str, Any]], path: str | None) -> dict[str, Any]:
        if path is None:
            return {word: list(rows)}
        lines = [json.dumps(row) + "\n" for row in rows]
        Path(path).write_text("".join(lines), encoding="ascii")
        return {"path": path, "count": len(lines)}

    # what becomes of them

    def do_expire_references(self, account: Account | None = None) -> dict[str, Any]:
        """References so far are old (to this account)."""
        self.server.world.files.expire(account and account.id)
        return {}

    def do_references(
        self, lifetime: float | None = None, expired_as: str | None = None, stale: str | None = None, on: bool = True
    ) -> dict[str, Any]:
        """How long they are good for (0: for ever), what an old one is called, and a file whose are never good."""
        files = self.server.world.files
        if lifetime is not None:
            files.lifetime = lifetime or None
        files.expired_as = expired_as or files.expired_as
        if stale:
            (files.stale.add if on else files.stale.discard)(self._file(stale).key)
        return {"lifetime": files.lifetime, "expired_as": files.expired_as}

    def do_file_gone(self, file: str, name: str = "FILE_ID_INVALID", on: bool = True) -> dict[str, Any]:
        """Nobody gets the file any more."""
        gone, key = self.server.world.files.gone, self._file(file).key
        gone.pop(key, None)
        if on:
            gone[key] = name
        return {}

    def do_file_move(self, file: str, dc: int) -> dict[str, Any]:
        """It is in another data centre than its messages say."""
        self.server.world.files.move(self._file(file), dc)
        return {}

    def do_file_fault(self, action: str, file: str | None = None, part: int | None = None) -> dict[str, Any]:
        """A fault of upload.getFile, as `short(1000)+2x1`, for one file or one megabyte of files."""
        which = file_faults.of(self._file(file) if file else None, part=part)
        for method, act, conditions in parse(f"upload.getFile:{action}"):
            self.server.faults.add(method, act, predicate=which, **conditions)
        return {"rules": len(self.server.faults.rules)}

    def _file(self, key: str) -> File:
        kind, _, number = key.partition("/")
        file = self.server.world.files.find(int(number), kind)
        if file is None:
            raise LookupError(key)
        return file

    # what it costs

    def do_traffic(
        self,
        small: list[float] | None = None,
        large: list[float] | None = None,
        premium: bool | None = None,
        forget: bool = False,
        **fields: float | None,
    ) -> dict[str, Any]:
        """Rates and limits (small: [calls, seconds], large: [bytes, seconds]); and what was fetched so far."""
        traffic = self.server.traffic
        for name, value in fields.items():
            if name not in ("connection_rate", "account_rate", "most_connections"):
                raise ValueError(name)
            setattr(traffic, name, value)
        if small is not None:
            traffic.small(int(small[0]), *small[1:], premium=bool(premium))
        if large is not None:
            traffic.large(*large, premium=premium is not False)
        if forget:
            traffic.forget()
        repeated = traffic.repeated()
        return {
            "parts": len(traffic.parts),
            "bytes": sum(part.size for part in traffic.parts),
            "files": len({part.key for part in traffic.parts}),
            "repeated": [[f"{key[0]}/{key[1]}", letter, at, n] for (key, letter, at), n in repeated.items()],
            "errors": dict(traffic.errors),
            "exports": [[account, dc, count] for (account, dc), count in traffic.exports.items()],
            "connections": {dc: traffic.open(self.server.connections, dc) for dc in self.server.centres.ports},
            "closed": traffic.closed,
            "cdn_asked": traffic.cdn_asked,
        }

    def do_parts(self, path: str | None = None) -> dict[str, Any]:
        """Every part that was answered, in order."""
        rows = (part._asdict() | {"key": f"{part.key[0]}/{part.key[1]}"} for part in self.server.traffic.parts)
        return self._told("parts", rows, path)

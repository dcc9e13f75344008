"""tg-archive's `data.sqlite` and the `media` directory beside it. https://github.com/knadh/tg-archive

It keeps texts without formatting, no forwards, views, buttons, reactions or albums, and of service messages only who
joined and left. Its dates are UTC: without a zone, since it drops that when it writes. Each file that it downloaded is
called a photo, so its kind is guessed from its name.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.imports.regular import open_regular
from archiver.imports.row_values import UnreadableRow, text, whole_number
from archiver.imports.source import (
    REPLACED,
    AttachedFile,
    Chat,
    DerivedPiece,
    Entry,
    Flaw,
    ImportedMessage,
    find_unread,
)
from archiver.model.imported import HIGHEST_ID, LAST_SECOND, imported_message
from archiver.model.record import Media
from archiver.store.imports.tg_archive import (
    LARGEST,
    DamagedDatabase,
    LostRows,
    find_newest_date,
    find_own_id,
    is_sound,
    iter_tg_rows,
    open_tg_archive,
)

T = TypeVar("T")

FILE_NAME: Final = "data.sqlite"
_MEDIA: Final = "media"
_CONFIG: Final = "config.yaml"
_MEDIA_DIR: Final = re.compile(r"^media_dir:[ \t]*+[\"']?([^\"'#\n]++)[\"']?[ \t\r]*+(?:#.*)?$", re.MULTILINE)
_USERNAME: Final = re.compile(r"[A-Za-z0-9_]{3,32}")
_ACTIONS: Final[Mapping[str, str]] = {
    "user_joined": "chat_add_user",
    "user_joined_by_link": "chat_joined_by_link",
    "user_left": "chat_delete_user",
}
_KINDS: Final[Mapping[str, str]] = {"image": "image", "video": "video", "audio": "audio"}
_LARGEST_CONFIG: Final = 1 << 20


def open_file(path: Path, zone: tzinfo | None) -> TgArchive:
    """Open a file, or the directory of a site. Raises UsageError."""
    return TgArchive((path / FILE_NAME if path.is_dir() else path).resolve())


def derive(raw: bytes, zone: tzinfo | None) -> DerivedPiece | None:
    """Read a stored row again."""
    try:
        row = orjson.loads(raw)
        return DerivedPiece(text=_content(row), date=_moment(row["date"]))
    except (orjson.JSONDecodeError, UnreadableRow, KeyError, TypeError):
        return None


class TgArchive:
    """A database of tg-archive."""

    format = "tg-archive"
    zone_used = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root = path.parent
        self.parts = (path,)
        self._media_directory = _find_media_directory(path.parent)
        with open_tg_archive(path) as conn:
            self._own = find_own_id(conn)
            self._newest = find_newest_date(conn)

    @property
    def newest(self) -> datetime | None:
        """The date of its last message."""
        try:
            return _moment(self._newest)
        except UnreadableRow:
            return None

    def chats(self) -> Iterator[Chat | Flaw]:
        """Its one group or channel."""
        yield Chat(channel_id=None if self._own is None else ChannelId(self._own), title=None, read=self._read)

    def _read(self, channel_id: ChannelId) -> Iterator[Entry]:
        is_damaged = False
        with open_tg_archive(self._path) as conn:
            try:
                for row in iter_tg_rows(conn):
                    is_damaged |= isinstance(row, LostRows)
                    if isinstance(row, LostRows):
                        yield Flaw(f"messages {row.after + 1} to {row.before - 1}", "the database is damaged here")
                    elif isinstance(row, int):
                        yield Flaw(f"message {row}", f"it has a value of more than {LARGEST >> 20} MB")
                    else:
                        yield from self._entries(row, channel_id)
            except DamagedDatabase:
                is_damaged = True
                yield Flaw("", "the database is damaged: what was read before that is imported", fatal=True)
        if not is_damaged and not is_sound(self._path):
            yield Flaw("", "the database is damaged: messages may be missing, or have other words")

    def _entries(self, row: dict[str, Any], channel_id: ChannelId) -> Iterator[Entry]:
        where = f"message {row['id']}"
        mended = {name: _in_utf8(value) for name, value in row.items()}
        try:
            yield (found := self._message(mended, channel_id))
            if (unread := find_unread(found)) is not None:
                yield unread
        except UnreadableRow as exc:
            yield Flaw(where, f"it {exc}")
        if mended != row:
            yield Flaw(where, REPLACED)

    def _message(self, row: Mapping[str, Any], channel_id: ChannelId) -> ImportedMessage:
        try:
            raw = orjson.dumps({name: value for name, value in row.items() if value is not None})
        except orjson.JSONEncodeError as exc:
            raise UnreadableRow("has values that are neither text nor numbers") from exc
        kind = text(row, "type")
        action = None if kind == "message" else {"type": _ACTIONS.get(kind, kind)}
        failed: list[str] = []
        replied = _part(failed, "reply_to", _optional_number, row, "reply_to")
        medium = None if row["media.id"] is None else _part(failed, "media", _medium, row)
        message = imported_message(
            channel_id,
            MessageId(whole_number(row, "id", lowest=1, highest=HIGHEST_ID)),
            kind="message" if action is None else "service",
            date=_moment(row["date"]),
            edit_date=None if row["edit_date"] is None else _part(failed, "edit_date", _moment, row["edit_date"]),
            text=_content(row),
            sender=_part(failed, "sender", _sender, row, channel_id),
            reply_to=None if replied is None else _json({"reply_to_msg_id": replied}),
            reply_to_msg_id=replied,
            action=None if action is None else _json(action),
            media=() if medium is None else (medium,),
            extra=_json({"convert_error": ",".join(failed)}) if failed else None,
            raw=raw,
        )
        name = row["media.url"] if row["media.type"] not in ("webpage", "poll") else None
        is_named = medium is not None and isinstance(name, str) and bool(name)
        files = (AttachedFile(slot=0, path=f"{self._media_directory}/{name}"),) if is_named else ()
        return ImportedMessage(message=message, files=files)


def _in_utf8(value: object) -> object:
    """A text with the bytes that are not UTF-8 replaced; other values as they are."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(failed: list[str], name: str, read: Callable[..., T], *given: Any) -> T | None:
    """A part of a message; one that cannot be read is noted, and costs no more."""
    try:
        return read(*given)
    except UnreadableRow:
        failed.append(name)
        return None


def _content(row: Mapping[str, Any]) -> str:
    return "" if row.get("content") is None else text(row, "content")


def _moment(value: object) -> datetime:
    """A date in UTC, as tg-archive writes them; with an offset as its fields' type would have it; unix seconds, too."""
    try:
        if type(value) in (int, float) and 0 < value <= LAST_SECOND:  # type: ignore[operator]
            return datetime.fromtimestamp(int(value), UTC)  # type: ignore[call-overload]
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None:
            return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnreadableRow("has no valid date")


def _optional_number(row: Mapping[str, Any], name: str) -> int | None:
    return None if row.get(name) is None else whole_number(row, name)


def _sender(row: Mapping[str, Any], channel_id: ChannelId) -> str | None:
    """Who wrote it; None for the channel itself. Channels as senders have no first name."""
    number = _optional_number(row, "user_id")
    if number is None or number == channel_id or row["users.tags"] == "group_self":
        return None
    names = [one for name in ("users.first_name", "users.last_name") if isinstance(one := row[name], str) and one]
    written = row["users.username"] if row["users.username"] not in (None, str(number)) else None
    is_channel = not names and isinstance(written, str)
    username = written if isinstance(written, str) and _USERNAME.fullmatch(written) else None
    title = written if isinstance(written, str) and username is None else None
    name = " ".join(names) or title
    return _json({"type": "channel" if is_channel else "user", "id": number, "name": name, "username": username})


def _medium(row: Mapping[str, Any]) -> Media:
    kind = row["media.type"]
    title, description = (
        None if row[name] is None else text(row, name) for name in ("media.title", "media.description")
    )
    if kind == "webpage":
        url = None if row["media.url"] is None else text(row, "media.url")
        extra = {"description": description} if description else None
        return _slot("webpage", extra, title=title, url=url, search_text=description)
    if kind == "poll":
        return _poll(title, description)
    mime, _ = mimetypes.guess_type(title or "")
    is_photo = mime == "image/jpeg"
    guessed = "photo" if is_photo else _KINDS.get((mime or "").split("/")[0], "document")
    return _slot(
        guessed, {"kind_guessed": True}, mime=None if is_photo else mime, file_name=None if is_photo else title
    )


def _poll(question: str | None, options: str | None) -> Media:
    try:
        listed = orjson.loads(options or "[]")
    except orjson.JSONDecodeError:
        listed = []
    answers = [
        {"text": str(one.get("label") or ""), "voters": _count(one.get("count"))}
        | ({"correct": True} if one.get("correct") is True else {})
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    ]
    words = "\n".join(str(one["text"]) for one in answers) or None
    return _slot("poll", {"answers": answers}, title=question, search_text=words)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else 0


def _slot(kind: str, extra: Mapping[str, Any] | None, **fields: Any) -> Media:
    return Media(slot=0, kind=kind, extra=None if extra is None else _json(extra), **fields)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as exc:
        raise UnreadableRow("has invalid text") from exc


def _find_media_directory(directory: Path) -> str:
    """Where its files are, below the database: `media`, or what its settings say."""
    try:
        with open_regular(directory, directory / _CONFIG) as file:
            found = _MEDIA_DIR.search(file.read(_LARGEST_CONFIG).decode("utf-8", "replace"))
    except UsageError:
        return _MEDIA
    return (found[1].strip().removeprefix("./").rstrip("/") if found else "") or _MEDIA

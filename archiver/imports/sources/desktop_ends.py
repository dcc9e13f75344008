"""The first and last bytes of Telegram Desktop's JSON, which tell its age, and what telekeep wrote after messages."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly
from archiver.imports.json_input.json_pieces import JsonPieces
from archiver.imports.json_input.mend_json import UnreadableJson, read_json
from archiver.imports.sources.desktop_fields import LocalDates

_LOOK: Final = 1 << 18
_CLOSED: Final = b"\n    ]"
"""The end of a chat's messages, as telekeep's export of several channels has it."""
_BOTH: Final = re.compile(rb'"date"\s*:\s*"([0-9]{4}-[0-9-]{5}T[0-9:]{8})"\s*,\s*"date_unixtime"\s*:\s*"(\d{1,11})"')
_WALL: Final = re.compile(rb'"date"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"')
_UNIX: Final = re.compile(rb'"date_unixtime"\s*:\s*"(\d{1,12})"')
_FARTHEST: Final = timedelta(hours=14)
_STEP: Final = timedelta(minutes=15)
"""UTC offsets are multiples of this."""
_ACCOUNT: Final = re.compile(
    rb'"(?:chats|left_chats|personal_information)"\s{0,9}:|\]\s{0,99}\}\s{0,99}\}\s{0,9}\Z|\]\s{0,99}\}\s{0,9},\s{0,99}\{\s{0,99}"name"'
)
"""What only the file of a whole account has, at its beginning or at its end, or between two of its chats."""
_OWN: Final = b',\n    "telekeep":'


def read_ends(path: Path) -> tuple[bytes, bytes]:
    """The first and the last bytes. Raises UsageError."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOK)
            if not head:
                raise UsageError(f"{path} is empty.")
            file.seek(max(file.seek(0, 2) - _LOOK, 0))
            return head, file.read(_LOOK)
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc


def is_account(ends: bytes) -> bool:
    """Whether these seem to be the ends of a whole account's file, so that no chat may be taken for another."""
    return _ACCOUNT.search(ends) is not None


def find_offsets(ends: bytes) -> dict[timedelta, datetime]:
    """UTC offsets of local times, from dates written both ways, each with the last such date."""
    found: dict[timedelta, datetime] = {}
    for local, unix in _BOTH.findall(ends):
        with suppress(ValueError):
            at = datetime.fromtimestamp(int(unix), UTC)
            offset = datetime.fromisoformat(local.decode()).replace(tzinfo=UTC) - at
            if abs(offset) <= _FARTHEST and not offset % _STEP:
                found[offset] = at
    return found


def find_newest(ends: bytes, dates: LocalDates) -> datetime | None:
    """The newest date; dates in the future count as none."""
    now = time.time()
    found = [seconds for one in _UNIX.findall(ends) if (seconds := int(one)) <= now]
    if not found:
        walls = (dates.read(one.decode()) for one in _WALL.findall(ends))
        found = [seconds for one in walls if one is not None and (seconds := int(one.timestamp())) <= now]
    return datetime.fromtimestamp(max(found), UTC) if found else None


def find_own(path: Path, tail: bytes, at: int | None) -> dict[str, Any]:
    """What telekeep wrote after the messages of a chat. `at`: where they begin in a file of several."""
    if at is not None:
        return _find_after(path, at) if b'"telekeep":' in tail else {}
    _, mark, own = tail.rpartition(b'\n "telekeep": ')
    try:
        found = read_json(own.rstrip().removesuffix(b"}")).value if mark else None
    except UnreadableJson:
        return {}
    return found if isinstance(found, dict) else {}


def _find_after(path: Path, at: int) -> dict[str, Any]:
    """The same in a file of several: found by the layout, so that messages are not parsed twice.

    Texts have no line ends.
    """
    with path.open("rb") as file:
        file.seek(at)
        end = _find(file, _CLOSED)
        if end is None or file.seek(end) < 0 or file.read(len(_OWN)) != _OWN:
            return {}
        try:
            found = JsonPieces(file).value().found
        except (EndsEarly, BrokenJson):
            return {}
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _find(file: BinaryIO, wanted: bytes) -> int | None:
    """The end of the next place that has these bytes."""
    at, kept = file.tell(), b""
    while part := file.read(_LOOK):
        data = kept + part
        if (place := data.find(wanted)) >= 0:
            return at - len(kept) + place + len(wanted)
        at, kept = at + len(part), data[1 - len(wanted) :]
    return None

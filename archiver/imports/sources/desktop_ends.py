"""The first and the last bytes of Telegram Desktop's JSON, which tell its age and what telekeep wrote there itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from archiver.errors import UsageError
from archiver.imports.mend_json import UnreadableJson, read_json

_LOOK: Final = 1 << 18


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


def find_own(tail: bytes) -> dict[str, Any]:
    """What telekeep wrote at the end of a chat that it exported."""
    _, mark, own = tail.rpartition(b'\n "telekeep": ')
    try:
        found = read_json(own.rstrip().removesuffix(b"}")).value if mark else None
    except UnreadableJson:
        return {}
    return found if isinstance(found, dict) else {}

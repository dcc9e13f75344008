"""Which values rows of another archive may have: those that a telekeep writes. Nothing else gets into ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from archiver.model.media_file import is_file
from archiver.store.verify.checked import MEDIA_NAMES
from archiver.store.verify.limits import LATEST, MOST

Check: TypeAlias = Callable[[Any], bool]
"""Whether a column may have this value."""


class Checks:
    """The checks of a row, column by column.

    Most rows have the same types: what these leave open is found once, so that a row costs only a few comparisons.
    """

    def __init__(self, columns: Iterable[tuple[str, Check]]) -> None:
        self._columns = tuple(columns)
        self._known: dict[tuple[type, ...], _Open] = {}

    def expect(self, row: Sequence[Any]) -> None:
        """Raise WrongValueError unless each column has a possible value."""
        types = tuple(map(type, row))
        left = self._known.get(types)
        if left is None:
            left = self._known[types] = self._find_open(types)
        for place, least, most in left.ranges:
            if not least <= row[place] <= most:
                raise WrongValueError(f"{self._columns[place][0]} has a value that telekeep never writes")
        for place, check in left.checks:
            if not check(row[place]):
                raise WrongValueError(f"{self._columns[place][0]} has a value that telekeep never writes")

    def accept(self, row: Sequence[Any]) -> bool:
        """Whether each column has a possible value."""
        try:
            self.expect(row)
        except WrongValueError:
            return False
        return True

    def _find_open(self, types: tuple[type, ...]) -> _Open:
        """What the types alone do not settle."""
        found = _Open([], [])
        for place, ((_, check), kind) in enumerate(zip(self._columns, types, strict=True)):
            inner = _INNER.get(check, check)
            if kind is int and inner in _RANGES:
                found.ranges.append((place, *_RANGES[inner]))
            elif not (kind is type(None) and check(None)) and inner is not _SETTLED.get(kind):
                found.checks.append((place, check))
        return found


class _Open(NamedTuple):
    """What is left to check of rows with the same types."""

    ranges: list[tuple[int, int, int]]
    """The place of an integer, its least and its largest value."""
    checks: list[tuple[int, Check]]


_WAYS: Final = frozenset({"history", "update", "audit", "import"})
_KINDS: Final = frozenset({"message", "service", "stub"})
_INNER: Final[dict[Check, Check]] = {}
"""What the checks for columns that may be NULL ask of other values."""
_HEX: Final = frozenset("0123456789abcdef")
_FILE_ID: Final = re.compile(r"-?[0-9]{1,20}")


class WrongValueError(Exception):
    """A row has a value that telekeep never writes."""


def expect_payload(digest: bytes, raw: bytes) -> None:
    """Raise WrongValueError unless the bytes have this SHA-256."""
    if sha256(raw).digest() != digest:
        raise WrongValueError("a payload has a different SHA-256")


def expect_file(kind: str, id_: str | None) -> None:
    """Raise WrongValueError if a slot shows a file without a valid id."""
    if is_file(kind, id_) and _FILE_ID.fullmatch(id_ or "") is None:
        raise WrongValueError("the id of a file is not a number")


def is_time(value: Any) -> bool:
    """Whether it is unix seconds at which something was noticed."""
    return type(value) is int and 0 <= value <= LATEST


def is_count(value: Any) -> bool:
    """Whether it is a number that Telegram may give."""
    return type(value) is int and 0 <= value <= MOST


def is_id(value: Any) -> bool:
    """Whether it is a message's id, or the number of something."""
    return type(value) is int and 1 <= value <= MOST


def is_integer(value: Any) -> bool:
    """Whether it is an integer, of at most 64 bits as all in SQLite."""
    return type(value) is int


def is_text(value: Any) -> bool:
    """Whether it is text."""
    return type(value) is str


def is_blob(value: Any) -> bool:
    """Whether it is bytes."""
    return type(value) is bytes


def is_hash(value: Any) -> bool:
    """Whether it is a SHA-256."""
    return type(value) is bytes and len(value) == 32


def is_digest(value: Any) -> bool:
    """Whether it is a SHA-256 in hexadecimal."""
    return type(value) is str and len(value) == 64 and _HEX.issuperset(value)


def is_way(value: Any) -> bool:
    """Whether it is a way in which messages are seen, or found missing."""
    return type(value) is str and value in _WAYS


def or_null(check: Check) -> Check:
    """The check for a column that may be NULL."""

    def is_fine(value: Any) -> bool:
        return value is None or check(value)

    _INNER[is_fine] = check
    return is_fine


def is_object(value: Any) -> bool:
    """Whether it is the JSON text of an object."""
    return type(_load(value)) is dict


def is_list(value: Any) -> bool:
    """Whether it is the JSON text of a list of objects."""
    found = _load(value)
    return type(found) is list and all(type(one) is dict for one in found)


def _load(value: Any) -> Any:
    try:
        return orjson.loads(value) if type(value) is str else None
    except orjson.JSONDecodeError:
        return None


def _is_date(value: Any) -> bool:
    return type(value) is int and -MOST <= value <= LATEST


def is_flag(value: Any) -> bool:
    """Whether it is 0 or 1."""
    return type(value) is int and value in (0, 1)


def _is_rows(value: Any) -> bool:
    """Whether it is the JSON text of rows of buttons."""
    found = _load(value)
    return type(found) is list and all(type(row) is list and all(type(one) is dict for one in row) for row in found)


def _is_slots(value: Any) -> bool:
    """Whether it is the JSON text of the media of an earlier content."""
    found = _load(value)
    return type(found) is list and all(
        type(one) is dict and all(check(one.get(name)) for name, check in _SLOT_CHECKS) for one in found
    )


_RANGES: Final[dict[Check, tuple[int, int]]] = {
    is_time: (0, LATEST),
    is_count: (0, MOST),
    is_id: (1, MOST),
    is_integer: (-(2**63), 2**63),
    _is_date: (-MOST, LATEST),
    is_flag: (0, 1),
}
_SETTLED: Final[dict[type, Check]] = {str: is_text, bytes: is_blob}
_number, _text, _object, _list = (or_null(check) for check in (is_count, is_text, is_object, is_list))
_integer, _time = or_null(is_integer), or_null(is_time)
OF_MESSAGE: Final[dict[str, Check]] = {
    "message_id": is_id,
    "kind": lambda value: type(value) is str and value in _KINDS,
    "date": _is_date,
    "edit_date": or_null(_is_date),
    "text": is_text,
    **dict.fromkeys(("post_author", "grouped_id", "media_kind", "lang"), _text),
    **dict.fromkeys(("sender", "reply_to", "fwd_from", "action", "extra"), _object),
    **dict.fromkeys(("entities", "reactions", "restriction"), _list),
    **dict.fromkeys(("via_bot_id", "reply_to_msg_id", "seen_pts", "import_id"), _integer),
    **dict.fromkeys(("views", "forwards", "replies"), _number),
    "markup": or_null(_is_rows),
    **dict.fromkeys(("noforwards", "pinned", "silent"), is_flag),
    **dict.fromkeys(("content_hash", "payload_sha256"), is_hash),
    **dict.fromkeys(("layer", "generation", "revisions"), is_count),
    "raw": is_blob,
    "origin": is_way,
    **dict.fromkeys(("first_seen", "last_seen"), is_time),
    "missing_since": _time,
    "missing_how": or_null(is_way),
}
OF_MEDIA: Final[dict[str, Check]] = {
    "slot": is_count,
    "kind": is_text,
    **dict.fromkeys(("id", "mime", "file_name", "title", "performer", "url", "search_text"), _text),
    **dict.fromkeys(("size", "width", "height"), _integer),
    "duration": lambda value: value is None or type(value) in (int, float),
    "extra": _object,
    "sha256": or_null(is_digest),
}
_SLOT_CHECKS: Final = (
    *((name, OF_MEDIA[name]) for name in MEDIA_NAMES if name not in ("slot", "extra")),
    ("extra", lambda value: value is None or type(value) is dict),
)
OF_REVISION: Final[dict[str, Check]] = {
    **OF_MESSAGE,
    "revision": is_id,
    "media": _is_slots,
    "replaced_at": is_time,
}
OF_PART: Final[dict[str, Check]] = {
    **OF_MESSAGE,
    "moment": _is_date,
    "part_hash": is_hash,
    **dict.fromkeys(("noticed_at", "retry_at"), is_time),
    "completed_at": _time,
    "attempts": is_count,
    "refused": _text,
}
OF_ABSENCE: Final[dict[str, Check]] = {
    **dict.fromkeys(("noticed_at", "last_seen"), is_time),
    "how": is_way,
    "returned_at": _time,
}
OF_COUNTER: Final[dict[str, Check]] = {**OF_MESSAGE, "at": is_time}
OF_PIECE: Final[dict[str, Check]] = {
    "import_id": is_integer,
    "payload_sha256": is_hash,
    "raw": or_null(is_blob),
    "differs": _object,
}


def checks_of(names: Iterable[str], of: dict[str, Check]) -> Checks:
    """The checks for these columns, in their order."""
    return Checks((name, of[name]) for name in names)

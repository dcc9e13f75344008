"""Which format a path is in: by its content, never by its name."""

from __future__ import annotations

import re
import stat
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from archiver.errors import UsageError
from archiver.imports.recognise import (
    RESULT,
    explain,
    explain_result,
    is_csv,
    is_desktop_html,
    is_jsonl,
    is_parquet,
    is_tg_archive,
)
from archiver.imports.source import ChatSource, Derive, Open

_HEAD: Final = 65_536
KNOWN: Final = "Telegram Desktop's JSON or HTML, tg-archive's SQLite, telekeep's JSONL, Parquet or CSV"


_ANSWER: Final = re.compile(rb'\{\s*"ok"\s*:')
"""How an answer of a web API begins."""
_LIST: Final = re.compile(rb'\[\s*\{\s*"(?:id|type|name|messages)"\s*:')
"""How a list of Desktop's chats begins."""
_JSON: Final = re.compile(rb'[\[{]\s*["{]')
"""How a document of JSON begins, unless it is damaged there."""
_MESSAGE: Final = re.compile(
    rb'\{\s{0,99}"id"\s{0,9}:\s{0,9}-?[0-9]{1,19}\s{0,9},\s{0,99}"type"\s{0,9}:\s{0,9}"(?:message|service)"\s{0,9},\s{0,99}"date"\s{0,9}:'
    rb'|"date"\s{0,9}:\s{0,9}"[0-9-]{10}T[0-9:]{8}"\s{0,9},\s{0,99}"date_unixtime"\s{0,9}:'
)
"""How Desktop's messages begin; the second alternative: what each has, also with sorted keys."""
_BARE: Final = re.compile(rb'\[?\s*\{\s*"id"\s*:\s*[0-9]+\s*,\s*"type"\s*:\s*"(?:message|service)"')
"""Start of messages in a file that lacks their chat."""
_ADDRESS: Final = re.compile(r"https?:/|t\.me/|@")
"""How people begin the address of a channel; in a path, two slashes have become one."""
_FRAME: Final = re.compile(rb'"(?:id|type|name|date|text)"\s*:')
"""What Desktop's file of a chat has before its messages, after them, or in each."""


@dataclass(frozen=True, slots=True)
class ImportPath:
    """A path whose format is to be recognised."""

    path: Path
    is_directory: bool
    head: bytes = b""
    """The first bytes of a file, without a byte order mark."""

    def has(self, name: str) -> bool:
        """Whether it is a directory with a regular file of that name."""
        return self.is_directory and (self.path / name).is_file()


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be imported."""

    name: str
    module: str
    """Below `archiver.imports.sources`; imported only when needed: parsers are heavy."""
    claims: Callable[[ImportPath], bool]
    """Whether a path is in it; cheap."""

    def load(self) -> tuple[Open, Derive]:
        """Its module's functions."""
        module = import_module(f"archiver.imports.sources.{self.module}")
        return cast("Open", module.open_file), cast("Derive", module.derive)


def _is_desktop_json(one: ImportPath) -> bool:
    if one.is_directory:
        return one.has(RESULT) and explain_result(one.path) is None
    head = one.head.lstrip()
    if _MESSAGE.search(head) and not _BARE.match(head):
        return True
    if not _JSON.match(head):
        return False
    if _LIST.match(head):
        return b'"messages"' in head
    if not head.startswith(b"{") or _ANSWER.match(head):
        return False
    is_account = any(mark in head for mark in (b'"chats"', b'"about"', b'"personal_information"'))
    return is_account or (b'"messages"' in head and _FRAME.search(head) is not None)


FORMATS: Final[tuple[Format, ...]] = (
    Format("jsonl", "jsonl", is_jsonl),
    Format("parquet", "parquet", is_parquet),
    Format("csv", "csv_rows", is_csv),
    Format("tg-archive", "tg_archive", is_tg_archive),
    Format("desktop-json", "desktop_json", _is_desktop_json),
    Format("desktop-html", "desktop_html", is_desktop_html),
)
"""In the order asked. JSONL must come before Desktop's JSON where both could claim a file."""


def open_source(path: Path, zone: tzinfo | None) -> ChatSource:
    """Open a source. `zone`: of local times without an offset. Raises UsageError if it is in no known format."""
    candidate = look_at(path)
    for known in FORMATS:
        if known.claims(candidate):
            return known.load()[0](path, zone)
    if (other := explain(candidate)) is not None:
        raise UsageError(f"{path} is {other[0]}.", hint=other[1])
    raise UsageError(
        f"{path} is not an export that telekeep can read.", hint=f"It reads {KNOWN}, and its own archives."
    )


def derive_of(name: str) -> Derive | None:
    """How pieces of a format are read again; None for an unknown format."""
    return next((one.load()[1] for one in FORMATS if one.name == name), None)


def look_at(path: Path) -> ImportPath:
    """Look at a path. Raises UsageError if there is nothing to read."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return ImportPath(path, is_directory=True)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is not a regular file.", hint="Give a file or a directory.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as exc:
        hint = "To mirror a channel of Telegram, use `telekeep add`." if _ADDRESS.match(str(path)) else None
        raise UsageError(f"{path} does not exist.", hint=hint) from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "its name is not valid"
        raise UsageError(f"{path} cannot be read: {reason}.") from exc
    if not head:
        raise UsageError(f"{path} is empty.")
    return ImportPath(path, is_directory=False, head=head.removeprefix(BOM_UTF8))

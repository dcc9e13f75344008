"""What a path is by its content: the formats of `sources`, and files that look like them and are not. Cheap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import is_zipfile

import orjson

from archiver.imports.foreign import ONLY_TELEGRAM, SLACK, WHATSAPP
from archiver.imports.look_below import explain_directory
from archiver.imports.sources.export_files import PARQUET_FILES
from archiver.model.row import KEYS

if TYPE_CHECKING:
    from archiver.imports.detect import ImportPath

_KEYS: Final = frozenset({*KEYS, "versions"})
_MANIFESTS: Final = 8
"""Maximum number of manifests read in a directory."""
_LARGEST: Final = 64 << 20
DATABASE: Final = "data.sqlite"
"""What tg-archive calls its database."""
RESULT: Final = "result.json"
"""What Telegram Desktop calls its JSON."""
_SQLITE: Final = b"SQLite format 3\0"
_TREE: Final = 100
"""Where the list of its tables begins."""
_TREES: Final = (b"\x05", b"\x0d")
"""The kinds of page that may begin there."""
_HEAD: Final = 1 << 16
_LINES: Final = 50
"""Lines to search for the first row."""
_TABLES: Final = tuple(
    re.compile(rb"\bcreate\s+(?:virtual\s+)?(?:table|view)\s+[\"'`\[]?%s\b" % name, re.IGNORECASE)
    for name in (b"messages", b"users", b"media")
)
"""What tg-archive creates; their columns are checked when the database is opened."""


def is_desktop_html(one: ImportPath) -> bool:
    """`messages.html` of Telegram Desktop, or a directory with such files."""
    from archiver.imports.sources.html_files import is_export, is_page  # most files are not HTML

    return is_export(one.path) if one.is_directory else is_page(one.head)


def is_jsonl(one: ImportPath) -> bool:
    """Lines that are rows of telekeep, or a directory with an export of them."""
    if one.is_directory:
        return "jsonl" in _exported_formats(one.path)
    return any(_is_row(line, is_whole=bool(end)) for line, end in _lines(one.head))


def _lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The first lines, each with its line ending: the first row may be damaged."""
    rest = head.lstrip()
    for _ in range(_LINES):
        line, end, rest = rest.partition(b"\n")
        yield line, end


def _is_row(line: bytes, *, is_whole: bool) -> bool:
    row = _object(line, is_whole=is_whole)
    return (bool(row) and row.keys() <= _KEYS) or {"channel_id", "message_id"} <= row.keys()


def is_parquet(one: ImportPath) -> bool:
    """A file of Parquet, or a directory with some."""
    if one.is_directory:
        return "parquet" in _exported_formats(one.path) or any(
            next(one.path.glob(pattern), None) is not None for pattern in PARQUET_FILES
        )
    return one.head.startswith(b"PAR1")


def is_csv(one: ImportPath) -> bool:
    """A table whose header has the names of rows."""
    if one.is_directory:
        return "csv" in _exported_formats(one.path)
    header = _names(one.head, ",")
    return len(_KEYS.intersection(header)) >= 2 and all(name in _KEYS for name in header)


def _names(head: bytes, separator: str) -> list[str]:
    """The names in the header of a table."""
    return head.split(b"\n", 1)[0].strip().decode("utf-8", "replace").split(separator)


def is_tg_archive(one: ImportPath) -> bool:
    """A database of SQLite with the tables of tg-archive, or a directory with its `data.sqlite`."""
    if one.is_directory and not one.has(DATABASE):
        return False
    with (one.path / DATABASE if one.is_directory else one.path).open("rb") as file:
        head = file.read(_HEAD)
    return head.startswith(_SQLITE) and all(table.search(head) for table in _TABLES)


def _object(line: bytes, *, is_whole: bool) -> dict[str, Any]:
    """The object on a line; for a line that is cut, the keys at its start."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        known = re.match(rb'\{\s*"channel_id":\s*[0-9]{1,19},\s*"channel":\s*"[^"]*",\s*"message_id":', line)
        return {"channel_id": 0, "message_id": 0} if known and not is_whole else {}
    return found if isinstance(found, dict) else {}


def _exported_formats(directory: Path) -> set[str]:
    """The formats that the manifests in a directory name."""
    return {str(one.get("format")) for one in _manifests(directory)}


def _manifests(directory: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(directory.glob("*manifest.json"))[:_MANIFESTS]:
        try:
            if not path.is_symlink() and path.is_file():
                with path.open("rb") as file:
                    found = orjson.loads(file.read(_LARGEST))
                if isinstance(found, dict) and "manifest_version" in found:
                    yield found
        except (OSError, orjson.JSONDecodeError):
            continue


_WHATSAPP: Final = re.compile(
    rb"\A[\s\xe2\x80\x8e\x8f]*\[?[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4},? [0-9]{1,2}[:.][0-9]{2}[^\n]{0,20}[\]-]"
)
_SLACK: Final = re.compile(rb'"(?:client_msg_id|user_profile|thread_ts)"\s*:|"ts"\s*:\s*"[0-9]{10}\.[0-9]{6}"')
_PACKED: Final = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")
_UNREAD: Final = {b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR"}
_EDGES: Final = b"source,source_type,source_id,"
_MAIL: Final = re.compile(rb"\n(?:From|Date|Received|Subject): ")
_DESKTOP: Final = "Export the chat with Telegram Desktop, as JSON."
_COPY: Final = "Copy it again."
_DAMAGED_DATABASE: Final = ("an SQLite database whose first page is damaged", _COPY)
_OTHER_DATABASE: Final = ("an SQLite database, but neither tg-archive's nor an archive of telekeep", _DESKTOP)
_DAMAGED_ZIP: Final = ("a zip whose beginning is damaged", _COPY)
_AGAIN: Final = "Export it as jsonl: `telekeep export CHANNEL -o FILE.jsonl`, and import that."


def explain(one: ImportPath) -> tuple[str, str] | None:
    """What a path that no format claims is, and what to do; None if it is not known."""
    if one.is_directory:
        return _explain_directory(one.path)
    found = _explain_file(one.head)
    return _DAMAGED_ZIP if found is None and is_zipfile(one.path) else found


def _explain_directory(path: Path) -> tuple[str, str] | None:
    if (path / DATABASE).is_file():
        with (path / DATABASE).open("rb") as file:
            return _explain_file(file.read(_HEAD))
    if (path / RESULT).is_file() and (found := explain_result(path)) is not None:
        return f"a directory whose {RESULT} is {found[0]}", found[1]
    formats = sorted(_exported_formats(path) - {"None"})
    if formats and {"desktop-json", "sqlite"}.issuperset(formats):
        return f"the directory of telekeep's export as {', '.join(formats)}", "Give the file in it."
    if formats:
        return f"telekeep's own export as {', '.join(formats)}, which is for reading", _AGAIN
    return explain_directory(path)


def explain_result(directory: Path) -> tuple[str, str] | None:
    """What the `result.json` in a directory is if it is not JSON at all, and what to do; None if it is not known."""
    try:
        with (directory / RESULT).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    return None if head.lstrip().startswith((b"{", b"[")) else _explain_file(head)


def _explain_file(head: bytes) -> tuple[str, str] | None:
    start = head.lstrip()
    begin = start[:300].lower()
    if head.startswith(_PACKED) or head[257:262] == b"ustar":
        return "packed twice", "Unpack it once; zip, tar, gz, bz2 and xz are read as they are."
    if (name := _UNREAD.get(head[:4])) is not None:
        return (
            f"a {name} archive, which telekeep does not read",
            "Unpack it and import the directory, or make a zip of it.",
        )
    if head.startswith(_SQLITE):
        is_damaged = head[_TREE : _TREE + 1] not in _TREES
        return _DAMAGED_DATABASE if is_damaged else _OTHER_DATABASE
    if head.startswith(b"From ") and _MAIL.search(head):
        return "a mailbox (mbox)", ONLY_TELEGRAM
    if _WHATSAPP.match(head):
        return WHATSAPP, ONLY_TELEGRAM
    if start.startswith((b"[", b"{")):
        return _explain_json(start)
    if begin.startswith((b"<!doctype html", b"<html", b"<!--")):
        return _explain_page(head)
    if (table := _explain_table(head, begin)) is not None:
        return table
    if begin.startswith(b"%pdf"):
        return "a PDF", _DESKTOP
    return None


def _explain_table(head: bytes, begin: bytes) -> tuple[str, str] | None:
    if head.startswith(_EDGES) or b"<graphml" in begin:
        return "a network of forwards, mentions or links, which is for reading and has no messages", _AGAIN
    if any(len(_KEYS.intersection(_names(head, sign))) > 2 for sign in (";", "\t", "|")):
        return "telekeep's CSV, but with other separators than commas", "Save it with commas, or import the original."
    return None


def _explain_json(start: bytes) -> tuple[str, str] | None:
    if b'"message_id"' in start and b'"payload_sha256"' in start:
        return "rows of telekeep as one array", "Use `--jsonl` instead of `--json`, or export them as jsonl."
    if b'"date_unixtime"' in start or b'"text_entities"' in start:
        return "messages of Telegram Desktop without their chat", "Give the whole `result.json`."
    if _SLACK.search(start):
        return SLACK, ONLY_TELEGRAM
    if b'"guild"' in start[:400]:
        return "a Discord export", ONLY_TELEGRAM
    return None


def _explain_page(head: bytes) -> tuple[str, str]:
    if b"telekeep" in head:
        return "a page that telekeep exported, which is for reading", _AGAIN
    if b"Exported Data" in head and b'class="page_wrap"' in head:
        return "a list of Telegram Desktop's export, without messages", "Give the directory of the export."
    return (
        "a web page, but not of Telegram Desktop's export",
        "Give the directory of the export, or its `messages.html`.",
    )

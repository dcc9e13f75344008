"""Contents of a zip or tar: member names decoded as intended, and which members are the export. Pure.

Names are keys, never paths on disk: unpacked files get only path parts that `expect_inside` allows.
"""

from __future__ import annotations

import contextlib
import re
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from operator import ne
from pathlib import PurePosixPath
from typing import Final, Generic, NamedTuple, TypeVar
from zipfile import ZipInfo

from archiver.errors import UsageError
from archiver.imports.adopt import ABSENT, OUTSIDE, NotAdopted
from archiver.imports.foreign import ONLY_TELEGRAM, name_foreign

_UTF8: Final = 0x800
"""Flag for UTF-8 names; Apple's archiver writes UTF-8 without it."""
_ENCRYPTED: Final = 0x1
_MARKS: Final = re.compile(r"(?:result\.json|messages[0-9]*\.html|data\.sqlite|(?:.*\.)?manifest\.json)")
"""Files that mark the directory of an export."""
_DATA: Final = (".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".html", ".htm", ".sqlite", ".db", ".sqlite3")
_BELOW: Final = re.compile(
    r"(?:month=[^/]+/[^/]+\.parquet|peer=[^/]+/month=[^/]+/[^/]+\.parquet|lists/[^/]+\.html|chats/[^/]+/messages[0-9]*\.html)"
)
"""Files of an export in subdirectories."""
_ACCOUNT: Final = re.compile(r"(?:^|/)(?:chats/[^/]+/messages[0-9]*\.html|lists/chats\.html)$")
_MEDIA: Final = (
    "files",
    "photos",
    "video_files",
    "voice_messages",
    "round_video_messages",
    "stickers",
    "stories",
    "media",
)
"""Directories for files that were posted, which may be exports, too."""
_DRIVE: Final = re.compile(r"[A-Za-z]:/")
_UNNAMEABLE: Final = ("Cc", "Cs")
"""Control characters and lone surrogates, but not joiners and no-break spaces, which Persian names contain."""
_NAMED: Final = 3
_LONGEST: Final = 255
"""Maximum length of a file name in bytes."""


Member = TypeVar("Member")
"""A member of a zip or tar."""


class PackedExport(NamedTuple, Generic[Member]):
    """The export in a zip or tar."""

    root: str
    """Its directory, with a slash at the end; empty: the zip or tar itself."""
    data: Mapping[str, Member]
    """Members to unpack, by name below the root."""
    alone: str | None
    """The file that is the export, unless it is the directory."""


def name_members(members: Iterable[ZipInfo]) -> dict[str, ZipInfo]:
    """The files by name; if a name repeats, the last one, as every unpacker does."""
    found = {name_of(one): one for one in members if one.filename and not one.is_dir()}
    return {name: one for name, one in found.items() if not is_litter(name)}


def name_of(member: ZipInfo) -> str:
    """Its name, decoded as intended, with slashes, in composed form."""
    name = member.filename
    if not member.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    if "/" not in name:
        name = name.replace("\\", "/")
    return compose(name)


def compose(name: str) -> str:
    """The form in which names are compared: Apple's file systems decompose accents."""
    return unicodedata.normalize("NFC", name)


def leads_out(name: str) -> bool:
    """Whether the name leads outside the directory that it is unpacked to, on any system."""
    return name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name) is not None


def is_litter(name: str) -> bool:
    """Whether an operating system added it: `__MACOSX/`, `.DS_Store`."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith("._") or parts[-1] in (".DS_Store", "Thumbs.db")


def find_export(members: Mapping[str, Member], *, is_damaged: bool = False) -> PackedExport[Member]:
    """The one export in a zip or tar. Raises UsageError if there is none, or several, or only one that was posted.

    `is_damaged`: names in it may be, too. Posted files have no directories among them, as an export has.
    """
    found = _find_export(members)
    has_own = not is_damaged and any("/" in name for name, _ in _below(members, found.root))
    if not has_own and _is_for_media(found.root.rstrip("/"), is_damaged=is_damaged):
        raise UsageError(
            f"the only messages in it are in {found.root}, where exports have files that were posted: the export's own"
            " are missing.",
            hint="If these are meant, unpack it and import them.",
        )
    return found


def _is_for_media(root: str, *, is_damaged: bool) -> bool:
    """Whether a directory is for files that were posted, also if a byte of its name, or before it, is damaged."""
    for one in _MEDIA:
        before, name = root[: -len(one)], root[-len(one) :]
        is_near = len(name) == len(one) and sum(map(ne, one, name)) <= 1
        if is_near and (is_damaged or not before or before.endswith("/")):
            return True
    return False


def _find_export(members: Mapping[str, Member]) -> PackedExport[Member]:
    if any(name.rpartition("/")[2] == "archive.db" for name in members):
        raise UsageError("it contains a telekeep archive.", hint="Unpack it and import the directory.")
    roots = find_roots(members)
    if len(roots) > 1:
        named = ", ".join(one.rstrip("/") or "." for one in roots[:_NAMED]) + (", ..." if len(roots) > _NAMED else "")
        raise UsageError(f"it contains {len(roots)} exports ({named}).", hint="Unpack it and import each separately.")
    if roots:
        data = {name: one for name, one in _below(members, roots[0]) if _is_data(name) or _BELOW.fullmatch(name)}
        rows = [name for name in data if not name.endswith("manifest.json")]
        is_alone = len(rows) == 1 and not _MARKS.fullmatch(rows[0]) and "/" not in rows[0]
        return PackedExport(roots[0], data, rows[0] if is_alone else None)
    return _find_loose(members)


def find_roots(members: Iterable[str]) -> list[str]:
    """The directories that are exports, none inside another."""
    found: set[str] = set()
    for name in members:
        account = _ACCOUNT.search(name)
        if account is not None:
            found.add(name[: account.start()] + ("/" if name[account.start()] == "/" else ""))
        elif _MARKS.fullmatch(name.rpartition("/")[2]):
            found.add(name.rpartition("/")[0] + "/" if "/" in name else "")
    roots: list[str] = []
    for one in sorted(found):
        if not roots or not one.startswith(roots[-1]):  # sorted: those inside a directory follow it at once
            roots.append(one)
    return roots


def _find_loose(members: Mapping[str, Member]) -> PackedExport[Member]:
    """An export without a file that marks its directory: a single file, or rows in several."""
    if (foreign := name_foreign(members)) is not None:
        raise UsageError(f"it is {foreign}.", hint=ONLY_TELEGRAM)
    data = [name for name in members if name.lower().endswith(_DATA)] or list(members)
    if not data:
        raise UsageError("it is empty.")
    if len(data) == 1:
        root, _, name = data[0].rpartition("/")
        return PackedExport(f"{root}/" if root else "", {name: members[data[0]]}, name)
    roots = {re.sub(r"(?:peer=[^/]+/)?(?:month=[^/]+/)?[^/]+$", "", name) for name in data}
    if len(roots) == 1 and all(name.lower().endswith(".parquet") for name in data):
        [top] = roots
        return PackedExport(top, {name.removeprefix(top): members[name] for name in data}, None)
    raise UsageError(
        "it contains several files but no sign of an export (result.json, messages.html, data.sqlite, a manifest).",
        hint="Unpack it and import the file with the messages.",
    )


def _below(members: Mapping[str, Member], root: str) -> Iterable[tuple[str, Member]]:
    return ((name[len(root) :], one) for name, one in members.items() if name.startswith(root))


def _is_data(name: str) -> bool:
    return "/" not in name and name.lower().endswith(_DATA)


def expect_inside(name: str) -> PurePosixPath:
    """A name as a relative path. Raises UsageError if it leads outside."""
    parts = name.split("/")
    wrong = any(part in ("", ".", "..") or len(part.encode("utf-8", "replace")) > _LONGEST for part in parts)
    if wrong or any(unicodedata.category(sign) in _UNNAMEABLE for sign in name):
        raise UsageError("a name in it leads outside it, or is not a file name.", hint="Do not trust its source.")
    return PurePosixPath(*parts)


def find_media(members: Mapping[str, Member], root: str, path: str) -> Member:
    """The member that is the media file at a path of the export. Raises NotAdopted."""
    if path.startswith("/") or ".." in path.split("/"):
        raise NotAdopted(OUTSIDE)
    member = members.get(compose(root + path))
    if member is None:
        raise NotAdopted(ABSENT)
    return member


def is_encrypted(member: ZipInfo) -> bool:
    """Whether it needs a password."""
    return bool(member.flag_bits & _ENCRYPTED)


def is_link(member: ZipInfo) -> bool:
    """Whether it is a symbolic link or another file that is not regular."""
    mode = member.external_attr >> 16
    return bool(stat.S_IFMT(mode)) and not stat.S_ISREG(mode)

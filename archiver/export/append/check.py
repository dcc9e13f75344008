"""Verify series: each manifest must name the one before it, and the counts must match all files together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archiver.export.append.names import list_numbers, part_name, read_part
from archiver.export.append.series import Link, find_break, list_directory, open_directory
from archiver.export.manifest import MANIFEST_NAME
from archiver.export.recount import has_keys
from archiver.export.regular import open_regular
from archiver.export.row_keys import READERS
from archiver.export.verify import FileCheck, ManifestCheck, find_manifests
from archiver.store.temporary.row_digests import RowDigests


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCheck:
    """The result for a series of files."""

    first: Path
    parts: int
    rows: int
    messages: int | None
    """Messages of all files together; None if something is wrong, or rows have no keys to count by."""
    files: tuple[FileCheck, ...] = ()
    """Manifests that do not fit the one before them, or the files."""


def find_all_manifests(path: Path) -> list[Path]:
    """The manifests of `find_manifests`, and all others of the file's series. Raises NotFound."""
    found = find_manifests(path)
    if path.is_dir():
        return found
    name = path.name.removesuffix(f".{MANIFEST_NAME}")
    first, _ = read_part(name)
    names = {one.removesuffix(f".{MANIFEST_NAME}") for one in list_directory(path.parent)}
    others = [path.with_name(f"{part_name(first, number)}.{MANIFEST_NAME}") for number in list_numbers(first, names)]
    begin = found if first == name else find_manifests(path.parent / first) if path.with_name(first).exists() else []
    return list(dict.fromkeys([*begin, *(one for one in others if os.path.lexists(one)), *found]))


def check_series(judged: Sequence[ManifestCheck]) -> list[SeriesCheck]:
    """The result for each series among the manifests."""
    by_file = {(one.path.parent, _file(one)): one for one in judged if one.claims is not None}
    grouped: dict[tuple[Path, str], list[ManifestCheck]] = {}
    for (directory, name), one in by_file.items():
        if one.claims is not None and "append" in one.claims:
            grouped.setdefault((directory, read_part(name)[0]), []).append(one)
    return [
        _check(directory / first, by_file.get((directory, first)), sorted(parts, key=_number))
        for (directory, first), parts in sorted(grouped.items())
    ]


def _check(first: Path, begin: ManifestCheck | None, parts: Sequence[ManifestCheck]) -> SeriesCheck:
    whole = [*([begin] if begin else []), *parts]
    rows = sum(one.claims["rows"] for one in whole if one.claims is not None)
    faults = tuple(_breaks(first, begin, parts))
    messages = None
    if not faults and not any(file.fault for one in whole for file in one.files):
        links = [_link(one) for one in whole]
        if all(has_keys(link.claims) for link in links):
            faults, messages = _count(first, links)
    return SeriesCheck(first=first, parts=len(whole), rows=rows, messages=messages, files=faults)


def _breaks(first: Path, begin: ManifestCheck | None, parts: Sequence[ManifestCheck]) -> Iterator[FileCheck]:
    """Manifests that do not continue the one before them."""
    before = None if begin is None else _link(begin)
    for one in parts:
        link = _link(one)
        expected = part_name(first.name, link.number - 1)
        if before is None or before.number != link.number - 1:
            yield FileCheck(one.path, 0, f"continues {expected}, but no manifest of that file is here")
        elif wrong := find_break(link, before):
            yield FileCheck(one.path, 0, wrong)
        before = link


def _count(first: Path, links: Sequence[Link]) -> tuple[tuple[FileCheck, ...], int | None]:
    """Count the messages of all files together, and compare that with each manifest."""
    with RowDigests() as held, open_directory(first) as directory:
        for link in links:
            claimed = link.claims.get("append")
            for one in claimed["withdrawn"] if claimed else ():
                for lo, hi in one["ids"]:
                    held.remove(one["channel_id"], lo, hi)
            before = len(held)
            with open_regular(directory, link.data) as file:
                keys = READERS[link.claims["format"]](file, link.claims["options"])
                held.put((key.channel_id, key.message_id, b"") for key in keys)
            messages = len(held)
            if claimed and (claimed["new"], claimed["messages"]) != (messages - before, messages):
                wrong = "names another number of new rows, or of messages, than its files have"
                return (FileCheck(first.with_name(link.manifest), 0, wrong),), None
        return (), messages


def _link(one: ManifestCheck) -> Link:
    assert one.claims is not None
    return Link(
        number=_number(one),
        data=_file(one),
        manifest=one.path.name,
        sha256=one.sha256 or "",
        claims=one.claims,
    )


def _number(one: ManifestCheck) -> int:
    claims: Mapping[str, Any] = one.claims or {}
    return int(claims.get("append", {}).get("number", 1))


def _file(one: ManifestCheck) -> str:
    return str(one.claims["files"][0]["path"]) if one.claims and one.claims["files"] else ""

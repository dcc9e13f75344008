"""A series on disk: the files that `--append` writes, each linked to the one before by the hash of its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archiver.errors import UsageError
from archiver.export.append.names import list_numbers, part_name
from archiver.export.claims import find_fault
from archiver.export.manifest import MANIFEST_NAME
from archiver.export.regular import UnusableFile, open_parent, read_small
from archiver.export.verify import find_damage, parse_manifest

_HOW_TO_GO_ON: Final = "Restore the files from a copy, or begin a new series with another -o."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One file of a series and its manifest."""

    number: int
    data: str
    manifest: str
    sha256: str
    """Of the manifest."""
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The files so far, from the first one on."""

    directory: Path
    links: tuple[Link, ...]
    cut_off: Link | None = None
    """The next file, if only its manifest exists: `--append` was killed in between, or the data was lost."""
    unlisted: bool = False
    """Whether the next file is there, but not its manifest."""

    @property
    def first(self) -> str:
        """The name of the first file."""
        return self.links[0].data

    @property
    def last(self) -> Link:
        """The newest file."""
        return self.links[-1]

    @property
    def next_number(self) -> int:
        """The number of the next file."""
        return self.last.number + 1


def find_series(path: Path) -> Series | None:
    """The series that begins with the file; None if nothing is there. Raises UsageError if its chain is broken."""
    names = list_directory(path.parent)
    numbers = list_numbers(path.name, (name.removesuffix(f".{MANIFEST_NAME}") for name in names))
    if path.name not in names:
        if numbers:
            later = part_name(path.name, numbers[0])
            raise UsageError(f"{path} is missing, but {later} continues it.", hint=_HOW_TO_GO_ON)
        return None
    with open_directory(path) as directory:
        links = [_first(directory, path)]
        for number in numbers:
            name = part_name(path.name, number)
            if number != links[-1].number + 1:
                lost = part_name(path.name, links[-1].number + 1)
                raise UsageError(f"{path.parent / lost} is missing, but {name} continues it.", hint=_HOW_TO_GO_ON)
            has_data, has_manifest = name in names, f"{name}.{MANIFEST_NAME}" in names
            if has_data and has_manifest:
                links.append(_next(directory, path, number, links[-1]))
            elif number != numbers[-1]:
                missing = f"{name}.{MANIFEST_NAME}" if has_data else name
                raise UsageError(f"{path.parent / missing} is missing.", hint=_HOW_TO_GO_ON)
            else:
                cut_off = _next(directory, path, number, links[-1]) if has_manifest else None
                return Series(directory=path.parent, links=tuple(links), cut_off=cut_off, unlisted=not has_manifest)
    return Series(directory=path.parent, links=tuple(links))


def list_directory(path: Path) -> frozenset[str]:
    """The names in a directory; none if it does not exist."""
    return frozenset(one.name for one in path.iterdir()) if path.is_dir() else frozenset()


def expect_no_parts(path: Path) -> None:
    """Raise UsageError if other files continue this one: they would no longer fit it."""
    names = list_directory(path.parent)
    ending = f".{MANIFEST_NAME}"
    numbers = list_numbers(path.name, (name.removesuffix(ending) for name in names if name.endswith(ending)))
    if numbers:
        last = part_name(path.name, numbers[-1])
        raise UsageError(
            f"{path} is continued by {len(numbers)} more, up to {last}, and is not replaced.",
            hint="--append continues the series; or delete those files, or choose another name.",
        )


def expect_intact(series: Series) -> None:
    """Raise UsageError unless each file of the series has the size and SHA-256 that its manifest names."""
    with open_directory(series.directory / series.first) as directory:
        for link in series.links:
            [entry] = link.claims["files"]
            if wrong := find_damage(directory, entry):
                raise UsageError(
                    f"{series.directory / link.data} was changed or damaged: it {wrong}.", hint=_HOW_TO_GO_ON
                )


def read_link(directory: int, manifest: str, number: int) -> Link:
    """A manifest. Raises UnusableFile."""
    data = read_small(directory, manifest)
    claims = parse_manifest(data)
    if fault := find_fault(claims):
        raise UnusableFile(fault)
    name = claims["files"][0]["path"]
    return Link(number=number, data=name, manifest=manifest, sha256=hashlib.sha256(data).hexdigest(), claims=claims)


def find_break(link: Link, before: Link) -> str | None:
    """Why a link does not continue the one before it, as a phrase that follows the name of its manifest."""
    claimed = link.claims.get("append")
    if claimed is None:
        return "is of an export of its own, not part of this series"
    if (claimed["number"], claimed["previous"]["file"]) != (link.number, before.data):
        return f"continues {claimed['previous']['file']} as number {claimed['number']}, not {before.data}"
    if claimed["previous"]["manifest_sha256"] != before.sha256:
        return f"continues another state of {before.data}: the SHA-256 of its manifest has changed"
    return None


def _first(directory: int, path: Path) -> Link:
    wrong = f"no manifest beside it names {path.name}"
    for name in (f"{path.name}.{MANIFEST_NAME}", MANIFEST_NAME):
        try:
            link = read_link(directory, name, 1)
        except UnusableFile as unfit:
            wrong = wrong if str(unfit) == "does not exist" else f"{name} {unfit}"
            continue
        if link.data == path.name and len(link.claims["files"]) == 1:
            if "append" in link.claims:
                raise UsageError(
                    f"{path} itself continues {link.claims['append']['previous']['file']}.",
                    hint="Use -o with the first file of the series.",
                )
            return link
    raise UsageError(
        f"{path} cannot be continued: {wrong}.", hint="Export it again with --force, or choose another name."
    )


def _next(directory: int, path: Path, number: int, before: Link) -> Link:
    name = f"{part_name(path.name, number)}.{MANIFEST_NAME}"
    try:
        link = read_link(directory, name, number)
    except UnusableFile as unfit:
        raise UsageError(f"{path.parent / name} {unfit}.", hint=_HOW_TO_GO_ON) from None
    if wrong := find_break(link, before):
        raise UsageError(f"{path.parent / name} {wrong}.", hint=_HOW_TO_GO_ON)
    return link


@contextmanager
def open_directory(first: Path) -> Iterator[int]:
    """Open the directory of a series. Raises UsageError."""
    with ExitStack() as opened:
        try:
            handle = opened.enter_context(open_parent(first))
        except UnusableFile as unfit:
            raise UsageError(f"{first.parent} {unfit}.") from None
        yield handle

"""`telekeep verify` without a path: verify the archive."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.cli import interrupted, output
from archiver.cli.commands.verify_media import RETRY, MediaChecked, check_media, count_unread, note_media
from archiver.cli.invocation import Invocation
from archiver.cli.view import figures
from archiver.cli.view.progress import Progress
from archiver.cli.view.shape import Shape
from archiver.cli.view.verified import describe_sample
from archiver.compose.privacy import check_permissions
from archiver.compose.read_archive import older_archive
from archiver.errors import IntegrityError, NotFound, UsageError
from archiver.model.fault import Fault
from archiver.store.database import ARCHIVE_NAME, Database
from archiver.store.faults import is_damage
from archiver.store.journal import check_journal
from archiver.store.medium import is_export
from archiver.store.messages.rows import snapshot
from archiver.store.migrations import list_migrations, newest_version
from archiver.store.older_layout import find_lacking
from archiver.store.verify.checked import reading
from archiver.store.verify.integrity import check_file, count_payloads, iter_payloads
from archiver.store.verify.soundness import check_header

if TYPE_CHECKING:
    from archiver.evidence.processes import Processes

_REPORT_EVERY = 1000
_RESTORE = "Restore it from a backup. Its log (-wal), if there is one, belongs to it."
REPAIR = "`telekeep repair search` rebuilds the search tables."


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check of an archive found."""

    payloads: int
    faults: list[tuple[str, str]]
    unlisted: int = 0
    """Faults beyond those listed."""
    compared: int | None = None
    """Search rows whose words were compared, out of `rows`; None: not checked."""
    rows: int | None = None
    remarks: tuple[str, ...] = ()
    media: MediaChecked | None = None
    """The stored files; None: what is stored is not known, since the database is damaged."""

    def as_object(self, directory: Path, how: str) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": "archive",
            "path": str(directory / ARCHIVE_NAME),
            "how": how,
            "ok": not self.faults,
            "payloads": self.payloads,
            "search_rows": self.rows,
            "search_rows_compared": self.compared,
            "faults": [{"place": place, "fault": fault} for place, fault in self.faults],
            "faults_not_listed": self.unlisted,
            "remarks": list(self.remarks),
            "media": None if self.media is None else self.media.as_object(),
        }


def verify_archive(
    invocation: Invocation,
    *,
    quick: bool,
    deep: bool,
    shape: Shape,
    share: float | None = None,
    early: Processes | None = None,
) -> int:
    """Verify the archive, and a share of its stored files. Returns the exit status. Raises IntegrityError.

    `early`: processes that already began.
    """
    directory = invocation.checked_settings().archive.dir
    check_permissions(directory, close=False, remarks=output)
    interrupted.run(expect_archive(directory))
    with Progress("verify", unit="payloads") as progress:
        if quick:
            found = interrupted.run(_check_quickly(directory, progress))
        else:
            found = _check(directory / ARCHIVE_NAME, deep, progress, early)
    found = _with_media(found, directory, share)
    _print(found, directory, "quick" if quick else "deep" if deep else "full", shape)
    faults = found.faults
    if faults:
        number = len(faults) + found.unlisted
        files = f" and {figures.count(found.media.files, 'file')}" if found.media and found.media.wanted else ""
        checked = f"{found.payloads:,} payloads{files} were checked"
        first = ": ".join(faults[0])
        one = f"{first} ({count_faults(number)}; {checked})."
        raise IntegrityError(
            one if number == 1 else f"{count_faults(number)} ({checked}); the first: {first}.", hint=_hint(found)
        )
    if quick:
        output.note("only the file and the payloads were checked; without --quick, derived data is checked too.")
    return 0


def _with_media(found: Checked, directory: Path, share: float | None) -> Checked:
    """Check stored files, or say that they were not read."""
    if any(place == "database" for place, _ in found.faults):
        if share is not None:
            output.note("stored files were not read: restore the database from a backup first.")
        return found
    if is_export(directory / ARCHIVE_NAME):
        if share is not None:
            output.note("no files were read: this archive is an export (--format sqlite), which has none.")
        return found
    if share is None:
        media = interrupted.run(count_unread(directory))
    else:
        media = interrupted.run(check_media(directory, share, may_record=not found.faults or _only_search(found)))
    note_media(media, share=share or 1.0)
    unlisted = media.missing + media.damaged + media.unreadable - len(media.faults)
    return replace(found, media=media, faults=[*found.faults, *media.faults], unlisted=found.unlisted + unlisted)


def _hint(found: Checked) -> str | None:
    if _only_search(found):
        return REPAIR
    lost = () if found.media is None else found.media.faults
    return RETRY if lost and len(lost) == len(found.faults) else None


def _only_search(found: Checked) -> bool:
    return all(_is_search(fault) for fault in found.faults) and not found.unlisted


def _print(found: Checked, directory: Path, how: str, shape: Shape) -> None:
    """Print the faults, one per line or as one object, or that there are none."""
    whole = found.as_object(directory, how)
    if shape == "json":
        output.json(whole)
    elif shape == "jsonl":
        for one in whole["faults"]:
            output.jsonl({"what": "fault", **one})
        output.jsonl({key: value for key, value in whole.items() if key != "faults"})
    else:
        payloads = figures.number(found.payloads) if output.is_terminal() else str(found.payloads)
        fine = [(f"{payloads} payloads", "ok"), *([found.media.row] if found.media and found.media.wanted else ())]
        output.table(("what", "result"), found.faults or fine)


def count_faults(count: int) -> str:
    """`1 fault`, `2 faults`."""
    return figures.count(count, "fault")


def _is_search(fault: Sequence[str]) -> bool:
    return fault[0] == "search" or fault[1].startswith("search: ")


def _check(path: Path, deep: bool, progress: Progress, early: Processes | None) -> Checked:
    from archiver.evidence.run import Progressed, verify

    def advance(at: Progressed) -> None:
        payloads = figures.count(at.payloads, "payload")
        progress.advance(at.tasks, at.of_tasks, amount=at.payloads, counted=payloads, more={"payloads": at.payloads})

    with interrupted.raising():
        found = verify(path, deep=deep, progress=advance, early=early)
    for remark in found.remarks:
        output.note(remark)
    if found.compared < found.rows:
        output.note(describe_sample(found.compared, found.rows))
    if found.unlisted:
        output.note(f"{found.unlisted:,} more faults are not listed.")
    return Checked(
        payloads=found.payloads,
        faults=[_shown(fault) for fault in found.faults],
        unlisted=found.unlisted,
        compared=found.compared,
        rows=found.rows,
        remarks=tuple(found.remarks),
    )


def _shown(fault: Fault) -> tuple[str, str]:
    return fault.what, fault.wrong.encode("utf-8", "replace").decode()


async def _check_quickly(directory: Path, progress: Progress) -> Checked:
    """Check the file with SQLite's quick check, and the SHA-256 of each payload."""
    count, broken = 0, []
    with reading(directory / ARCHIVE_NAME) as conn:
        if lost := check_journal(conn, directory / ARCHIVE_NAME):
            broken.append(("database", lost))
    async with await Database.open_readonly(directory) as database, snapshot(database.connection):
        total = await database.read(count_payloads) if progress.is_shown else None
        broken += [("database", fault) for fault in await database.read(check_file)]
        async with aclosing(iter_payloads(database.connection)) as payloads:
            async for channel_id, message_id, revision, sound in payloads:
                count += 1
                if count % _REPORT_EVERY == 0:
                    progress.advance(count, total)
                if not sound:
                    which = "" if revision == 0 else " part" if revision < 0 else f" revision {revision}"
                    broken.append((f"{channel_id}/{message_id}{which}", "has a different SHA-256"))
    progress.advance(count, total)
    return Checked(payloads=count, faults=broken)


async def expect_archive(directory: Path) -> None:
    """Raise IntegrityError if the file is not an archive or too damaged to open, NotFound if it does not exist.

    An archive of another version is not damaged, unless its tables are not those of that version.
    """
    path = directory / ARCHIVE_NAME
    if path.is_file() and (wrong := _read_header(path)):
        raise IntegrityError(f"{path} {wrong}.", hint=_RESTORE)
    try:
        async with await Database.open_readonly(directory) as database:
            version = await database.schema_version()
            if database.remark:
                output.note(database.remark)
    except NotFound as exc:
        if path.is_file():
            raise _damaged(path, "it has none of the tables of an archive") from exc
        raise
    except UsageError as exc:
        if is_damage(exc.__cause__):
            raise _damaged(path, str(exc.__cause__)) from exc
        raise
    if version != newest_version():
        with reading(path) as conn:
            lacking = find_lacking(conn, version, list_migrations())
        if lacking is None:
            raise _damaged(path, f"its tables do not match schema {version}")
        raise older_archive(directory)


def _read_header(path: Path) -> str | None:
    try:
        return check_header(path)
    except OSError:
        return None  # opening it will report why


def _damaged(path: Path, why: str) -> IntegrityError:
    return IntegrityError(f"{path} is damaged: {why}.", hint=_RESTORE)

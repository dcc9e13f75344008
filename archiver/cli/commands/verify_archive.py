"""`telekeep verify` without a path: verify the archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.view.counting import count_rows
from archiver.compose.privacy import look_at_permissions
from archiver.compose.read_archive import older_archive
from archiver.errors import IntegrityError, NotFound, UsageError
from archiver.model.fault import Fault
from archiver.store.checked import reading
from archiver.store.database import ARCHIVE_NAME, Database
from archiver.store.integrity import check_file, iter_payloads
from archiver.store.journal import check_journal
from archiver.store.migrations import NewerSchemaError, newest_version
from archiver.store.rows import snapshot
from archiver.store.soundness import check_header, is_damage, is_laid_out_as

REPAIR = "`telekeep repair search` rebuilds the search tables."


def verify_archive(invocation: Invocation, *, quick: bool, deep: bool) -> int:
    """Verify the archive. Returns the exit status. Raises IntegrityError."""
    directory = invocation.settings().archive.dir
    look_at_permissions(directory, close=False, remarks=output)
    interrupted.run(expect_archive(directory))
    with count_rows("verify") as progress:
        if quick:
            payloads, faults, untold = interrupted.run(_check_quickly(directory, progress))
        else:
            payloads, faults, untold = _check(directory / ARCHIVE_NAME, deep, progress)
    output.table(("what", "result"), faults or [(f"{payloads} payloads", "ok")])
    if faults:
        raise IntegrityError(
            f"{faults[0][0]}: {faults[0][1]} ({count_faults(len(faults) + untold)}; {payloads} payloads were checked).",
            hint=REPAIR if all(_is_search(fault) for fault in faults) and not untold else None,
        )
    if quick:
        output.note("only the file and the payloads were checked; without --quick, derived data is checked too.")
    return 0


def count_faults(count: int) -> str:
    """`1 fault`, `2 faults`."""
    return f"{count:,} fault{'' if count == 1 else 's'}"


def _is_search(fault: Sequence[str]) -> bool:
    return fault[0] == "search" or fault[1].startswith("search: ")


def _check(path: Path, deep: bool, progress: Callable[[int], None]) -> tuple[int, list[tuple[str, str]], int]:
    from archiver.evidence.run import verify

    with interrupted.raising():
        found = verify(path, deep=deep, progress=progress)
    for remark in found.remarks:
        output.note(remark)
    if found.compared < found.rows:
        output.note(
            f"words of the search tables: {found.compared:,} of {found.rows:,} rows were compared; --deep compares all."
        )
    if found.unlisted:
        output.note(f"{found.unlisted:,} more faults are not listed.")
    return found.payloads, [_shown(fault) for fault in found.faults], found.unlisted


def _shown(fault: Fault) -> tuple[str, str]:
    return fault.what, fault.wrong.encode("utf-8", "replace").decode()


async def _check_quickly(directory: Path, progress: Callable[[int], None]) -> tuple[int, list[tuple[str, str]], int]:
    """Check the file with SQLite's quick check, and the SHA-256 of each payload."""
    count, broken = 0, []
    with reading(directory / ARCHIVE_NAME) as conn:
        if lost := check_journal(conn, directory / ARCHIVE_NAME):
            broken.append(("database", lost))
    async with await Database.open_readonly(directory) as database, snapshot(database.connection):
        broken += [("database", fault) for fault in await database.read(check_file)]
        async with aclosing(iter_payloads(database.connection)) as payloads:
            async for channel_id, message_id, revision, sound in payloads:
                count += 1
                progress(count)
                if not sound:
                    which = "" if revision == 0 else " part" if revision < 0 else f" revision {revision}"
                    broken.append((f"{channel_id}/{message_id}{which}", "has a different SHA-256"))
    return count, broken, 0


async def expect_archive(directory: Path) -> None:
    """Raise IntegrityError if the file is not an archive, or too damaged to open; NotFound if there is none.

    An archive of another version is not damaged, unless its tables are not those of that version.
    """
    path = directory / ARCHIVE_NAME
    if path.is_file() and (wrong := _read_header(path)):
        raise IntegrityError(f"{path} {wrong}.", hint="Restore it from a backup.")
    try:
        async with await Database.open_readonly(directory) as database:
            version = await database.schema_version()
            if database.remark:
                output.note(database.remark)
    except NewerSchemaError as exc:
        if _is_laid_out(path, newest_version()):
            raise _damaged(path, "its schema version does not match its tables") from exc
        raise
    except NotFound as exc:
        if path.is_file():
            raise _damaged(path, "it has none of the tables of an archive") from exc
        raise
    except UsageError as exc:
        if is_damage(exc.__cause__):
            raise _damaged(path, str(exc.__cause__)) from exc
        raise
    if version != newest_version():
        if not _is_laid_out(path, version):
            raise _damaged(path, f"its tables do not match schema {version}")
        raise older_archive(directory)


def _read_header(path: Path) -> str | None:
    try:
        return check_header(path)
    except OSError:
        return None  # opening it will report why


def _is_laid_out(path: Path, version: int) -> bool:
    with reading(path) as conn:
        return is_laid_out_as(conn, version)


def _damaged(path: Path, why: str) -> IntegrityError:
    return IntegrityError(f"{path} is damaged: {why}.", hint="Restore it from a backup.")

"""A channel that only imports know: what nobody read is not counted, and nothing claims that it was read."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.commands.gaps import run as list_gaps
from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.invocation import Invocation
from archiver.cli.view.change_card import ChangeScope, describe_none
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import StatusReport, read_status
from archiver.cli.view.status_table import draw_table, list_tsv
from archiver.export.verify import judge
from archiver.store.channels.capture import list_first_reads
from archiver.store.database import Database
from config.settings import ArchiveSettings, Settings
from tests.capturing import archive, capture, captured, export_of
from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json

__all__ = ["archive"]


def read_all(archive: Path) -> tuple[StatusReport, ChangeScope]:
    async def run() -> tuple[StatusReport, ChangeScope]:
        async with await Database.open_readonly(archive) as database:
            status = await read_status(database, Settings())
            reads = await database.read(list_first_reads)
            return status, ChangeScope([one.mirrored for one in status.channels], reads, (), is_bounded=False)

    return asyncio.run(run())


def test_what_an_import_records_and_names_is_said_where_no_message_changes(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export_of(tmp_path, entry(1, "a"), entry(2, "b"))
    again = write_json(tmp_path / "again.json", {**chat([entry(1, "a"), entry(2, "b")], about="a copy")})
    said, invocation = [], Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))])
    for file, channel in ((path, None), (again, None), (again, "@NightBridge"), (again, None)):
        order = ImportOrder(file, channel, None, is_dry_run=False, shape="people")
        assert asyncio.run(run_import(invocation, order)) == 0
        said.append(capsys.readouterr().err.splitlines()[0].partition(": ")[2])
    known = "2 messages, all already known; "
    assert said[1:] == [
        f"{known}the file is recorded as another source of them",
        f"{known}@NightBridge is its name from now on",
        f"{known}nothing changed",
    ]


def said_of_gaps(archive: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    invocation = Invocation(checked=[Settings(archive=ArchiveSettings(dir=archive))])
    assert asyncio.run(list_gaps(invocation, "1001", every=False, shape="jsonl")) == 0
    out, err = capsys.readouterr()
    assert "Night Bridge (1001): known only from imports (result.json), which have ids from 1 to 9" in err
    return [json.loads(line) for line in out.splitlines()]


def test_what_it_lacks_is_not_known_and_it_was_never_read(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "a"), entry(9, "b")))
    status, scope = read_all(archive)
    assert [row[5] for row in list_tsv(status.channels, Moments(), wide=False)] == ["-"]
    [_, _, *lines] = draw_table(status.channels, Moments(), wide=False)
    assert [line.split()[5:8] for line in lines] == [["0", "-", "-"]]
    assert (
        describe_none(scope, Moments())
        == "no changes noticed in Night Bridge (1001): known only from imports, never read"
    )
    manifest = export_as("jsonl", archive, tmp_path / "all.jsonl").manifest
    assert manifest is not None
    [part] = manifest.channels
    assert part.completeness.shortfall.reasons == ("known only from imports: what is missing is not known",)
    counted = part.completeness.tally
    assert (counted.held, counted.not_fetched, counted.not_imported) == (2, 0, 7)
    assert judge(tmp_path / "manifest.json").claims is not None
    [gap] = said_of_gaps(archive, capsys)
    assert (gap["state"], gap["first_id"], gap["last_id"]) == ("not imported", 2, 8)
    capture(archive, [captured(9, "b")], proven=(5, 9))
    other = write_json(tmp_path / "other.json", chat([entry(1)], id=1002, name="Other"))
    import_into(archive, other)
    status, scope = read_all(archive)
    assert [row[5] for row in list_tsv(status.channels, Moments(), wide=False)] == [4, "-"]
    assert describe_none(scope, Moments()).endswith(", 1 of them never up to date; 1 never read")

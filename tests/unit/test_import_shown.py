"""What Telegram shows before and after an import: what only the import says is never claimed to have been seen."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from io import StringIO
from pathlib import Path

from rich.console import Console

from archiver.cli.view.attachments import describe_media
from archiver.cli.view.change_card import describe_change
from archiver.cli.view.message_card import print_message
from archiver.cli.view.moments import Moments
from archiver.evidence.run import verify
from archiver.ids import ChannelId, MessageId
from archiver.imports.later_import import is_sighted
from archiver.model.completeness import Tally
from archiver.model.imported import text_hash
from archiver.model.iso_time import iso
from archiver.model.reconcile import reconcile
from archiver.model.record import Held
from archiver.model.versions import Version, list_versions
from archiver.reading.change import Change
from archiver.reading.change_log import iter_changes
from archiver.reading.coverage_report import tally_channel
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database
from archiver.store.imports.claimed import Claims, list_sole_claims
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages, list_names
from search.query.dates import Bounds
from tests.capturing import START, archive, assert_sound, capture, captured, dump, export_of, rows
from tests.exporting import export_as
from tests.importing import CHANNEL_ID, entry, import_into
from tests.merging import merge
from tests.unit.test_import_hostile import ROW

__all__ = ["archive"]


def test_what_telegram_shows_later_replaces_the_import_and_other_words_stay_as_a_revision(
    archive: Path, tmp_path: Path
) -> None:
    path = export_of(tmp_path, entry(1, "same"), entry(2, "as it was"), entry(3, "gone since"))
    import_into(archive, path)
    capture(archive, [captured(4, "new"), captured(2, "as it is"), captured(1, "same")], proven=(1, 4))
    state = "SELECT message_id, text, layer, revisions, origin, missing_since IS NULL FROM message ORDER BY 1"
    assert rows(archive, state) == [
        (1, "same", 229, 0, "import", 1),
        (2, "as it is", 229, 1, "import", 1),
        (3, "gone since", 0, 0, "import", 0),
        (4, "new", 229, 0, "history", 1),
    ]
    assert rows(archive, "SELECT message_id, text, layer FROM revision") == [(2, "as it was", 0)]
    [(read_at,)] = rows(archive, "SELECT at FROM capture WHERE method = 'history'")
    assert rows(archive, "SELECT DISTINCT first_seen, last_seen FROM message WHERE layer") == [(read_at, read_at)]
    kept = rows(archive, "SELECT message_id, raw FROM imported ORDER BY 1")
    assert [(one, raw is None) for one, raw in kept] == [(1, False), (2, True), (3, True)]
    assert json.loads(kept[0][1])["text"] == "same"
    assert rows(archive, "SELECT state, imported_only, account FROM channel") == [("active", 0, "default")]
    assert_sound(archive)
    state_before = dump(archive)
    assert import_into(archive, path).counts.changes == 0
    assert dump(archive) == state_before


def test_no_export_chooses_when_telekeep_saw_what_telegram_shows(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "same"), entry(2, "as it was")))
    before = rows(archive, "SELECT DISTINCT first_seen FROM message")
    capture(
        archive, [captured(2, "as it is", views=5, forwards=0), captured(1, "same", views=7, forwards=0)], proven=(1, 2)
    )
    [(read_at,)] = rows(archive, "SELECT at FROM capture WHERE method = 'history'")
    assert before[0][0] < read_at - 10_000_000
    assert rows(archive, "SELECT DISTINCT at FROM counter") == [(read_at,)]
    for number in (1, 2):
        assert versions_of(archive, number)[-1].first_seen == read_at
    with sqlite3.connect(archive / "archive.db") as conn:
        conn.execute("UPDATE message SET first_seen = ? WHERE message_id = 1", before[0])
    conn.close()
    faults = [one.wrong for one in verify(archive / "archive.db", deep=True).faults]
    assert "first_seen matches no answer of Telegram in the log" in faults


def versions_of(archive: Path, number: int) -> list[Version]:
    with sqlite3.connect(archive / "archive.db") as conn:
        key = (ChannelId(CHANNEL_ID), MessageId(number))
        message, media = get_messages(conn, [key])[key]
        found = list_versions(message, media, list_revisions(conn, {key: (1, 9)})[key])
    conn.close()
    return found


def test_what_only_an_import_claims_is_said_to_be_of_the_import(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "same"), entry(2, "as it was"), entry(3, "never there")))
    capture(archive, [captured(1, "same"), captured(2, "as it is")], proven=(1, 3))
    with sqlite3.connect(archive / "archive.db") as conn:
        found = list_sole_claims(conn, [(CHANNEL_ID, number) for number in (1, 2, 3)])
    conn.close()
    assert found == {
        (CHANNEL_ID, 2): Claims(is_import=False, contents=1, file="result.json", beside="result.json"),
        (CHANNEL_ID, 3): Claims(is_import=True, contents=0, file="result.json", beside="result.json"),
    }

    async def read_all() -> tuple[list[Change], MessageContext]:
        async with await Database.open_readonly(archive) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            changes = iter_changes(database.connection, ("differs", "missing"), names=names, bounds=Bounds())
            listed = [one async for one in changes]
            held = await database.read(get_messages, [(CHANNEL_ID, 3)])
            name = names[ChannelId(CHANNEL_ID)]
            return listed, await read_context(database.connection, name, held[CHANNEL_ID, 3])

    changes, context = asyncio.run(read_all())
    assert {(one.kind, one.import_file) for one in changes} == {("differs", "result.json"), ("missing", "result.json")}
    said = "\n".join(line.plain for change in changes for line in describe_change(change, Moments(), 120))
    assert "differs" in said
    assert "edited" not in said
    assert "if it was posted as the import of result.json says" in said
    by = context.claimant(context.absences[0])
    assert by is not None
    assert by.file_name == "result.json"


def test_a_sync_counts_no_edit_or_deletion_that_only_an_import_claims() -> None:
    held: dict[int, Held] = {
        number: Held(
            message_id=MessageId(number),
            date=START,
            edit_date=None,
            content_hash=text_hash("as it was"),
            payload_sha256=b"",
            missing_since=None,
            last_seen=START,
            imported=number < 3,
        )
        for number in (1, 2, 3)
    }
    changes = reconcile([captured(1, "as it is")], held, proven=(1, 3))
    assert (changes.missing, changes.denied, changes.denied_words) == ([2, 3], 1, 1)


def test_what_telegram_no_longer_showed_when_the_ids_were_read_is_marked_as_deleted(
    archive: Path, tmp_path: Path
) -> None:
    capture(archive, [captured(5, "e"), captured(1, "a")], proven=(1, 5))
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a"), entry(3, "deleted since"), entry(6, "newer")))
    assert (outcome.counts.new, outcome.counts.same, outcome.counts.missing) == (2, 1, 1)
    [(at,)] = rows(archive, "SELECT at FROM capture WHERE method = 'history'")
    assert rows(archive, "SELECT message_id, missing_since, missing_how FROM message WHERE origin = 'import'") == [
        (3, at, "history"),
        (6, None, None),
    ]
    assert_sound(archive)


def test_what_one_archive_missed_before_a_later_export_of_another_had_it_is_no_damage(
    archive: Path, tmp_path: Path
) -> None:
    date, seen, gone = (iso(START + after) for after in (60, 80, 90))
    row = ROW | {"date": date, "origin": "history", "first_seen": date, "last_seen": seen, "missing_since": gone}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    import_into(tmp_path / "other", tmp_path / "rows.jsonl")
    capture(archive, [captured(5, "e")], proven=(1, 5))
    import_into(archive, export_of(tmp_path, entry(1, "a"), entry(2, "b")))
    asyncio.run(merge(archive, tmp_path / "other", now=int(time.time())))
    assert_sound(tmp_path / "other")


def test_what_an_import_claims_is_not_fetched_before_telegram_showed_it(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 6))))
    capture(archive)  # added, but never read
    before = tally_of(archive)
    assert (before.held, before.claimed, before.outside, before.known, before.complete) == (5, 5, 0, 0, False)
    capture(archive, [captured(6, "f"), captured(5, "text 5")], proven=(5, 6))
    during = tally_of(archive)
    assert (during.held, during.claims, during.not_fetched, during.known, during.wanted) == (2, 4, 4, 2, 6)
    assert not during.complete
    capture(archive, [captured(at, f"text {at}") for at in (4, 2, 1)], proven=(1, 4))
    after = tally_of(archive)
    assert (after.held, after.missing, after.claimed, after.known, after.complete) == (5, 1, 0, 6, True)


def tally_of(archive: Path) -> Tally:
    async def run() -> Tally:
        async with await Database.open_readonly(archive) as database:
            channel = await database.read(find_channel, CHANNEL_ID)
            assert channel is not None
            return await tally_channel(database.connection, channel)

    return asyncio.run(run())


def test_nothing_is_said_of_files_where_there_are_none() -> None:
    said = {"size": 5, "status": "not downloaded", "reason": "not in the export: x", "extra": {}}
    assert describe_media({"kind": "poll", "title": "Which?", **said}) == "poll Which?, 5 bytes"
    assert describe_media({"kind": "photo", **said}) == "photo, 5 bytes, not downloaded: not in the export: x"


def test_a_message_card_names_the_other_content_and_why_its_link_needs_members(archive: Path, tmp_path: Path) -> None:
    edited = entry(1, "as it is", edited_unixtime=str(START + 999))
    import_into(archive, export_of(tmp_path, edited, name="current.json"))
    import_into(archive, export_of(tmp_path, entry(1, "as it was")))

    async def read_card() -> str:
        async with await Database.open_readonly(archive) as database:
            [name] = await database.read(list_names)
            key = (ChannelId(CHANNEL_ID), MessageId(1))
            context = await read_context(database.connection, name, (await database.read(get_messages, [key]))[key])
        console = Console(file=StringIO(), width=200, no_color=True)
        print_message(console, context, Moments(), archive)
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    card = asyncio.run(read_card())
    with sqlite3.connect(archive / "archive.db") as conn:
        [found] = list_sole_claims(conn, [(CHANNEL_ID, 1)]).values()
    conn.close()
    assert (found.file, found.beside) == ("current.json", "result.json")
    assert "other content in the import of result.json" in card
    assert "  edited 16 Dec 2021 00:16 UTC, as the import says\n" in card
    assert "https://t.me/c/1001/1 (the export does not say its @name: works for members only)" in card


def test_rows_say_whether_telegram_showed_what_an_import_brought_and_an_archive_that_reads_them_does_not_claim_it(
    archive: Path, tmp_path: Path
) -> None:
    import_into(archive, export_of(tmp_path, *(entry(number, f"words {number}") for number in (1, 2, 3))))
    capture(archive, [captured(4, "words 4"), captured(2, "others"), captured(1, "words 1")])
    import_into(archive, export_of(tmp_path, entry(4, "words 4"), name="again.json"))

    def read(path: Path) -> list[tuple[str, bool]]:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [(one["origin"], "shown_by_telegram" in (one["extra"] or {})) for one in found]

    export_as("jsonl", archive, tmp_path / "rows.jsonl")
    assert read(tmp_path / "rows.jsonl") == [("import", True), ("import", True), ("import", False), ("history", False)]
    import_into(tmp_path / "another", tmp_path / "rows.jsonl")
    export_as("jsonl", tmp_path / "another", tmp_path / "again.jsonl")
    assert read(tmp_path / "again.jsonl") == [("import", False)] * 4
    pieces = dict(rows(tmp_path / "another", "SELECT message_id, raw FROM message"))
    assert {number for number, piece in pieces.items() if is_sighted(piece)} == {1, 2, 4}

"""What an import adds to an archive, and what Telegram shows afterwards: nothing is lost, nothing claimed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.cli.view.change_card import describe_change
from archiver.cli.view.moments import Moments
from archiver.compose.import_channel import choose_channel
from archiver.convert import Peers, convert_message
from archiver.errors import UsageError
from archiver.evidence.run import verify
from archiver.ids import ChannelId, MessageId
from archiver.imports import import_page
from archiver.imports.detect import open_source
from archiver.imports.source import Chat
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.completeness import Tally
from archiver.model.imported import text_hash
from archiver.model.reconcile import reconcile
from archiver.model.record import Held, HistoryPage, Message
from archiver.model.row import media_json
from archiver.model.versions import Version, list_versions
from archiver.reading.change_log import Change, iter_changes
from archiver.reading.coverage_report import tally_channel
from archiver.reading.imported_from import read_imports
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.channel import find_channel
from archiver.store.claimed import Claims, list_sole_claims
from archiver.store.database import Database, read
from archiver.store.history import list_revisions
from archiver.store.rows import get_messages, list_names
from search.query.dates import Bounds
from tests.importing import CHANNEL_ID, chat, entry, import_into, write_json
from tests.remarks import Heard
from tests.sample import CHANNEL
from tests.tiers import examples
from tests.unit.tl_random import through_bytes

START = 1_639_612_800
NEWEST = "SELECT first_seen, last_seen, origin, layer, revisions, text, missing_since FROM message WHERE message_id = ?"


def captured(message_id: int, text: str, *, media: Any = None, **fields: Any) -> Message:
    """A message as Telegram shows it."""
    date = datetime.fromtimestamp(START + 60 * message_id, UTC)
    fields = {"post": True, **fields}
    obj = types.Message(
        id=message_id, peer_id=types.PeerChannel(CHANNEL_ID), date=date, message=text, media=media, **fields
    )
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=CHANNEL_ID, peers=Peers(), layer=229)


def capture(archive: Path, *pages: Sequence[Message], proven: tuple[int, int] | None = None, pts: int = 1) -> None:
    """Mirror pages of the history, as a sync does."""

    async def run() -> None:
        async with await Database.open(archive) as database:
            await prepare_search(database)
            ingest = Ingest(database, layer=229)
            await ingest.add_channel(CHANNEL)
            for messages in pages:
                channel = await read(database.connection, find_channel, CHANNEL_ID)
                assert channel is not None
                top = max((one.message_id for one in messages), default=0)
                page = HistoryPage(messages=tuple(messages), empty_ids=(), pts=pts, count=top, exact=False)
                await ingest.store_page(channel, page, proven=proven, pts=pts, top_id=top)

    asyncio.run(run())


def rows(archive: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(archive / "archive.db") as conn:
        found = conn.execute(sql, values).fetchall()
    conn.close()
    return found


def dump(archive: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables that people read, without the time of the import."""
    tables = ("message", "media", "revision", "absence", "counter", "imported", "coverage", "outbox", "blob")
    found = {one: rows(archive, f"SELECT * FROM {one} ORDER BY 1, 2, 3") for one in tables}  # noqa: S608
    found["outbox"] = [row[:3] for row in found["outbox"]]
    found["blob"] = [row[:2] for row in found["blob"]]
    found["revision"] = [row[:9] + row[12:] for row in found["revision"]]
    found["search"] = rows(archive, "SELECT docid, message_id, date, flags FROM search_document ORDER BY docid")
    return found


def check_sound(archive: Path) -> None:
    done = verify(archive / "archive.db", deep=True)
    assert [(one.place, one.wrong) for one in done.faults] == []


def export_of(tmp_path: Path, *messages: dict[str, Any], name: str = "result.json", **frame: Any) -> Path:
    return write_json(tmp_path / name, chat(messages, **frame))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def test_a_channel_that_only_an_import_knows_is_kept_and_claims_nothing(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, entry(1, "Bridge closed"), entry(3, "Bridge open", reactions=[{"type": "emoji"}]))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.messages, outcome.flaws) == (2, 2, {})
    newest = START + 180
    assert rows(archive, NEWEST, 1) == [(newest, newest, "import", 0, 0, "Bridge closed", None)]
    state = "SELECT state, imported_only, pts, top_id, title, username FROM channel"
    assert rows(archive, state) == [("removed", 1, None, 0, "Night Bridge", None)]
    assert rows(archive, "SELECT method, lo, hi, count FROM capture") == [("import", None, None, 2)]
    source = "SELECT format, file_name, sha256, bytes, newest, finished_at IS NULL FROM import_source"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    assert rows(archive, source) == [("desktop-json", "result.json", digest, size, newest, 0)]
    assert rows(archive, "SELECT count(*) FROM coverage") == [(0,)]
    check_sound(archive)


def test_the_same_file_again_changes_nothing(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 8)))
    import_into(archive, path)
    before = dump(archive)
    again = import_into(archive, path)
    assert (again.counts.same, again.counts.changes, again.was_finished) == (7, 0, True)
    assert dump(archive) == before
    assert rows(archive, "SELECT count(*) FROM capture") == [(1,)]


def test_killed_after_any_page_and_run_again_the_archive_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.imports.run_import.PAGE", 2)
    path = export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 8)), entry(3, "twice, and other words"))
    import_into(tmp_path / "whole", path)
    expected = dump(tmp_path / "whole")
    assert [row[1:3] for row in expected["revision"]] == [(3, 1)]
    real = import_page.store_page
    for survives in (0, 2, 3):
        archive = tmp_path / f"killed {survives}"
        left = [survives]

        def killed(*given: Any, left: list[int] = left, **more: Any) -> Any:
            left[0] -= 1
            stored = real(*given, **more)
            if left[0] < 0:
                raise KeyboardInterrupt  # before the transaction is committed
            return stored

        monkeypatch.setattr("archiver.imports.run_import.store_page", killed)
        with pytest.raises(KeyboardInterrupt):
            import_into(archive, path)
        monkeypatch.setattr("archiver.imports.run_import.store_page", real)
        import_into(archive, path)
        assert dump(archive) == expected
    check_sound(archive)


def test_what_was_captured_is_never_overwritten_and_other_words_become_a_revision(
    archive: Path, tmp_path: Path
) -> None:
    capture(archive, [captured(3, "as Telegram shows it"), captured(2, "same words"), captured(1, "")])
    before = rows(archive, "SELECT * FROM message ORDER BY message_id")
    path = export_of(
        tmp_path,
        entry(1, ""),
        entry(2, " same words\n"),
        entry(3, "as it was", edited_unixtime=str(START + 999), author="Desk"),
    )
    outcome = import_into(archive, path)
    assert (outcome.counts.same, outcome.counts.differing, outcome.counts.revisions) == (2, 1, 1)
    after = rows(archive, "SELECT * FROM message ORDER BY message_id")
    assert after[:2] == before[:2]
    assert rows(archive, "SELECT text, layer, message_id FROM revision") == [("as it was", 0, 3)]
    [(differs,)] = rows(archive, "SELECT differs FROM imported WHERE message_id = 3")
    assert json.loads(differs) == {"filled": {"post_author": "Desk"}, "text": True}
    assert rows(archive, "SELECT text, post_author, layer, revisions FROM message WHERE message_id = 3") == [
        ("as Telegram shows it", "Desk", 229, 1)
    ]
    check_sound(archive)
    state = dump(archive)
    assert import_into(archive, path).counts.changes == 0
    assert dump(archive) == state


def test_other_values_are_kept_beside(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "words", post_author="Desk")])
    path = export_of(tmp_path, entry(1, "words", author="Other", date_unixtime="5"))
    assert import_into(archive, path).counts.differing == 1

    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            return (await read_imports(database.connection, CHANNEL_ID, 1)).to_objects()

    [one] = asyncio.run(found())
    assert one["differs"]["other"] == {
        "date": {"held": START + 60, "imported": 5},
        "post_author": {"held": "Desk", "imported": "Other"},
    }
    assert rows(archive, "SELECT date, post_author FROM message") == [(START + 60, "Desk")]
    check_sound(archive)


def test_an_export_that_knows_more_fills_what_an_earlier_one_left_empty(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "words"), name="a.json"))
    more = entry(
        1,
        ["words"],
        text_entities=[{"type": "bold", "text": "words"}],
        edited_unixtime=str(START + 100),
        photo="(File not included.)",
        width=3,
        height=4,
        forwarded_from="Other",
    )
    outcome = import_into(archive, export_of(tmp_path, more, name="b.json"))
    assert outcome.counts.filled == 1
    [(edited, marks, origin, raw)] = rows(archive, "SELECT edit_date, entities, fwd_from, raw FROM message")
    assert (edited, json.loads(marks)[0]["type"], json.loads(origin)) == (START + 100, "bold", {"from_name": "Other"})
    assert "photo" not in json.loads(raw)
    assert rows(archive, "SELECT kind, width FROM media") == [("photo", 3)]
    check_sound(archive)


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
    check_sound(archive)
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


def test_what_only_an_import_claims_is_said_to_be_of_the_import(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "same"), entry(2, "as it was"), entry(3, "never there")))
    capture(archive, [captured(1, "same"), captured(2, "as it is")], proven=(1, 3))
    with sqlite3.connect(archive / "archive.db") as conn:
        found = list_sole_claims(conn, [(CHANNEL_ID, number) for number in (1, 2, 3)])
    conn.close()
    assert found == {
        (CHANNEL_ID, 2): Claims(is_import=False, contents=1, file="result.json"),
        (CHANNEL_ID, 3): Claims(is_import=True, contents=0, file="result.json"),
    }

    async def read_all() -> tuple[list[Change], MessageContext]:
        async with await Database.open_readonly(archive) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            changes = iter_changes(database.connection, ("edited", "missing"), names=names, bounds=Bounds())
            listed = [one async for one in changes]
            held = await database.read(get_messages, [(CHANNEL_ID, 3)])
            name = names[ChannelId(CHANNEL_ID)]
            return listed, await read_context(database.connection, name, held[CHANNEL_ID, 3])

    changes, context = asyncio.run(read_all())
    assert {(one.kind, one.import_file) for one in changes} == {("edited", "result.json"), ("missing", "result.json")}
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


def versions_of(archive: Path, number: int) -> list[Version]:
    with sqlite3.connect(archive / "archive.db") as conn:
        key = (ChannelId(CHANNEL_ID), MessageId(number))
        message, media = get_messages(conn, [key])[key]
        found = list_versions(message, media, list_revisions(conn, {key: (1, 9)})[key])
    conn.close()
    return found


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
    check_sound(archive)


def tally_of(archive: Path) -> Tally:
    async def run() -> Tally:
        async with await Database.open_readonly(archive) as database:
            channel = await database.read(find_channel, CHANNEL_ID)
            assert channel is not None
            return await tally_channel(database.connection, channel)

    return asyncio.run(run())


def test_of_two_exports_the_later_text_is_current_whatever_the_order(tmp_path: Path) -> None:
    old = export_of(tmp_path, entry(1, "a"), entry(2, "as it was", author="Desk"), name="old.json")
    edited = entry(2, "as it is", edited_unixtime=str(START + 999))
    new = export_of(tmp_path, entry(1, "a"), edited, entry(3, "c"), name="new.json")
    for order in ((old, new), (new, old)):
        archive = tmp_path / order[0].stem
        outcomes = [import_into(archive, path) for path in order]
        assert (outcomes[1].counts.differing, outcomes[1].counts.revisions) == (1, 1)
        assert rows(archive, "SELECT text, post_author, revisions FROM message WHERE message_id = 2") == [
            ("as it is", "Desk", 1)
        ]
        assert rows(archive, "SELECT message_id, text, edit_date FROM revision") == [(2, "as it was", None)]
        assert rows(archive, "SELECT first_seen, last_seen FROM message WHERE message_id = 1") == [
            (START + 120, START + 180)
        ]
        check_sound(archive)
        before = dump(archive)
        assert [import_into(archive, path).counts.changes for path in order] == [0, 0]
        assert dump(archive) == before


CLAIMS = st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 3), st.integers(1, 4))


@settings(max_examples=examples(6), deadline=None)
@given(claims=st.lists(CLAIMS, min_size=2, max_size=4), data=st.data())
def test_any_order_of_importing_exports_gives_the_same_contents(
    claims: list[tuple[str, int | None, int]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for at, (text, edited, newest) in enumerate(claims):
            more = {} if edited is None else {"edited_unixtime": str(START + 100 + edited)}
            last = entry(9, "last", date_unixtime=str(START + 1000 * newest + at))
            paths.append(export_of(Path(folder), entry(1, text, **more), last, name=f"{at}.json"))
        found = []
        for name, order in (("a", paths), ("b", data.draw(st.permutations(paths)))):
            archive = Path(folder) / name
            for path in order:
                import_into(archive, path)
            contents = "SELECT text, coalesce(edit_date, 0), first_seen FROM message WHERE message_id = 1"
            words = "SELECT text FROM message WHERE message_id = 1 UNION SELECT text FROM revision ORDER BY 1"
            found.append((rows(archive, contents), rows(archive, words)))
            check_sound(archive)
        assert found[0] == found[1]


def test_what_an_import_claims_is_not_fetched_before_telegram_showed_it(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 6))))
    capture(archive)  # added, but never read
    before = tally_of(archive)
    assert (before.held, before.claimed, before.outside, before.known, before.complete) == (5, 5, 0, 0, False)
    capture(archive, [captured(6, "f"), captured(5, "text 5")], proven=(5, 6))
    during = tally_of(archive)
    assert (during.held, during.claimed, during.not_fetched, during.known, during.wanted) == (6, 4, 0, 2, 6)
    assert not during.complete
    capture(archive, [captured(at, f"text {at}") for at in (4, 2, 1)], proven=(1, 4))
    after = tally_of(archive)
    assert (after.held, after.missing, after.claimed, after.known, after.complete) == (5, 1, 0, 6, True)


@pytest.mark.parametrize(
    "text", ['page = "<html>Exported Data <div class=history></div>"', '{"ok":true,"messages":[]}', '{"messages": []}']
)
def test_a_program_or_an_answer_of_a_web_api_is_no_export(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mk.py"
    path.write_text(text)
    with pytest.raises(UsageError):
        open_source(path, None)


def test_what_desktop_did_not_know_is_said_to_be_left_out(archive: Path, tmp_path: Path) -> None:
    unknown = entry(2, date=..., date_unixtime=..., type="unsupported")
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a"), unknown))
    [flaw] = outcome.flaws.values()
    assert (outcome.counts.new, flaw.what.startswith("it is left out"), flaw.note) == (1, True, True)


def test_why_a_file_is_not_beside_the_export_is_kept(archive: Path, tmp_path: Path) -> None:
    why = "File not included. Change data exporting settings to download."
    import_into(archive, export_of(tmp_path, entry(1, "a", photo=f"({why})", width=3, height=4)))

    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            [(_, media)] = (await database.read(get_messages, [(CHANNEL_ID, 1)])).values()
            return list(json.loads(media_json(media)))

    [slot] = asyncio.run(found())
    assert (slot["status"], slot["reason"]) == ("not downloaded", f"not in the export: {why}")


def photo_in(tmp_path: Path, name: str = "photos/a.jpg", data: bytes = b"picture") -> dict[str, Any]:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    return {"photo": name, "photo_file_size": len(data), "width": 3, "height": 4}


def test_files_beside_the_export_become_blobs_and_are_not_fetched_again(archive: Path, tmp_path: Path) -> None:
    one = photo_in(tmp_path)
    path = export_of(tmp_path, entry(1, "a", **one), entry(2, "b", **one))
    outcome = import_into(archive, path)
    digest = hashlib.sha256(b"picture").hexdigest()
    assert (outcome.attached, outcome.counts.files, outcome.is_flawed) == (2, 1, False)
    stored = rows(archive, "SELECT message_id, path, sha256, status, size FROM media")
    assert stored == [(at, f"media/{digest[:2]}/{digest[2:]}", digest, "downloaded", 7) for at in (1, 2)]
    assert (archive / stored[0][1]).read_bytes() == b"picture"
    check_sound(archive)
    size = types.PhotoSize("x", 3, 4, 7)
    real = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    capture(archive, [captured(1, "a", media=types.MessageMediaPhoto(photo=real))])
    assert rows(archive, "SELECT id, sha256, status FROM media WHERE message_id = 1") == [
        ("5368324170671202286", digest, "downloaded")
    ]
    check_sound(archive)


def test_a_captured_post_gets_the_file_that_an_export_has(archive: Path, tmp_path: Path) -> None:
    size = types.PhotoSize("x", 3, 4, 7)
    real = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    capture(archive, [captured(1, "a", media=types.MessageMediaPhoto(photo=real))])
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a", **photo_in(tmp_path))))
    assert (outcome.counts.same, outcome.counts.files) == (1, 1)
    assert rows(archive, "SELECT status FROM media") == [("downloaded",)]
    check_sound(archive)


def _outside(root: Path) -> str:
    (root.parent / "secret").write_bytes(b"picture")
    return "../secret"


def _absolute(root: Path) -> str:
    return str(root.parent.absolute() / "secret")


def _link(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "secret")
    return "link"


def _linked_directory(root: Path) -> str:
    (root / "folder").symlink_to(root.parent, target_is_directory=True)
    return "folder/secret"


def _fifo(root: Path) -> str:
    os.mkfifo(root / "fifo")
    return "fifo"


def _directory(root: Path) -> str:
    (root / "inner").mkdir()
    return "inner"


def _larger(root: Path) -> str:
    (root / "larger").write_bytes(b"another picture")
    return "larger"


@pytest.mark.parametrize(
    "make",
    [_outside, _absolute, _link, _linked_directory, _fifo, _directory, _larger, lambda _: "nowhere", lambda _: "a\0b"],
)
def test_no_path_leads_out_of_the_export(archive: Path, tmp_path: Path, make: Callable[[Path], str]) -> None:
    root = tmp_path / "export"
    root.mkdir()
    _outside(root)
    path = write_json(root / "result.json", chat([entry(1, "a", photo=make(root), photo_file_size=7)]))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, outcome.is_flawed) == (1, 0, True)
    assert rows(archive, "SELECT status FROM media") == [("not downloaded",)]
    assert rows(archive, "SELECT count(*) FROM blob") == [(0,)]


def test_the_channel_typed_must_be_the_one_of_the_file(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, entry(1, "a"))
    with pytest.raises(UsageError, match="channel 1001"):
        import_into(archive, path, "1002")
    import_into(archive, path, "@NightBridge")
    assert rows(archive, "SELECT channel_id, username FROM channel") == [(1001, "NightBridge")]
    with pytest.raises(UsageError, match="1003"):
        import_into(archive, export_of(tmp_path, entry(1, "a"), id=1003, name="Other"), "@NightBridge")
    nameless = export_of(tmp_path, entry(1, "a"), id=None)
    with pytest.raises(UsageError, match="--channel"):
        import_into(archive, nameless)
    import_into(archive, nameless, "@nightbridge")
    assert rows(archive, "SELECT count(*) FROM channel") == [(1,)]


def test_an_export_without_an_id_is_refused_where_its_messages_are_others(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 7))), "@NightBridge")
    before = dump(archive)
    others = chat([entry(at, f"other {at}") for at in range(3, 9)], id=None, name="Day Bridge")
    foreign = write_json(tmp_path / "result.json", others)
    with pytest.raises(UsageError, match='"Day Bridge", and 4 of the 4 messages'):
        import_into(archive, foreign, "@nightbridge")
    assert dump(archive) == before
    renamed = [entry(at, f"text {at}" if at != 2 else "edited") for at in range(1, 9)]
    later = write_json(tmp_path / "result.json", chat(renamed, id=None, name="Day Bridge"))
    outcome = import_into(archive, later, "@nightbridge")
    assert (outcome.counts.new, outcome.counts.revisions) == (2, 1)


def test_of_a_whole_account_the_channel_is_chosen_by_its_id_or_title(tmp_path: Path) -> None:
    account = {"chats": {"list": [chat([entry(1)], name="A b"), chat([entry(1)], id=1002, name="Other")]}}
    path = write_json(tmp_path / "result.json", account)

    def chosen(typed: str | None) -> list[int]:
        found = []
        for one in open_source(path, None).chats():
            assert isinstance(one, Chat)
            with suppress(UsageError):
                found.append(asyncio.run(choose_channel(None, one, typed, remarks=Heard())).channel_id)
        return found

    assert chosen(None) == [1001, 1002]
    assert [chosen(typed) for typed in ("1002", "other", "@nobody", "-1001001")] == [[1002], [1002], [], [1001]]


def test_a_file_cannot_give_a_channel_a_name_that_is_none(archive: Path, tmp_path: Path) -> None:
    own = '"telekeep": {"username": "a/../\\u001b[31m"}'
    path = write_json(tmp_path / "result.json", chat([entry(1, "a")], name="A\u200e\n\0 \x1bB"))
    path.write_text(path.read_text().rstrip("}\n") + f",\n {own}\n}}")
    import_into(archive, path)
    assert rows(archive, "SELECT username, usernames, title FROM channel") == [(None, "[]", "A\u200e B")]


@pytest.mark.parametrize("unix", ["-1", "4294967296", "253402300799"])
def test_a_date_that_no_message_has_is_named_and_left_out(archive: Path, tmp_path: Path, unix: str) -> None:
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a", date_unixtime=unix), entry(2, date_unixtime="0")))
    assert (outcome.counts.new, outcome.is_flawed) == (1, True)
    check_sound(archive)

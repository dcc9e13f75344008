"""What rests on an import alone is said so: in searches, gaps, changes, manifests, citations."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest

from archiver.cli.commands.gaps import run as list_gaps
from archiver.cli.commands.history import run as show_history
from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.commands.search import run as run_search
from archiver.cli.invocation import Invocation
from archiver.cli.search_options import SearchOptions
from archiver.cli.view.citation import cite
from archiver.cli.view.import_words import describe_imports
from archiver.cli.view.moments import Moments
from archiver.compose.import_channel import choose_channel, make_channel
from archiver.compose.read_archive import When
from archiver.errors import UsageError
from archiver.export.verify import judge
from archiver.ids import MessageId
from archiver.imports.import_file import open_hashed
from archiver.imports.import_page import WRITTEN
from archiver.imports.run_import import Importer
from archiver.imports.source import Chat
from archiver.imports.store_pages import ImportJob
from archiver.reading.change_log import Change, ChangeKind, iter_changes
from archiver.reading.citation_styles import cite_as
from archiver.store.database import Database
from archiver.store.messages.rows import list_names
from config.settings import ArchiveSettings, Settings
from search.query.dates import Bounds
from tests.capturing import archive, capture, captured, context_of, export_of, rows
from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json
from tests.remarks import Heard

__all__ = ["archive"]


def found(archive: Path, capfd: pytest.CaptureFixture[str], document: Literal["markdown", "atom"] | None) -> str:
    options = SearchOptions(when=When(None, None, None, "UTC"), document=document)
    assert (
        asyncio.run(run_search(Invocation(checked=[Settings(archive=ArchiveSettings(dir=archive))]), "*", options)) == 0
    )
    return capfd.readouterr().out


def test_a_search_says_of_imports_what_the_export_of_the_same_format_says(
    archive: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(2, "as Telegram shows it")], proven=(1, 2))
    for number in (1, 2):
        said = (entry(1, "never seen"), entry(2, f"other words {number}"))
        import_into(archive, export_of(tmp_path, *said, name=f"{number}.json"))
    for document in ("markdown", "atom"):
        export_as(document, archive, tmp_path / f"all.{document}")
        exported = (tmp_path / f"all.{document}").read_text("utf-8")
        searched = found(archive, capfd, document)
        for words in (
            "2 other versions in imports",
            "imported from a file: telekeep did not see this post",
            "if it was posted as the file says",
        ):
            assert exported.replace("\\", "").count(words) == searched.replace("\\", "").count(words) == 1, words
        assert "edited" not in searched
    [line] = [one for one in found(archive, capfd, None).splitlines() if "never seen" in one]
    assert line.endswith(
        ", if it was posted as the import says] [only in the import of 1.json and 1 more]\tNight Bridge"
    )


@pytest.fixture
def denied(archive: Path, tmp_path: Path) -> Path:
    """Telegram had ids 1 and 4, and then 1 only; an import claims 2 and 3 as well."""
    capture(archive, [captured(1, "seen"), captured(4, "seen, then deleted")], proven=(1, 4))
    capture(archive, [captured(1, "seen")], proven=(1, 4), pts=2)
    import_into(archive, export_of(tmp_path, entry(1, "seen"), entry(2, "claimed"), entry(3, "claimed, too")))
    return archive


def test_gaps_and_manifests_name_the_deletions_that_rest_on_an_import_and_no_sighting_of_them(
    denied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invocation = Invocation(checked=[Settings(archive=ArchiveSettings(dir=denied))])
    assert asyncio.run(list_gaps(invocation, "1001", every=True, shape="jsonl")) == 0
    gaps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(one["first_id"], one["last_id"], one["if_posted"], one["last_seen"] is None) for one in gaps]
    assert told == [(1, 1, False, True), (2, 3, True, True), (4, 4, False, False)]
    assert asyncio.run(list_gaps(invocation, "1001", every=True, shape="people")) == 0
    out, err = capsys.readouterr()
    assert [line.split("\t")[5:] for line in out.splitlines()[:2]] == [["", ""], ["", "if posted as imported"]]
    assert "3 deleted (2 of them if posted as imported)" in err
    export_as("jsonl", denied, tmp_path / "all.jsonl")
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_bytes())
    found = manifest["channels"][0]["completeness"]
    assert (found["missing_ids"], found["missing_if_posted_ids"]) == ([[2, 4]], [[2, 3]])
    assert judge(path).claims is not None
    found["missing_if_posted_ids"] = [[1, 1]]
    path.write_text(json.dumps(manifest))
    assert "does not list as missing" in str(judge(path))


def test_a_history_says_that_a_deletion_rests_on_an_import_and_has_no_last_sighting(
    denied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invocation = Invocation(checked=[Settings(archive=ArchiveSettings(dir=denied))])
    told = {}
    for number in (2, 4):
        asyncio.run(show_history(invocation, f"1001/{number}", Moments(), diff=False, counters=False, shape="jsonl"))
        [gone] = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if one["event"] == "missing"]
        asyncio.run(show_history(invocation, f"1001/{number}", Moments(), diff=False, counters=False, shape="people"))
        [line] = [one.split("\t") for one in capsys.readouterr().out.splitlines() if "\tmissing\t" in one]
        told[number] = gone["if_posted"], bool(line[2]), line[-1]
    assert told == {2: (True, False, "if posted as imported"), 4: (False, True, "")}


def test_changes_and_citations_say_that_a_deletion_rests_on_an_import(denied: Path) -> None:
    async def read_changes() -> list[Change]:
        async with await Database.open_readonly(denied) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            kinds: tuple[ChangeKind, ...] = ("missing",)
            wanted = iter_changes(database.connection, kinds, names=names, bounds=Bounds())
            return [one async for one in wanted]

    changes = {one.message_id: one for one in asyncio.run(read_changes())}
    assert changes[MessageId(2)].description == "if it was posted as the import of result.json says: claimed"
    assert changes[MessageId(2)].last_seen is None
    assert changes[MessageId(4)].description == "seen, then deleted"
    assert changes[MessageId(4)].last_seen is not None
    context = context_of(denied, 2)
    assert "if it was posted as imported" in cite(context, Moments())
    assert "if it was posted as imported" in cite_as("bibtex", context)


def test_an_import_says_before_and_after_which_of_its_posts_are_deleted_if_they_were_posted(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(1, "seen")], proven=(1, 3))
    path, invocation = (
        export_of(tmp_path, entry(2, "claimed")),
        Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))]),
    )
    for is_dry_run, are in ((True, "would be"), (False, "is")):
        order = ImportOrder(path, None, None, is_dry_run=is_dry_run, shape="people")
        assert asyncio.run(run_import(invocation, order)) == 0
        said = f"1 of the new ones {are} marked as deleted or no longer visible, if it was posted as the import says"
        assert said in capsys.readouterr().err


def imported(archive: Path, path: Path, capsys: pytest.CaptureFixture[str], *, dry: bool = False) -> str:
    invocation = Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))])
    order = ImportOrder(path, None, None, is_dry_run=dry, shape="people")
    assert asyncio.run(run_import(invocation, order)) in (0, 3)
    return capsys.readouterr().err


def test_a_file_with_an_id_twice_is_said_to_have_it_twice_and_no_other_import_is_claimed(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export_of(tmp_path, entry(1, "first"), entry(2, "b"), entry(1, "second", edited_unixtime="1700000000"))
    for is_dry_run, kept in ((True, "would be kept"), (False, "is kept")):
        said = imported(archive, path, capsys, dry=is_dry_run)
        assert (
            f"the file has the id of 1 message twice: each other content {kept}, the one edited last as the current"
            in said
        )
        assert "other imports" not in said
    again = imported(archive, export_of(tmp_path, entry(1, "second"), entry(2, "b"), name="b.json"), capsys)
    assert "twice" not in again


def test_an_export_whose_words_are_mostly_others_is_warned_of_before_and_after(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(number, f"as it was {number}") for number in range(9, 0, -1)], proven=(1, 9))
    path = export_of(tmp_path, *(entry(number, f"altered {number}") for number in range(1, 10)))
    for is_dry_run in (True, False):
        said = imported(archive, path, capsys, dry=is_dry_run)
        assert said.count("9 of the 9 messages that were compared have other words than the archive") == 1
    assert "that were compared" not in imported(archive, path, capsys)
    few = [entry(number, f"as it was {number}" if number > 2 else "edited") for number in range(1, 10)]
    assert "that were compared" not in imported(archive, export_of(tmp_path, *few, name="few.json"), capsys)


def test_a_chat_that_contradicts_the_archive_is_named_once_and_a_dry_run_says_would(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(number, f"text {number}") for number in (3, 2, 1)], proven=(1, 3))
    wrong = [entry(number, "other", date_unixtime=str(1_500_000_000 + number)) for number in (1, 2, 3)]
    path = export_of(tmp_path, *wrong)
    with pytest.raises(UsageError, match=r"Nothing would be imported\."):
        imported(archive, path, capsys, dry=True)
    with pytest.raises(UsageError, match=r"Nothing was imported\."):
        imported(archive, path, capsys)
    chats = [chat(wrong), chat([entry(1, "fine")], id=1002, name="Other")]
    said = imported(archive, write_json(tmp_path / "all.json", {"chats": {"list": chats}}), capsys)
    assert '"Night Bridge" is left out: it contradicts the archive: 3 of the 3 shared messages' in said
    assert said.count("Night Bridge") == 1


def test_two_files_of_one_name_are_told_apart_by_the_beginning_of_their_hashes(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "as Telegram shows it")])
    digests = []
    for words in ("one", "two"):
        path = export_of(tmp_path, entry(1, words))
        import_into(archive, path)
        digests.append(sha256(path.read_bytes()).hexdigest())
    imports = context_of(archive).imports
    said = [line.partition(":")[0] for line in describe_imports(imports, Moments())]
    assert said == [f"result.json (SHA-256 {digest[:8]}…)" for digest in digests]
    assert [one["file"] for one in imports.to_objects()] == ["result.json"] * 2
    path = export_of(tmp_path, entry(2, "alone"))
    import_into(archive, path)
    only = context_of(archive, 2).imported_from
    assert only is not None
    assert only.file_name == f"result.json (SHA-256 {sha256(path.read_bytes()).hexdigest()[:8]}…)"


def test_a_full_disk_leaves_no_channel_without_a_message_and_what_is_resumed_says_what_the_channel_is(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(1, "another channel")])
    words = "words that need more pages of the file than there are left " * 9
    entries = [entry(number, f"{number} {words}") for number in range(1, 2 * WRITTEN)]
    path = write_json(tmp_path / "result.json", chat(entries, id=1002, name="Harbour Desk"))

    def set_room(conn: sqlite3.Connection, pages: int) -> None:
        [(used,)] = conn.execute("PRAGMA page_count").fetchall()
        conn.execute(f"PRAGMA max_page_count = {used + pages}").fetchall()

    async def fill_disk(pages: int) -> None:
        async with await Database.open(archive) as database:
            await database.write(set_room, pages)
            hashed = await asyncio.to_thread(open_hashed, path, None)
            chats = (one for one in hashed.source.chats() if isinstance(one, Chat))
            found = next(chats)
            chosen = await choose_channel(database, found, None, remarks=Heard())
            file = hashed.describe(found, chosen.channel_id)
            importer = Importer(database, hashed, archive=archive, zone=None)
            job = ImportJob(found, chosen.channel_id, file, partial(make_channel, chosen=chosen))
            with pytest.raises(Exception, match="full"):
                await importer.run([job])
            hashed.close()

    asyncio.run(fill_disk(20))
    assert rows(archive, "SELECT channel_id FROM channel") == [(1001,)]
    assert rows(archive, "SELECT count(*) FROM import_source") == [(0,)]
    asyncio.run(fill_disk(1200))
    assert rows(archive, "SELECT count(*) > 0 FROM message WHERE channel_id = 1002") == [(1,)]
    kept = "is kept as imported, not mirrored; what is missing is not known"
    assert kept in imported(archive, path, capsys)
    assert kept not in imported(archive, path, capsys)


def test_another_title_of_the_channel_is_named(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "calls the channel" not in imported(archive, export_of(tmp_path, entry(1, "a")), capsys)
    path = write_json(tmp_path / "b.json", chat([entry(2, "b")], name="Day Bridge"))
    said = imported(archive, path, capsys).translate({0x2068: None, 0x2069: None})
    assert 'the file calls the channel "Day Bridge"; in the archive it is "Night Bridge"' in said

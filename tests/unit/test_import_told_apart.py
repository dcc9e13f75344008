"""Imports are told apart from one another and from Telegram: files of one name, contents, deletions counted."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from dataclasses import replace
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.commands.changes import ChangesOptions
from archiver.cli.commands.changes import run as list_changes
from archiver.cli.commands.gaps import run as list_gaps
from archiver.cli.commands.history import run as show_history
from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.commands.search import run as run_search
from archiver.cli.commands.status import run as show_status
from archiver.cli.invocation import Invocation
from archiver.cli.search_options import SearchOptions
from archiver.cli.view.message_keys import print_keys
from archiver.cli.view.moments import Moments
from archiver.compose.read_archive import When
from archiver.export.edges.edge import Edge, EdgeNode
from archiver.export.edges.rows import EdgeRows
from archiver.export.edges.writers import EDGE_KEYS, TableEdges
from archiver.export.verify import judge
from archiver.model.versions import Version, list_versions
from archiver.store.database import Database
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages
from config.settings import ArchiveSettings, Settings
from search.flags import STATE_BITS, SUPERSEDED
from tests.capturing import archive, assert_sound, capture, captured, context_of, export_of, rows
from tests.exporting import export_as
from tests.importing import entry, import_into

__all__ = ["archive"]


def invocation(archive: Path) -> Invocation:
    return Invocation(checked=[Settings(archive=ArchiveSettings(dir=archive))])


@pytest.fixture
def called(archive: Path, tmp_path: Path) -> list[str]:
    """Two files named result.json claim posts that Telegram does not have; what each is called."""
    names = []
    capture(archive, [captured(4, "seen"), captured(1, "seen")], proven=(1, 4))
    for number in (2, 3):
        path = export_of(tmp_path, entry(number, f"claimed {number}"))
        import_into(archive, path)
        names.append(f"result.json (SHA-256 {sha256(path.read_bytes()).hexdigest()[:8]}…)")
    return names


def test_two_files_of_one_name_are_told_apart_where_posts_are_listed(
    archive: Path, called: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = SearchOptions(when=When(None, None, None, "UTC"), sort="oldest")
    assert asyncio.run(run_search(invocation(archive), "claimed", options)) == 0
    deletions = ChangesOptions(when=options.when, kinds=frozenset({"missing"}), moments=Moments())
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" [only in the import of ")[2] for line in lines] == [
        f"{one}]\tNight Bridge" for one in called
    ]
    assert asyncio.run(list_changes(invocation(archive), deletions)) == 0
    lines = sorted(line.split("\t")[4] for line in capsys.readouterr().out.splitlines())
    said = [f"if it was posted as the import of {one} says: claimed {at}" for at, one in enumerate(called, 2)]
    assert sorted(lines) == sorted(said)
    assert asyncio.run(list_changes(invocation(archive), replace(deletions, shape="jsonl"))) == 0
    found = [json.loads(line)["import"]["file"] for line in capsys.readouterr().out.splitlines()]
    assert found == ["result.json", "result.json"]


def test_gaps_of_an_imported_channel_tell_files_of_one_name_apart(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = []
    for number in (1, 3):
        path = export_of(tmp_path, entry(number, "claimed"))
        import_into(archive, path)
        digests.append(sha256(path.read_bytes()).hexdigest()[:8])
    assert asyncio.run(list_gaps(invocation(archive), "1001", every=False, shape="people")) == 0
    first, second = digests
    said = f"known only from imports (result.json (SHA-256 {first}…), result.json (SHA-256 {second}…))"
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("called")
def test_status_says_how_many_deletions_rest_on_imports(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def shown(shape: Any) -> str:
        asyncio.run(show_status(invocation(archive), [], wide=False, shape=shape, tz=None, watch=False))
        captured = capsys.readouterr()
        return captured.out + captured.err

    [channel] = json.loads(shown("json"))["channels"]
    assert (channel["missing"], channel["missing_if_posted"]) == (2, 2)
    assert "deleted: 2 of NightBridge only if posted as imported" in shown("people")


def history_of(archive: Path, capsys: pytest.CaptureFixture[str], number: int) -> list[dict[str, Any]]:
    run = show_history(invocation(archive), f"1001/{number}", Moments(), diff=True, counters=False, shape="json")
    assert asyncio.run(run) == 0
    versions: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["versions"]
    return versions


def test_what_telegram_showed_is_compared_with_what_it_showed_and_an_import_with_telegram(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(2, "shown"), captured(1, "never edited")], proven=(1, 2))
    for words in ("one", "two"):
        said = (entry(1, f"claimed {words}"), entry(2, f"claimed {words}"), entry(3, f"claimed {words}"))
        import_into(archive, export_of(tmp_path, *said, name=f"{words}.json"))
    capture(archive, [captured(2, "shown, edited", edit_date=captured(9, "").date)], proven=(1, 2), pts=2)
    told = {number: history_of(archive, capsys, number) for number in (1, 2, 3)}

    def compared(number: int) -> dict[str, tuple[str | None, list[str]]]:
        texts = {one["revision"]: one["text"] for one in told[number]}
        bases = {one["text"]: one["compared_with"] for one in told[number]}
        found = {text: None if base is None else texts[base["revision"]] for text, base in bases.items()}
        return {one["text"]: (found[one["text"]], one["changed"]) for one in told[number]}

    assert compared(1) == {
        "claimed one": ("never edited", ["text"]),
        "claimed two": ("never edited", ["text"]),
        "never edited": (None, []),
    }
    assert compared(2)["shown, edited"] == ("shown", ["text"])
    assert compared(2)["claimed one"] == compared(2)["claimed two"] == ("shown", ["text"])
    assert compared(3) == {"claimed one": (None, []), "claimed two": ("claimed one", ["text"])}
    for versions in told.values():
        texts = {one["revision"]: one["text"] for one in versions}
        for one in versions:
            base = one["compared_with"] or {"revision": one["revision"]}
            before = "".join(piece["text"] for piece in one["diff"] if piece["op"] != "insert")
            assert before == texts[base["revision"]]


def test_an_archive_of_before_is_upgraded_so_that_claimed_edits_are_no_edits(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(2, "shown"), captured(1, "shown")], proven=(1, 2))
    capture(archive, [captured(2, "shown, edited", edit_date=captured(9, "").date)], proven=(1, 2), pts=2)
    import_into(archive, export_of(tmp_path, entry(1, "claimed", edited_unixtime="1639700000")))
    edited = STATE_BITS["edited"]
    with sqlite3.connect(archive / "archive.db") as conn:
        marked = conn.execute("UPDATE search_document SET flags = flags | ? WHERE flags & ?", (edited, SUPERSEDED))
        assert marked.rowcount == 2
        conn.execute("ALTER TABLE service DROP COLUMN failure")  # of migration 30
        conn.execute("PRAGMA user_version = 26")
    conn.close()

    async def upgrade() -> None:
        async with await Database.open(archive):
            pass

    asyncio.run(upgrade())
    sql = "SELECT message_id, flags & ? <> 0 FROM search_document WHERE flags & ? ORDER BY 1"
    assert rows(archive, sql, edited, SUPERSEDED) == [(1, 0), (2, 1)]
    assert_sound(archive)


def test_a_document_shows_the_earlier_content_that_was_found_and_names_its_file(
    archive: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(1, "as Telegram shows it")])
    path = export_of(tmp_path, entry(1, "claimed"))
    import_into(archive, path)
    digest = sha256(path.read_bytes()).hexdigest()[:8]
    for document in ("markdown", "atom"):
        options = SearchOptions(
            when=When(None, None, None, "UTC"), document="atom" if document == "atom" else "markdown"
        )
        assert asyncio.run(run_search(invocation(archive), "claimed in:revisions", options)) == 0
        shown = capfd.readouterr().out.replace("\\", "")
        assert f"imported from a file: telekeep did not see it (result.json, SHA-256 {digest}…)" in shown
        assert "claimed" in shown.partition("did not see it")[2]
        assert "as Telegram shows it" in shown


def test_two_files_of_one_name_stay_told_apart_in_an_archive_that_imports_the_export(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(1, "as Telegram shows it")])
    names = []
    for words in ("one", "two"):
        path = export_of(tmp_path, entry(1, words))
        import_into(archive, path)
        names.append(f"result.json (SHA-256 {sha256(path.read_bytes()).hexdigest()[:8]}…)")
    export_as("jsonl", archive, tmp_path / "rows", revisions=True)
    other = tmp_path / "other"
    import_into(other, tmp_path / "rows")
    for version, name in zip(history_of(other, capsys, 1), names, strict=False):
        assert name.startswith("result.json (SHA-256 " + version["import"]["claimed_sha256"][:8])
    imports = context_of(other).imports

    async def versions() -> list[Version]:
        async with await Database.open_readonly(other) as database:
            key = (1001, 1)
            held = await database.read(get_messages, [key])
            kept = await database.read(list_revisions, {key: (1, held[key][0].revisions)})
            return list_versions(*held[key], kept[key])

    assert [imports.claimant_of(one) for one in asyncio.run(versions())] == [*names, None]


def test_a_merge_says_which_deletions_rest_on_imports(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(4, "seen"), captured(1, "seen")], proven=(1, 4))
    import_into(archive, export_of(tmp_path, entry(2, "claimed"), entry(3, "claimed")))
    capture(archive, [captured(1, "seen")], proven=(1, 4), pts=2)
    order = ImportOrder(archive, None, None, is_dry_run=False, shape="people")
    mine = Invocation(loaded=[Settings(archive=ArchiveSettings(dir=tmp_path / "mine"))])
    assert asyncio.run(run_import(mine, order)) == 0
    said = "3 now known to be deleted or no longer visible (2 of them if posted as imported)"
    assert said in capsys.readouterr().err


def test_a_post_above_the_newest_id_that_telegram_showed_is_of_the_import_and_of_no_coverage(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(2, "seen"), captured(1, "seen")], proven=(1, 2))
    import_into(archive, export_of(tmp_path, entry(9, "claimed")))
    asyncio.run(show_status(invocation(archive), ["1001"], wide=False, shape="json", tz=None, watch=False))
    [channel] = json.loads(capsys.readouterr().out)["channels"]
    assert (channel["held"], channel["imported_alone"], channel["coverage"]) == (2, 1, 1.0)
    asyncio.run(show_status(invocation(archive), [], wide=False, shape="people", tz=None, watch=False))
    said = "imports: 1 archived message of NightBridge only from imports, above the newest id that Telegram showed"
    assert said in capsys.readouterr().err
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    [part] = manifest["channels"]
    whole, found = manifest["complete"], part["completeness"]
    assert (whole, part["rows"], found["ids"], found["held"], found["imported_alone"]) == (True, 3, [1, 2], 2, 1)
    assert judge(tmp_path / "manifest.json").claims is not None


@pytest.mark.parametrize(
    ("origin", "extra", "said"),
    [
        ("history", None, "history"),
        ("import", None, "import"),
        ("history", '{"filled_by_import":["fwd_from"]}', "import"),
        ("history", '{"filled_by_import":["post_author"]}', "history"),
    ],
)
def test_a_network_says_which_forwards_are_of_an_import(origin: str, extra: str | None, said: str) -> None:
    written = BytesIO()
    edges = EdgeRows("forwards", TableEdges(written, EDGE_KEYS), weights=False)
    nodes = EdgeNode("channel:1", "channel", 1, "a"), EdgeNode("channel:2", "channel", 2, "b")
    edges.begin()
    edges.add({**dict.fromkeys(EDGE_KEYS), "origin": origin, "extra": extra, "edges": [Edge(*nodes)]})
    edges.end()
    edges.close()
    [row] = csv.DictReader(StringIO(written.getvalue().decode()))
    assert row["origin"] == said


def test_the_keys_of_a_post_name_the_import_that_alone_has_it(
    archive: Path, called: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for number, file in ((1, ""), (2, called[0])):
        context = context_of(archive, number)
        record = context.imported_from
        print_keys(context.channel, context.row, None, file="" if record is None else record.file_name)
        lines = dict(line.split("\t", 1) for line in capsys.readouterr().out.splitlines())
        assert lines.get("only_in_import", "") == file


def test_a_content_that_a_later_import_has_again_differs_in_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, words in enumerate(("first words", "others", "first words")):
        edited = {"edited_unixtime": str(1_639_700_000 + number)} if number else {}
        import_into(archive, export_of(tmp_path, entry(1, words, **edited), name=f"{number}.json"))
    options = ChangesOptions(
        when=When(None, None, None, "UTC"), kinds=frozenset({"differs"}), moments=Moments(), shape="jsonl"
    )
    assert asyncio.run(list_changes(invocation(archive), options)) == 0
    [change] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (change["old"], change["new"]) == ("others", "first words")


def test_a_content_is_no_older_than_the_export_that_has_it_even_if_an_older_one_has_the_post(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = entry(1, "corrected", edited_unixtime="1639699200")
    for messages in ([entry(1, "first words")], [edited, entry(9, "later")]):
        import_into(archive, export_of(tmp_path, *messages))
    seen = [(one["text"], one["first_seen"], one["last_seen"]) for one in history_of(archive, capsys, 1)]
    early, late = "2021-12-16T00:01:00Z", "2021-12-16T00:09:00Z"
    assert seen == [("first words", early, early), ("corrected", late, late)]
    assert context_of(archive).row["first_seen"] == early  # of the post

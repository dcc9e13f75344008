"""Which channel a file is imported into, and what is no export, no message and no name."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest

from archiver.cli.view.citation import cite
from archiver.cli.view.moments import Moments
from archiver.compose.import_channel import choose_channel
from archiver.errors import UsageError
from archiver.imports.detect import open_source
from archiver.imports.source import Chat
from archiver.reading.change_log import iter_changes
from archiver.reading.citation_styles import cite_as
from archiver.store.database import Database
from archiver.store.messages.rows import list_names
from search.query.dates import Bounds
from tests.capturing import archive, assert_sound, capture, captured, context_of, dump, export_of, rows
from tests.exporting import export_as
from tests.importing import chat, entry, import_chats, import_into, write_json
from tests.remarks import Heard
from tests.sample import CHANNEL, OTHER, build, make_message

__all__ = ["archive"]


@pytest.mark.parametrize(
    "text", ['page = "<html>Exported Data <div class=history></div>"', '{"ok":true,"messages":[]}', '{"messages": []}']
)
def test_a_program_or_an_answer_of_a_web_api_is_no_export(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mk.py"
    path.write_text(text)
    with pytest.raises(UsageError):
        open_source(path, None)


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


def test_what_desktop_did_not_know_is_said_to_be_left_out(archive: Path, tmp_path: Path) -> None:
    unknown = entry(2, date=..., date_unixtime=..., type="unsupported")
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a"), unknown))
    [flaw] = outcome.flaws.values()
    assert (outcome.counts.new, flaw.what.startswith("it is left out"), flaw.note) == (1, True, True)


@pytest.mark.parametrize("unix", ["-1", "4294967296", "253402300799"])
def test_a_date_that_no_message_has_is_named_and_left_out(archive: Path, tmp_path: Path, unix: str) -> None:
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a", date_unixtime=unix), entry(2, date_unixtime="0")))
    assert (outcome.counts.new, outcome.is_flawed) == (1, True)
    assert_sound(archive)


def test_a_name_that_a_later_import_says_is_the_channels_from_then_on(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, entry(1, "a"))
    name = "SELECT username, (SELECT count(*) FROM channel_revision) FROM channel"
    import_into(archive, path)
    assert rows(archive, name) == [(None, 1)]
    import_into(archive, path, "@NightBridge")
    assert rows(archive, name) == [("NightBridge", 1)]
    import_into(archive, path, "@NightBridge")
    import_into(archive, path)
    assert rows(archive, name) == [("NightBridge", 1)]
    assert_sound(archive)


def test_a_name_given_at_import_is_marked_and_can_be_corrected_until_telegram_confirms_it(
    archive: Path, tmp_path: Path
) -> None:
    path = export_of(tmp_path, entry(1, "a"))
    for given in ("@NightBrigde", "@NightBridge"):
        import_into(archive, path, given)
        context = context_of(archive)
        assert cite(context, Moments()).startswith(f"{given} (Night Bridge, channel 1001; @name given at import)")
        assert "@name given at import" in cite_as("apa", context)
        assert changes_of(archive) == []
    capture(archive, [captured(1, "a")], proven=(1, 1))
    assert "given at import" not in cite(context_of(archive), Moments())
    assert changes_of(archive) == []
    with pytest.raises(UsageError, match="which the archive has as NightBridge, not as @Other"):
        import_into(archive, path, "@Other_name")


@pytest.mark.parametrize("said", ["public_channel", "private_channel", "public_supergroup", "private_supergroup"])
def test_our_export_states_the_chat_type_of_the_imported_one(archive: Path, tmp_path: Path, said: str) -> None:
    import_into(archive, write_json(tmp_path / "result.json", chat([entry(1, "a")], type=said)))
    groups = frozenset({1001} if "super" in said else ())
    export_as("desktop-json", archive, tmp_path / "ours.json", context={"groups": groups})
    assert json.loads((tmp_path / "ours.json").read_text())["type"] == said


def changes_of(archive: Path) -> list[str]:
    async def found() -> list[str]:
        async with await Database.open_readonly(archive) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            changes = iter_changes(database.connection, ("renamed", "retitled"), names=names, bounds=Bounds())
            return [one.description async for one in changes]

    return asyncio.run(found())


def test_the_name_of_a_channel_that_another_file_names_is_learned(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "a")))
    own = {**chat([entry(2, "b")]), "telekeep": {"username": "NightBridge"}}
    import_into(archive, write_json(tmp_path / "own.json", own))
    assert rows(archive, "SELECT username FROM channel") == [("NightBridge",)]


def test_each_channel_of_telekeeps_own_account_has_its_name_and_is_found_by_it(archive: Path, tmp_path: Path) -> None:
    texts = [make_message(1, '\n    ],\n    "telekeep": {"username": "nobody"}')]
    build(tmp_path / "source", texts)
    build(tmp_path / "source", [make_message(1, "b", channel_id=1002)], channel=OTHER)
    path = tmp_path / "result.json"
    export_as("desktop-json", tmp_path / "source", path)
    import_chats(archive, write_json(tmp_path / "old.json", chat([entry(1)], name="Night Bridge")))
    import_chats(archive, path, most=None)
    names = "SELECT channel_id, username FROM channel ORDER BY 1"
    assert rows(archive, names) == [(1001, CHANNEL.username), (1002, OTHER.username)]
    for one, other in ((CHANNEL, OTHER), (OTHER, CHANNEL)):
        [is_other] = [found for found in read_chats(path) if found.channel_id == other.channel_id]
        with pytest.raises(UsageError, match="is not"):
            asyncio.run(choose_channel(None, is_other, f"@{one.username}", remarks=Heard()))
        [found] = [found for found in read_chats(path) if found.channel_id == one.channel_id]
        chosen = asyncio.run(choose_channel(None, found, f"@{one.username}", remarks=Heard()))
        assert (chosen.channel_id, chosen.name) == (one.channel_id, one.username)


def read_chats(path: Path) -> list[Chat]:
    return [found for found in open_source(path, None).chats() if isinstance(found, Chat)]

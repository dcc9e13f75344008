"""Telegram Desktop's files as they may be: nothing fails, and each message is taken or named."""

from __future__ import annotations

from pathlib import Path

import orjson

from archiver.ids import ChannelId
from archiver.imports.detect import derive_of, open_source
from archiver.imports.source import Flaw, ImportedMessage
from tests.capturing import assert_sound, rows
from tests.desktop_random import RandomDesktop
from tests.exporting import export_as
from tests.importing import CHANNEL_ID, import_into
from tests.tiers import examples

CONTENT = (
    "SELECT message_id, date, edit_date, text, entities, sender, fwd_from, reply_to, action, markup, reactions"
    " FROM message ORDER BY 1"
)


def read_channel(path: Path) -> list[ImportedMessage | Flaw]:
    """What is read of the channel, without what telekeep does not archive."""
    found: list[ImportedMessage | Flaw] = []
    for one in open_source(path, None).chats():
        if isinstance(one, Flaw):
            found.append(one)
        elif one.refused is None:
            found += one.read(ChannelId(CHANNEL_ID))
    return found


def test_each_message_is_taken_or_named_and_verify_reads_its_words_again(tmp_path: Path) -> None:
    path, derive = tmp_path / "result.json", derive_of("desktop-json")
    assert derive is not None
    for seed in range(examples(30)):
        random = RandomDesktop(seed)
        messages = random.messages(25)
        path.write_bytes(random.write(messages))
        found = read_channel(path)
        named = [one for one in found if isinstance(one, Flaw)]
        taken = [one.message for one in found if isinstance(one, ImportedMessage)]
        assert len(taken) + len(named) == len(messages), seed
        assert len(named) == sum(one["type"] == "unsupported" for one in messages), seed
        for message in taken:
            piece = derive(message.raw, None)
            assert piece is not None
            assert piece.text == (message.text or orjson.loads(message.extra or "{}").get("rich_text", "")), seed


def test_a_file_cut_off_anywhere_gives_what_is_whole(tmp_path: Path) -> None:
    path, random = tmp_path / "result.json", RandomDesktop(1)
    data = random.write(random.messages(4))
    path.write_bytes(data)
    whole = {one.message.raw for one in read_channel(path) if isinstance(one, ImportedMessage)}
    begin = data.index(b'"id"', data.index(b'"messages"')) + len(b'"id":')
    for end in range(begin, len(data.rstrip()) - 1, len(data) // 50):
        path.write_bytes(data[:end])
        found = read_channel(path)
        assert whole.issuperset(one.message.raw for one in found if isinstance(one, ImportedMessage)), end
        assert any(isinstance(one, Flaw) and one.fatal for one in found), end


def test_what_is_imported_is_sound_and_comes_back_from_each_export(tmp_path: Path) -> None:
    random = RandomDesktop(7)
    path = tmp_path / "result.json"
    path.write_bytes(random.write(random.messages(40)))
    import_into(tmp_path / "a", path)
    assert_sound(tmp_path / "a")
    assert import_into(tmp_path / "a", path).counts.changes == 0
    for name in ("jsonl", "csv", "desktop-json"):
        export_as(name, tmp_path / "a", tmp_path / f"out.{name}")
        assert import_into(tmp_path / name, tmp_path / f"out.{name}").flaws == {}
        assert rows(tmp_path / name, CONTENT) == rows(tmp_path / "a", CONTENT)

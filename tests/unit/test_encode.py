"""What the index is given of a message is read from the archive as it was put there."""

from __future__ import annotations

from pathlib import Path

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.index.encode import encode, to_details
from archiver.model.document import to_document
from archiver.model.media_file import FileKey
from archiver.store.channels.channel import upsert_channel
from archiver.store.database import Database, Writer
from archiver.store.index.indexable import read_indexable
from archiver.store.media.file import settle_downloaded
from archiver.store.messages.message import Sighting, update_messages
from search.meili.document import to_line
from tests.sample import CHANNEL, build, entities, make_message, photo
from tests.storing import insert_messages

MESSAGES = [
    make_message(1, "the bridge was closed tonight, nobody knows for how long"),
    make_message(2, "#night мост сегодня ночью закрыт", entities=entities(("hashtag", 0, 6))),
    make_message(3, "", media=(photo(), photo(slot=1, kind="webpage", title="a page", url="https://page.example/x"))),
    make_message(
        4, "buttons", markup='[[{"text":"open","url":"https://button.example"}]]', pinned=True, reply_to_msg_id=1
    ),
    make_message(5, "from another", fwd_from='{"from_id":{"type":"channel","id":77},"channel_post":5}', views=9),
]


async def test_the_document_is_that_of_the_message_with_its_links_and_its_language(tmp_path: Path) -> None:
    sighting = Sighting(now=1, origin="history", generation=1)

    def act(conn: Writer) -> None:
        upsert_channel(conn, CHANNEL, now=1)
        insert_messages(conn, MESSAGES, sighting)
        update_messages(conn, [make_message(5, "le pont est fermé cette nuit encore", views=9)], sighting)

    async with await Database.open(tmp_path / "archive") as database:
        await database.write(act)
        found = await database.read(lambda conn: read_indexable(conn, [(0, 1001, number) for number in range(1, 6)]))
    assert [one.lang for one in found.values()][:3] == ["en", "ru", ""]
    assert found[1001, 5].lang == "fr"
    for message in MESSAGES[:4]:
        wanted = to_document(message, channel_username=CHANNEL.username, channel_title=CHANNEL.title)
        assert encode(found[1001, message.message_id]) == to_line(wanted, to_details(message))
    assert b"button.example" in encode(found[1001, 4])


async def test_the_document_says_what_became_of_the_files(tmp_path: Path) -> None:
    sha256 = "ab" * 32
    build(tmp_path / "archive", [make_message(1, "a", media=(photo(),)), make_message(2, "b")])
    async with await Database.open(tmp_path / "archive") as database:

        async def documents() -> list[dict[str, object]]:
            found = await database.read(read_indexable, [(0, ChannelId(1001), MessageId(at)) for at in (1, 2)])
            return [orjson.loads(encode(one)) for one in found.values()]

        waiting, without = await documents()
        assert not {"file_status", "sha256"} & waiting.keys()  # the usual state of a photo is not written
        assert "file" not in str(waiting.get("has"))
        assert not {"file_status", "sha256"} & without.keys()
        await database.write(settle_downloaded, FileKey(f"photo/{photo().id}"), sha256=sha256, size=7, now=5)
        stored, _ = await documents()
        assert (stored["file_status"], stored["sha256"]) == (["downloaded"], [sha256])
        assert "file" in str(stored["has"])
        places = await database.connection.execute_fetchall("SELECT channel_id, message_id FROM outbox")
        assert [tuple(one) for one in places] == [(1001, 1)]

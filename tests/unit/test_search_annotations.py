"""`in:annotations`: what programs made of attached files is found, and only when it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.mirror.rebuild_search import rebuild_search
from archiver.model.document import to_document
from archiver.model.record import Media
from archiver.store.database import Database, Writer
from archiver.store.media.annotation import Annotation, list_annotations, list_unannotated, put_annotation
from archiver.store.media.file import fill_files
from search.engine.protocol import Question
from search.errors import QueryError
from search.exact import writer as exact
from search.exact.reader import ExactEngine
from search.query.parse import Context, parse
from search.query.write import write
from tests.sample import OTHER, build, index, make_message, photo
from tests.stored_files import store_file

VOICE = Media(slot=0, kind="voice", id="10", mime="audio/ogg")
CONTEXT = Context(now=datetime(2026, 1, 1, tzinfo=UTC), channels={"1002": frozenset({1002})})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Voice notes: the first is in two channels; a photo whose picture has text in it."""
    first = [
        make_message(1, "voice from the front", media=(VOICE,)),
        make_message(2, "the bridge is closed"),
        make_message(3, "", media=(photo(id="20"),)),
    ]
    second = [make_message(7, "forwarded", channel_id=1002, media=(VOICE,))]
    build(tmp_path, first)
    build(tmp_path, second, channel=OTHER)
    index(tmp_path, [*first, *second])
    async with await Database.open(tmp_path) as database:
        voice = await store_file(database, "document/10", b"voice")
        picture = await store_file(database, "photo/20", b"picture")
        await database.write(put_annotation, made(voice, "The bridges over the river were destroyed. 1,200 men"))
        await database.write(put_annotation, made(picture, "РАЗРУШЕННЫЙ МОСТ\nплан", hook="ocr"))
        yield database


def made(sha256: str, text: str | None, *, hook: str = "transcribe", at: int = 100) -> Annotation:
    return Annotation(
        sha256=sha256,
        hook=hook,
        program="whisper-cli",
        version="1.7",
        language=None,
        text=text,
        reason=None if text is not None else "exit status 1",
        exit_status=0 if text is not None else 1,
        at=at,
        seconds=2.5,
    )


async def search(database: Database, query: str) -> list[tuple[int, int]]:
    engine = ExactEngine(database.connection)
    question = Question(tree=parse(query, CONTEXT), sort="oldest")
    answer = await engine.search(question)
    assert await engine.count(question) == len(answer.hits)
    return [(hit.channel_id, hit.message_id) for hit in answer.hits]


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("destroyed", []),
        ("destroyed in:annotations", [(1001, 1), (1002, 7)]),
        ("destroying in:annotations", [(1001, 1), (1002, 7)]),
        ("bridge in:annotations", [(1001, 1), (1001, 2), (1002, 7)]),
        ("front destroyed in:annotations", [(1001, 1)]),
        ('"river were destroyed" in:annotations', [(1001, 1), (1002, 7)]),
        ('"front the bridges" in:annotations', []),
        ("destr* in:annotations", [(1001, 1), (1002, 7)]),
        ("1200 in:annotations", [(1001, 1), (1002, 7)]),
        ("bridge -destroyed in:annotations", [(1001, 2)]),
        ("(closed OR destroyed) in:annotations", [(1001, 1), (1001, 2), (1002, 7)]),
        ("has:voice bridge in:annotations", [(1001, 1), (1002, 7)]),
        ("channel:1002 bridge in:annotations", [(1002, 7)]),
        ("мосты in:annotations", [(1001, 3)]),
        ("has:photo in:annotations", [(1001, 3)]),
        ("in:annotations", [(1001, 1), (1001, 2), (1001, 3), (1002, 7)]),
        ("bridge in:revisions in:annotations", [(1001, 1), (1001, 2), (1002, 7)]),
    ],
)
async def test_annotations_are_found_when_they_are_asked_for(
    database: Database, query: str, hits: list[tuple[int, int]]
) -> None:
    assert await search(database, query) == hits


async def test_a_rebuild_of_the_search_tables_finds_the_same(database: Database) -> None:
    before = await search(database, "destroyed in:annotations")
    await rebuild_search(database)
    assert await search(database, "destroyed in:annotations") == before


async def test_a_newer_result_takes_the_place_of_an_older_one(database: Database) -> None:
    voice = (await database.read(list_unannotated, "ocr", ["voice"], now=0, attempts=3))[0].sha256
    await database.write(put_annotation, made(voice, "nothing was said", at=200))
    assert await search(database, "destroyed in:annotations") == []
    assert len(await search(database, "nothing in:annotations")) == 2
    found = await database.read(list_annotations, [voice])
    assert [one.text for one in found[voice]] == ["nothing was said"]


async def test_a_failure_does_not_take_the_place_of_a_text(database: Database) -> None:
    voice = (await database.read(list_unannotated, "ocr", ["voice"], now=0, attempts=3))[0].sha256
    await database.write(put_annotation, made(voice, None, at=200))
    assert len(await search(database, "destroyed in:annotations")) == 2


async def test_a_new_message_that_shows_a_known_file_is_found_at_once(database: Database) -> None:
    def post(conn: Writer) -> None:
        for message in fill_files(conn, [make_message(9, "posted again", media=(VOICE,))]):
            exact.upsert(conn, [to_document(message)])

    await database.write(post)
    assert (1001, 9) in await search(database, "destroyed in:annotations")


@pytest.mark.parametrize("query", ["a OR in:annotations", "-in:annotations", "b (a OR (c in:annotations))"])
def test_it_applies_to_the_whole_query_only(query: str) -> None:
    with pytest.raises(QueryError, match="'in:annotations' applies to the whole query"):
        parse(query, CONTEXT)


def test_a_query_is_written_with_it() -> None:
    assert write(parse("bridge IN:annotations", CONTEXT)) == "bridge in:annotations"

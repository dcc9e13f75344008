"""Files of every source, damaged at random: whatever they hold is read, named or refused, and never fails otherwise."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.detect import derive_of, open_source
from archiver.imports.source import Flaw, ImportedMessage
from archiver.model.document import to_document
from archiver.model.row import to_json
from tests.desktop_pages import OF_2024, DesktopPages
from tests.hostile import hostile_messages
from tests.tiers import examples
from tests.unit.test_import_rows import row_of
from tests.unit.test_import_tg_archive import make

ZONE = ZoneInfo("Europe/Berlin")
JUNK = (
    *(
        b"<",
        b">",
        b'"',
        b"'",
        b"</div>",
        b"&#x0;",
        b"\xff",
        b"\x00",
        b"\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"-1",
        b"1e999",
    ),
    *(
        b"\\ud800",
        b"9" * 20,
        b"<table>",
        b'<div class="message default clearfix" id="message7">',
        b'title="99.99.9999 99:99:99"',
    ),
)


def pages(directory: Path) -> Path:
    chat = DesktopPages("News", zone="Europe/Berlin", generation=OF_2024)
    for number in range(1, 9):
        media = chat.poll("Who?", [("a", 1, False)], 1) if number == 4 else chat.generic("media_file", "a.pdf", "1 KB")
        buttons = [[("b", "url", "https://e.org")]] if number == 5 else []
        text = f"text <b>{number}</b> <a href='x'>😀</a>"
        chat.add(number, 1_700_000_000 + number, text=text, media=media, buttons=buttons, reactions=[("👍", 1, 0)])
    return chat.write(directory) / "messages.html"


def rows(directory: Path) -> Path:
    path = directory / "all.jsonl"
    path.write_bytes(b"".join(to_json(row_of(one)) + b"\n" for one in hostile_messages()[:12]))
    return path


def damaged(data: bytes, random: Random) -> bytes:
    found = bytearray(data)
    for _ in range(random.randrange(1, 8)):
        at = random.randrange(len(found) + 1)
        match random.randrange(5):
            case 0:
                del found[at : at + random.randrange(1, 200)]
            case 1:
                found[at:at] = random.choice(JUNK)
            case 2:
                found[at:at] = found[max(0, at - random.randrange(1, 500)) : at]
            case 3:
                found[at : at + 1] = bytes([random.randrange(256)])
            case _:
                found = found[: max(1, at)] if random.random() < 0.3 else found
    return bytes(found)


def read(path: Path) -> None:
    source = open_source(path, ZONE)
    derive = derive_of(source.format)
    assert derive is not None
    assert source.newest is None or source.newest.tzinfo is not None
    for chat in source.chats():
        for entry in [] if isinstance(chat, Flaw) else chat.read(chat.channel_id or ChannelId(1001)):
            if isinstance(entry, ImportedMessage):
                to_document(entry.message)
                entry.message.text.encode()
                piece = derive(entry.message.raw, ZONE)
                assert piece is not None
                assert not entry.message.text or piece.text == entry.message.text


@pytest.mark.parametrize("write", [pages, rows, make])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_named_or_refused(
    tmp_path_factory: pytest.TempPathFactory, write: object, seed: int
) -> None:
    assert callable(write)
    directory = tmp_path_factory.mktemp("source")
    path = write(directory)
    path.write_bytes(damaged(path.read_bytes(), Random(seed)))
    with suppress(UsageError):
        read(path)

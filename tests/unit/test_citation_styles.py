"""Citations in the styles of scholars: each has what identifies the post, and no name disorders it."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

import pytest

from archiver.cli.view.citation import cite
from archiver.cli.view.moments import Moments
from archiver.ids import ChannelId
from archiver.model.imported import IMPORTED
from archiver.reading.citation_styles import STYLES, CitationStyle, cite_as
from archiver.reading.imported_from import MessageImports
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.database import Database, read
from archiver.store.imports.import_source import ImportRecord
from archiver.store.imports.imported import ImportedFrom
from archiver.store.messages.rows import get_messages, list_names
from tests.sample import OTHER, build, make_message

TEXT = "قال }{x} \\textbf{y} 100% & $5 #tag\n\u202eevil\u2069 " + "كلمة " * 30
HASH = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, MessageContext]:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(1, TEXT, channel_id=1002), make_message(2, channel_id=1002)]
    gone = ["INSERT INTO absence VALUES (1002, 2, 1640000005, 'audit', 1639999940, NULL)"]
    build(directory, messages, channel=OTHER, covered=[(1, 2)], sql=gone)

    async def read_all() -> dict[int, MessageContext]:
        async with await Database.open_readonly(directory) as database:
            conn = database.connection
            channel = {one.channel_id: one for one in await read(conn, list_names)}[ChannelId(1002)]
            held = await read(conn, get_messages, [(1002, 1), (1002, 2)])
            return {key[1]: await read_context(conn, channel, one) for key, one in held.items()}

    return asyncio.run(read_all())


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_link_times_and_hash(contexts: Mapping[int, MessageContext], style: CitationStyle) -> None:
    for number, context in contexts.items():
        cited = cite_as(style, context)
        for part in ("https://t.me/jisr_news/", "2021-12-20 11:33:20 UTC", "@jisr", OTHER.title, "2021", "Telegram"):
            assert part in cited.replace("\\_", "_")
        assert HASH.findall(cited) == [context.row["payload_sha256"]]
        assert ("deleted or no longer visible" in cited) == (number == 2)


@pytest.mark.parametrize("style", STYLES)
def test_names_and_words_disorder_nothing(contexts: Mapping[int, MessageContext], style: CitationStyle) -> None:
    cited = cite_as(style, contexts[1])
    assert "\u202e" not in cited
    depth = 0
    for character in cited:
        depth += {"\u2066": 1, "\u2067": 1, "\u2068": 1, "\u2069": -1}.get(character, 0)
        assert 0 <= depth <= 1
        if style in ("apa", "chicago", "mla"):
            assert depth or unicodedata.bidirectional(character) not in ("R", "AL")
    assert depth == 0


def test_without_a_username_a_channel_is_private_only_if_telekeep_read_it(
    contexts: Mapping[int, MessageContext],
) -> None:
    context = contexts[1]._replace(channel=contexts[1].channel._replace(username=None))
    assert context.mirrored is not None
    imported = context._replace(mirrored=replace(context.mirrored, imported_only=True, pts=None))
    for style in STYLES:
        assert "private channel" in cite_as(style, context)
        assert "username not known" in cite_as(style, imported)
        assert "private" not in cite_as(style, imported)
    assert cite(imported, Moments()).startswith("username not known")


def test_bibtex_is_balanced_and_csl_is_json(contexts: Mapping[int, MessageContext]) -> None:
    context = contexts[1]
    cited = cite_as("bibtex", context)
    depths = list(accumulate({"{": 1, "}": -1}.get(character, 0) for character in cited))
    assert (depths.index(0, depths.index(1)), depths[-1]) == (len(cited) - 1, 0), "BibTeX counts escaped braces, too"
    assert not set("%&#$\\") & set(re.sub(r"\\text[a-z]+\{\}|\\[%&#_$]", "", cited))
    [item] = json.loads(cite_as("csl-json", context))
    assert item["type"] == "post"
    assert item["author"] == [{"literal": OTHER.title}]
    assert item["issued"] == {"date-parts": [[2021, 12, 16]]}
    assert item["title"].startswith("قال }{x} \\textbf{y} 100%")


@pytest.mark.parametrize("style", STYLES)
def test_what_only_an_import_has_is_not_said_to_be_seen(
    contexts: Mapping[int, MessageContext], style: CitationStyle
) -> None:
    context = contexts[1]
    values = (
        1,
        1_650_000_000,
        None,
        ChannelId(1002),
        "desktop-json",
        "x",
        "ab" * 32,
        "[]",
        1,
        None,
        None,
        None,
        "1",
        "{}",
    )
    file = ImportRecord(*values)
    own = context.version.payload_sha256
    imported = context._replace(
        version=replace(context.version, layer=IMPORTED), imports=MessageImports([ImportedFrom(file, own, None)])
    )
    cited = cite_as(style, imported)
    assert "imported 2022-04-15 05:20:00 UTC into telekeep, which did not see the post" in cited
    assert file.sha256 in cited
    assert "with telekeep" not in cited
    assert "Accessed" not in cited
    assert "accessed" not in cited
    merged = cite_as(style, context._replace(imports=MessageImports([ImportedFrom(file, own, None)])))
    assert f"with telekeep, taken over from another archive (SHA-256 {file.sha256})" in merged

"""telekeep -> desktop-json -> telekeep keeps all that a row has; and says here what it cannot keep."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.evidence.run import verify
from archiver.model.record import Media
from tests.exporting import export_as
from tests.importing import import_into
from tests.sample import build, make_message, photo
from tests.tiers import examples

LOST = {"origin", "payload_sha256", "revisions"}
"""How it came, the hash of what the server sent, how many earlier contents there are: they are the archive's own."""

# Lone surrogates are in no archive; Desktop's format has no empty text beside entities.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.none() | st.integers(0, 2**40)
senders = st.fixed_dictionaries(
    {"type": st.sampled_from(["user", "channel"]), "id": st.integers(1, 2**40), "name": texts, "username": st.none()}
)


UNREAD = Media(slot=0, kind="unsupported")


def as_json(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str | None]:
    return st.none() | values.map(lambda value: orjson.dumps(value).decode())


@st.composite
def marks(draw: st.DrawFn, text: str) -> str | None:
    units = len(text.encode("utf-16-le")) // 2
    listed = draw(
        st.lists(st.tuples(st.sampled_from(["bold", "italic", "url", "spoiler"]), st.integers(0, 9), st.integers(1, 9)))
    )
    found = [{"type": kind, "offset": at, "length": long} for kind, at, long in listed if at + long <= units]
    return orjson.dumps(found).decode() if found else None


@st.composite
def posts(draw: st.DrawFn) -> Any:
    text = draw(texts)
    is_service = draw(st.booleans())
    return {
        "text": "" if is_service else text,
        "kind": "service" if is_service else "message",
        "action": '{"type":"chat_edit_title","title":"x"}' if is_service else None,
        "entities": None if is_service else draw(marks(text)),
        "edit_date": draw(
            st.none() | st.integers(1_700_000_000, 1_700_100_000).map(lambda at: datetime.fromtimestamp(at, UTC))
        ),
        "sender": draw(as_json(senders)),
        # A NUL of a signature that its payload lacks is taken for damage.
        "post_author": draw(st.none() | texts.map(lambda one: one.replace("\0", "")).filter(bool)),
        "fwd_from": draw(as_json(st.fixed_dictionaries({"from_name": texts, "channel_post": st.integers(1, 99)}))),
        "reply_to": draw(as_json(st.just({"reply_to_msg_id": 3, "quote_text": "q"}))),
        "grouped_id": draw(st.none() | st.just("13579")),
        "views": draw(counts),
        "forwards": draw(counts),
        "replies": draw(counts),
        "reactions": draw(as_json(st.just([{"reaction": "👍", "count": 3}]))),
        "markup": draw(as_json(st.just([[{"text": "Go", "type": "url", "url": "https://a.example/"}]]))),
        "media": draw(
            st.sampled_from([(), (photo(),), (UNREAD,), (photo(extra='{"spoiler":true}'), photo(slot=1, id="7"))])
        ),
        "noforwards": draw(st.booleans()),
        "pinned": draw(st.booleans()),
        "silent": draw(st.booleans()),
        "extra": draw(
            as_json(st.sampled_from([{"ttl_period": 60}, {"rich_text": "w", "rich": {"blocks": [{"text": "w"}]}}]))
        ),
    }


@settings(max_examples=examples(6))
@given(st.lists(posts(), min_size=1, max_size=12), st.sampled_from(["UTC", "Asia/Kathmandu"]))
def test_every_key_of_every_row_comes_back(made: list[dict[str, Any]], zone: str) -> None:
    work = Path(tempfile.mkdtemp())
    try:
        listed = [make_message(at, one.pop("text"), **one) for at, one in enumerate(made, 1)]
        listed = [dataclasses.replace(one, **payload(f"{one.text}/{one.post_author}")) for one in listed]
        archive = build(work / "archive", listed, covered=[(1, len(listed))])
        export_as("desktop-json", archive, work / "result.json", zone=zone)
        outcome = import_into(work / "again", work / "result.json")
        assert (outcome.counts.new, outcome.flaws) == (len(listed), {})
        assert rows(work / "again", work) == rows(archive, work)
        assert [one.wrong for one in verify(work / "again" / "archive.db").faults] == []
    finally:
        shutil.rmtree(work)


def payload(words: str) -> dict[str, bytes]:
    """One that has these words: zero characters are believed only if it does."""
    raw = words.encode("utf-8", "surrogatepass")
    return {"raw": raw, "payload_sha256": hashlib.sha256(raw).digest()}


def rows(archive: Path, work: Path) -> list[dict[str, Any]]:
    export_as("jsonl", archive, work / "rows.jsonl")
    found = [json.loads(line) for line in (work / "rows.jsonl").read_text().splitlines()]
    return [{key: value for key, value in one.items() if key not in LOST} for one in found]

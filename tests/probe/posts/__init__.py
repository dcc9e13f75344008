"""Probes of filters: (kind, whether it should match, question, post), each post with the fields that Telegram sends.

Run by `tests/probe/test_filters.py` against both engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from archiver.model.document import to_document
from archiver.model.record import Media, Message
from search.document import Document
from search.engine.protocol import Engine, Question
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import make_message

CONTEXT = Context(
    now=datetime(2026, 1, 1, tzinfo=UTC),
    channels={"own": [1001], "atlas": [5001], "atlas inquiry desk": [5001]},
    former={"oldatlas": [5001]},
    broadcasts=(1001,),
    usernames={5001: ("atlas", "oldatlas")},
)


@dataclass(frozen=True, slots=True)
class PostProbe:
    """One case."""

    kind: str
    should_match: bool
    question: str
    post: str


def read_probes() -> list[PostProbe]:
    """All cases."""
    lines = [
        line for path in sorted(Path(__file__).parent.glob("*.tsv")) for line in path.read_text("utf-8").splitlines()
    ]
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [PostProbe(kind, should == "yes", question, post) for kind, should, question, post in rows]


def number_posts(probes: Sequence[PostProbe]) -> dict[str, int]:
    """The message id of each post: its own, or its place."""
    return {post: orjson.loads(post).get("id", at) for at, post in enumerate(dict.fromkeys(p.post for p in probes), 1)}


def make_documents(numbers: dict[str, int]) -> list[Document]:
    """All posts as the archive shows them to an engine."""
    return [to_document(_message(number, **orjson.loads(post))) for post, number in numbers.items()]


def ask(probe: PostProbe) -> Question:
    """Build the question, put to all posts at once."""
    return Question(tree=parse(probe.question, CONTEXT), limit=1000)


async def find_wrong(probes: Sequence[PostProbe], numbers: dict[str, int], engine: Engine) -> Iterator[PostProbe]:
    """The cases that the engine answers wrongly."""
    wrong = []
    for one in probes:
        hits = {hit.message_id for hit in (await engine.search(ask(one))).hits}
        if (numbers[one.post] in hits) != one.should_match:
            wrong.append(one)
    return iter(wrong)


def _message(number: int, text: str = "", **fields: Any) -> Message:
    changes: dict[str, Any] = {
        name: fields[name] for name in ("views", "forwards", "post_author", "grouped_id", "extra") if name in fields
    }
    for name, column in (("sender", "sender"), ("fwd", "fwd_from"), ("reply", "reply_to"), ("buttons", "markup")):
        if name in fields:
            changes[column] = orjson.dumps(fields[name]).decode()
    for name in ("date", "edit_date"):
        if name in fields:
            changes[name] = datetime.fromtimestamp(fields[name], UTC)
    if marks := fields.get("marks"):
        changes["entities"] = orjson.dumps([_entity(text, *mark) for mark in marks]).decode()
    media = tuple(Media(slot=at, **one) for at, one in enumerate(fields.get("media", ())))
    return make_message(
        number, text, media=media, lang=fields.get("lang", ""), pinned=fields.get("pinned", False), **changes
    )


def _entity(text: str, kind: str, piece: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    at = len(text[: text.index(piece)].encode("utf-16-le")) // 2
    return {"type": kind, "offset": at, "length": len(piece.encode("utf-16-le")) // 2, **(more or {})}

"""The copies of one message in the archive: forwards of it, of the same original, and posts with the same text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from archiver.model.row import StoredMessage
from archiver.reading.duplicates import LONG_ENOUGH, copy_keys
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_originals
from search.document import Key
from search.engine.protocol import Engine, Question
from search.query.dates import Bounds
from search.query.tree import Node, Phrase, PostedWithin, Tag, all_of, any_of
from search.text.normalize import fold, needle

_WORDS: Final = 10
"""Words of a text by which copies are looked for."""
_LONGEST: Final = 40
"""Letters of a word; a longer one has no spaces within."""
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCopies:
    """The copies, earliest first."""

    keys: tuple[Key, ...]
    whole: bool
    """Whether there are no more; otherwise only the first of many posts were compared."""
    texts: bool
    """Whether posts with the same text were looked for."""


async def find_copies(conn: Connection, engine: Engine, message: StoredMessage, *, texts: bool) -> FoundCopies:
    """Find them; the message itself is left out. `texts`: same texts, too, which takes long in a large archive."""
    own = {*copy_keys(message.text, message.fwd_from), (message.channel_id, message.message_id)}
    asked = tuple(_list_questions(message, texts=texts))
    answer = await engine.search(Question(tree=any_of(asked), sort="oldest", limit=_LOOKED_AT))
    keys = {hit.key: hit.date for hit in answer.hits}
    originals = [key for key in own if isinstance(key, tuple) and key != (message.channel_id, message.message_id)]
    held = await read(conn, list_originals, {*keys, *originals})
    found = [
        key
        for key, (text, forward) in held.items()
        if key != (message.channel_id, message.message_id)
        and (key in originals or not own.isdisjoint(copy_keys(text, forward)))
    ]
    found.sort(key=lambda key: (keys.get(key, 0), key))
    return FoundCopies(keys=tuple(found), whole=answer.cursor is None, texts=texts)


def _list_questions(message: StoredMessage, *, texts: bool) -> Iterator[Node]:
    """What finds the posts to compare with."""
    later = Bounds(since=datetime.fromtimestamp(max(message.date, 0), UTC))
    yield all_of((Tag("fwd_id", str(message.channel_id)), PostedWithin(later)))
    folded = fold(message.text) if texts else ""
    if len(folded) - folded.count(" ") >= LONG_ENOUGH:
        words = _beginning(message.text)
        if needle(words) is not None:
            yield Phrase(words)


def _beginning(text: str) -> str:
    """The first words of a text, or signs where it has no spaces."""
    first, *others = text.split()
    if len(first) > _LONGEST:
        return first[:_LONGEST]
    return " ".join([first, *takewhile(lambda word: len(word) <= _LONGEST, others[: _WORDS - 1])])

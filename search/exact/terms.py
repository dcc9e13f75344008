"""What the embedded engine stores of a document: a line of terms for FTS5, and flags for its row.

The line begins with the *tags*: terms with a colon such as `channel:123` or `hashtag:word`, which no word of a text can
equal. The words of the text and of each further text follow, separated by `::` so that no phrase spans two texts.
Properties that many messages share (photo, link, language) or that change without the content (edited, missing, pinned)
are flags of the row instead: a flag costs nothing, a term three bytes in each message that has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from config.frozen import frozen
from search.document import Document
from search.exact.index_line import index_line
from search.flags import flags_of
from search.query.tags import domain_terms, tag_term
from search.query.tree import Tag
from search.text.normalize import index_text, needle

_BREAK = " :: "
_WORDS: Final = frozenset({"from", "fwd", "filename"})
"""Tags of several words, which can be searched separately."""


@frozen
class Entry:
    """A document as the engine stores it."""

    line: str
    """Terms, separated by spaces."""
    fingerprint: int
    """32-bit hash of the line; changes with the content."""
    flags: int


def entry(document: Document) -> Entry:
    """Return the terms and flags of a document."""
    texts = [document.text, *document.extra, document.file_name or ""]
    text = _BREAK.join([index_line(text) for text in texts if text])
    line = f"{' '.join(_tags(document))} {text}"
    digest = blake2b(line.encode(), digest_size=4).digest()
    return Entry(line, int.from_bytes(digest, "big", signed=True), flags_of(document))


def tag_terms(tag: Tag) -> tuple[tuple[str, ...], bool]:
    """Return the adjacent terms that match a tag of a query, and whether the last one is a prefix."""
    if tag.field in _WORDS:
        found = needle(tag.value, prefix=tag.prefix)
        if found is None:
            return (), False
        return tuple(f"{tag.field}:{term}" for term in found.terms), found.prefix
    return (tag_term(tag.field, tag.value),), tag.prefix


def channel_term(channel_id: int) -> str:
    """Return the tag of a channel."""
    return f"channel:{channel_id}"


def _tags(document: Document) -> Iterator[str]:
    yield channel_term(document.channel_id)
    for tag in document.hashtags:
        yield tag_term("hashtag", tag)
    for name in document.mentions:
        yield tag_term("mention", name)
    for host in document.domains:
        yield from domain_terms(host)
    if document.mime:
        yield tag_term("mime", document.mime)
    if document.ext:
        yield tag_term("ext", document.ext)
    if document.fwd_channel_id is not None:
        yield f"fwd_id:{document.fwd_channel_id}"
    yield from _word_tags("filename", document.file_name)
    yield from _word_tags("from", document.author)
    yield from _word_tags("fwd", document.fwd_name)


@lru_cache(maxsize=4096)
def _word_tags(field: str, text: str | None) -> Sequence[str]:
    return [f"{field}:{word}" for word in index_text(text).split()] if text else ()

"""How a document lies in the embedded engine: a line of terms for FTS5, and a few bits for its row.

The line begins with the *tags*: terms with a colon, `channel:123`, `hashtag:word`, that no word of a text can be. Then
come the words of the text and of each further text, with a `::` between (so that no phrase runs across). What many
messages share (photo, link, language) or what changes without the content (edited, missing, pinned) is a bit of the row
instead: a bit costs nothing, a term three bytes for each message that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from operator import attrgetter
from string import ascii_lowercase, digits
from typing import Final

from search.document import Document
from search.exact.index_line import index_line
from search.query.filters import HAS, NOT_MEDIA
from search.query.tree import State, Tag
from search.text.normalize import fold, index_text, needle

SUPERSEDED: Final = 1
MISSING: Final = 2
PINNED: Final = 4
STATE_BITS: Final[dict[State, int]] = {
    "missing": MISSING, "pinned": PINNED, "edited": 8, "forwarded": 16, "reply": 32, "service": 1 << 33,
}  # fmt: skip
LANG_SHIFT: Final = 12
LANG_MASK: Final = (1 << 10) - 1
"""Ten bits above the shift number the language's two letters; 0: unknown."""
HAS_BITS: Final = {
    # The rarer, the higher: SQLite stores a number in as many bytes as it needs.
    "media": 64, "photo": 128, "video": 256, "link": 512, "album": 1024, "webpage": 2048,
    **{kind: 1 << 22 + at for at, kind in enumerate(
        ("document", "voice", "gif", "sticker", "audio", "round", "poll", "geo", "image", "contact", "story")
    )},
}  # fmt: skip

TERM_SIGNS: Final = ":./-_@+"
"""ASCII characters within a term besides letters and digits; texts are folded to letters, digits and spaces."""

FINGERPRINT_BITS: Final = 27
"""One edit in 134 million goes unnoticed here, with as much as fits beside the date (`octets`)."""

_BREAK = " :: "
_NO_SIGNS = "".join(sign for sign in map(chr, range(128)) if sign not in ascii_lowercase + digits + TERM_SIGNS)
_NO_TERM = re.compile(f"[{re.escape(_NO_SIGNS)}\ud800-\udfff]+")
_WORDS: Final = frozenset({"from", "fwd", "filename"})
"""Tags of several words, which may be asked for one by one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the engine stores it."""

    line: str
    """The terms, separated by spaces."""
    fingerprint: int
    """`FINGERPRINT_BITS` of a hash of the line: the same as long as the content is."""
    flags: int


def entry(document: Document) -> Entry:
    """The terms and bits of a document."""
    texts = [document.text, *document.extra, document.file_name or ""]
    text = _BREAK.join([index_line(text) for text in texts if text])
    line = f"{' '.join(_tags(document))} {text}"
    digest = blake2b(line.encode(), digest_size=4).digest()
    return Entry(line, int.from_bytes(digest, "big") >> 32 - FINGERPRINT_BITS, _flags(document))


def tag_terms(tag: Tag) -> tuple[tuple[str, ...], bool]:
    """The terms of a tag that is asked for, to stand one behind the other; and whether the last is a prefix."""
    if tag.field in _WORDS:
        found = needle(tag.value, prefix=tag.prefix)
        if found is None:
            return (), False
        return tuple(f"{tag.field}:{term}" for term in found.terms), found.prefix
    return (_tag(tag.field, tag.value),), tag.prefix


def tag_value(field: str, value: str) -> str:
    """How a value of a tag is written, in documents and in questions."""
    return _tag(field, value)[len(field) + 1 :]


def domain_values(host: str) -> Sequence[str]:
    """The host and every domain above it."""
    return [term.removeprefix("domain:") for term in _domain_tags(host)]


def lang_number(code: str) -> int | None:
    """The number of a language's two letters, None for anything else."""
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return None
    first, second = (ord(letter) - ord("a") for letter in code.lower())
    return first * 26 + second + 1


def lang_code(number: int) -> str | None:
    """The two letters of a language's number, None for unknown."""
    return chr(ord("a") + (number - 1) // 26) + chr(ord("a") + (number - 1) % 26) if number else None


def channel_term(channel_id: int) -> str:
    """The tag of a channel."""
    return f"channel:{channel_id}"


def _tags(document: Document) -> Iterator[str]:
    yield channel_term(document.channel_id)
    for tag in document.hashtags:
        yield _tag("hashtag", tag)
    for name in document.mentions:
        yield _tag("mention", name)
    for host in document.domains:
        yield from _domain_tags(host)
    if document.mime:
        yield _tag("mime", document.mime)
    if document.ext:
        yield _tag("ext", document.ext)
    if document.fwd_channel_id is not None:
        yield f"fwd_id:{document.fwd_channel_id}"
    yield from _word_tags("filename", document.file_name)
    yield from _word_tags("from", document.author)
    yield from _word_tags("fwd", document.fwd_name)


@lru_cache(maxsize=4096)
def _tag(field: str, value: str) -> str:
    if field in {"hashtag", "mention"}:
        return f"{field}:{'_'.join(fold(value).split())}"
    return f"{field}:{_NO_TERM.sub('', value.casefold())}"


@lru_cache(maxsize=4096)
def _domain_tags(host: str) -> tuple[str, ...]:
    """The host and every domain above it, so that `domain:` finds the subdomains."""
    labels = host.casefold().removeprefix("www.").strip(".").split(".")
    return tuple(_tag("domain", ".".join(labels[at:])) for at in range(len(labels)))


@lru_cache(maxsize=4096)
def _word_tags(field: str, text: str | None) -> Sequence[str]:
    return [f"{field}:{word}" for word in index_text(text).split()] if text else ()


def _flags(document: Document) -> int:
    bits = _state_bits(*_STATES(document)) | _lang_bits(document.lang)
    if document.media:
        bits |= _kind_bits(document.media)
    if document.has_link:
        bits |= HAS_BITS["link"]
    if document.grouped_id is not None:
        bits |= HAS_BITS["album"]
    return bits


_STATES = attrgetter(*(f"is_{state}" for state in STATE_BITS))


@cache
def _state_bits(*states: bool) -> int:
    return sum(bit for is_so, bit in zip(states, STATE_BITS.values(), strict=True) if is_so)


@lru_cache(maxsize=1024)
def _lang_bits(lang: str | None) -> int:
    return (lang_number(lang or "") or 0) << LANG_SHIFT


@lru_cache(maxsize=1024)
def _kind_bits(media: tuple[str, ...]) -> int:
    kinds = frozenset(media)
    bits = HAS_BITS["media"] if kinds - NOT_MEDIA else 0
    for name, meant in HAS.items():
        if meant is not None and meant & kinds:
            bits |= HAS_BITS[name]
    return bits

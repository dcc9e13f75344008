"""Flag bits of a message: shared properties (photo, link, language) and its state. Pure."""

from __future__ import annotations

from functools import cache, lru_cache
from operator import attrgetter
from typing import Final

from search.document import Document
from search.query.filters import HAS, NOT_MEDIA
from search.query.tree import NO_COPY, FileIs, Has, Is, State

SUPERSEDED: Final = 1
MISSING: Final = 2
PINNED: Final = 4
STATE_BITS: Final[dict[State, int]] = {
    "missing": MISSING, "pinned": PINNED, "edited": 8, "forwarded": 16, "reply": 32, "service": 1 << 36,
}  # fmt: skip
LANG_SHIFT: Final = 12
LANG_MASK: Final = (1 << 10) - 1
"""The language occupies ten bits above LANG_SHIFT, see `lang_number`; 0: unknown."""
HAS_BITS: Final = {
    # Rarer kinds get higher bits: SQLite stores an integer in as few bytes as it needs, three for the first 23 bits.
    "media": 64, "photo": 128, "video": 256, "link": 512, "album": 1024, "webpage": 2048, "file": 1 << 23,
    "document": 1 << 24, "voice": 1 << 25, "gif": 1 << 26, "audio": 1 << 27, "image": 1 << 28, "sticker": 1 << 29,
    **{kind: 1 << 31 + at for at, kind in enumerate(("poll", "round", "geo", "contact", "story"))},
}  # fmt: skip
FILE_BITS: Final = {
    "not-downloaded": 1 << 22, "downloaded": HAS_BITS["file"], "failed": 1 << 30,
    **{state: 1 << 37 + at for at, state in enumerate(
        ("offloaded", "gone", "too-big", "not-wanted", "refused", "self-destructing", "partial")
    )},
}  # fmt: skip
"""By state of an attached file; a message has a bit for each state among its files."""
FILE_MASK: Final = sum(FILE_BITS.values())


def lang_number(code: str) -> int | None:
    """Encode a two-letter language code as a number from 1 to 676; None for anything else."""
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return None
    first, second = (ord(letter) - ord("a") for letter in code.lower())
    return first * 26 + second + 1


def lang_code(number: int) -> str | None:
    """Decode `lang_number`; None for 0, unknown."""
    return chr(ord("a") + (number - 1) // 26) + chr(ord("a") + (number - 1) % 26) if number else None


def flags_of(document: Document) -> int:
    """Return all flag bits of a document except SUPERSEDED, which the engine manages."""
    bits = _state_bits(*_STATES(document)) | lasting_bits(document.lang, document.media, document.file_states)
    if document.has_link:
        bits |= HAS_BITS["link"]
    if document.grouped_id is not None:
        bits |= HAS_BITS["album"]
    return bits


@lru_cache(maxsize=1024)
def lasting_bits(lang: str | None, media: tuple[str, ...], file_states: tuple[str, ...]) -> int:
    """Return the bits for a language, kinds of attachments, and states of their files."""
    bits = _lang_bits(lang)
    if media:
        bits |= _kind_bits(media)
    return bits | file_bits(file_states)


@lru_cache(maxsize=256)
def file_bits(states: tuple[str, ...]) -> int:
    """Return the bits of the states of a message's files; a state that this version does not know has none."""
    bits = 0
    for state in states:
        bits |= FILE_BITS.get(state, 0)
    return bits


def query_bits(node: Is | Has | FileIs) -> int:
    """Return bits such that the filter matches the rows with at least one of them."""
    match node:
        case Is(state):
            return STATE_BITS[state]
        case Has(kind):
            return HAS_BITS[kind]
        case FileIs(state):
            return FILE_MASK & ~FILE_BITS["downloaded"] if state == NO_COPY else FILE_BITS[state]


_STATES = attrgetter(*(f"is_{state}" for state in STATE_BITS))


@cache
def _state_bits(*states: bool) -> int:
    return sum(bit for is_set, bit in zip(states, STATE_BITS.values(), strict=True) if is_set)


def _lang_bits(lang: str | None) -> int:
    return (lang_number(lang or "") or 0) << LANG_SHIFT


def _kind_bits(media: tuple[str, ...]) -> int:
    kinds = frozenset(media)
    bits = HAS_BITS["media"] if kinds - NOT_MEDIA else 0
    for name, covered in HAS.items():
        if covered is not None and covered & kinds:
            bits |= HAS_BITS[name]
    return bits

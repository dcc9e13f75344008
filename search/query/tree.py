"""The tree of a parsed query: small, frozen, equal by value, independent of any engine.

A message satisfies `And` if it satisfies every part (so `EVERYTHING`, without parts, is satisfied by all), `Or` if it
satisfies at least one, `Not` if it does not satisfy the part. Texts are kept as they were written; `needle` folds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from search.query.dates import Bounds
from search.text.normalize import Needle, needle
from search.words.forms import MIN_LETTERS, bare_word, has_forms

TagField: TypeAlias = Literal[
    "from", "fwd", "fwd_id", "domain", "hashtag", "mention", "mime", "ext", "filename", "lang"
]
NumberField: TypeAlias = Literal["id", "views", "forwards"]
State: TypeAlias = Literal["forwarded", "edited", "missing", "reply", "pinned", "service"]


_HYPHENED: Final = re.compile(
    "(?:[^\\W\\d_]|['\u2019\u02bc])+(?:[-\u2010\u2011\u2013\u05be](?:[^\\W\\d_]|['\u2019\u02bc])+)+"
)


class Tail(NamedTuple):
    """The last word of one with hyphens, and what stands before it, folded."""

    front: str
    last: str


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word, in any of its forms. Written with a hyphen or as a link it has parts that stand together."""

    text: str

    @property
    def needle(self) -> Needle:
        """What to look for; a word without anything to look for is never parsed."""
        return _needle(bare_word(self.text))

    @property
    def inflected(self) -> str | None:
        """The folded word, if it may stand in other forms (`forms`); None: it stands as it is written only."""
        found = self.needle
        return found.terms[0] if len(found.terms) == 1 and not found.prefix and has_forms(found.terms[0]) else None

    @property
    def tail(self) -> Tail | None:
        """Of a word of words with hyphens between, the last one, if it may stand in other forms; None else."""
        bare = bare_word(self.text)
        if _HYPHENED.fullmatch(bare) is None:
            return None
        *front, last = self.needle.terms
        return Tail(" ".join(front), last) if front and len(last) >= MIN_LETTERS and has_forms(last) else None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exactly these words, one behind the other."""

    text: str

    @property
    def needle(self) -> Needle:
        """What to look for."""
        return _needle(self.text)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin so."""

    text: str

    @property
    def needle(self) -> Needle:
        """What to look for."""
        return _needle(self.text, prefix=True)


@dataclass(frozen=True, slots=True)
class Has:
    """Carries such an attachment: a name of `filters.HAS`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Is:
    """Is in such a state."""

    state: State


@dataclass(frozen=True, slots=True)
class Tag:
    """Has this value in a field of names."""

    field: TagField
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class InRevisions:
    """Earlier contents are asked too. True of all; it only stands at the top of a tree, joined by AND."""


@dataclass(frozen=True, slots=True)
class InChannel:
    """Belongs to one of these channels (bare ids)."""

    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Posted:
    """Was posted within."""

    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Number:
    """Lies within, both ends included; None is open. An unknown number lies in no range."""

    field: NumberField
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class And:
    """Every part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the part."""

    part: Node


Text: TypeAlias = Word | Phrase | Prefix
Filter: TypeAlias = Has | Is | Tag | InChannel | InRevisions | Posted | Number
Node: TypeAlias = And | Or | Not | Text | Filter

EVERYTHING = And(())


def all_of(parts: tuple[Node, ...]) -> Node:
    """The parts joined by AND, without needless layers."""
    return parts[0] if len(parts) == 1 else And(parts)


def any_of(parts: tuple[Node, ...]) -> Node:
    """The parts joined by OR, without needless layers."""
    return parts[0] if len(parts) == 1 else Or(parts)


def asks_revisions(node: Node) -> bool:
    """Whether earlier contents are asked too."""
    parts = node.parts if isinstance(node, And) else (node,)
    return any(isinstance(part, InRevisions) or (isinstance(part, And) and asks_revisions(part)) for part in parts)


def misplaces_revisions(node: Node) -> bool:
    """Whether it stands under OR or NOT, where it would hold for a part only."""
    match node:
        case And(parts):
            return any(map(misplaces_revisions, parts))
        case Or(parts):
            return any(misplaces_revisions(part) or asks_revisions(part) for part in parts)
        case Not(part):
            return misplaces_revisions(part) or asks_revisions(part)
        case _:
            return False


def texts(node: Node) -> Iterator[Text]:
    """The words, phrases and prefixes that a hit may contain: those which are not excluded."""
    return (leaf for leaf in _wanted(node) if isinstance(leaf, Word | Phrase | Prefix))


def tags(node: Node) -> Iterator[Tag]:
    """The tags that a hit may have: those which are not excluded."""
    return (leaf for leaf in _wanted(node) if isinstance(leaf, Tag))


def dates(node: Node) -> Iterator[Posted]:
    """The dates that are asked for, excluded ones too."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from dates(part)
        case Not(part):
            yield from dates(part)
        case Posted():
            yield node


def _wanted(node: Node) -> Iterator[Node]:
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _wanted(part)
    elif not isinstance(node, Not):
        yield node


def _needle(text: str, *, prefix: bool = False) -> Needle:
    found = needle(text, prefix=prefix)
    if found is None:
        raise ValueError("a text leaf holds at least one letter, digit or symbol")
    return found

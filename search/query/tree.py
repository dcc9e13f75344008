"""Query trees: small, frozen, compared by value, independent of any engine.

A message matches `And` if it matches every part (so `EVERYTHING`, which has no parts, matches all messages), `Or` if it
matches at least one, and `Not` if it does not match the part. Texts are kept as typed; `needle` folds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from search.query.dates import Bounds
from search.text.normalize import Needle, fold, needle
from search.text.numbers import grouped_term
from search.words.designations import is_model, split_number

TagField: TypeAlias = Literal[
    "from",
    "from_id",
    "fwd",
    "fwd_id",
    "domain",
    "url",
    "hashtag",
    "mention",
    "topic",
    "mime",
    "ext",
    "filename",
    "lang",
    "verb",
    "sha256",
]
NumberField: TypeAlias = Literal["id", "views", "forwards"]
State: TypeAlias = Literal["forwarded", "edited", "missing", "reply", "pinned", "service"]
FileStateName: TypeAlias = Literal[
    "downloaded",
    "not-downloaded",
    "failed",
    "offloaded",
    "gone",
    "too-big",
    "not-wanted",
    "refused",
    "self-destructing",
    "partial",
]
"""What became of an attached file, as queries write it."""
NO_COPY: Final = "missing"
"""In queries: every state but `downloaded`, that is no copy is stored here."""


_HYPHENATED: Final = re.compile(
    "(?:[^\\W\\d_]|['\u2019\u02bc])+(?:[-\u2010\u2011\u2013\u05be](?:[^\\W\\d_]|['\u2019\u02bc])+)+"
)


class Tail(NamedTuple):
    """The last part of a word of several, and the parts before it, folded."""

    front: str
    last: str


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word, in any of its forms. Hyphenated words and links have parts that must be adjacent."""

    text: str

    @property
    def needle(self) -> Needle:
        """The terms to find; the parser rejects words that have none."""
        from search.words.forms import bare_word  # here as below: who writes search rows asks nothing

        return _needle(bare_word(self.text))

    @property
    def inflected(self) -> str | None:
        """The folded word if it may have other forms (`search.words.forms`); None if it only matches as written."""
        from search.words.forms import has_forms

        found = self.needle
        return found.terms[0] if len(found.terms) == 1 and not found.prefix and has_forms(found.terms[0]) else None

    @property
    def tail(self) -> Tail | None:
        """The tail of a hyphenated word if it may have other forms, None otherwise."""
        from search.words.forms import MIN_LETTERS, bare_word, has_forms

        bare = bare_word(self.text)
        if _HYPHENATED.fullmatch(bare) is None:
            return None
        *front, last = self.needle.terms
        return Tail(" ".join(front), last) if front and len(last) >= MIN_LETTERS and has_forms(last) else None

    @property
    def model(self) -> Tail | None:
        """The number that a variant may continue, and what is before it: Ту-95, as in Ту-95МС; else None."""
        from search.words.forms import bare_word

        bare = bare_word(self.text)
        if not is_model(bare):
            return None
        folded = fold(bare).split()
        front, last = split_number(folded[0]) if len(folded) == 1 else (" ".join(folded[:-1]), folded[-1])
        return Tail(front, last)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exactly these words, adjacent and in this order."""

    text: str

    @property
    def needle(self) -> Needle:
        """What to look for."""
        return _needle(self.text)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin with this text; of several words only the last is a prefix."""

    text: str

    @property
    def needle(self) -> Needle:
        """What to look for."""
        return _needle(self.text, prefix=True)


@dataclass(frozen=True, slots=True)
class Grouped:
    """A number whose digits are grouped in the text: 1,000. Made from words when a query is widened."""

    number: str
    """ASCII digits."""

    @property
    def needle(self) -> Needle:
        """What to look for: a term that no text contains as a word."""
        return Needle((grouped_term(self.number),))


@dataclass(frozen=True, slots=True)
class Has:
    """Has an attachment of this kind, a key of `filters.HAS`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Is:
    """Is in this state."""

    state: State


@dataclass(frozen=True, slots=True)
class FileIs:
    """Has an attached file in this state; NO_COPY: in any but `downloaded`, which is `Has("file")`."""

    state: str


@dataclass(frozen=True, slots=True)
class Tag:
    """Has this value, or one with this prefix, in a tag field."""

    field: TagField
    value: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class InRevisions:
    """Search earlier revisions too. Matches every message; allowed only at the top of a tree, joined by AND."""


@dataclass(frozen=True, slots=True)
class InAnnotations:
    """Search what programs made of attached files too; like InRevisions, it applies to the whole tree."""


@dataclass(frozen=True, slots=True)
class OrAnnotated:
    """The text is in the message, or in an annotation of it. Made from texts when a query is compiled."""

    text: Text


@dataclass(frozen=True, slots=True)
class InChannel:
    """Is in one of these channels (bare ids)."""

    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class PostedWithin:
    """Was posted within these bounds."""

    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Number:
    """The number is between `low` and `high`, both inclusive, None: unbounded. An unknown number never matches."""

    field: NumberField
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class And:
    """Matches every part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Matches at least one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Does not match the part."""

    part: Node


Text: TypeAlias = Word | Phrase | Prefix | Grouped
Filter: TypeAlias = (
    Has | Is | FileIs | Tag | InChannel | InRevisions | InAnnotations | OrAnnotated | PostedWithin | Number
)
Node: TypeAlias = And | Or | Not | Text | Filter

EVERYTHING = And(())


def all_of(parts: tuple[Node, ...]) -> Node:
    """Join the parts by AND; a single part is returned as it is."""
    return parts[0] if len(parts) == 1 else And(parts)


def any_of(parts: tuple[Node, ...]) -> Node:
    """Join the parts by OR; a single part is returned as it is."""
    return parts[0] if len(parts) == 1 else Or(parts)


def text_leaves(node: Node) -> Iterator[Text]:
    """Yield the words, phrases and prefixes that are not excluded, so that hits may contain them."""
    return (leaf for leaf in _wanted(node) if isinstance(leaf, Word | Phrase | Prefix | Grouped))


def tag_leaves(node: Node) -> Iterator[Tag]:
    """Yield the tags that are not excluded, so that hits may have them."""
    return (leaf for leaf in _wanted(node) if isinstance(leaf, Tag))


def date_leaves(node: Node) -> Iterator[PostedWithin]:
    """Yield all date filters, excluded ones too."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from date_leaves(part)
        case Not(part):
            yield from date_leaves(part)
        case PostedWithin():
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
        raise ValueError("a text leaf needs at least one letter, digit or symbol")
    return found

"""Questions as text, made up at random, each with what it means: evaluated by Python's own `and`, `or` and `not`.

Nothing of the parser is used: the meaning of a leaf is a node that is written beside its text, and how leaves are
joined is known from how the text was put together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from search.document import Document
from search.query.dates import Bounds
from search.query.tree import FileIs, Has, InChannel, Is, Node, Number, Phrase, PostedWithin, Prefix, Tag, Word
from search.query.widen import widen
from tests.contract.reference import satisfies
from tests.contract.test_engine import NOON

DAY = datetime.fromtimestamp(NOON, UTC).replace(hour=0)
NEXT = DAY + timedelta(days=1)

LEAVES: list[tuple[str, Node]] = [
    ("convoy", Word("convoy")),
    ("Конвой", Word("Конвой")),
    ("رتلا", Word("رتلا")),
    ("国际", Word("国际")),
    ("16", Word("16")),
    ('"ab convoy"', Phrase("ab convoy")),
    ("«ещё ab»", Phrase("ещё ab")),
    ("„convoy convoy“", Phrase("convoy convoy")),
    ("「国际法」", Phrase("国际法")),
    (r'"ab \"convoy\""', Phrase("ab convoy")),
    ("co*", Prefix("co")),
    ('"ab co"*', Prefix("ab co")),
    ("has:photo", Has("photo")),
    ("has:media", Has("media")),
    ("has:file", Has("file")),
    ("media:missing", FileIs("missing")),
    ('media:"Too big"', FileIs("too-big")),
    ("sha256:0A0A0A0A", Tag("sha256", "0a0a0a0a", True)),
    ("is:forwarded", Is("forwarded")),
    ("is:missing", Is("missing")),
    ("fwd:none", Is("forwarded")),
    ("#ab", Tag("hashtag", "ab")),
    ("hashtag:国际", Tag("hashtag", "国际")),
    ("#رت*", Tag("hashtag", "رت", True)),
    ('from:"ab convoy"', Tag("from", "ab convoy")),
    ("fwd:-10077", Tag("fwd_id", "77")),
    ("domain:https://t.me/", Tag("domain", "t.me")),
    ("url:t.me/ab", Tag("url", "https://t.me/ab")),
    ("url:https://t.me/ab/1", Tag("url", "t.me/ab/1")),
    ("from:7", Tag("from_id", "7")),
    ("from:@ab*", Tag("from", "@ab", True)),
    ("topic:2", Tag("topic", "2")),
    ("lang:unknown", Tag("lang", "unknown")),
    ("F-16", Word("F-16")),
    ("1,000", Word("1000")),
    ("mime:image/*", Tag("mime", "image/", True)),
    ("ext:.pdf", Tag("ext", "pdf")),
    ("filename:con*", Tag("filename", "con", True)),
    ("lang:ar", Tag("lang", "ar")),
    ("channel:both", InChannel(frozenset({1, 2}))),
    ("channel:3", InChannel(frozenset({3}))),
    ("id:2..5", Number("id", 2, 5)),
    ("views:>5", Number("views", 6, None)),
    ("forwards:<=3", Number("forwards", None, 3)),
    ("views>=2", Number("views", 2, None)),
    (f"on:{DAY:%Y-%m-%d}", PostedWithin(Bounds(DAY, NEXT))),
    (f"since:{NEXT:%Y-%m-%d}", PostedWithin(Bounds(since=NEXT))),
    (f"until:{DAY:%Y-%m-%d}", PostedWithin(Bounds(until=NEXT))),
    (f"date:@{NOON}..{NEXT:%Y-%m-%d}", PostedWithin(Bounds(DAY + timedelta(hours=12), NEXT + timedelta(days=1)))),
]


class Said(NamedTuple):
    """A piece of a question, and what it means."""

    text: str
    means: Callable[[Document], bool]
    binds: int
    """How tightly: 0 as OR, 1 as AND, 2 as NOT, 3 as a leaf."""


def _leaf(one: tuple[str, Node]) -> Said:
    text, node = one
    if text == "fwd:none":
        return Said(text, lambda document: not document.is_forwarded, 3)
    wide = widen(node)
    return Said(text, lambda document: satisfies(document, wide), 3)


def _within(part: Said, binds: int, brackets: str) -> str:
    return part.text if part.binds >= binds else f"{brackets[0]}{part.text}{brackets[1]}"


def _all(parts: list[Said], sign: str, brackets: str) -> Said:
    text = sign.join(_within(part, 2, brackets) for part in parts)
    return Said(text, lambda document: all(part.means(document) for part in parts), 1)


def _any(parts: list[Said], brackets: str) -> Said:
    text = " OR ".join(_within(part, 1, brackets) for part in parts)
    return Said(text, lambda document: any(part.means(document) for part in parts), 0)


def _not(part: Said, sign: str, brackets: str) -> Said:
    return Said(f"{sign}{_within(part, 3, brackets)}", lambda document: not part.means(document), 2)


BRACKETS = st.sampled_from(["()", "（）"]) | st.just(("( ", " )"))
SAID = st.recursive(
    st.sampled_from(LEAVES).map(_leaf),
    lambda inner: st.one_of(
        st.builds(_all, st.lists(inner, min_size=2, max_size=3), st.sampled_from([" ", " AND ", "  ", "\n"]), BRACKETS),
        st.builds(_any, st.lists(inner, min_size=2, max_size=3), BRACKETS),
        st.builds(_not, inner, st.sampled_from(["-", "NOT ", "NOT  "]), BRACKETS),
        st.builds(lambda part: Said(f"({part.text})", part.means, 3), inner),
    ),
    max_leaves=6,
)

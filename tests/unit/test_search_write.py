"""A tree written as query text finds the same, at any time and anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.dates import Bounds
from search.query.filters import Context
from search.query.parse import parse
from search.query.quotes import read_quoted, write_quoted
from search.query.tree import And, Not, Number, Or, Phrase, PostedWithin, Prefix, Tag, Word
from search.query.write import write

NOW = datetime(2024, 5, 20, 12, 0, 0, 250_000, tzinfo=UTC)
CONTEXT = Context(
    now=NOW,
    tz=ZoneInfo("Asia/Baghdad"),
    channels={"atlas": [7], "both": [1, 2]},
    saved={"x": "a OR b", "y": "query:x -c"},
)
LATER = Context(now=NOW + timedelta(days=900), tz=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("a  AND b", "a b"),
        ("a OR b c", "a OR b c"),
        ("(a OR b) c", "(a OR b) c"),
        ("((a b) c) OR (d OR e)", "a b c OR d OR e"),
        ("NOT NOT (a b)", "a b"),
        ("(a OR a) b (b c)", "a b c"),
        ("-(a (b OR b))", "-(a b)"),
        ("NOT (a b)", "-(a b)"),
        ("query:y", "(a OR b) -c"),
        ("z OR query:x", "z OR a OR b"),
        ("-query:y d", "-((a OR b) -c) d"),
        ('«он сказал "да"»', r'"он сказал \"да\""'),
        ("“a”*", '"a"*'),
        ("国*", "国*"),
        ("conv*", "conv*"),
        ("https://t.me/a/1?x", "t.me/a/1?x"),
        ("channel:atlas", "channel:7"),
        ("channel:both -channel:atlas", "(channel:1 OR channel:2) -channel:7"),
        ("fwd:atlas", "fwd:7 OR fwd:atlas"),
        ("fwd:none fwd:@none", "-is:forwarded fwd:@none"),
        ("on:2021-12-16", "date:2021-12-15T21:00:00Z..2021-12-16T21:00:00Z"),
        ("since:7d", "since:2024-05-13T12:00:01Z"),
        ("until:2021", "until:2021-12-31T21:00:00Z"),
        ("until:9998", "until:9998-12-31T00:00:00Z"),
        ("views:>1k views:<=5 id:3 views:<0", "views:1001.. views:..5 id:3 views:<0"),
        ("views:>999999999999999m", "views:999999999999999.."),
        ("hashtag:#ab -@name #br*", "#ab -@name #br*"),
        ("fwd:@Atlas from:@jane from:77", "(fwd:7 OR fwd:@Atlas) from:@jane from:77"),
        ("$BTC #a@b url:https://x.org/a_(b) url:x.o* topic:5", "$BTC #a@b url:https://x.org/a_(b) url:x.o* topic:5"),
        ("mime:video lang:russian mention:77", "mime:video/* lang:ru @77"),
        ('from:"jane roe" from:jane* filename:"a b"*', 'from:"jane roe" from:jane* filename:"a b"*'),
        ("has:doc is:deleted mime:image/* ext:.pdf", "has:document is:missing mime:image/* ext:pdf"),
    ],
)
def test_it_is_written_so(text: str, written: str) -> None:
    tree = parse(text, CONTEXT)
    assert write(tree) == written
    assert write(parse(write(tree), LATER)) == write(tree)


def test_channels_are_written_by_name_where_it_is_given() -> None:
    tree = parse("channel:atlas OR channel:both", CONTEXT)
    assert write(tree, {7: "atlas", 1: "two words"}) == 'channel:atlas OR channel:"two words" OR channel:2'


def test_empty_bounds_are_written_too() -> None:
    moment = datetime(2024, 1, 1, 0, 0, 0, 500, tzinfo=UTC)
    tree = PostedWithin(Bounds(moment, moment))
    assert write(tree) == "since:2024-01-01T00:00:01Z until:2024-01-01T00:00:01Z"
    after = Bounds(since=moment + timedelta(microseconds=999_500))
    assert parse(write(tree), LATER) == And((PostedWithin(after), PostedWithin(Bounds(until=after.since))))


TEXTS = st.text("ab \"“”„«»\\'-*:()#@國הצ\u200d\n", min_size=1, max_size=12).map(lambda text: f"a{text}b")


@given(TEXTS)
def test_any_text_is_written_as_a_phrase_that_reads_as_itself(text: str) -> None:
    assert read_quoted(write_quoted(text), 0) == (text, len(write_quoted(text)))
    for leaf in (Phrase(text), Prefix(f"{text}bc"), Tag("filename", text.rstrip("*").replace("*", ""))):
        for tree in (leaf, Not(leaf), And((Word("d"), leaf)), Or((leaf, And((Word("c"), leaf))))):
            assert parse(write(tree), LATER) == tree, write(tree)


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_numbers_are_written_as_they_are(low: int, more: int) -> None:
    for tree in (
        Number("views", low, min(low + more, 10**15 - 1)),
        Number("id", low, None),
        Number("views", None, low),
    ):
        assert parse(write(tree), LATER) == tree

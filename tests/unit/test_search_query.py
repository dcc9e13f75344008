from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import QueryError
from search.query.dates import Bounds
from search.query.filters import Context
from search.query.grammar import FILTERS
from search.query.parse import EVERYTHING, MAX_DEPTH, MAX_LENGTH, MAX_PARTS, parse
from search.query.saved import fold_query_name, is_query_name
from search.query.tree import And, Has, InChannel, Is, Node, Not, Number, Or, Phrase, PostedWithin, Prefix, Tag, Word

CONTEXT = Context(
    now=datetime(2024, 5, 20, 12, tzinfo=UTC),
    channels={"sabereen": [1234567890], "example news": [7], "twice": [1, 2], "قناة": [9]},
)


def read(text: str) -> Node:
    return parse(text, CONTEXT)


def channel(*ids: int) -> InChannel:
    return InChannel(frozenset(ids))


A, B, C = Word("a"), Word("b"), Word("c")


def test_states_are_offered_by_the_word_for_people_and_both_are_read() -> None:
    context = Context(now=datetime.now(UTC))
    assert parse("is:deleted", context) == parse("is:missing", context)
    with pytest.raises(QueryError, match="Allowed: forwarded, edited, deleted, "):
        parse("is:zzz", context)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        (" * ", EVERYTHING),
        (" \n\t ", EVERYTHING),
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a OR b c", Or((A, And((B, C))))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("((a))", A),
        ("-a", Not(A)),
        ("NOT a", Not(A)),
        ("NOT NOT a", A),
        ("a -b", And((A, Not(B)))),
        ("-(a b)", Not(And((A, B)))),
        ('-"a b"', Not(Phrase("a b"))),
        ("-has:photo", Not(Has("photo"))),
        ("a or b and not c", And((A, Word("or"), B, Word("and"), Word("not"), C))),
    ],
)
def test_operators_and_precedence(text: str, tree: Node) -> None:
    assert read(text) == tree


@pytest.mark.parametrize(
    "text",
    ['"a b"', "“a b”", "„a b“", "„a b”", "«a b»", "»a b«", "「a b」", '“a b"', '"a b”'],
)  # fmt: skip
def test_quotes_of_all_kinds(text: str) -> None:
    assert read(text) == Phrase("a b")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("conv*", Prefix("conv")),
        ('"a conv"*', Prefix("a conv")),
        ("国*", Prefix("国")),
        ("covid-19", Word("covid-19")),
        ("state-of-the-art", Word("state-of-the-art")),
        ("a - b", And((A, B))),
        ("a -- b", And((A, B))),
        ("a — b", And((A, B))),
        ("a -", A),
        ("a ... !", A),
        ("#tag", Tag("hashtag", "tag")),
        ("#القوات_المسلحة", Tag("hashtag", "القوات_المسلحة")),
        ("#ta*", Tag("hashtag", "ta", prefix=True)),
        ("-#tag", Not(Tag("hashtag", "tag"))),
        ("@some_name", Tag("mention", "some_name")),
        ("https://t.me/name/12?single", Word("t.me/name/12?single")),
        ("t.me/name", Word("t.me/name")),
        ("12:30", Word("12:30")),
        ("Update: a", And((Word("Update:"), A))),
        ("عاجل:خبر", Word("عاجل:خبر")),
        ('צה"ל', Word('צה"ל')),
        ('"צה"ל כאן"', Phrase('צה"ל כאן')),
        ("l'eau", Word("l'eau")),
        ("C++", Word("C++")),
        ("🔴", Word("🔴")),
        ("a(b)", And((A, B))),
        ("（a OR b）", Or((A, B))),
        ("＃国際", Tag("hashtag", "国際")),
        ("https://", Word("https://")),
        ("https://!!!", Word("https://!!!")),
        ("备注：a", Word("备注：a")),
        ("Note：a", Word("Note：a")),
    ],
)
def test_words_as_people_write_them(text: str, tree: Node) -> None:
    assert read(text) == tree


DAY = Bounds(datetime(2021, 12, 16, tzinfo=UTC), datetime(2021, 12, 17, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("has:photo", Has("photo")),
        ("HAS:Photo", Has("photo")),
        ("is:forwarded", Is("forwarded")),
        ("channel:sabereen", channel(1234567890)),
        ("channel:@Sabereen", channel(1234567890)),
        ("channel:t.me/sabereen", channel(1234567890)),
        ("channel:https://t.me/s/sabereen", channel(1234567890)),
        ('channel:"Example News"', channel(7)),
        ("channel:twice", channel(1, 2)),
        ("channel:قناة", channel(9)),
        ("channel:1234567890", channel(1234567890)),
        ("channel:-1001234567890", channel(1234567890)),
        ("on:2021-12-16", PostedWithin(DAY)),
        ("date:2021-12-16", PostedWithin(DAY)),
        ("date:2021-12-16..2021-12-16", PostedWithin(DAY)),
        ("since:2021-12-16", PostedWithin(Bounds(since=DAY.since))),
        ("until:2021-12-16", PostedWithin(Bounds(until=DAY.until))),
        ("since:2021-12-16T00:00", PostedWithin(Bounds(since=DAY.since))),
        ("id:12", Number("id", 12, 12)),
        ("id:12..", Number("id", 12, None)),
        ("views:>1000", Number("views", 1001, None)),
        ("views:>=1k", Number("views", 1000, None)),
        ("views:<5", Number("views", None, 4)),
        ("views:<=5", Number("views", None, 5)),
        ("views:1k..2m", Number("views", 1000, 2_000_000)),
        ("views:..9", Number("views", None, 9)),
        ("views>1000", Number("views", 1001, None)),
        ("forwards:>50", Number("forwards", 51, None)),
        ("views:999999999999999m", Number("views", 2**62, 2**62)),
        ("from:name", Tag("from", "name")),
        ('from:"Jane Roe"', Tag("from", "Jane Roe")),
        ("fwd:none", Not(Is("forwarded"))),
        ("fwd:-1001234567890", Tag("fwd_id", "1234567890")),
        ("fwd:@sabereen", Or((Tag("fwd_id", "1234567890"), Tag("fwd", "@sabereen")))),
        ("fwd:unknown", Tag("fwd", "unknown")),
        ("fwd:Sabereen", Or((Tag("fwd_id", "1234567890"), Tag("fwd", "Sabereen")))),
        ("from:@sabereen", Or((Tag("from_id", "1234567890"), Tag("from", "@sabereen")))),
        ("from:t.me/s/jane", Tag("from", "@jane")),
        ("from:1234567890", Tag("from_id", "1234567890")),
        ("mention:tg://resolve?domain=jane&post=5", Tag("mention", "jane")),
        ("@jane*", Tag("mention", "jane", True)),
        ("topic:https://t.me/c/77/5", Tag("topic", "5")),
        ("domain:YouTube.com", Tag("domain", "youtube.com")),
        ("domain:https://www.youtube.com/", Tag("domain", "youtube.com")),
        ("domain:*.YouTube.com.:443", Tag("domain", "youtube.com")),
        ("domain:xn--e1afmkfd.xn--p1ai", Tag("domain", "пример.рф")),
        ("url:https://example.org/a_(b)", Tag("url", "https://example.org/a_(b)")),
        ("(url:example.org/a)", Tag("url", "example.org/a")),
        ("url:exam*", Tag("url", "exam", True)),
        ("$BTC", Tag("hashtag", "$BTC")),
        ("#mosul@atlas", Tag("hashtag", "mosul@atlas")),
        ("$100", Word("$100")),
        ("mime:video", Tag("mime", "video/", True)),
        ("ext:tar.gz", And((Tag("ext", "gz"), Tag("filename", "tar.gz")))),
        ("filename:*.pdf", Tag("ext", "pdf")),
        (
            "filename:rep*_2021*.pdf",
            And((Tag("filename", "rep", True), Tag("filename", "_2021", True), Tag("ext", "pdf"))),
        ),
        ("has:photos", Has("photo")),
        ("lang:русский", Tag("lang", "ru")),
        ("lang:zh-CN", Tag("lang", "zh")),
        ("views:>1,5k", Number("views", 1501, None)),
        ("views:>=1.5k", Number("views", 1500, None)),
        ("views:>1к", Number("views", 1001, None)),
        ("views:1,000..2_000", Number("views", 1000, 2000)),
        ("mime:image/*", Tag("mime", "image/", prefix=True)),
        ("ext:.apk", Tag("ext", "apk")),
        ("filename:report*", Tag("filename", "report", prefix=True)),
        ("hashtag:#x", Tag("hashtag", "x")),
        ("lang:ar", Tag("lang", "ar")),
        ("has：photo", Has("photo")),
        ("has:doc", Has("document")),
        ("is:deleted", Is("missing")),
        ("is:missing", Is("missing")),
        ("views≥١٠٠٠", Number("views", 1000, None)),
        ("on:2021-12-16..2021-12-16", PostedWithin(DAY)),
        ("since:۲۰۲۱-۱۲-۱۶", PostedWithin(Bounds(since=DAY.since))),
        ('from:"Jane R"*', Tag("from", "Jane R", prefix=True)),
    ],
)
def test_filters(text: str, tree: Node) -> None:
    assert read(text) == tree


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('a "b c', '"', "not closed. Add"),
        ("a «b", "«", "»"),
        ("a OR", "OR", "after 'OR'"),
        ("OR a", "OR", "before 'OR'"),
        ("a OR OR b", "OR", "after 'OR'"),
        ("a AND", "AND", "after 'AND'"),
        ("a NOT", "NOT", "after 'NOT'"),
        ("a -!!!", "-", "after '-'"),
        ("(a OR b", "(", "not closed"),
        ("a)", ")", "no matching '('"),
        ("()", "(", "parentheses are empty"),
        ("a (OR b)", "OR", "before 'OR'"),
        ('a ""', '""', "quotes contain no words"),
        ('"!?"', '"!?"', "quotes contain no words"),
        ("!!!", "!!!", "nothing to look for"),
        ("a co*y", "co*y", "end of a word"),
        ("*word", "*word", "end of a word"),
        ("c*", "c*", "two letters"),
        ("chanel:x", "chanel:x", "Did you mean channel:"),
        ("hasphoto:x", "hasphoto:x", "There is no filter"),
        ("foo:bar", "foo:bar", "in quotes"),
        ("has:", "has:", "has no value. Write has:photo"),
        ("has:fotos", "has:fotos", "There"),
        ("has:foto", "has:foto", "Did you mean has:photo"),
        ("is:delete", "is:delete", "Allowed: forwarded, edited"),
        ("from:(a)", "from:", "has no value. Write from:jane"),
        ('channel:"Exampel News"', 'channel:"Exampel News"', 'Did you mean channel:"example news"'),
        ("channel:sabreen", "channel:sabreen", "Did you mean channel:sabereen"),
        ("views:many", "views:many", "not a number. Write views:>1000"),
        ("views:9..1", "views:9..1", "is reversed"),
        ("a since:20211216", "since:20211216", "not a date"),
        ("date:2022..2021", "date:2022..2021", "period is empty"),
        ("filename:*port.pdf", "filename:*port.pdf", "not its beginning"),
        ("filename:rep*2021", "filename:rep*2021", "Write filename:rep* filename:2021*"),
        ("filename:***", "filename:***", "nothing to look for"),
        ("domain:example.org/a?b", "domain:example.org/a?b", "Write url:example.org/a?b."),
        ("url:report", "url:report", "Write the link from its beginning"),
        ("lang:xx", "lang:xx", "a code of two letters"),
        ("date:16.12.2021", "date:16.12.2021", "Write 2021-12-16."),
        ("since:2021/12/16", "since:2021/12/16", "Write 2021-12-16."),
        ("until:3/4/2021", "until:3/4/2021", "Write 2021-04-03 or 2021-03-04."),
        ("has:pdf", "has:pdf", "Write ext:pdf"),
        ("id:100,200", "id:100,200", "Write (id:100 OR id:200)"),
        ("filename:*report*", "filename:*report*", "Write filename:report*"),
        ("lang:ua", "lang:ua", "Did you mean lang:uk"),
        ("lang:russain", "lang:russain", "Did you mean lang:russian"),
        ("mime:pdf", "mime:pdf", "Write ext:pdf"),
        ("has:forwarded", "has:forwarded", "Write is:forwarded"),
        ("is:photo", "is:photo", "Write has:photo"),
        ("has:photo,video", "has:photo,video", "Write (has:photo OR has:video)"),
        ("id:100-200", "id:100-200", "Write id:100..200"),
        ("date:>2021-12-01", "date:>2021-12-01", "Write since:2021-12-01"),
        ("topic:news", "topic:news", "Write topic:5"),
        ("from:!!!", "from:!!!", "nothing to look for"),
        ('channel:"x', '"', "not closed"),
    ],
)
def test_a_wrong_query_shows_where_why_and_how_to_fix_it(text: str, place: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        read(text)
    error = caught.value
    assert error.query == text
    assert text[error.start : error.end] == place
    assert says in str(error)
    assert error.hint


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (r'"a \"b\" c"', 'a "b" c'),
        (r'"C:\dir\\"', "C:\\dir\\"),
        ('"he said “no” to it"', "he said “no” to it"),
        ('“he said "no" to it”', 'he said "no" to it'),
        ("«a «b» c»", "a «b» c"),
        ('„a "b" c“', 'a "b" c'),
        ('"a „b“ c"', "a „b“ c"),
        ("「a 「b」 c」", "a 「b」 c"),
        ('"אמר צה"ל"', 'אמר צה"ל'),
        ('"“a b"', "“a b"),
        ('"a “b"', "a “b"),
    ],
)
def test_quotes_within_quotes_are_text(text: str, inside: str) -> None:
    assert read(text) == Phrase(inside)
    assert read(f"a {text} OR b") == Or((And((A, Phrase(inside))), B))


SAVED = Context(
    now=CONTEXT.now,
    saved={
        "one": "a OR b",
        "two": "query:one -c",
        "قافلة": "رتل",
        "me": "a query:me",
        "ping": "query:pong",
        "pong": "b query:ping",
        "bad": "channel:gone",
        "empty": " ",
        "many": " ".join(["word"] * 150),
        "deep": "(" * 10 + "a" + ")" * 10,
        "week": "since:7d",
    },
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("query:one", Or((A, B))),
        ("query:ONE c", And((Or((A, B)), C))),
        ("-query:one", Not(Or((A, B)))),
        ('query:"two" OR c', Or((And((Or((A, B)), Not(C))), C))),
        ("query:قافلة", Word("رتل")),
        ("query:one query:one", And((Or((A, B)), Or((A, B))))),
        ("query:week", PostedWithin(Bounds(since=datetime(2024, 5, 13, 12, tzinfo=UTC)))),
    ],
)
def test_a_saved_query_stands_for_the_whole_of_it(text: str, tree: Node) -> None:
    assert parse(text, SAVED) == tree


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a query:onne", "query:onne", "no saved query 'onne'. Did you mean query:one"),
        ("a query:xyzzy", "query:xyzzy", "`telekeep query list`"),
        ("query: a", "query:", "has no value"),
        ("query:me", "query:me", "would contain itself: me > me"),
        ("b query:ping", "query:ping", "would contain itself: ping > pong > ping"),
        ("a query:bad", "query:bad", "In the saved query 'bad': The archive has no channel 'gone'"),
        ("query:empty", "query:empty", "is empty"),
        ("query:many query:many query:many", "query:many", "more than 400 parts"),
        ("((query:deep))", "query:deep", "nested more than 12 levels deep"),
    ],
)
def test_a_saved_query_that_cannot_be_used_says_where_and_why(text: str, place: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, SAVED)
    assert text[caught.value.start : caught.value.end] == place
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "right"),
    [("convoys", True), ("قافلة-2", True), ("नाम", True), ("a.b_c", True), ("", False), ("a b", False), ("-a", False),
     ("a*", False), ('a"', False), ("x" * 65, False), ("a(b", False), ("\u202ea", False)],
)  # fmt: skip
def test_names_of_saved_queries(name: str, right: bool) -> None:
    assert is_query_name(name) is right
    if right:
        assert parse(f"query:{name}", Context(now=CONTEXT.now, saved={fold_query_name(name): "a"})) == A


def test_limits_are_errors_with_a_place() -> None:
    for text in ("(" * (MAX_DEPTH + 1) + "a", "-(" * MAX_DEPTH + "a", "NOT " * 5000, "a " * (MAX_PARTS + 1)):
        with pytest.raises(QueryError):
            read(text)
    with pytest.raises(QueryError, match="more than"):
        read("a" * (MAX_LENGTH + 1))
    assert read("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == A


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_is_passed_over(name: str) -> None:
    with pytest.raises(QueryError, match=f"Write {name}:"):
        read(f"a {name}: b")


PIECES = (
    """a b* - -- ( ) " “ » OR AND NOT has: photo since: 2021 .. views: > # @ * channel: sabereen : ' 国 צ fwd: none"""
)
SIGNS = st.lists(st.sampled_from([*PIECES.split(), " ", "\0", "\ud800", "\u202e"]), max_size=20).map("".join)


@given(st.text() | SIGNS)
def test_any_text_is_a_tree_or_a_query_error(text: str) -> None:
    with suppress(QueryError):
        assert read(text) == read(text)


@given(st.text() | SIGNS)
def test_every_error_has_a_place_within_the_query(text: str) -> None:
    try:
        read(text)
    except QueryError as error:
        start, end, query = error.start, error.end, error.query
    else:
        return
    assert query == text
    assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "link", ["https://t.me/sabereen/7", "t.me/c/1234567890/7", "tg://resolve?domain=sabereen&post=7", "sabereen.t.me/7"]
)
def test_a_post_is_not_taken_for_its_channel(link: str) -> None:
    with pytest.raises(QueryError, match="is a message, not a channel"):
        parse(f"channel:{link}", CONTEXT)

"""The grammar for people, as `telekeep help query` prints it: examples with what they mean, in many languages.

The filters come from the parser's own table, and a test parses every example, so the guide cannot go stale. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from search.query.grammar import FILTERS
from search.query.parse import MAX_DEPTH, MAX_LENGTH, MAX_PARTS


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of the guide."""

    title: str
    examples: tuple[tuple[str, str], ...] = ()
    """Queries, each with its meaning."""
    notes: tuple[str, ...] = ()


_WORDS = Section(
    "Words",
    (
        ("bridge closed", "both words, anywhere in the message"),
        ("القوات العراقية", "both, with or without vowel signs, in Arabic or Persian letters"),
        ("елка Ґрати", "ё and е are alike, and so are ґ and г"),
        ("国际法", "these characters side by side, also as 國際法; Japanese, Korean, Thai alike"),
        ("covid-19", "parts of one word, side by side, also as covid19; other signs make no difference"),
        ("convo*", "words that begin so; at least two letters"),
        ("🔴 16:30", "emoji and numbers are words; digits of all scripts are alike (١٦ is 16)"),
    ),
    (
        "Case, accents and the many shapes of a letter make no difference, in queries and in messages.",
        "A word also finds its other forms (bridges, мосту, والجسور, 行った, 갔다) and writings (email, 軍隊);",
        "in quotes it does not.",
    ),
)
_QUOTES = Section(
    "Exactly these words",
    (
        ('"the convoy crossed the bridge"', "exactly these words, side by side; a whole sentence may be pasted"),
        ("«колонна техники»", "any quotes will do: « » “ ” „ “ 「 」"),
        ("“جسر الليل”", "the same"),
        (r'"he said \"no\" to it"', "a quote within a quote: put a backslash before it"),
        ('"the bri"*', "side by side, and the last word begins so"),
    ),
)
_OPERATORS = Section(
    "Joined",
    (
        ("bridge OR мост OR جسر", "at least one of them; OR in capitals"),
        ("bridge -toll", "without this word; -, NOT and AND stand before words, phrases, filters, parentheses"),
        ('NOT "toll bridge" ponte', "the same with a phrase"),
        ("(bridge OR мост) AND NOT has:photo", "parentheses; AND binds tighter than OR, and need not be written"),
        ("-(рота OR взвод) колонна", "neither of the two"),
    ),
    ("Written in small letters, or, and, not are words.",),
)
_FILTERS = Section(
    "Filters",
    notes=("Values with spaces stand in quotes; a - before excludes; * at the end of a name is its beginning.",),
)
_TOGETHER = Section(
    "Together",
    (
        ('"blinde Zerstörung" OR « destruction aveugle » has:video since:2023', "either phrase, with a video"),
        ("رتل (has:photo OR has:video) -is:forwarded views:>10k", "a convoy's own pictures that many saw"),
        ("#конвой domain:youtube.com until:2022-03", "the hashtag, with a link there, before April"),
        ("query:convoys lang:fa -from:صابرين", "a saved query, made narrower"),
    ),
)
_MORE = Section(
    "More",
    notes=(
        f"{MAX_LENGTH:,} characters, {MAX_PARTS} words, phrases and filters, {MAX_DEPTH} levels of parentheses.",
        "--expand also asks for the other spellings of each word in a glossary, a file with lines as Kyiv = Kiev.",
        "In a shell put the query in single quotes; one that begins with - stands behind --.",
        "`telekeep search --help` has the options, `telekeep query --help` the saved queries.",
    ),
)


def sections() -> Iterator[Section]:
    """The guide in its order."""
    yield from (_WORDS, _QUOTES, _OPERATORS)
    yield Section(_FILTERS.title, tuple(_filters()), _FILTERS.notes)
    yield from (_TOGETHER, _MORE)


def _filters() -> Iterator[tuple[str, str]]:
    for one in FILTERS.values():
        first, *others = one.examples
        also = f"; also {' '.join(others)}" if others else ""
        yield first, f"{one.meaning}{also}"

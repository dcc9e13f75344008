"""The query language explained for users, printed by `telekeep help query`: examples in many languages.

The filters come from the parser's own table, and a test parses every example, so the guide cannot go stale. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from search.query.grammar import FILTERS
from search.query.parse import MAX_DEPTH, MAX_LENGTH, MAX_PARTS


@dataclass(frozen=True, slots=True)
class GuideSection:
    """One section of the guide."""

    title: str
    examples: tuple[tuple[str, str], ...] = ()
    """(query, meaning)."""
    notes: tuple[str, ...] = ()


_WORDS = GuideSection(
    "Words",
    (
        ("bridge closed", "both words, anywhere in the message"),
        ("القوات العراقية", "both words, with or without vowel signs, in Arabic or Persian letters"),
        ("елка Ґрати", "ё matches е, and ґ matches г"),
        ("国际法", "these characters in sequence, also as 國際法; likewise in Japanese, Korean and Thai"),
        ("covid-19", "both parts next to each other, also as covid19; other punctuation is ignored"),
        ("Ту-95", "also Ту-95МС; likewise F-16 finds F-16C and F16, T-72 Т-72Б3, Leopard 2 Leopard 2A6"),
        ("1000", "also 1,000, 1 000, 1.000 and ١٬٠٠٠"),
        ("convo*", "words starting with these letters; at least two"),
        ("🔴 16:30", "emoji and numbers are words; digits of all scripts are equal (١٦ is 16)"),
    ),
    (
        "Case, accents and letter variants are ignored, in queries and in messages.",
        "A word also finds its other forms (bridges, мосту, والجسور, 行った, 갔다) and spellings (email, 軍隊);",
        "in quotes it finds only itself.",
    ),
)
_QUOTES = GuideSection(
    "Exact phrases",
    (
        ('"the convoy crossed the bridge"', "exactly these words, in this order; you can paste whole sentences"),
        ("«колонна техники»", "all quotation marks work: « » “ ” „ “ 「 」"),
        ("“جسر الليل”", "the same"),
        (r'"he said \"no\" to it"', "a quotation mark inside quotes: put a backslash before it"),
        ('"the bri"*', "in this order; the last word may continue"),
    ),
)
_OPERATORS = GuideSection(
    "Operators",
    (
        ("bridge OR мост OR جسر", "at least one of them; OR must be in capitals"),
        ("bridge -toll", "not this word; -, NOT and AND work before words, phrases, filters and parentheses"),
        ('NOT "toll bridge" ponte', "the same with a phrase"),
        ("(bridge OR мост) AND NOT has:photo", "parentheses; AND binds tighter than OR and may be left out"),
        ("-(рота OR взвод) колонна", "neither of the two"),
    ),
    ("In lower case, or, and, not are ordinary words.",),
)
_FILTERS = GuideSection(
    "Filters",
    notes=("Put values with spaces in quotes; - before a filter excludes; * at the end of a name matches a prefix.",),
)
_COMBINED = GuideSection(
    "Combined",
    (
        ('("blinde Zerstörung" OR « destruction aveugle ») has:video since:2023', "either phrase, with a video"),
        (
            "رتل (has:photo OR has:video) -is:forwarded views:>10k",
            "a convoy, with original pictures that many people saw",
        ),
        ("#конвой domain:youtube.com until:2022-03", "the hashtag and a link to YouTube, up to March 2022"),
        ("query:convoys lang:fa -from:صابرين", "a saved query, narrowed down"),
    ),
)
_MORE = GuideSection(
    "More",
    notes=(
        f"Limits: {MAX_LENGTH:,} characters, {MAX_PARTS} words, phrases and filters, {MAX_DEPTH} nested parentheses.",
        "--expand also finds the other spellings of each word in a glossary, a file with lines such as Kyiv = Kiev.",
        "In a shell, put the query in single quotes; if it begins with -, put -- before it.",
        "See `telekeep search --help` for options, `telekeep query --help` for saved queries.",
    ),
)


def sections() -> Iterator[GuideSection]:
    """Yield the sections in order."""
    yield from (_WORDS, _QUOTES, _OPERATORS)
    yield GuideSection(_FILTERS.title, tuple(_filters()), _FILTERS.notes)
    yield from (_COMBINED, _MORE)


def _filters() -> Iterator[tuple[str, str]]:
    for one in FILTERS.values():
        first, *others = one.examples
        also = f"; also {' '.join(others)}" if others else ""
        yield first, f"{one.meaning}{also}"

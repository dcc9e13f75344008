from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.filters import Context
from search.query.parse import parse
from search.show.highlight import highlight
from search.text.graphemes import MAX_MARKS
from tests.unit.test_search_graphemes import cluster_boundaries

CONTEXT = Context(now=datetime(2024, 5, 20, tzinfo=UTC))


def marked(query: str, text: str) -> list[str]:
    return [text[start:end] for start, end in highlight(parse(query, CONTEXT), text)]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("convoy", "A Convoy, a CONVOY.", ["Convoy", "CONVOY"]),
        ("رتلا عسكريا", "بأن رَتْلاً عَسْكَرِيّاً مرّ", ["رَتْلاً", "عَسْكَرِيّاً"]),
        ("attack", "Attacks: they were ATTACKED.", ["Attacks", "ATTACKED"]),
        ('"attack"', "Attacks: they were ATTACKED.", []),
        ("l'attaque -pont", "Des attaqués, l’Attaque du pont", ["attaqués", "Attaque"]),
        ("جسر", "وَالجُسُور", ["وَالجُسُور"]),
        ("мост", "на мосту́, под мостами", ["мосту́", "мостами"]),
        ("میرود", "او می رود", ["می رود"]),
        ("عاجل", "🔴عـــاجل: خبر", ["عـــاجل"]),
        ("16", "الساعة ١٦:٣٠", ["١٦"]),
        ("میخواهم", "من می‌خواهم بروم", ["می‌خواهم"]),
        ("еще", "Ещё раз", ["Ещё"]),
        ("мята", "чай м’ята", ["м’ята"]),
        ("oeuvre", "Chef-d’Œuvre", ["Œuvre"]),
        ("fin", "la ﬁn", ["ﬁn"]),
        ("cafe", "un cafe\u0301!", ["cafe\u0301"]),
        ("bold", "so 𝐛𝐨𝐥𝐝 !", ["𝐛𝐨𝐥𝐝"]),
        ("שלום", "אמר שָׁלוֹם לכם", ["שָׁלוֹם"]),
        ("国际", "中国国际法院", ["国际"]),
        ("法", "国际法院和法律", ["法", "法"]),
        ("국제", "한국국제법은", ["국제"]),
        ("ไทย", "ภาษาไทยง่าย", ["ไทย"]),
        ("ガ", "ｶﾞｽ", ["ｶﾞ"]),
        ("👍", "ok 👍🏽 fine", ["👍🏽"]),
        ("❤", "a ❤️ b", ["❤️"]),
        ('"the convoy"', "the convoy and the other convoy", ["the convoy"]),
        ('"the convoy"', "the... convoy", ["the... convoy"]),
        ("conv*", "convoys convene", ["convoys", "convene"]),
        ("a OR c", "a b c", ["a", "c"]),
        ("a -b", "a b", ["a"]),
        ("-a", "a b", []),
        ("#convoy", "see #Convoy now", ["Convoy"]),
        ("has:photo", "has photo", []),
        ("covid-19", "the COVID 19", ["COVID 19"]),
        ("ab OR abc*", "abc ab", ["abc", "ab"]),
        ('"a b" OR "b c"', "a b c", ["a b c"]),
        ("國際 法", "", []),
    ],
)
def test_match_spans_refer_to_the_original_text(query: str, text: str, found: list[str]) -> None:
    assert marked(query, text) == found


WORDS = [
    "convoy",
    "رَتْلاً",
    "国际法",
    "한국은",
    "👍🏽",
    "👩‍👩‍👧",
    "🇺🇦🇫🇷",
    "e\u0301\u0323",
    "ﬁn",
    "\r\n",
    " ",
    "ไทยน้ำ",
    "x\u200dy",
]
KNOWN = st.characters(exclude_categories=["Cn", "Cs"])
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(KNOWN, max_size=5), max_size=30).map("".join)
QUERIES = st.sampled_from(["convoy", "رتلا", "国际", "法 OR 👍", "e OR fin", '"convoy convoy"', "xy*", "👩", "ไ"])


@given(QUERIES, TEXTS)
def test_spans_are_within_the_text_ascending_and_apart(query: str, text: str) -> None:
    spans = highlight(parse(query, CONTEXT), text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    cuts = cluster_boundaries(text)
    if not any(end - start > MAX_MARKS for start, end in pairwise(sorted(cuts))):
        assert all({start, end} <= cuts for start, end in spans)

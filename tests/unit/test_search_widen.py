"""Spelling variants of query words: which are added and which are not."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import Document
from search.query.filters import Context
from search.query.parse import parse
from search.query.tree import And, Not, Or, Phrase, Prefix, Word
from search.query.widen import MAX_VARIANTS, widen, word_variants
from search.show.highlight import highlight
from search.text.normalize import tokens
from tests.contract.reference import satisfies


def _finds(word: str, text: str) -> bool:
    return bool(highlight(Word(word), text))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        *product(("军队", "軍隊"), ("军队", "軍隊")),
        *product(("台湾", "臺灣", "台灣"), ("台湾", "臺灣", "台灣")),
        ("头发", "頭髮"),
        ("发表", "發表"),
        ("經濟", "経済"),
        ("渡辺", "渡邊"),
        ("さくら", "サクラ"),
        ("サーバー", "サーバ"),
        ("ベトナム", "ヴェトナム"),
        *product(("受付", "受け付け", "受付け"), ("受付", "受け付け", "受付け")),
        *product(("打ち合わせ", "打合せ"), ("打ち合わせ", "打合せ", "打合わせ")),
        ("打ち上げる", "打上げた"),
        ("食べる", "食べません"),
        ("食べた", "食べる"),
        ("行く", "行った"),
        ("取る", "取って"),
        ("見る", "見ました"),
        ("新しい", "新しく"),
        ("高い", "高かった"),
        ("発表する", "発表した"),
        ("발표하다", "발표했다"),
        ("발표했다", "발표한"),
        ("가다", "갔다"),
        ("오르다", "올랐다"),
        ("체포되다", "체포됐다"),
        ("죽이다", "죽였다"),
        ("서울에서", "서울은"),
        ("정상회담", "정상 회담"),
        ("三ヶ月", "三か月"),
        ("霞ヶ関", "霞が関"),
        ("ウイルス", "ウィルス"),
        ("정부가", "정부는"),
        ("어렵다", "어려운"),
        ("살다", "산다"),
        *product(("cease-fire", "ceasefire"), ("cease-fire", "ceasefire", "ceasefires", "cease fire")),
        *product(("F-16", "F16"), ("F-16", "F16")),
        ("e-mail", "emails"),
        ("U.K.", "UK"),
        ("US", "U.S."),
        ("wildfire", "wild fires"),
        ("立ち入り禁止", "立入禁止"),
        ("立入禁止", "立ち入り禁止"),
        ("引越し", "引っ越し"),
        ("airstrike", "air strikes"),
        ("премьер-министр", "премьер-министра"),
        ("نرم‌افزار", "نرم افزارها"),
        ("نرم‌افزار", "نرم‌افزارهای"),
    ],
)
def test_a_word_is_found_as_others_write_it(word: str, text: str) -> None:
    assert _finds(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("頭髮", "出發"),
        ("海上", "上海"),
        ("行く", "行事"),
        ("取る", "取材"),
        ("見る", "意見"),
        ("男の子", "男子"),
        ("美しい国", "美国"),
        ("カー", "カ"),
        ("바다", "바는"),
        ("전문가", "전문적"),
        ("notable", "not able"),
        ("overtime", "over time"),
        ("9-11", "911"),
        ("U.S.", "us"),
        ("re-sign", "sign"),
        ("премьер-министр", "премьер и министр"),
    ],
)
def test_lookalikes_are_not_found(word: str, text: str) -> None:
    assert not _finds(word, text)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("رئیس جمهور", "رئیس‌جمهور آمد", True),
        ("air strike here", "airstrikes here", True),
        ("here air (strike)", "airstrikes here", True),
        ("نرم افزار دانش آموز", "نرم‌افزار دانش آموز", True),
        ("strike air", "airstrikes", False),
        ('air "strike"', "airstrikes", False),
        ("وزير خارجية", "وزيرخارجية", False),
    ],
)
def test_adjacent_words_match_their_joined_spelling(query: str, text: str, found: bool) -> None:
    tree = parse(query, Context(now=datetime(2026, 1, 1, tzinfo=UTC)))
    assert satisfies(Document(channel_id=1, message_id=1, date=1, text=text), widen(tree)) is found


def test_words_in_quotes_are_never_widened() -> None:
    quoted = And((Phrase("军队"), Prefix("食べる"), Not(Or((Phrase("cease-fire"), Phrase("발표하다"))))))
    assert widen(quoted) == quoted


WORDS = st.text(
    st.sampled_from("发頭台国渡打合受取り込みるいくたしサさーヴ가갔발표했하다에서は-f16airپیش\u200c") | st.characters(),
    min_size=1,
)


@given(WORDS.filter(lambda text: bool(tokens(text))))
def test_any_word_has_few_searchable_variants(text: str) -> None:
    found = word_variants(Word(text))
    assert 0 < len(found) <= MAX_VARIANTS
    assert all(way.needle.terms for way in found)


@given(WORDS.filter(lambda text: bool(tokens(text))))
def test_a_word_always_finds_itself(text: str) -> None:
    document = Document(channel_id=1, message_id=1, date=1, text=text)
    assert satisfies(document, widen(Word(text)))

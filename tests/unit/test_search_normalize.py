from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text.fold_map import fold_with_map, term_spans
from search.text.normalize import Needle, fold, index_text, needle, tokens

# (as it stands in a message, as people type it)
SAME = [
    # Arabic: alef, teh marbuta, alef maqsura, hamza carriers, harakat, tatweel, digits, presentation forms
    ("أفادت", "افادت"),
    ("إلى الآن", "الى الان"),
    ("محافظة", "محافظه"),
    ("مستشفى", "مستشفي"),
    ("مسؤول شؤون", "مسوول شوون"),
    ("رَتْلاً عَسْكَرِيّاً", "رتلا عسكريا"),
    ("عـــاجل", "عاجل"),
    ("الساعة ١٦:٣٠", "الساعة 16:30"),
    ("ﻻ ﷲ", "لا الله"),
    ("ٱلْكِتَٰب", "الكتب"),
    # Persian: keheh, yeh, heh with hamza, zero-width non-joiner, digits
    ("کتاب فارسی", "كتاب فارسي"),
    ("می‌خواهم", "میخواهم"),
    ("خانهٔ ما", "خانه ما"),
    ("خانۀ ما", "خانه ما"),
    ("می روم نمی روم", "می‌روم نمیروم"),
    ("کتاب های ما", "کتاب‌های ما"),
    ("ڤيديو", "فيديو"),
    ("۱۴۰۲", "1402"),
    # Russian, Ukrainian
    ("Ещё ЁЛКА", "еще елка"),
    ("за́мок", "замок"),
    ("Ґудзик", "гудзик"),
    ("м’ята мʼята м'ята м´ята", "мята мята мята мята"),
    ("Й́Ї", "йї"),
    # Latin: accents, ligatures, letters without decomposition
    ("Élève à l’Œuvre", "eleve a l oeuvre"),
    ("ﬁn d’été", "fin d ete"),
    ("STRASSE", "straße"),
    ("Łódź Ærø Þór", "lodz aero thor"),
    ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
    ("cafe\u0301", "café"),
    ("Ελλάς ΕΛΛΑΣ", "ελλασ ελλασ"),
    # Hebrew: points, maqaf, gershayim
    ("שָׁלוֹם", "שלום"),
    ("בית־ספר", "בית ספר"),
    ('צה"ל', "צהל"),
    ("צה״ל", "צהל"),
    ("צ'ק", "צק"),
    # what is put between and around letters
    ("con\u00advoy con\u200bvoy \u202econvoy\u202c", "convoy convoy convoy"),
    ("𝐛𝐨𝐥𝐝 𝓈𝒸𝓇𝒾𝓅𝓉 Ｆｕｌｌ", "bold script full"),
    ("№ 5 ½ ②", "no 5 1 2 2"),
    ("ʙʀᴇᴀᴋɪɴɢ 🅽🅴🆆🆂 Ⓝⓔⓦⓢ c̶o̶n̶v̶o̶y̶", "breaking news news convoy"),
    # look-alikes of the other script within a word
    ("Kонвой pаypal", "конвой paypal"),
    ("Ａ１", "a1"),
    # Chinese, Japanese, Korean, Thai
    ("ｶﾞｷﾞ", "ガギ"),
    ("か\u3099", "が"),
    ("\u1112\u1161\u11ab", "한"),
    ("國", "國"),
    ("๑๒", "12"),
]


@pytest.mark.parametrize(("stands", "typed"), SAME)
def test_what_is_read_as_the_same_is_folded_to_the_same(stands: str, typed: str) -> None:
    assert tokens(stands) == tokens(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("й", "и"),
        ("ї", "і"),
        ("が", "か"),
        ("น้ำ", "นำ"),
        ("कि", "का"),
        ("گ", "ك"),
        ("پ", "ب"),
        ("ß", "s"),
        ("국", "국가"),
        ("مي زيادة", "ميزيادة"),
        ("SMSки", "smska"),
        ("VIPы", "vipu"),
    ],
)
def test_what_is_another_letter_stays_another(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)


def test_a_run_is_cut_into_one_term_a_character() -> None:
    assert tokens("国际法") == ["国际", "际法", "法"]
    assert tokens("第5国际 law") == ["第", "5", "国际", "际", "law"]
    assert index_text("国际 a") == "国际 际 a"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("国际", Needle(("国际",))),
        ("国际法", Needle(("国际", "际法"))),
        ("法", Needle(("法",), prefix=True)),
        ("国际 law", Needle(("国际", "际", "law"))),
        ("law 国", Needle(("law", "国"), prefix=True)),
        ("covid-19", Needle(("covid", "19"))),
        ("  ", None),
        ("—!…", None),
    ],
)
def test_a_needle_finds_any_substring_of_a_run(wanted: str, found: Needle | None) -> None:
    assert needle(wanted) == found


def test_every_substring_of_a_run_stands_in_its_terms() -> None:
    run = "今日在海牙作出裁决한국어ภาษาไทย"
    terms = tokens(run)
    for start in range(len(run)):
        for end in range(start + 1, len(run) + 1):
            wanted = needle(run[start:end])
            assert wanted is not None
            assert _stands(wanted, terms), run[start:end]


def _stands(wanted: Needle, terms: list[str]) -> bool:
    *firsts, last = wanted.terms
    return any(
        terms[at : at + len(firsts)] == firsts
        and (terms[at + len(firsts)].startswith(last) if wanted.prefix else terms[at + len(firsts)] == last)
        for at in range(len(terms) - len(firsts))
    )


def test_emoji_are_words() -> None:
    assert tokens("🔴عاجل🔴") == ["🔴", "عاجل", "🔴"]
    assert tokens("❤️") == tokens("❤")
    assert needle("👍🏽") == Needle(("👍", "🏽"))
    assert tokens("━━━━ ▪") == ["▪"]


def test_no_term_holds_what_the_engine_reads_as_a_sign() -> None:
    text = "".join(map(chr, range(0x3100)))
    for term in tokens(text):
        assert term.isascii() is False or term.isalnum(), term


@pytest.mark.parametrize("text", ["\ud800", "a\ud83db"])
def test_half_a_surrogate_pair_is_passed_over(text: str) -> None:
    assert fold(text).encode().decode() == fold(text)


WILD = (
    st.text()
    | st.lists(st.sampled_from([c for pair in SAME for c in "".join(pair)])).map("".join)
    | st.text(
        st.characters(min_codepoint=0x300, max_codepoint=0x36F)
        | st.characters(min_codepoint=0x1100, max_codepoint=0x11FF)
        | st.sampled_from("aاии국\u200c\u200d'\"שצ")
    )
)


@given(WILD)
def test_folding_again_changes_no_word(text: str) -> None:
    assert fold(fold(text)).split() == fold(text).split()


@given(WILD)
def test_composed_and_decomposed_are_the_same(text: str) -> None:
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(text)
    assert tokens(unicodedata.normalize("NFC", text)) == tokens(text)


@given(WILD)
def test_the_way_back_is_monotonic_and_within_the_text(text: str) -> None:
    folded = fold_with_map(text)
    assert folded.text == fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert all(a <= b for a, b in pairwise(folded.starts))
    assert all(a <= b for a, b in pairwise(folded.ends))


@given(WILD)
def test_spans_are_the_terms_in_their_places(text: str) -> None:
    folded = fold(text)
    assert [term for term, _, _ in term_spans(folded)] == tokens(text) == index_text(text).split()
    assert all(folded[start:end] == term for term, start, end in term_spans(folded))

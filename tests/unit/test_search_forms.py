"""Which words are forms of the same word, and how a query word becomes the forms that an archive contains."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import Document
from search.exact import word_list as wordlist
from search.exact.term_ranges import ranges
from search.exact.vocabulary import Forms, choose, inflect, wanted_words
from search.exact.word_list import find_forms
from search.exact.writer import create, upsert
from search.query.tree import And, Not, Or, Phrase, Word
from search.text.normalize import tokens
from search.words.forms import are_forms, bare_word, form_keys, has_forms
from search.words.stems.endings import Endings
from search.words.stems.lexicon import lemmas, unprefixed

SAME = [
    ("bridges", "bridging"),
    ("cities", "city"),
    ("men", "man"),
    ("attaquees", "attaquaient"),
    ("chevaux", "cheval"),
    ("hauser", "haus"),
    ("gemeldet", "meldete"),
    ("ciudades", "ciudad"),
    ("attacchi", "attacco"),
    ("bruecken", "brucke"),
    ("fluechtlinge", "fluchtling"),
    ("koprunun", "kopruler"),
    ("askerlerimiz", "asker"),
    ("ulkelerimizden", "ulke"),
    ("geliyorlar", "geldi"),
    ("kitabi", "kitap"),
    ("insanda", "insan"),
    ("kapinin", "kapi"),
    ("polisinde", "polis"),
    ("orgutu", "orgut"),
    ("мосту", "мостами"),
    ("участок", "участке"),
    ("захватить", "захвачены"),
    ("систем", "система"),
    ("ночі", "ніч"),
    ("вибухів", "вибухами"),
    ("والجسور", "بالجسر"),
    ("للاجيين", "لاجي"),
    ("يعلن", "اعلن"),
    ("يقصفون", "قصف"),
    ("سيصل", "يصل"),
    ("مدينتنا", "مدينه"),
    ("خانهام", "خانه"),
    ("شهرهايمان", "شهر"),
    ("مستشفيات", "مستشفي"),
    ("كتابهاي", "كتاب"),
    ("نميروند", "ميروم"),
    ("خريدن", "نميخرند"),
    ("نوشتن", "مينويسد"),
    ("ديدن", "ميبيند"),
    ("رفت", "برود"),
    ("كشته", "كشتهشدگان"),
    ("افلام", "فيلم"),
    ("betreten", "betrat"),
    ("verbieten", "verboten"),
    ("anzunehmen", "angenommen"),
    ("absagen", "abgesagt"),
    ("museum", "museen"),
    ("overcome", "overcame"),
    ("rated", "rates"),
    ("hope", "hoping"),
    ("labelled", "label"),
    ("groesser", "gross"),
    ("תקף", "לתקוף"),
    ("הורגים", "הרג"),
    ("יאמר", "אמרו"),
    ("وسيقتلون", "قتل"),
    ("قتلوه", "قتل"),
    ("rob", "robbed"),
    ("سياره", "بسيارتين"),
    ("زوجه", "زوجته"),
    ("obtenir", "obtenu"),
    ("actrices", "acteur"),
    ("ambassadrice", "ambassadeur"),
    ("tutuklandi", "tutuklamak"),
    ("требует", "требовать"),
    ("граждане", "гражданин"),
    ("европейцев", "европеец"),
    ("размещены", "разместить"),
    ("ветры", "ветер"),
    ("пошкоджено", "пошкодити"),
    ("роблять", "робити"),
    ("лікарень", "лікарня"),
    ("החיילים", "חייל"),
    ("בממשלה", "ממשלת"),
]
OTHER = [
    ("university", "universe"),
    ("organ", "organization"),
    ("news", "new"),
    ("police", "politique"),
    ("mark", "markt"),
    ("ada", "adam"),
    ("guest", "gust"),
    ("does", "dos"),
    ("luego", "lugo"),
    ("kirmizi", "kir"),
    ("мир", "мера"),
    ("стол", "столица"),
    ("міст", "місяць"),
    ("زير", "وزير"),
    ("تاب", "كتاب"),
    ("بحر", "بحرين"),
    ("مرد", "مردم"),
    ("כתב", "מכתב"),
    ("לחם", "מלחמה"),
    ("art", "ardindan"),
    ("hopping", "hoping"),
    ("unit", "united"),
    ("mer", "mere"),
    ("קורס", "קרס"),
    ("מוסד", "מסד"),
    ("كار", "كارت"),
    ("overtime", "over"),
    ("officers", "office"),
    ("become", "income"),
    ("understand", "underway"),
    ("report", "import"),
    ("betrat", "vertrat"),
    ("собор", "собрать"),
    ("кино", "кинуть"),
    ("гора", "горіла"),
    ("ميدان", "دانست"),
    ("اردن", "اردي"),
    ("لندن", "لندا"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_forms_of_one_word_share_a_key(one: str, other: str) -> None:
    assert are_forms(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_words_do_not(one: str, other: str) -> None:
    assert not are_forms(one, other)


@pytest.mark.parametrize(
    ("typed", "bare"),
    [
        ("l'attaque", "attaque"),
        ("d’État", "État"),
        ("qu'elle", "elle"),
        ("dell'esercito", "esercito"),
        ("Iran's", "Iran"),
        ("Ankara'da", "Ankara"),
        ("İstanbul’un", "İstanbul"),
        ("O'Brien", "O'Brien"),
        ("м'ята", "м'ята"),
        ("5's", "5's"),
        ("'", "'"),
    ],
)
def test_what_an_apostrophe_parts_from_a_plain_word_is_not_looked_for(typed: str, bare: str) -> None:
    assert bare_word(typed) == bare


LETTERS = st.sampled_from("aeinorstédçßäзагроивніїєنالوبيهكתרמוהיאי国一'’-0") | st.characters()
WORDS = st.text(LETTERS, min_size=1, max_size=14)


@given(WORDS)
def test_any_text_has_keys_and_only_words_of_letters_do(text: str) -> None:
    for term in tokens(text):
        assert bool(form_keys(term)) <= has_forms(term)
        assert all(key.startswith("=") or key[1] == ":" for key in form_keys(term))


@given(WORDS.filter(lambda text: bool(tokens(text))))
def test_a_plain_word_keeps_something_to_look_for(text: str) -> None:
    assert Word(text).needle.terms


@given(st.lists(st.sampled_from([word for pair in (*SAME, *OTHER) for word in pair]), max_size=30), WORDS)
def test_forms_are_chosen_as_one_by_one(candidates: list[str], word: str) -> None:
    for asked in (*tokens(word)[:1], *candidates[:1]):
        found = choose(asked, candidates)
        unlabelled = {one for labels, words in found.labelled.items() if "" in labels for one in words}
        assert found.everywhere[0] == asked
        assert {*found.everywhere, *unlabelled} == {asked, *(one for one in candidates if are_forms(asked, one))}


@pytest.mark.parametrize(("one", "other"), [*SAME, *((other, one) for one, other in SAME)])
def test_the_ranges_of_a_word_hold_its_forms(one: str, other: str) -> None:
    assert one == other or any(low <= other < high and len(other) <= most for low, high, most in ranges(one))


def test_families_and_whole_words_are_folded() -> None:
    assert [word for word in (*lemmas(), *unprefixed()) if tokens(word) != [word]] == []


def test_only_plain_words_are_inflected() -> None:
    tree = And((Word("bridges"), Phrase("cities"), Not(Or((Word("мост"), Word("国际"))))))
    assert wanted_words(tree) == {"bridges", "мост"}
    made = inflect(tree, {"bridges": Forms(("bridges", "bridge")), "мост": Forms(("мост",))})
    bridges = Or((Phrase("bridges"), Phrase("bridge")))
    assert made == And((bridges, Phrase("cities"), Not(Or((Phrase("мост"), Word("国际"))))))


def test_the_longest_ending_counts_and_enough_letters_stay() -> None:
    endings = Endings("ies:y s es", min_stem=2)
    assert [endings.apply(word) for word in ("cities", "bus", "as", "boxes", "tree")] == [
        "city",
        "bu",
        "as",
        "box",
        "tree",
    ]
    assert list(endings.splits("cities")) == [("cit", "ies"), ("citi", "es"), ("citie", "s")]
    assert endings.matches("boxes")
    assert not endings.matches("is")


def post(at: int, text: str) -> Document:
    return Document(channel_id=1, message_id=at, date=at, text=text)


def test_the_forms_of_a_word_are_those_in_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        create(writer)
        upsert(writer, [post(1, "Bridges bridge: 1234 国际 мост🔴"), post(2, "bridged")])
        upsert(writer, [post(3, "bridges мосты")])
        writer.execute("BEGIN")
        upsert(writer, [post(4, "bridging моста")])
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(path)) as reader:
        found = find_forms(reader, ["bridge", "мост", "1234", "国际"])
    assert {word: sorted(forms.everywhere) for word, forms in found.items()} == {
        "bridge": ["bridge", "bridged", "bridges"],
        "мост": ["мост", "мосты"],
        "1234": ["1234"],
        "国际": ["国际"],
    }


def test_pages_in_an_unknown_format_are_left_to_fts5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "archive.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        create(writer)
        upsert(writer, [post(1, "Bridges bridge мост"), post(2, "bridged мосты")])
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        before = find_forms(reader, ["bridge", "мост"])
        monkeypatch.setattr(wordlist, "FORMAT", 6)
        assert find_forms(reader, ["bridge", "мост"]) == before
    assert list(before["bridge"].everywhere[1:]) == ["bridged", "bridges"]

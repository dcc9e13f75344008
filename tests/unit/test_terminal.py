from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.terminal import fold_note, is_clean_link, isolate, terminal_safe

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NASTY = st.text(
    alphabet=st.characters(codec=None)
    | st.sampled_from([chr(c) for c in range(0xA0)] + sorted(BIDI) + ["\u2028", "\ud83d"])
)


@given(NASTY, st.booleans())
def test_harmful_characters_are_escaped(text: str, multiline: bool) -> None:
    safe = terminal_safe(text, multiline=multiline)
    allowed = {"\n", "\t"} if multiline else set()
    for char in safe:
        assert char not in BIDI
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} or char in allowed
    safe.encode()


@given(st.text(alphabet=st.characters(categories=["L", "M", "N", "P", "S"])))
def test_ordinary_text_of_every_script_stays_as_it_is(text: str) -> None:
    assert terminal_safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\x9b2Jb\x7f", "a⟨U+009B⟩2Jb␡"),
        ("user\u202egpj.exe", "user⟨U+202E⟩gpj.exe"),
        ("one\r\ntwo\nthree\u2028four\tfive", "one↵two↵three↵four five"),
        ("\ud83d!", "⟨U+D83D⟩!"),
        ("👩‍👩‍👧 می‌خواهم 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧 می‌خواهم 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    ],
)
def test_dangerous_characters_are_made_visible(text: str, shown: str) -> None:
    assert terminal_safe(text) == shown


def test_newlines_and_tabs_stay_where_lines_are_wanted() -> None:
    assert terminal_safe("one\n\ttwo\r\x0b", multiline=True) == "one\n\ttwo␍␋"


def test_right_to_left_runs_are_isolated_as_one() -> None:
    assert isolate("from جسر الليل today") == "from \u2068جسر الليل\u2069 today"
    assert isolate("plain") == "plain"


@given(NASTY)
def test_isolates_are_balanced(text: str) -> None:
    isolated = isolate(terminal_safe(text))
    assert isolated.count("\u2068") == isolated.count("\u2069")
    assert isolated.replace("\u2068", "").replace("\u2069", "") == terminal_safe(text)


def test_only_clean_https_addresses_become_links() -> None:
    assert is_clean_link("https://t.me/a/1")
    assert not is_clean_link("https://t.me/a\x1b\\")
    assert not is_clean_link("javascript:alert(1)")


@given(st.text(max_size=200), st.integers(1, 120))
def test_a_folded_note_keeps_every_word_in_its_order(text: str, columns: int) -> None:
    safe = terminal_safe(text)
    assert " ".join(fold_note(safe, columns)).split() == safe.split()


def test_a_note_is_broken_between_words_but_not_within_a_command() -> None:
    note = "nothing is mirroring now: posts arrive once `telekeep run` or `telekeep sync` is running."
    assert fold_note(note, 40) == [
        "nothing is mirroring now: posts arrive",
        "  once `telekeep run` or `telekeep sync`",
        "  is running.",
    ]
    assert fold_note(note, 120) == [note]

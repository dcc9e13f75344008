from __future__ import annotations

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from archiver.model.json_text import dump

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANY)
def test_readers_get_the_exact_value(value: object) -> None:
    assert orjson.loads(dump(value)) == value
    assert json.loads(dump(value)) == value


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("\x7f\x9b\u061c\u200e\u202e\u2028\u2066\u2069")))
def test_no_harmful_character_is_written_raw(text: str) -> None:
    written = dump({"text": text}).decode()
    assert not set(written) & set(
        "\x7f\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in written)


def test_escapes_leave_neighbours_alone() -> None:
    assert dump("é\x9b\u0410\u061c\u0627\u202e") == b'"\xc3\xa9\\u009b\xd0\x90\\u061c\xd8\xa7\\u202e"'


def test_half_a_character_does_not_stop_an_export() -> None:
    assert orjson.loads(dump({"a\ud83d": ["\ud83d", "👍"]})) == {"a\ufffd": ["\ufffd", "👍"]}

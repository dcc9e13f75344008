from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.imports.json_input import json_pieces, json_scanner
from archiver.imports.json_input.json_faults import EndsEarly
from archiver.imports.json_input.json_pieces import JsonPieces
from archiver.imports.source import Flaw
from tests.capturing import archive, assert_sound, rows
from tests.importing import chat, entry, import_into, messages_of, read_all, write_json
from tests.tiers import examples

__all__ = ["archive"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
LAYOUTS = st.sampled_from([None, 0, 1, 4, "\t"])


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scanner, "_CHUNK", 7)


def walk(data: bytes) -> Iterator[Any]:
    pieces = JsonPieces(BytesIO(data))
    for key in pieces.keys():  # noqa: SIM118 - it is no dict
        if key == "wanted":
            for _ in pieces.elements():
                found = pieces.value().found
                yield None if found is None else found.value
        else:
            pieces.skip()
    assert pieces.end()


@pytest.mark.usefixtures("_small_chunks")
@given(st.lists(JSON, max_size=4), JSON, JSON, LAYOUTS, st.booleans())
def test_whatever_the_layout_every_element_comes_whole(
    wanted: list[Any], before: Any, after: Any, indent: Any, sort: bool
) -> None:
    document = {"before": before, "wanted": wanted, "zafter": after}
    text = json.dumps(document, indent=indent, sort_keys=sort, ensure_ascii=sort)
    assert list(walk(text.encode("utf-8", "surrogatepass"))) == json.loads(
        json.dumps(wanted).encode("utf-8", "surrogatepass")
    )


@pytest.mark.usefixtures("_small_chunks")
@settings(max_examples=examples(40))
@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), min_size=1, max_size=4), LAYOUTS, st.data())
def test_cut_anywhere_what_is_whole_comes_and_the_end_is_said(
    wanted: list[Any], indent: Any, data: st.DataObject
) -> None:
    text = json.dumps({"wanted": wanted}, indent=indent).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    found: list[Any] = []
    pieces = walk(text[:cut])
    with pytest.raises(EndsEarly) as ended:  # noqa: PT012 - it ends somewhere
        while True:
            found.append(next(pieces))
    rest = wanted[len(found) :]
    assert found + rest == wanted
    assert not rest or json.dumps({"wanted": [*found, rest[0]]}, indent=indent).encode()[: cut + 1].startswith(
        text[:cut]
    )
    assert ended.value.at <= cut


OBJECTS = st.dictionaries(st.text(), JSON, max_size=3).map(lambda value: json.dumps(value, indent=1))
BROKEN = st.sampled_from(['{"a": }', '{"a": "b" "c"}', "3", '"}"', "[\n {\n }\n]"])


def taken(data: bytes, *, at_once: bool) -> list[tuple[int, Any]]:
    """Where each element begins, and its value, if it is well-formed."""
    pieces = JsonPieces(BytesIO(data))
    found: list[tuple[int, Any]] = []
    for _ in pieces.elements():
        if at_once and (run := pieces.run()) is not None:
            found += zip(run.list_places(), run.values, strict=True)
        else:
            at, value, _ = pieces.value()
            found.append((at, None if value is None else value.value))
    return found


@pytest.mark.usefixtures("_small_chunks")
@given(st.lists(OBJECTS | BROKEN, max_size=9), st.sampled_from([20, 60, 400]), st.sampled_from([",", ",", ",,", ""]))
def test_elements_taken_at_once_are_those_taken_one_by_one(wanted: list[str], most: int, comma: str) -> None:
    lines = [f" {one}".replace("\n", "\n ") for one in wanted]
    data = b"[\n" + f"{comma}\n".join(lines).encode() + b"\n]"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_pieces, "MOST", most)
        assert taken(data, at_once=True) == taken(data, at_once=False)


@pytest.mark.parametrize(("cut", "last"), [(b"text 4", 3), (b'   "id": 5', 4), (b"\n ]", 5)])
def test_a_truncated_export_gives_all_whole_messages_and_says_where(tmp_path: Path, cut: bytes, last: int) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(at, f"text {at}") for at in range(1, 6)]))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(cut)])
    found = read_all(path)
    assert [one.message.message_id for one in messages_of(found)] == list(range(1, last + 1))
    [flaw] = [one for one in found if isinstance(one, Flaw)]
    assert flaw.fatal
    assert flaw.where.startswith("byte ")


@pytest.mark.parametrize("broken", [b'{"id": 2, "text": "a "quote" b"}', b'{"id": 2, "text": }', b'{"id": 2 "x": [}'])
def test_a_broken_element_costs_only_itself_where_the_layout_tells_its_end(tmp_path: Path, broken: bytes) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a"), entry(2, "b"), entry(3, "c")]))
    data = path.read_bytes()
    start = data.index(b'  {\n   "id": 2')
    end = data.index(b"\n  }", start)
    path.write_bytes(data[:start] + b"  " + broken[:-1] + data[end:])
    found = read_all(path)
    assert [one.message.message_id for one in messages_of(found)] == [1, 3]
    assert [one.what for one in found if isinstance(one, Flaw)] == ["a message is left out: it is not valid JSON"]


def test_a_text_of_10_mb_and_nesting_of_10_000_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scanner, "_CHUNK", 1 << 16)
    long = "x" * 10_000_000
    deep = json.dumps(entry(2, "deep")).replace('"deep"', "[" * 10_000 + "]" * 10_000, 1)
    listed = ",".join([json.dumps(entry(1, long)), deep, json.dumps(entry(3, "after"))])
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([])).replace("[]", f"[{listed}]"))
    found = read_all(path)
    assert [len(one.message.text) for one in messages_of(found)] == [len(long), 5]
    assert [one.what for one in found if isinstance(one, Flaw)] == ["a message is left out: it is nested too deeply"]


@pytest.mark.parametrize(("levels", "innermost"), [(600, r'"\ud800"'), (1000, "1"), (1000, r'"\ud800"')])
def test_nesting_that_can_be_read_but_not_written_costs_only_its_message(
    archive: Path, tmp_path: Path, levels: int, innermost: str
) -> None:
    listed = [json.dumps(entry(number, "x" * 3)) for number in (1, 2, 3)]
    listed[1] = listed[1].replace('"xxx"', "[" * levels + innermost + "]" * levels, 1)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([])).replace("[]", f"[{','.join(listed)}]"))
    named = list(import_into(archive, path).flaws)
    held = [number for [number] in rows(archive, "SELECT message_id FROM message")]
    assert (named, held) in (
        (["a message is left out: it is nested too deeply"], [1, 3]),
        ([], [1, 2, 3]),  # Python 3.13 allows more levels
    )
    assert_sound(archive)


@pytest.mark.parametrize("endless", [b"[" + b"1, " * 100_000, b'"' + b"x" * 300_000])
def test_a_value_that_never_ends_is_passed_over_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch, endless: bytes
) -> None:
    monkeypatch.setattr(json_scanner, "_CHUNK", 1 << 10)
    monkeypatch.setattr(json_scanner, "LARGEST", 1 << 12)
    held: list[int] = []
    more = JsonPieces._more

    def watch(self: JsonPieces) -> bool:
        held.append(len(self._data))
        return more(self)

    monkeypatch.setattr(JsonPieces, "_more", watch)
    with pytest.raises(EndsEarly):
        list(walk(b'{"wanted": [{"a": ' + endless))
    assert max(held) < 20_000
    assert list(walk(b'{"skipped": [' + b"1, " * 100_000 + b'1], "wanted": [5]}')) == [5]


def test_a_byte_order_mark_and_other_kinds_of_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a"), entry(2, "b")]))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [one.message.text for one in messages_of(read_all(path))] == ["a", "b"]

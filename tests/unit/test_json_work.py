"""JSON is read in time proportional to its size, whatever its layout and damage: the bytes looked at are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.imports.json_input import json_pieces, json_scanner
from archiver.imports.json_input.json_run import parse_run
from archiver.imports.json_input.json_scanner import JsonScanner
from archiver.imports.sources import desktop_pieces
from tests.importing import chat, entry, messages_of, read_all
from tests.tiers import examples

MESSAGES = 400
MOST_TIMES = 25
"""Maximum number of times that each byte is looked at, copied or parsed, on average."""

INDENTS = st.sampled_from([None, 0, 1, 2, 3, 4, 8, "\t", "\t\t"])
COMMAS = st.sampled_from([",", ", ", ",\n", ",\n\n\n", ",\n  ", ",\n\t", " ,\n ", "\n, ", ",\n    "])
MARGINS = st.sampled_from(["", " ", "  ", "\t", "        "])
LINE_ENDS = st.sampled_from(["\n", "\r\n"])
OPENINGS = st.sampled_from(["[", "[\n", "[\n  ", "[\n\t"])
DAMAGE = st.sampled_from(
    [
        ("]}", "]"),  # the bracket of a message is lost
        ("]}", "}"),
        ("]\n}", "]\n"),
        ('"from":', '"from"'),
        ('"text_entities":', '"text_entities:'),
        ('"from":', '"from":{"name":'),
        ('"id":', '"name":[{"id":'),
        ('"type":"message"', "1,2,3"),
    ]
)


class _Layout(NamedTuple):
    """How messages are written one by one."""

    comma: str
    opening: str
    margin: str = ""
    indent: Any = None
    sort: bool = False

    def write(self, messages: Sequence[Any], damage: tuple[str, str] = ("", ""), every: int = 0) -> str:
        """A chat, with damage in some of its messages."""
        listed = []
        for one in messages:
            separators = (",", ":") if every else None
            text = json.dumps(one, indent=self.indent, sort_keys=self.sort, separators=separators)
            listed.append(text.replace(*damage) if every and one["id"] % every == 0 else text)
        joined = self.comma.join(listed).replace("\n", f"\n{self.margin}")
        return json.dumps(chat([]), separators=(",", ":")).replace("[]", f"{self.opening}{joined}\n]")


LAYOUTS = st.builds(_Layout, COMMAS, OPENINGS, MARGINS, INDENTS, st.booleans())


class _Work:
    """Counts the bytes that are looked at."""

    def __init__(self) -> None:
        self.bytes = 0

    def watch(self, patched: pytest.MonkeyPatch) -> None:
        """Count what the reader does from now on, with small buffers."""
        for module, names in (
            (json_scanner, ("_SPACE", "_TOKEN", "_NEXT_LINE", "_INSIDE", "_SCALAR")),
            (json_pieces, ("_BOUNDARY", "_INDENTED")),
            (desktop_pieces, ("_BEGINS", "_CHAT", "_NEXT")),
        ):
            for name in names:
                patched.setattr(module, name, _CountedPattern(getattr(module, name), self))
        for module, name, size in (
            (json_scanner, "_CHUNK", 1 << 12),
            (json_scanner, "_FREE", 1 << 12),
            (json_scanner, "_STEP", 1 << 8),
            (json_scanner, "LARGEST", 1 << 15),
            (desktop_pieces, "LARGEST", 1 << 15),
            (json_pieces, "MOST", 1 << 11),
            (json_pieces, "_FEWEST", 1 << 9),
        ):
            patched.setattr(module, name, size)
        patched.setattr(json_pieces, "parse_run", self._parse)
        patched.setattr(JsonScanner, "_more", _counting(JsonScanner._more, self))

    def _parse(self, data: bytes) -> list[Any] | None:
        self.bytes += len(data)
        return parse_run(data)


class _CountedPattern:
    """A pattern that counts the bytes between the start of a search and its end."""

    def __init__(self, pattern: re.Pattern[bytes], work: _Work) -> None:
        self._pattern = pattern
        self._work = work

    def match(self, data: bytes, at: int) -> re.Match[bytes] | None:
        found = self._pattern.match(data, at)
        self._work.bytes += 1 if found is None else found.end() - at
        return found

    def search(self, data: bytes, at: int, end: int = 1 << 40) -> re.Match[bytes] | None:
        found = self._pattern.search(data, at, end)
        self._work.bytes += max(min(end, len(data)) - at, 0) if found is None else found.end() - at
        return found

    def finditer(self, data: bytes, at: int, end: int = 1 << 40) -> Iterator[re.Match[bytes]]:
        for found in self._pattern.finditer(data, at, end):
            self._work.bytes += found.end() - at
            at = found.end()
            yield found
        self._work.bytes += max(min(end, len(data)) - at, 0)


class _CountedBytes(bytes):
    """What is in memory of a document: counts what is searched in it, and copied from it."""

    work: _Work

    def find(self, mark: Any, at: Any = 0, end: Any = None) -> int:
        found = super().find(mark, at, end)
        self.work.bytes += (len(self) if found < 0 else found) - at
        return found

    def rfind(self, mark: Any, at: Any = 0, end: Any = None) -> int:
        found = super().rfind(mark, at, end)
        self.work.bytes += (len(self) if end is None else min(end, len(self))) - (at if found < 0 else found)
        return found

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.work.bytes += len(found) if isinstance(found, bytes) else 1
        return found


def _counting(more: Callable[[JsonScanner], bool], work: _Work) -> Callable[[JsonScanner], bool]:
    def count(self: JsonScanner) -> bool:
        is_more = more(self)
        if is_more:
            work.bytes += len(self._data)
            self._data = _CountedBytes(self._data)
            self._data.work = work
        return is_more

    return count


def _read(path: Path, text: str) -> tuple[list[int], float]:
    """The ids of the messages, and how often each byte was looked at."""
    path.write_text(text, encoding="utf-8", newline="")
    work = _Work()
    with pytest.MonkeyPatch.context() as patched:
        work.watch(patched)
        found = [one.message.message_id for one in messages_of(read_all(path))]
    return found, work.bytes / path.stat().st_size


def _messages() -> list[dict[str, Any]]:
    return [
        entry(at, ["text ", {"type": "bold", "text": f'"{at}" {{[\\'}, " – слово" * (at % 7)])
        for at in range(1, MESSAGES + 1)
    ]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LAYOUTS, INDENTS, LINE_ENDS)
def test_each_layout_is_read_whole_in_time_proportional_to_its_size(
    tmp_path: Path, layout: _Layout, indent: Any, line_end: str
) -> None:
    at_once = json.dumps(chat(_messages()), indent=indent, ensure_ascii=False)
    for text in (layout.write(_messages()), at_once):
        found, times = _read(tmp_path / "result.json", text.replace("\n", line_end))
        assert found == list(range(1, MESSAGES + 1))
        assert times < MOST_TIMES


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LAYOUTS, DAMAGE, st.sampled_from([1, 2, 9]))
def test_damage_in_each_message_is_passed_in_time_proportional_to_the_size(
    tmp_path: Path, layout: _Layout, damage: tuple[str, str], every: int
) -> None:
    _, times = _read(tmp_path / "result.json", layout.write(_messages(), damage, every))
    assert times < MOST_TIMES


@pytest.mark.parametrize("strange", ["1", "null", '"text"', "[]", "{}", "[[[[[[[[]]]]]]]]", "x", "}"])
@pytest.mark.parametrize("comma", [",", ",\n"])
def test_a_list_of_anything_else_is_passed_in_time_proportional_to_its_size(
    tmp_path: Path, strange: str, comma: str
) -> None:
    text = _Layout(",\n  ", "[\n  ").write(_messages())
    _, times = _read(tmp_path / "result.json", text.replace("]\n}", comma + comma.join([strange] * 20_000) + "\n]}"))
    assert times < MOST_TIMES


def test_all_that_is_whole_is_read_around_a_lost_bracket_in_each_second_message(tmp_path: Path) -> None:
    text = _Layout(",", "[").write(_messages(), ("]}", "]"), 2)
    found, _ = _read(tmp_path / "result.json", text)
    assert found == list(range(1, MESSAGES + 1, 2))

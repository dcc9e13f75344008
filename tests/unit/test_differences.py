"""What two contents of a message differ in besides their text."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model.difference import ContentDifference, name_changed, say_difference, say_differences
from archiver.model.differences import find_differences, list_marks
from archiver.model.versions import Version

A, B = "https://a.example/x", "https://b.example/y"


def version(text: str = "read the report", **parts: Any) -> Version:
    values: dict[str, Any] = {"revision": None, "edit_date": None, "first_seen": 1, "last_seen": 2}
    return Version(**values, text=text, payload_sha256=bytes(32), layer=229, **parts)


def marked(kind: str, words: str, text: str = "read the report", **more: object) -> dict[str, object]:
    before = text[: text.index(words)]
    return {"type": kind, "offset": len(before.encode("utf-16-le")) // 2, "length": len(words), **more}


def link(url: str, words: str = "the report", text: str = "read the report") -> dict[str, object]:
    return marked("text_url", words, text, url=url)


def buttons(*labels: tuple[str, str]) -> list[Any]:
    return [[{"text": text, "type": "url", "url": url} for text, url in labels]]


def photo(**more: object) -> dict[str, object]:
    return {"kind": "photo", "id": "7", "extra": None, **more}


def said(old: Version, new: Version) -> list[str]:
    return say_differences(find_differences(old, new), text_changed=old.text != new.text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([link(A)], [link(B)], [f'link under "the report" changed: {A} -> {B}']),
        ([], [link(B)], [f'link under "the report" added: {B}']),
        ([link(A)], [], [f'link under "the report" removed: {A}']),
        ([link(A)], [link(A, "report")], [f'link {A}: under "report" instead of "the report"']),
        ([], [marked("bold", "read")], ['formatting only: bold added to "read"']),
        ([marked("bold", "read")], [marked("italic", "read")],
         ['formatting only: bold removed from "read"', 'italic added to "read"']),
        ([marked("bold", "read"), link(A)], [link(B)],
         [f'link under "the report" changed: {A} -> {B}', 'bold removed from "read"']),
        ([marked("pre", "read", language="c")], [marked("pre", "read", language="sql")],
         ['formatting only: pre c removed from "read"', 'pre sql added to "read"']),
        ([marked("mention_name", "read", user_id=5)], [marked("mention_name", "read", user_id=6)],
         ['mention under "read" changed: 5 -> 6']),
        ([link(A), marked("bold", "read")], [marked("bold", "read"), link(A)], []),
    ],
)  # fmt: skip
def test_marks_of_the_same_text(old: list[Any], new: list[Any], expected: list[str]) -> None:
    assert said(version(entities=old), version(entities=new)) == expected


def test_a_link_that_moved_with_its_words_is_no_difference_and_one_that_was_swapped_too_is() -> None:
    later = "👍 please read the report"
    old = version(entities=[link(A)])
    assert said(old, version(later, entities=[link(A, text=later)])) == []
    assert said(old, version(later, entities=[link(B, text=later)])) == [f'link under "the report" changed: {A} -> {B}']


def test_marks_that_came_with_new_words_are_told_by_the_text() -> None:
    later = "read the report #now"
    new = version(later, entities=[marked("hashtag", "#now", later), marked("bold", "#now", later)])
    assert said(version(), new) == []
    assert said(version(), version(later, entities=[marked("bold", "read", later)])) == ['bold added to "read"']


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (buttons(("Open", A)), buttons(("Open", B)), [f'button "Open" changed: {A} -> {B}']),
        (buttons(("Open", A)), buttons(("Read", A)), ['button "Open" renamed "Read"']),
        (None, buttons(("Open", A)), [f'button "Open" added: {A}']),
        (buttons(("Open", A)), None, [f'button "Open" removed: {A}']),
        (buttons(("Open", A), ("Read", B)), buttons(("Read", B), ("Open", A)),
         ["buttons rearranged: Open | Read -> Read | Open"]),
        ([[{"text": "Vote", "type": "callback", "data": "AA=="}]],
         [[{"text": "Vote", "type": "callback", "data": "AQ=="}]],
         ['button "Vote" changed: callback {"data":"AA=="} -> callback {"data":"AQ=="}']),
    ],
)  # fmt: skip
def test_buttons(old: Any, new: Any, expected: list[str]) -> None:
    assert said(version(markup=old), version(markup=new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([photo()], [photo(id="8")], ["photo replaced: 7 -> 8"]),
        ([], [photo()], ["photo 7 added"]),
        ([photo()], [], ["photo 7 removed"]),
        ([photo()], [photo(kind="video")], ["photo 7 replaced by video 7"]),
        ([photo()], [photo(extra={"spoiler": True, "dc_id": 4})], ["photo 7: spoiler set"]),
        ([photo(extra={"spoiler": True})], [photo()], ["photo 7: spoiler removed"]),
        ([photo(kind="poll", title="Who?")], [photo(kind="poll", title="When?")], ["poll 7: question: Who? -> When?"]),
        ([photo(kind="poll", extra={"answers": [{"text": "a"}, {"text": "b"}]})],
         [photo(kind="poll", extra={"answers": [{"text": "a", "voters": 3}, {"text": "c"}], "total_voters": 3})],
         ["poll 7: answer: b -> c"]),
        ([photo(kind="todo", extra={"items": [{"text": "a"}, {"text": "b"}]})],
         [photo(kind="todo", extra={"items": [{"text": "b"}, {"text": "a"}, {"text": "c"}]})],
         ["todo 7: item: none -> c"]),
        ([photo(kind="poll", extra={"answers": [{"text": "a"}, {"text": "b"}]})],
         [photo(kind="poll", extra={"answers": [{"text": "b"}, {"text": "a"}]})],
         ["poll 7: order of answers: a, b -> b, a"]),
        ([photo(title="A question that goes on and on, with many words, until it ends with what was the matter: this")],
         [photo(title="A question that goes on and on, with many words, until it ends with what was the matter: that")],
         ["photo 7: title: …what was the matter: this -> …what was the matter: that"]),
    ],
)  # fmt: skip
def test_attachments(old: list[Any], new: list[Any], expected: list[str]) -> None:
    assert said(version(media=old), version(media=new)) == expected


def test_changes_are_named_in_plain_words() -> None:
    changed = ("text", "entities", "markup", "rich", "media", "other")
    found = [ContentDifference("entities", what, "x", None, "y") for what in ("formatting", "link", "mention")]
    assert name_changed(changed, found[:2]) == [
        "text", "links", "formatting", "buttons", "rich text", "media", "other",
    ]  # fmt: skip
    assert name_changed(("entities",), found[1:]) == ["links"]
    assert name_changed(("entities",), ()) == ["formatting"]


def test_what_an_earlier_telekeep_did_not_keep_is_not_said_to_have_changed() -> None:
    old, new = version(media=[photo()], detailed=False), version(media=[photo(extra={"spoiler": True})])
    assert said(old, new) == []


def test_rich_text_shows_its_words() -> None:
    old, new = version("", rich=[1], rich_text="first words"), version("", rich=[2], rich_text="second words")
    assert said(old, new) == ["text: first words -> second words"]


def test_many_differences_are_counted_and_long_words_shortened() -> None:
    words = "".join(f"w{at:03} " for at in range(40))
    bold = [{"type": "bold", "offset": 5 * at, "length": 4} for at in range(40)]
    text = said(version(words), version(words, entities=bold))
    assert len(text) == 9
    assert text[-1] == "32 more differences"
    one = ContentDifference("entities", "link", "w" * 100, A, "https://b.example/" + "y" * 100)
    assert say_difference(one) == f'link under "{"w" * 59}…" changed: {A} -> https://b.example/{"y" * 100}'


def test_untrusted_text_is_made_safe_for_the_terminal() -> None:
    found = [
        ContentDifference("entities", "link", "w", "o", "n"),
        ContentDifference("markup", "button_text", "w", "o", "n"),
        ContentDifference("media", "title", "w", "o", "n"),
        ContentDifference("media", "attachment", None, "o 1", "n 2"),
    ]
    assert say_differences(found, safe=lambda text: f"<{text}>") == [
        'link under "<w>" changed: <o> -> <n>',
        'button "<o>" renamed "<n>"',
        "<w>: title: <o> -> <n>",
        "<o 1> replaced by <n 2>",
    ]


MARK = st.builds(
    lambda kind, at, long, url: {"type": kind, "offset": at, "length": long} | ({"url": url} if "text" in kind else {}),
    st.sampled_from(["bold", "text_url", "url", "pre"]), st.integers(0, 5), st.integers(0, 5), st.sampled_from([A, B]),
)  # fmt: skip


@given(st.text(max_size=6), st.lists(MARK, max_size=4), st.lists(MARK, max_size=4))
def test_equal_contents_have_no_difference_and_different_marks_of_one_text_always_one(
    text: str, old: list[Any], new: list[Any]
) -> None:
    assert find_differences(version(text, entities=old), version(text, entities=list(reversed(old)))) == ()
    found = find_differences(version(text, entities=old), version(text, entities=new))
    assert bool(found) == (sorted(list_marks(text, old), key=repr) != sorted(list_marks(text, new), key=repr))
    assert orjson.dumps([one._asdict() for one in found])

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archiver.cli.view.card import CardView, card
from archiver.cli.view.moments import Moments
from archiver.cli.view.shown import Shown
from archiver.model.row import ChannelName, Row, StoredMessage, build_row
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import NOW, make_message

CHANNEL = ChannelName(1001, "atlas_desk", "atlas", "Atlas Inquiry Desk")
ARABIC = "عاجل: شوهد رتل من الشاحنات وهو يعبر جسر الليل فجر اليوم، وقال شهود عيان إن أربعين شاحنة مرت بنقطة التفتيش"
CHINESE = "车队经过了大桥。当地时间今天上午，目击者称共有四十辆卡车通过了检查站，没有人阻拦。"
ENGLISH = (
    "The convoy crossed the bridge at dawn. Witnesses told the desk that forty trucks passed the checkpoint.\n\n#convoy"
)


def row(text: str = ENGLISH, **changes: Any) -> Row:
    message = make_message(396, text)
    values = {name: getattr(message, name, None) for name in StoredMessage._fields}
    values |= {
        "date": 1_643_119_998,
        "edit_date": None,
        "media_kind": None,
        "origin": "history",
        "first_seen": NOW,
        "last_seen": NOW,
        "missing_since": None,
        "revisions": 0,
        "views": 1801,
    }
    built = build_row(CHANNEL, StoredMessage(**{key: values[key] for key in StoredMessage._fields}))
    return built | changes


def lines(
    shown: Row,
    query: str = "convoy",
    *,
    columns: int = 80,
    coloured: bool = False,
    channel: ChannelName = CHANNEL,
    **more: Any,
) -> list[str]:
    tree = parse(query, Context(now=datetime.now(UTC)))
    moments = Moments(ZoneInfo("Asia/Baghdad"), NOW)
    view = CardView(tree, {1001: channel}, moments, columns, coloured)
    return [line.plain for line in card(Shown(shown, **more), view)]


def test_a_card_reads_as_documented() -> None:
    gone = row(missing_since="2021-12-20T11:58:00Z", last_seen="2021-12-20T11:52:00Z")
    assert lines(gone) == [
        "Atlas Inquiry Desk  atlas/396   25 Jan 2022 17:13 +03                 1.8k views",
        "  DELETED between 20 Dec 14:52 and 14:58",
        "  The [convoy] crossed the bridge at dawn. Witnesses told the desk that forty",
        "  trucks passed the checkpoint.  #[convoy]",
    ]


@pytest.mark.parametrize("text", [ENGLISH, ARABIC, CHINESE, f"{ARABIC}\n{ENGLISH}\n{CHINESE}"])
@pytest.mark.parametrize("columns", [20, 40, 80, 160])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(text: str, columns: int) -> None:
    got = lines(row(text, fwd_from='{"from_name":"x"}'), columns=columns)
    assert all(cell_len(line) <= min(columns, 100) for line in got)
    marks = str.maketrans("", "", "[]\u2066\u2067\u2068\u2069")
    shown = "".join(got).translate(marks).replace(" ", "")
    assert text.replace("\n", "").replace(" ", "") in shown
    if text == ENGLISH:
        assert {word for line in got for word in line.translate(marks).split()} >= set(ENGLISH.split())


@given(
    st.text(max_size=120), st.text(max_size=40), st.integers(8, 160), st.booleans(), st.sampled_from(["> ", "- ", ""])
)
def test_card_of_any_untrusted_text_is_safe_and_fits(
    text: str, title: str, columns: int, coloured: bool, sign: str
) -> None:
    tree = parse("a", Context(now=datetime.now(UTC)))
    channel = CHANNEL._replace(title=title)
    view = CardView(tree, {1001: channel}, Moments(), columns, coloured)
    for line in card(Shown(row(text)), view, sign=sign):
        assert not {"\x1b", "\n", "\r", "\x9b", "\u202e"} & set(line.plain)
        assert columns < 20 or cell_len(line.plain) <= min(columns, 100)


def test_matches_are_seen_without_colour_and_are_not_touched_with_it() -> None:
    assert "[convoy]" in lines(row())[1]
    assert "[" not in "".join(lines(row(), coloured=True))


def test_edits_deletions_copies_and_versions_are_said() -> None:
    got = "\n".join(lines(row(revisions=3), copies=["b/1", "c/2"], revision=2, earlier=None))
    assert "  edited 3 times\n" in got
    assert "earliest found in this archive; 2 copies: b/1, c/2" in got
    assert "  edited before it was archived" in lines(row(edit_date="2021-12-01T00:00:00Z"))
    assert "  edited" not in "\n".join(lines(row(edit_date="2021-12-01T00:00:00Z", edit_hidden=1)))
    assert "found in version 2, not the current one: telekeep history atlas/396" in got
    assert "copies" not in "".join(lines(row(), copies=[]))
    blank = row("", restriction='[{"platform":"ios","reason":"porn","text":"This post cannot be shown."}]')
    assert lines(blank)[1:] == ["  restricted on ios: This post cannot be shown.", "  (no text)"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('{"from_id":{"type":"channel","id":1001},"channel_post":12}', "forwarded from atlas/12"),
        ('{"from_id":{"type":"channel","id":7},"name":"Far Desk","username":"far","channel_post":3}',
         "forwarded from Far Desk (@far/3)"),
        ('{"from_name":"Somebody"}', "forwarded from Somebody"),
        ('{"from_id":{"type":"user","id":1001}}', "forwarded"),
    ],
)  # fmt: skip
def test_a_forward_says_where_it_comes_from(header: str, said: str) -> None:
    head = " ".join(" ".join(lines(row(fwd_from=header), columns=160)).split("1.8k")[0].split())
    assert head.endswith(said)


def test_a_channel_without_a_public_name_has_no_public_link() -> None:
    assert "no public link" not in lines(row())[0]
    assert "no public link" in "".join(lines(row(), channel=CHANNEL._replace(username=None))[:2])


def test_lines_of_one_direction_are_one_paragraph() -> None:
    assert lines(row("one\n\ntwo\nجسر الليل\n三"))[1:] == ["  one  two", "  \u2068جسر الليل\u2069", "  三"]


def test_the_head_goes_on_in_the_next_line_where_it_has_no_room() -> None:
    assert lines(row("x"), columns=40)[:2] == [
        "Atlas Inquiry Desk  atlas/396",
        "  25 Jan 2022 17:13 +03       1.8k views",
    ]

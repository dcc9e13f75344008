"""Lines made straight from what is stored have the bytes of lines made of rows."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.model.row import ChannelName, StoredMedia, StoredMessage, build_row, to_json
from archiver.model.row_line import to_lines
from tests.tiers import examples

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["\x00\x1f\x7f\x85\xa0", "\u061c\u200e\u200f\u2028 \u2026\u2066 \xab\xbb", "Дом — 🏠", '"\\/', "\ud800 lone"]
)
WORDS = TEXTS.filter(lambda text: "\ud800" not in text)
NUMBERS = st.integers(0, 2**40)
TIMES = st.integers(-(2**33), 2**33) | st.sampled_from([0, 2**62, 253_402_300_800])


def stored(value: Any) -> str:
    return orjson.dumps(value).decode()


def perhaps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


OBJECTS = st.fixed_dictionaries({"type": st.just("user"), "id": NUMBERS, "name": WORDS}).map(stored)
ENTITIES = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["bold", "hashtag", "mention", "url", "text_url", "mention_name"]),
            "offset": st.integers(0, 9),
            "length": st.integers(0, 9),
            "url": st.just("https://example.org/"),
        }
    ),
    max_size=3,
).map(stored)
EXTRAS = st.sampled_from(
    [
        {"edit_hide": True},
        {"effect": 5, "from_boosts_applied": 3, "quick_reply": 7},
        {"via_bot": {"type": "user", "id": 5, "name": "b", "username": None}},
        {"factcheck": {"hash": "1", "need_check": True}, "paid_message_stars": 4},
        {"rich": {"blocks": [], "rtl": True}, "rich_text": "x" * 300},
        {},
    ]
).map(stored)
MARKUPS = st.just(stored([[{"text": "go", "url": "https://example.org/b"}]]))
MESSAGES = st.builds(
    StoredMessage,
    channel_id=st.just(1001), message_id=NUMBERS, kind=st.sampled_from(["message", "service", "stub"]), date=TIMES,
    edit_date=perhaps(TIMES), text=TEXTS, entities=perhaps(ENTITIES), sender=perhaps(OBJECTS),
    post_author=perhaps(WORDS), reply_to=perhaps(OBJECTS), fwd_from=perhaps(OBJECTS), grouped_id=perhaps(WORDS),
    views=perhaps(NUMBERS), forwards=perhaps(NUMBERS), replies=perhaps(NUMBERS),
    reactions=perhaps(st.lists(OBJECTS.map(orjson.loads), max_size=2).map(stored)), action=perhaps(OBJECTS),
    media_kind=st.none(), markup=perhaps(MARKUPS), extra=perhaps(EXTRAS), origin=st.sampled_from(["history", "import"]),
    first_seen=TIMES, last_seen=TIMES, missing_since=perhaps(TIMES), revisions=st.integers(0, 3),
    payload_sha256=st.binary(min_size=32, max_size=32), layer=st.just(229), via_bot_id=perhaps(NUMBERS),
    restriction=perhaps(OBJECTS), noforwards=st.integers(0, 1), pinned=st.integers(0, 1), silent=st.integers(0, 1),
    annotations=perhaps(OBJECTS),
)  # fmt: skip
MEDIA = st.builds(
    StoredMedia,
    kind=st.just("photo"), id=perhaps(WORDS), mime=perhaps(WORDS), size=perhaps(NUMBERS), width=perhaps(NUMBERS),
    height=perhaps(NUMBERS), duration=perhaps(st.floats(0, 1e6)), file_name=perhaps(WORDS), title=perhaps(WORDS),
    performer=perhaps(WORDS), url=perhaps(WORDS), path=perhaps(WORDS), sha256=perhaps(WORDS), status=WORDS,
    extra=perhaps(OBJECTS), reason=perhaps(WORDS),
)  # fmt: skip
CHANNELS = st.builds(
    ChannelName, st.just(1001), perhaps(st.just("NightBridge")), perhaps(WORDS.filter(bool)), st.just("Night Bridge")
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(CHANNELS, MESSAGES, st.lists(MEDIA, max_size=2).map(tuple)), max_size=3))
def test_a_line_has_the_bytes_of_its_row(
    items: list[tuple[ChannelName, StoredMessage, tuple[StoredMedia, ...]]],
) -> None:
    assert to_lines(items) == b"".join(to_json(build_row(*item)) + b"\n" for item in items)

"""What a message has besides text, in words."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.view.attachments import describe_action, describe_buttons, describe_media
from archiver.cli.view.moments import Moments
from archiver.model.row import MEDIA_KEYS

MOMENTS = Moments(ZoneInfo("Asia/Baghdad"), 1_650_000_000)
NOTHING: dict[str, Any] = dict.fromkeys(MEDIA_KEYS)


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        (
            {"kind": "voice", "duration": 77.4, "size": 40_000, "status": "not downloaded"},
            "1:17, 40.0 kB, not downloaded",
        ),
        ({"kind": "video", "duration": 4000}, "1:06:40"),
        ({"kind": "geo", "extra": {"lat": 31.99, "long": 44.93}}, "location, 31.99, 44.93"),
        ({"kind": "contact", "title": "Sami", "extra": {"first_name": "Sami", "phone_number": "1"}}, "contact Sami"),
        ({"kind": "photo", "width": 8, "height": 9, "extra": {"spoiler": True}}, "photo, spoiler, 8x9"),
        (
            {"kind": "giveaway", "title": "x", "extra": {"stars": str(2**62), "months": 3}},
            "giveaway x, 3 months of premium",
        ),
        ({"kind": "poll", "title": "Q", "extra": {"answers": [{"text": "A", "voters": 1211}]}}, "A (1,211)"),
        ({"kind": "giveaway", "extra": {"until_date": "2022-01-31T00:00:00Z"}}, "until 31 Jan 2022 03:00 +03"),
    ],
)
def test_attachment_is_told_by_what_people_call_it(slot: dict[str, Any], said: str) -> None:
    assert describe_media(NOTHING | slot, MOMENTS).endswith(said)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"type": "chat_edit_title", "title": "{message} %s"}, 'title changed to "{message} %s"'),
        ({"type": "chat_add_user", "users": [7]}, "members added"),
        ({"type": "chat_add_user", "members": ["Ala {0}", None, "Bo"]}, "members added: Ala {0}, Bo"),
        ({"type": "group_call", "duration": 61}, "live stream or video chat, 61 s"),
        ({"type": "group_call"}, "live stream or video chat"),
        (
            {"type": "group_call_scheduled", "schedule_date": "2022-01-01T00:00:00Z"},
            "live stream or video chat planned for 1 Jan 2022 03:00 +03",
        ),
        ({"type": "quite_new", "how_many": 3, "deep": {"x": 1}}, "quite new: how many 3"),
        ({}, "service message"),
    ],
)
def test_action_is_told_in_words_even_if_it_is_not_known(action: dict[str, Any], said: str) -> None:
    assert describe_action(action, MOMENTS) == said


def test_buttons_show_where_they_lead() -> None:
    assert describe_buttons([[{"text": "Open", "url": "https://x.org"}, {"text": None}]]) == "[Open] https://x.org []"


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["type", "title", "duration", "period", "message", "x"]), VALUES))
def test_every_action_has_words_but_an_empty_one_of_its_own(action: dict[str, Any]) -> None:
    for kind in ("group_call", "set_messages_ttl", "custom_action", "chat_edit_title", "unknown"):
        assert describe_action(action | {"type": kind}, MOMENTS) or (kind, action["message"]) == ("custom_action", "")

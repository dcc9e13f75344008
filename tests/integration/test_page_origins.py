"""What a message replies to, or was forwarded from, elsewhere."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.integration.page_rig import Browser, opened
from tests.sample import OTHER, build, make_message

__all__ = ["opened"]


def elsewhere(kind: str, number: int) -> dict[str, object]:
    return {"reply_to_msg_id": 7, "reply_to_peer_id": {"type": kind, "id": number}}


REPLIES = [
    (elsewhere("channel", 1002), "reply to جسر الليل 7", "/c/jisr_news/7"),
    (elsewhere("channel", 9999), "reply to a message in another chat: 7", None),
    (elsewhere("user", 1002), "reply to a message in another chat: 7", None),
    ({"reply_to_peer_id": None}, "reply to a message in another chat", None),
    ({"story_id": 3}, "reply to a story", None),
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    replies = [make_message(at, "so", reply_to=orjson.dumps(one).decode()) for at, (one, *_) in enumerate(REPLIES, 1)]
    forward = '{"from_id": {"type": "channel", "id": 9999}, "username": "far_away", "channel_post": 12}'
    directory = build(tmp_path_factory.mktemp("archive"), [*replies, make_message(9, "far", fwd_from=forward)])
    return build(directory, [make_message(7, "there", channel_id=1002)], channel=OTHER)


@pytest.mark.parametrize("number", range(1, len(REPLIES) + 1))
def test_a_reply_says_what_it_answers_and_leads_only_there(opened: Browser, number: int) -> None:
    _, said, target = REPLIES[number - 1]
    answer = opened.get(f"/c/NightBridge/{number}")
    assert said in answer.text
    assert (f'<a href="{target}">' in answer.html) == (target is not None)
    assert '<a href="/c/NightBridge/7">' not in answer.html


def test_the_origin_of_a_forward_that_is_not_archived_is_a_link(opened: Browser) -> None:
    assert 'href="https://t.me/far_away/12" rel="noopener noreferrer nofollow"' in opened.get("/c/NightBridge/9").html

"""What is a reply, and what only stands in a topic."""

from __future__ import annotations

import orjson
import pytest

from archiver.model.document import to_document
from archiver.model.reply import is_reply, topic_of
from tests.sample import make_message


@pytest.mark.parametrize(
    ("header", "reply", "topic"),
    [
        (None, False, None),
        ({"reply_to_msg_id": 3}, True, None),
        ({"reply_to_msg_id": 8, "reply_to_top_id": 3}, True, None),
        ({"story_id": 3}, True, None),
        ({"reply_to_msg_id": 5, "forum_topic": True}, False, 5),
        ({"reply_to_msg_id": 5, "reply_to_top_id": 5, "forum_topic": True}, False, 5),
        ({"reply_to_msg_id": 9, "reply_to_top_id": 5, "forum_topic": True}, True, 5),
        ({"reply_to_msg_id": 5, "forum_topic": True, "quote_text": "x"}, True, 5),
    ],
)
def test_only_a_target_besides_the_topic_makes_a_reply(
    header: dict[str, object] | None, reply: bool, topic: int | None
) -> None:
    stored = None if header is None else orjson.dumps(header).decode()
    assert (is_reply(stored), topic_of(stored)) == (reply, topic)
    document = to_document(make_message(1, "text", reply_to=stored))
    assert (document.is_reply, document.topic_id) == (reply, topic)


def test_links_of_fact_checks_and_rich_blocks_are_links_of_the_post() -> None:
    check = {"text": {"text": "see here", "entities": [{"type": "url", "offset": 4, "length": 4}]}}
    rich = {"blocks": [{"text": {"_": "TextUrl", "text": {"text": "x"}, "url": "https://rich.example/a"}}]}
    extra = orjson.dumps({"factcheck": check, "rich": rich}).decode()
    assert to_document(make_message(1, extra=extra)).links == ("here", "https://rich.example/a")

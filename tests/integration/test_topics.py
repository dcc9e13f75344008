"""Posts of a forum's topic name the topic, and are called replies only if they answer somebody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporting import export_as
from tests.integration.page_rig import Browser, opened
from tests.sample import build, make_message

__all__ = ["opened"]

POSTED = '{"reply_to_msg_id":5,"forum_topic":true}'
ANSWER = '{"reply_to_msg_id":6,"reply_to_top_id":5,"forum_topic":true}'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    messages = [
        make_message(5, kind="service", action='{"type": "topic_create", "title": "Roads"}'),
        make_message(6, "the bridge is open", reply_to=POSTED, reply_to_msg_id=5),
        make_message(7, "no", reply_to=ANSWER, reply_to_msg_id=6),
    ]
    return build(tmp_path_factory.mktemp("archive"), messages, covered=[(1, 7)])


def test_the_page_names_the_topic_and_the_message_that_is_answered(opened: Browser) -> None:
    posted, answer = (opened.get(f"/c/NightBridge/{number}").text for number in (6, 7))
    assert "in the topic Roads" in posted
    assert "reply to" not in posted
    assert "What it replies to" not in posted
    assert "in the topic 5" in answer
    assert "reply to 6 the bridge is open" in answer


@pytest.mark.parametrize(("form", "name"), [("html", "out/messages-0001.html"), ("markdown", "out"), ("atom", "out")])
def test_so_do_exports_for_readers(directory: Path, tmp_path: Path, form: str, name: str) -> None:
    export_as(form, directory, tmp_path / "out")
    written = (tmp_path / name).read_text(encoding="utf-8")
    assert written.count("topic 5") == 2
    assert written.count("in reply to message 6") == (form != "atom")
    assert "in reply to message 5" not in written

"""`telekeep run` on a terminal: one line per event, with its time and without module names."""

from __future__ import annotations

import re

from tests.acceptance.desk import Desk, Telegram


def test_a_terminal_shows_events_by_channel(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Events", username="events_desk")
    first = telegram.post("events_desk", "one")
    second = telegram.post("events_desk", "two")
    desk.do("add", "@events_desk")
    desk.do("sync")
    telegram.post("events_desk", "three")
    telegram.order("edit", channel="events_desk", id=first, text="one, edited")
    telegram.order("delete", channel="events_desk", ids=[second])
    screen = desk.on_terminal("run", typed=[("1 deleted", "\x03")])
    lines = [line.strip() for line in re.sub("\x1b\\[[0-9;]*m", "", screen).splitlines()]
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d UTC  account default: mirroring", line) for line in lines), lines
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d UTC  events_desk: 1 new, 1 edited, 1 deleted", line) for line in lines), (
        lines
    )
    assert "archiver." not in screen

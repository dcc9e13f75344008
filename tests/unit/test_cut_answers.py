"""Answers that end before their end: the server's fault, never an error of ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import Error
from archiver.telegram.answers import read_difference, read_history, read_object, read_states
from archiver.telegram.rich import read_whole

MESSAGE = types.Message(5, types.PeerChannel(3), datetime(2024, 1, 1, tzinfo=UTC), "text")
PAGE = types.messages.ChannelMessages(7, 1, [MESSAGE], [], [], [])
SLICE = types.messages.MessagesSlice(1, [MESSAGE], [], [], [], next_rate=3, offset_id_offset=4)
STATE = types.updates.State(1, 0, datetime(2024, 1, 1, tzinfo=UTC), 1, 0)
ANSWERS: list[tuple[Callable[[bytes], Any], Any]] = [
    (read_history, PAGE),
    (read_history, SLICE),
    (read_history, types.messages.Messages([MESSAGE], [], [], [])),
    (read_whole, PAGE),
    (read_whole, SLICE),
    (read_difference, types.updates.ChannelDifference(9, [MESSAGE], [], [], [], final=True, timeout=3)),
    (read_difference, types.updates.ChannelDifferenceEmpty(9, final=True)),
    (read_states, types.messages.PeerDialogs([], [MESSAGE], [], [], STATE)),
    (read_object, PAGE),
]


@pytest.mark.parametrize(("read", "answer"), ANSWERS)
def test_an_answer_that_is_cut_off_anywhere_is_read_as_far_as_it_goes_or_refused(
    read: Callable[[bytes], Any], answer: Any
) -> None:
    body = bytes(answer)
    read(body)
    refused = []
    for length in range(len(body)):
        try:
            read(body[:length])
        except Error:
            refused.append(length)
    assert set(range(8)) <= set(refused), "what is shorter than any answer is no answer"

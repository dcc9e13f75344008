"""Answers that are not what was asked for: refused with one clear sentence, never stored."""

from __future__ import annotations

import pytest
from telethon.tl import types

from archiver.errors import ServerFault, UnreadableObject
from archiver.model.record import PeerState
from archiver.telegram.answers import read_history, read_states

STATE = types.updates.State(pts=1, qts=0, date=None, seq=1, unread_count=0)


def dialog(peer: object, *, pts: int | None = None, top: int = 7) -> types.Dialog:
    return types.Dialog(
        peer=peer,
        top_message=top,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=pts,
    )


def dialogs(*all_of_them: object, chats: tuple[object, ...] = ()) -> bytes:
    answer: bytes = types.messages.PeerDialogs([*all_of_them], [], [*chats], [], STATE)._bytes()
    return answer


@pytest.mark.parametrize(
    ("answer", "whole"),
    [(types.messages.Messages([], [], [], []), True), (types.messages.MessagesSlice(0, [], [], [], []), False)],
)
def test_a_page_without_a_state_says_that_it_has_none(answer: object, *, whole: bool) -> None:
    page = read_history(answer._bytes())  # type: ignore[attr-defined]
    assert (page.pts, page.count, page.whole) == (None, 0, whole)


def test_a_page_that_says_nothing_changed_is_refused() -> None:
    with pytest.raises(ServerFault, match="not modified"):
        read_history(types.messages.MessagesNotModified(3)._bytes())


@pytest.mark.parametrize("answer", [types.Config, types.messages.DialogFilters])
def test_another_answer_is_unreadable(answer: type) -> None:
    body = answer.CONSTRUCTOR_ID.to_bytes(4, "little") + bytes(64)  # type: ignore[attr-defined]
    for read in (read_history, read_states):
        with pytest.raises(UnreadableObject) as failure:
            read(body)
        assert failure.value.constructor_id == answer.CONSTRUCTOR_ID  # type: ignore[attr-defined]


def test_a_probe_reports_only_accessible_channels() -> None:
    shut = types.ChannelForbidden(3, 1, "shut", broadcast=True)
    body = dialogs(
        dialog(types.PeerChannel(1), pts=40),
        dialog(types.PeerChannel(2), top=0),
        dialog(types.PeerChannel(3), pts=9),
        dialog(types.PeerUser(4), pts=5),
        chats=(shut,),
    )
    assert read_states(body) == {1: PeerState(40, 7), 2: PeerState(None, 0)}


def test_bytes_after_the_dialogs_may_be_anything() -> None:
    body = dialogs(dialog(types.PeerChannel(1), pts=40))
    cut = body.index(types.updates.State.CONSTRUCTOR_ID.to_bytes(4, "little")) - 24
    assert read_states(body[:cut] + b"\x15\xc4\xb5\x1c\x01\x00\x00\x00newer") == {1: PeerState(40, 7)}


def test_a_dialog_of_a_newer_layer_makes_the_probe_unreadable() -> None:
    body = dialogs(dialog(types.PeerChannel(1), pts=40))
    with pytest.raises(UnreadableObject):
        read_states(body[:12] + b"\x01\x02\x03\x04" + body[16:])

from __future__ import annotations

import pytest

from archiver.cli.view.run_events import describe_accounts, describe_arrivals, describe_history
from archiver.cli.view.sync_progress import HistoryShare
from archiver.ids import ChannelId
from archiver.model.account_status import AccountStatus
from archiver.store.messages.arrivals import Arrival, ArrivalEvent

NAMES = {ChannelId(1): "desk", ChannelId(2): "port"}


def arrival(event: ArrivalEvent, channel: int, message_id: int) -> Arrival:
    return Arrival(1_700_000_000, 0, event, ChannelId(channel), message_id, message_id)


def test_a_channel_has_one_line_with_what_happened_in_it() -> None:
    found = [arrival("new", 1, 5), arrival("new", 1, 6), arrival("edited", 1, 2), arrival("deleted", 2, 1)]
    assert list(describe_arrivals(found, {}, NAMES)) == ["desk: 2 new, 1 edited", "port: 1 deleted"]


def test_posts_of_a_history_are_not_called_new() -> None:
    found = [arrival("new", 1, number) for number in range(1, 101)]
    assert list(describe_arrivals(found, {ChannelId(1): 100}, NAMES)) == []
    assert list(describe_arrivals([*found, arrival("new", 1, 500)], {ChannelId(1): 100}, NAMES)) == ["desk: 1 new"]


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        (None, "big: 1,200 older posts fetched"),
        (HistoryShare(60_000, 9_000), "big: 1,200 older posts fetched; 15 % of its history"),
        (HistoryShare(60_000, 60_000), "big: 1,200 older posts fetched; its history is complete"),
    ],
)
def test_a_history_says_how_far_it_is(extent: HistoryShare | None, said: str) -> None:
    assert describe_history("big", 1_200, extent) == said


def test_an_account_is_told_when_its_state_changes() -> None:
    known: dict[str, str] = {}

    def told(**status: object) -> list[str]:
        return list(describe_accounts(known, {"default": AccountStatus(**status)}))  # type: ignore[arg-type]

    assert told(state="starting") == []
    assert told(state="mirroring") == ["account default: mirroring"]
    assert told(state="mirroring") == []
    assert told(state="mirroring", flood_wait=45.0) == ["account default: some calls wait for the server: 45 s"]
    assert told(state="waiting", flood_wait=30.0) == []
    assert told(state="mirroring") == ["account default: mirroring"]

"""When all is well, and what is said when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model.account_status import ACTIVITIES, AccountStatus, read_statuses, write_statuses
from archiver.service.monitoring.health import (
    SILENT,
    ChannelCounts,
    UnreadableChannel,
    describe_unreadable,
    find_troubles,
    judge,
)

GOOD = AccountStatus(state="mirroring")


def test_accounts_are_healthy_while_each_mirrors_though_some_channels_back_off() -> None:
    assert find_troubles({"default": GOOD, "spare": GOOD}, {"default": ChannelCounts(5, 4)}, beat_age=10) == ()
    assert find_troubles({"default": GOOD}, {}, beat_age=-5) == ()


@pytest.mark.parametrize(
    ("accounts", "counts", "age", "said"),
    [
        ({"default": GOOD}, {}, SILENT + 1, "the service has had no heartbeat for 61 s: it hangs, or cannot write"),
        ({}, {}, 1, "no account is active."),
        (
            {"default": GOOD},
            {"second": ChannelCounts(3, 0)},
            1,
            "account second is not active, and 3 channels wait for it.",
        ),
        ({"default": AccountStatus()}, {}, 1, "account default is starting."),
        (
            {"default": replace(GOOD, state="offline", offline_since=86400.0, trouble="nobody answers.")},
            {"default": ChannelCounts(1, 0)},
            1,
            "account default is offline since 1970-01-02T00:00:00Z: nobody answers.",
        ),
        (
            {"default": replace(GOOD, state="waiting", flood_wait=4000.4)},
            {},
            1,
            "account default is waiting: the server ordered a flood wait, 67 min left.",
        ),
        (
            {"default": GOOD},
            {"default": ChannelCounts(1, 1)},
            1,
            "account default currently cannot read any of its 1 channel.",
        ),
    ],
)
def test_each_trouble_is_a_sentence(
    accounts: dict[str, AccountStatus], counts: dict[str, ChannelCounts], age: float, said: str
) -> None:
    [trouble] = find_troubles(accounts, counts, beat_age=age)
    assert trouble.startswith(said)


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(ACTIVITIES).map(lambda state: replace(GOOD, state=state))),
    st.dictionaries(
        st.sampled_from("abc"), st.tuples(st.integers(1, 3), st.integers(0, 3)).map(lambda n: ChannelCounts(*n))
    ),
)
def test_every_account_that_does_not_mirror_is_named_and_no_other(
    accounts: dict[str, AccountStatus], counts: dict[str, ChannelCounts]
) -> None:
    troubles = find_troubles(accounts, counts, beat_age=0)
    if not accounts and not counts:
        assert len(troubles) == 1
        return
    for name in {*accounts, *counts}:
        count = counts.get(name, ChannelCounts(0, 0))
        well = accounts.get(name) == GOOD and not (count.channels and count.aside == count.channels)
        assert [trouble for trouble in troubles if trouble.startswith(f"account {name} ")] == troubles_of(
            name, troubles
        )
        assert bool(troubles_of(name, troubles)) != well


def troubles_of(name: str, troubles: tuple[str, ...]) -> list[str]:
    return [trouble for trouble in troubles if trouble.split()[1] == name]


def test_channels_that_cannot_be_read_make_a_verdict_partly() -> None:
    unread = [UnreadableChannel("@x", "inaccessible", 86400, None), UnreadableChannel("@y", "active", None, 2 * 86400)]
    verdict = judge({"default": GOOD}, {"default": ChannelCounts(4, 2)}, unread, beat_age=1)
    assert (verdict.exit_status, verdict.troubles) == (3, ())
    assert verdict.partly == (
        "2 of 4 channels; @x private since 1970-01-02T00:00:00Z, @y retrying at 1970-01-03T00:00:00Z.",
    )
    assert judge({}, {"default": ChannelCounts(4, 2)}, unread, beat_age=1).exit_status == 2
    many = [UnreadableChannel(f"@{n}", "banned", 0, None) for n in range(9)]
    assert describe_unreadable({"default": ChannelCounts(9, 9)}, many)[0].endswith(", and 4 more.")


def test_a_status_is_read_as_it_was_written_and_fields_of_another_version_are_ignored() -> None:
    written = {"default": replace(GOOD, heard_at=5.0, due=3), "spare": AccountStatus()}
    assert read_statuses(write_statuses(written)) == written
    assert read_statuses('{"default": {"state": "mirroring", "mood": 1}, "new": {}}') == {
        "default": GOOD,
        "new": AccountStatus(),
    }

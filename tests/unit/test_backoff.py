"""What becomes of a channel that cannot be read."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import errors
from archiver.errors import (
    ChannelGone,
    ChannelInaccessible,
    Error,
    FloodWait,
    LostState,
    ServerFault,
    StaleAccess,
    Unreachable,
    UnreadableObject,
)
from archiver.service.backoff import ACCOUNT_ERRORS, channel_state_after, longest_retry_delay, retry_delay

DAY = 86_400.0
SAMPLES = {
    FloodWait: FloodWait(7, method="getHistory"),
    UnreadableObject: UnreadableObject(0xDEADBEEF),
}
ALL = [
    SAMPLES.get(cls) or cls("something is wrong.")
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, Error) and cls is not Error
]
OF_CHANNEL = [error for error in ALL if not isinstance(error, ACCOUNT_ERRORS)]


def test_only_what_says_something_about_the_channel_changes_its_state() -> None:
    states = {type(error): channel_state_after(error) for error in OF_CHANNEL}
    assert {cls: state for cls, state in states.items() if state} == {
        ChannelGone: "banned",
        ChannelInaccessible: "inaccessible",
        StaleAccess: "inaccessible",
    }


@pytest.mark.parametrize(
    ("error", "first", "most"),
    [
        (ServerFault("it fails."), 30, 120),
        (UnreadableObject(7), 30, 120),
        (LostState("gone."), 30, 120),
        (ChannelInaccessible("private."), 300, DAY),
        (StaleAccess("refused."), 300, DAY),
        (ChannelGone("banned."), 3600, 7 * DAY),
    ],
)
def test_delays_grow_up_to_a_limit(error: Error, first: float, most: float) -> None:
    assert first <= retry_delay(error, 0) <= 1.2 * first
    assert most <= retry_delay(error, 1_000_000) <= 1.2 * most


@given(st.sampled_from(OF_CHANNEL), st.integers(0, 40))
def test_a_further_failure_never_makes_it_impatient(error: Error, failures: int) -> None:
    # The dice add a fifth at most, and each step is more than that until the limit is reached.
    before, after = retry_delay(error, failures), retry_delay(error, failures + 1)
    assert 30 <= before <= 7 * DAY * 1.2
    assert after > before / 1.2


@given(st.sampled_from(OF_CHANNEL), st.integers(0, 40))
def test_channels_that_failed_together_do_not_come_back_together(error: Error, failures: int) -> None:
    assert len({retry_delay(error, failures) for _ in range(20)}) > 1


def test_errors_that_stop_an_account_are_not_retried() -> None:
    assert not any(isinstance(error, ACCOUNT_ERRORS) for error in (Unreachable("no line."), ServerFault("it fails.")))
    assert all(isinstance(error, Error) for error in ALL)


@given(st.sampled_from(OF_CHANNEL), st.integers(0, 30))
def test_no_back_off_is_longer_than_the_longest_delay(error: Error, failures: int) -> None:
    state = channel_state_after(error) or "active"
    assert retry_delay(error, failures) <= longest_retry_delay(state, failures + 1)
    assert longest_retry_delay(state, failures + 1) <= 1.2 * retry_delay(error, failures)

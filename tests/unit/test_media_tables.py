"""`telekeep media plan` and `media status` on a terminal: sentences that are true, and fit."""

from __future__ import annotations

import pytest

from archiver.cli.view.media_plan import PlanTotals, print_cells, print_plan, tally_object
from archiver.ids import ChannelId
from archiver.media.plan import ChannelPlan, FileTally
from archiver.model.media_file import MediaPolicy
from archiver.store.media.media_policy import MediaRate
from tests.sample import make_mirrored

RATE = MediaRate(at=1_640_000_000, files=2.0, bytes=1000.0)


def totals(seconds: float) -> PlanTotals:
    return PlanTotals(
        fetch=FileTally(1, 20),
        stored=FileTally(),
        left_out={},
        free=10**9,
        min_free=10**6,
        seconds=seconds,
        rates={"a": RATE},
    )


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "Time: less than a second at"), (61, "Time: about 61 s at")])
def test_a_short_time_is_not_said_to_be_none(seconds: float, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan([], totals(seconds), now=1_640_000_060, is_supposed=False)
    assert words in capsys.readouterr().out


def test_no_known_size_is_not_0_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    plan = ChannelPlan(ChannelId(1), MediaPolicy(download="all"))
    plan.outcomes = {("thumbnail", "fetch"): FileTally(2, 0, 2), ("photo", "fetch"): FileTally(3, 40, 1)}
    assert [tally_object(tally)["bytes"] for tally in (*plan.outcomes.values(), FileTally())] == [None, 40, 0]
    print_cells([(make_mirrored(username="bridges", title="Bridges"), plan)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[1:] for line in lines] == [
        ["photo", "fetch", "3", "40", "1", "Bridges"],
        ["thumbnail", "fetch", "2", "", "2", "Bridges"],
    ]

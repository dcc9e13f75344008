"""Where the end of a window is looked for."""

from __future__ import annotations

import pytest

from archiver.mirror.pages import PAGE, places_below


@pytest.mark.parametrize("lowest", [1, 2, 3, 50, 101, 205, 1_000, 123_456, 2**31 - 2])
def test_the_places_lie_below_and_leave_no_gap_wider_than_what_was_passed(lowest: int) -> None:
    places = places_below(lowest)
    assert all(1 < place <= lowest for place in places)
    assert len(places) < 30
    for above, below in zip(places, [*places[1:], 1], strict=False):
        assert above - below <= max(PAGE, lowest - above + PAGE)

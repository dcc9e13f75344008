"""Documents that an index lost are counted although others take their place in the sum."""

from __future__ import annotations

import pytest

from archiver.ids import ChannelId
from archiver.index.expectation import Expectation
from search.meili.tally import DocumentTally

ONE, TWO = ChannelId(1), ChannelId(2)
HELD = Expectation({ONE: 10, TWO: 5}, {100: 8, 101: 7}, 0)


@pytest.mark.parametrize(
    ("documents", "tally", "lacking"),
    [
        (15, None, 0),
        (11, None, 4),
        (20, None, 0),
        (15, DocumentTally({1: 10, 2: 5}, {100: 8, 101: 7}), 0),
        (15, DocumentTally({1: 12, 2: 3}, {100: 8, 101: 7}), 2),
        (15, DocumentTally({1: 12, 2: 3}, {}), 2),
        (15, DocumentTally({1: 10, 2: 5}, {100: 15}), 7),
        (15, DocumentTally({}, {}), 15),
        (99, DocumentTally({1: 10, 3: 84}, {100: 8, 101: 7, 102: 84}), 5),
    ],
)
def test_surplus_documents_do_not_hide_lost_ones(documents: int, tally: DocumentTally | None, lacking: int) -> None:
    assert HELD.count_lacking(documents, tally) == lacking


def test_documents_being_sent_again_are_not_lost() -> None:
    again = Expectation({ONE: 10}, {}, 4)
    assert [again.count_lacking(0, DocumentTally({1: there}, {})) for there in (10, 7, 5, 0)] == [0, 0, 1, 6]
    assert again.count_lacking(5, None) == 1


def test_days_count_only_where_they_were_counted() -> None:
    assert Expectation({ONE: 10}, {}, 0).count_lacking(10, DocumentTally({1: 10}, {100: 1})) == 0

"""A channel that has only its id is shown with its title, and with the id that people type."""

from __future__ import annotations

import pytest

from archiver.cli.view.grid import name_cell
from archiver.model.row import ChannelName
from tests.sample import make_mirrored

LONG = "The River Watch of the Northern Provinces"


@pytest.mark.parametrize(
    ("username", "alias", "title", "label", "cell"),
    [
        ("river", None, "River Watch", "river", "river"),
        (None, "river", "River Watch", "river", "river"),
        (None, None, "River Watch", "River Watch (1777000111)", "River Watch (1777000111)"),
        (None, None, "", "1777000111", "1777000111"),
        (None, None, "1777000111", "1777000111", "1777000111"),
        (None, None, LONG, f"{LONG} (1777000111)", "The River Watch of the… (1777000111)"),
        (None, None, "a\nb\x1b[1m", "a\nb\x1b[1m (1777000111)", "a↵b␛[1m (1777000111)"),
    ],
)
def test_a_channel_without_a_name_is_called_by_its_title(
    username: str | None, alias: str | None, title: str, label: str, cell: str
) -> None:
    channel = make_mirrored(1777000111, username=username, alias=alias, title=title)
    assert (channel.label, name_cell(channel)) == (label, cell)
    assert ChannelName(channel.channel_id, username, alias, title).label == label

"""Names that channels no longer have."""

from __future__ import annotations

from archiver.model.row import ChannelName
from archiver.reading.former_names import find_formerly, list_former_names
from archiver.store.channels.former_name import NamesSeen

NOW = ChannelName(1001, "bridge_now", "bridge", "New Bridge", ("bridge_now", "bridge_too"))
BARE = ChannelName(1002, None, None, "جسر")
SEEN = [
    NamesSeen(1001, 100, "Bridge_Old", (), "Old Bridge"),
    NamesSeen(1001, 200, "bridge_mid", ("bridge_mid", "bridge_too"), "Old Bridge"),
    NamesSeen(1001, 300, "bridge_now", ("bridge_now", "bridge_too"), "New Bridge"),
    NamesSeen(1002, 100, "jisr", (), "جسر"),
    NamesSeen(1002, 250, None, (), "جسر"),
]


def found(name: str, *, titles: bool = True) -> list[tuple[int, int]]:
    former = list_former_names(SEEN, [NOW, BARE])
    listed = find_formerly(name, former, [NOW, BARE], titles=titles)
    return [(one.channel.channel_id, one.lost.until) for one in listed]


def test_each_name_that_was_lost_is_found_with_when_it_was_noticed() -> None:
    assert found("bridge_old") == found("BRIDGE_OLD") == [(1001, 200)]
    assert found("bridge_mid") == [(1001, 300)]
    assert found("jisr") == [(1002, 250)]
    assert found("old bridge") == [(1001, 300)]
    assert found("old bridge", titles=False) == []


def test_a_name_that_is_held_is_no_former_one() -> None:
    assert found("bridge_now") == found("bridge_too") == found("New Bridge") == found("جسر") == []
    back = [*SEEN[:3], NamesSeen(1001, 400, "Bridge_Old", (), "New Bridge")]
    again = NOW._replace(username="bridge_old", usernames=())
    assert "bridge_old" not in {one.name.lower() for one in list_former_names(back, [again])}


def test_one_line_says_what_the_name_means_now() -> None:
    former = list_former_names(SEEN, [NOW, BARE])
    [one] = find_formerly("bridge_old", former, [NOW, BARE])
    assert one.describe() == "@Bridge_Old is now @bridge_now (noticed on 1 Jan 1970)"
    [one] = find_formerly("jisr", former, [NOW, BARE])
    assert one.describe() == '@jisr is now 1002 ("جسر", without a username) (noticed on 1 Jan 1970)'
    [one] = find_formerly("Old Bridge", former, [NOW, BARE])
    assert one.describe() == '"Old Bridge" is now "New Bridge", @bridge_now (noticed on 1 Jan 1970)'

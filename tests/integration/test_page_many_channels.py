"""The page of an archive with hundreds of channels."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.store import reading_pool
from archiver.web.views import home
from tests.integration.page_asked import AskedPage, asked_page
from tests.sample import CHANNEL, build, make_message

MANY = 450
LARGE = 3000


def test_channels_are_200_a_page_and_each_is_on_one(tmp_path: Path) -> None:
    more = (
        "INSERT INTO channel (channel_id, usernames, title, megagroup, added_at)"
        f" WITH RECURSIVE n(i) AS (VALUES (2001) UNION ALL SELECT i + 1 FROM n WHERE i < {2000 + MANY - 1})"
        " SELECT i, '[]', 'Channel ' || i, 0, i FROM n"
    )
    archive = build(tmp_path / "archive", [], sql=[more])
    with asked_page(archive) as asked:
        seen: list[str] = []
        path, sizes = "/", []
        while path:
            html = asked.get(path).html
            found = re.findall(r'<th scope="row"><div class="fit"><a href="/c/([^"#]+)', html)
            seen, sizes = seen + found, [*sizes, len(found)]
            path = next(iter(re.findall(r'rel="next" href="([^"]+)"', html)), "")
        assert sizes == [200, 200, 50]
        assert len(set(seen)) == MANY
        assert "Page 3 of 3" in html
        assert "There are no more channels." in asked.get("/?page=4").html
        assert 'href="/?page=3"' in asked.get("/?page=99").html
        assert asked.get("/?page=x").status == 400
        assert len(asked.get("/channels.json").json["channels"]) == MANY


def counts_on(asked: AskedPage) -> list[int | None]:
    return [one["held"] for one in asked.get("/channels.json").json["channels"]]


def test_large_channels_keep_no_reader_from_the_counts_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, size in enumerate((LARGE, LARGE, 1, 2), start=1001):
        messages = [make_message(one, "x", channel_id=number) for one in range(1, size + 1)]
        named = replace(CHANNEL, channel_id=number, username=f"channel_{number}", title=f"Channel {number}")
        build(tmp_path / "archive", messages, channel=named, covered=[(1, size)])
    monkeypatch.setattr(reading_pool, "_STEPS", 1000)  # SQLite looks at the clock in large channels only,
    monkeypatch.setattr(home, "SECONDS", -1.0)  # and the time is always over
    monkeypatch.setattr(home, "FRESH", 1e9)
    monkeypatch.setattr(home, "KEPT", 1e9)
    with asked_page(tmp_path / "archive") as asked:
        assert counts_on(asked) == [None, None, 1, 2]
        assert counts_on(asked) == [None, None, 1, 2]  # the first large one was tried alone, and takes too long
        monkeypatch.setattr(home, "SECONDS", 60.0)
        assert counts_on(asked) == [None, LARGE, 1, 2]
        monkeypatch.setattr(home, "FRESH", -1.0)
        monkeypatch.setattr(home, "SECONDS", -1.0)
        assert counts_on(asked) == [None, LARGE, 1, 2]  # what was counted before is shown
        monkeypatch.setattr(home, "SECONDS", 60.0)
        assert counts_on(asked) == [LARGE, LARGE, 1, 2]

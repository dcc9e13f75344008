"""The page of an archive with hundreds of channels."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.page_asked import asked_page
from tests.sample import build

MANY = 450


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
            found = re.findall(r'<th scope="row"><a href="/c/([^"#]+)', html)
            seen, sizes = seen + found, [*sizes, len(found)]
            path = next(iter(re.findall(r'rel="next" href="([^"]+)"', html)), "")
        assert sizes == [200, 200, 50]
        assert len(set(seen)) == MANY
        assert "Page 3 of 3" in html
        assert "There are no more channels." in asked.get("/?page=4").html
        assert 'href="/?page=3"' in asked.get("/?page=99").html
        assert "Page 1 of 3" in asked.get("/?page=x").html
        assert len(asked.get("/channels.json").json["channels"]) == MANY

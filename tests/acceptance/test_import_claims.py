"""What an import claims of a mirrored channel neither spoils the mirror's completeness nor counts as seen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.acceptance.desk import Desk, Telegram, until
from tests.importing import chat, entry, write_json
from tests.integration.page_asked import asked_page

NAME = "claimed_upon"


def import_of(desk: Desk, path: Path, *numbers: int, channel_id: int, since: int = 60) -> None:
    """Import an export whose newest post was written this many seconds ago."""
    entries = [
        entry(number, f"claimed {number}", date_unixtime=str(int(time.time()) - since), from_id=f"channel{channel_id}")
        for number in numbers
    ]
    desk.do("import", str(write_json(path, chat(entries, id=channel_id, name="Claimed upon"))), "--channel", NAME)


def assert_all_agree(desk: Desk) -> None:
    """Of 8 ids that Telegram gave, 5 are archived and 1 is absent; 2 posts above them are of imports."""
    gaps = desk.do("gaps", NAME, "--all", "--json")
    runs = json.loads(gaps.out)
    assert (sum(one["count"] for one in runs), runs[-1]["last_id"]) == (8, 8)
    assert sum(one["count"] for one in runs if one["state"] == "held") == 5
    said = "2 archived messages{} only from imports, above the newest id that Telegram showed"
    assert f"{NAME}: {said.format('')}" in gaps.err
    assert f"imports: {said.format(f' of {NAME}')}" in desk.run("status").err
    exported = desk.do("export", NAME, "-o", "all.jsonl", "--json")
    [part] = json.loads(exported.out)["channels"]
    assert (part["rows"], part["complete"]) == (9, True)
    assert f"{NAME}: 2 messages of this range only from imports, not shown by Telegram" in exported.err
    manifest = json.loads((desk.home / "manifest.json").read_bytes())
    [found] = [one["completeness"] for one in manifest["channels"]]
    assert (found["ids"], found["held"], found["imported_alone"]) == ([1, 8], 5, 2)
    with asked_page(desk.archive) as asked:
        [line] = asked.get("/channels.json").json["channels"]
        assert (line["held"], line["imported_alone"], line["coverage"]) == (5, 2, 1.0)
        assert "and 2 known only from imports" in asked.get("/").text


def test_a_mirror_stays_complete_whatever_an_import_claims(desk: Desk, telegram: Telegram, tmp_path: Path) -> None:
    telegram.order("make", title="Claimed upon", username=NAME)
    for number in range(2, 9):
        assert telegram.post(NAME, f"shown {number}") == number
    telegram.order("delete", channel=NAME, ids=[3, 5, 7])
    desk.do("add", f"@{NAME}")
    desk.do("sync")
    channel_id = telegram.channel_id(NAME)

    def status() -> dict[str, Any]:
        [channel] = json.loads(desk.do("status", "--json").out)["channels"]
        found: dict[str, Any] = channel
        return found

    def figures() -> tuple[object, ...]:
        now = status()
        return tuple(now[key] for key in ("held", "missing", "missing_if_posted", "absent", "not_fetched", "coverage"))

    assert figures() == (5, 0, 0, 3, 0, 1.0)
    import_of(desk, tmp_path / "old.json", 3, channel_id=channel_id, since=86_400)
    [(read_at,)] = desk.query("SELECT max(at) FROM capture")
    until(lambda: time.time() >= read_at + 1, what="a second later than the sync")
    import_of(desk, tmp_path / "new.json", 5, 9, 100_000, channel_id=channel_id, since=-30)
    # The first export is older than the sync, the second newer: only the next sync tells of its post 5.
    assert figures() == (5, 1, 1, 2, 0, 1.0)
    before = status()
    assert (before["imported_alone"], before["count_differs"], before["newest_id"]) == (3, False, 8)
    assert "counts" not in " ".join(one["what"] for one in json.loads(desk.do("status", "--json").out)["problems"])

    synced = desk.do("sync").err
    assert f"{NAME}: up to date" in synced or "everything the server shows is archived" in synced
    assert "not known to be complete" not in synced
    assert figures() == (5, 2, 2, 1, 0, 1.0)
    assert status()["imported_alone"] == 2
    assert_all_agree(desk)
    desk.do("verify")

    assert telegram.post(NAME, "shown 9, in other words") == 9
    desk.do("sync")
    assert figures() == (6, 2, 2, 1, 0, 1.0)
    assert (status()["imported_alone"], status()["newest_id"]) == (1, 9)
    texts = [
        (one["text"], one["import"] is not None)
        for one in desk.do("history", f"{NAME}/9", "--json").rows[0]["versions"]
    ]
    assert texts == [("claimed 9", True), ("shown 9, in other words", False)]
    desk.do("verify", "--deep")

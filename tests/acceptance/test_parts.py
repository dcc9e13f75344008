"""Messages that are held in part: said so wherever completeness is spoken of, and completed by the next sync."""

from __future__ import annotations

import orjson

from tests.acceptance.desk import Desk, Telegram

BLOCKS = ["a long read about the harbour", "its middle", "its unmistakable ending"]


def test_a_partial_message_is_labelled_until_a_sync_completes_it(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Long reads", username="long_reads")
    telegram.order("set", channel="long_reads", rich_limit=1)
    telegram.post("long_reads", "plain")
    post = telegram.post("long_reads", "", blocks=BLOCKS)
    telegram.order("fault", spec="messages.getRichMessage:rpc(501,NOT_NOW)")
    desk.do("add", "@long_reads")
    done = desk.run("sync")
    assert done.status == 3
    assert "1 partial" in done.err

    [standing] = orjson.loads(desk.do("status", "--json").out)["channels"]
    assert (standing["partial"], standing["partial_refused"], standing["not_fetched"]) == (1, 0, 0)
    assert "1 partial" in desk.do("status").err
    assert "1 partial" in desk.run("gaps", "@long_reads").err
    shown = desk.do("show", f"@long_reads/{post}", "--json")
    assert "1 partial" in shown.err
    assert shown.rows[0]["partial"]["refused"] is None
    assert "partial" in desk.do("show", f"@long_reads/{post}").err
    assert desk.run("search", "unmistakable").status == 1
    desk.export()
    manifest = orjson.loads((desk.home / "manifest.json").read_bytes())
    assert manifest["complete"] is False
    assert [(c["completeness"]["partial"], c["completeness"]["complete"]) for c in manifest["channels"]] == [(1, False)]

    telegram.order("fault", clear=True)
    _make_due(desk)
    done = desk.do("sync")
    assert "long_reads: 1 partial completed." in done.err
    [standing] = orjson.loads(desk.do("status", "--json").out)["channels"]
    assert standing["partial"] == 0
    assert "1 partial" not in desk.do("status").err + desk.run("gaps", "@long_reads").err
    [row] = desk.do("show", f"@long_reads/{post}", "--json").rows
    assert ("partial" in row, row["revisions"]) == (False, 0)
    assert [row["message_id"] for row in desk.do("search", "unmistakable", "--jsonl").rows] == [post]
    desk.export()
    manifest = orjson.loads((desk.home / "manifest.json").read_bytes())
    assert (manifest["complete"], manifest["channels"][0]["completeness"]["partial"]) == (True, 0)
    desk.do("verify")


def test_a_refused_completion_is_reported_but_fails_no_sync(desk: Desk, telegram: Telegram) -> None:
    telegram.order("make", title="Refused", username="refused_reads")
    telegram.order("set", channel="refused_reads", rich_limit=1)
    post = telegram.post("refused_reads", "", blocks=BLOCKS)
    telegram.order("fault", spec="messages.getRichMessage:rpc(400,MESSAGE_ID_INVALID)")
    desk.do("add", "@refused_reads")
    desk.do("sync")
    before = telegram.calls("messages.getRichMessage")
    done = desk.do("sync")
    assert telegram.calls("messages.getRichMessage") == before
    assert "1 partial" in done.err
    assert "refused by the server" in desk.do("status").err
    [row] = desk.do("show", f"@refused_reads/{post}", "--json").rows
    assert row["partial"]["refused"] == "MESSAGE_ID_INVALID"


def test_a_flood_wait_for_the_rest_comes_after_all_histories_are_read(desk: Desk, telegram: Telegram) -> None:
    for name in ("flooded_reads", "other_reads"):
        telegram.order("make", title=name, username=name)
        telegram.order("set", channel=name, rich_limit=1)
        telegram.post(name, "", blocks=BLOCKS)
    telegram.order("fault", spec="messages.getRichMessage:flood(900)")
    desk.do("add", "@flooded_reads", "@other_reads")
    done = desk.run("sync")
    assert done.status == 5
    assert "getRichMessage" in done.err
    channels = orjson.loads(desk.do("status", "--json").out)["channels"]
    assert [(one["not_fetched"], one["partial"], one["held"]) for one in channels] == [(0, 1, 2), (0, 1, 2)]


def _make_due(desk: Desk) -> None:
    """As if the time until the next attempt had passed."""
    import sqlite3

    with sqlite3.connect(desk.archive / "archive.db") as connection:
        connection.execute("UPDATE rich_part SET retry_at = 0")
    connection.close()

"""`telekeep search` as people run it: hits, pages, counts, and what is said when nothing is found."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import orjson

from archiver.model.row import KEYS
from tests.acceptance.reading import Run, archive, on_a_terminal, rows, run
from tests.sample import CHANNEL, OTHER, build, index, make_message

__all__ = ["archive", "run"]


def test_search_finds_and_gives_the_shared_rows(run: Run) -> None:
    found = run("search", "bridge", "-c", "NightBridge", "-n", "0", "--jsonl")
    assert found.returncode == 0
    assert [row["message_id"] for row in rows(found)] == [n for n in range(30, 0, -1) if n not in {5, 7, 10}]
    assert all(tuple(row) == KEYS for row in rows(found))
    assert "engine=exact exact=yes" in found.stderr
    array = run("search", "bridge", "-n", "2", "--json", "--sort", "oldest")
    assert [row["message_id"] for row in orjson.loads(array.stdout)] == [1, 1]
    assert "there are more" in array.stderr


def test_search_without_hits_exits_1(run: Run) -> None:
    done = run("search", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert run("search", "nowhere", "--json").stdout == "[]\n"
    assert run("search", "nowhere", "--count").stdout == "0\n"


def test_search_counts_and_shows_context(run: Run) -> None:
    assert run("search", "bridge", "--count").stdout == "28\n"
    block = rows(run("search", "opened", "-C", "1", "--jsonl"))
    assert [(row["message_id"], row["match"]) for row in block] == [(4, False), (5, True), (6, False)]
    assert {row["block"] for row in block} == {1}


def test_context_that_overlaps_is_one_block_and_hits_are_marked(run: Run, archive: Path) -> None:
    query = '"text 3" OR "text 4" OR "text 12"'
    told = run("search", query, "-c", "bridge", "-C", "1").stdout.splitlines()
    assert [line.split("\t")[0:3:2] if line != "--" else line for line in told] == [
        ["-", "NightBridge/11"], [">", "NightBridge/12"], ["-", "NightBridge/13"],
        "--",
        ["-", "NightBridge/2"], [">", "NightBridge/3"], [">", "NightBridge/4"], ["-", "NightBridge/5"],
    ]  # fmt: skip
    limited = run("search", query, "-C", "1", "-n", "2", "--sort", "oldest", "--json").stdout
    assert [(row["block"], row["message_id"], row["match"]) for row in orjson.loads(limited)] == [
        (1, 2, False), (1, 3, True), (1, 4, True), (1, 5, False),
    ]  # fmt: skip
    asked = ["search", query, "-c", "bridge", "-C", "1", "-n", "1"]
    pages = [run(*asked), *(run(*asked, "--more") for _ in range(3))]
    told = [page.stderr.partition(" shown")[0] for page in pages]
    assert told == ["1", "1", "1", "all 3 results of this search have been"]
    shown = on_a_terminal(archive, "search", query, "-c", "bridge", "-C", "1")
    assert shown.count("> ") == 3
    assert "\r\n--\r\n" in shown


def test_pages_continue_where_they_ended(run: Run) -> None:
    first = run("search", "bridge", "-n", "4", "--jsonl", "-c", "NightBridge")
    cursor = first.stderr.split("--after ")[1].split()[0]
    second = run("search", "bridge", "-n", "0", "--jsonl", "-c", "NightBridge", "--after", cursor)
    numbers = [orjson.loads(line)["message_id"] for line in (first.stdout + second.stdout).splitlines()]
    assert numbers == [number for number in range(30, 0, -1) if number not in {5, 7, 10}]
    assert "--after" not in second.stderr
    wrong = run("search", "bridge", "--after", "nonsense")
    assert (wrong.returncode, "cursor" in wrong.stderr) == (2, True)


def test_facets_count_in_tables_lines_and_json(run: Run) -> None:
    lines = run("search", "has:photo OR bridge", "--facet", "channel,media").stdout.splitlines()
    assert lines == ["channel\tNightBridge\t28", "channel\tjisr_news\t1", "media\tlink\t1", "media\tphoto\t1"]
    found = orjson.loads(run("search", "bridge", "--facet", "month,channel", "--json").stdout)
    assert list(found) == ["month", "channel", "incomplete"]
    assert sum(one["count"] for one in found["month"]) == sum(one["count"] for one in found["channel"]) == 28
    assert found["channel"][0] == {"value": "1001", "name": "NightBridge", "count": 27}
    wrong = run("search", "bridge", "--facet", "colour")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "channel, day, month, media, lang, fwd" in wrong.stderr
    nothing = run("search", "nowhere", "--facet", "day")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("nothing found to count")
    assert run("search", "bridge", "--facet", "day", "--count").returncode == 2


def test_a_channel_with_only_a_title_is_counted_under_it(run: Run, tmp_path: Path) -> None:
    messages = [make_message(1, "bridge")]
    build(tmp_path / "nameless", messages, channel=replace(CHANNEL, username=None))
    index(tmp_path / "nameless", messages)
    counted = run("search", "bridge", "--facet", "channel", directory=tmp_path / "nameless").stdout
    assert counted == "channel\tNight Bridge (1001)\t1\n"


def test_copies_are_one_row(run: Run, tmp_path: Path) -> None:
    text = "The bridge at Diwaniyah was closed for heavy lorries in the night"
    origin = '{"channel_post":3,"from_id":{"id":1001,"type":"channel"}}'
    here = [
        make_message(3, text),
        make_message(4, "short one"),
        make_message(9, text.upper()),
        make_message(10, ""),
        make_message(11, ""),
    ]
    there = [
        make_message(1, f"Look: {text}", channel_id=1002, fwd_from=origin),
        make_message(2, "short one", channel_id=1002),
        make_message(3, "Short one", channel_id=1002),
    ]
    build(tmp_path / "copies", here)
    build(tmp_path / "copies", there, channel=OTHER)
    index(tmp_path / "copies", [*here, *there])
    found = run("search", "*", "--collapse", "--sort", "oldest", "--json", directory=tmp_path / "copies")
    rows = {f"{row['channel']}/{row['message_id']}": row["copies"] for row in orjson.loads(found.stdout)}
    groups = sorted(sorted([first, *others]) for first, others in rows.items() if others)
    assert groups == [["NightBridge/3", "NightBridge/9", "jisr_news/1"], ["NightBridge/4", "jisr_news/2"]]
    assert len(rows) == 5, "short texts that only read alike are no copies, and no text is no text"
    assert run("search", "*", "--collapse", "--count", directory=tmp_path / "copies").stdout == "5\n"
    pages = []
    cursor: list[str] = []
    for _ in range(5):
        page = run("search", "*", "--collapse", "-n", "1", *cursor, directory=tmp_path / "copies")
        pages += page.stdout.splitlines()
        cursor = ["--after", page.stderr.split("--after ")[1].split()[0]] if "--after" in page.stderr else []
    assert len(set(pages)) == 5
    assert sum("+ 2 copies" in line for line in pages) == 1


def test_search_in_a_pipe_is_one_line_a_hit(run: Run) -> None:
    done = run("search", "bridge", "-c", "1001", "-n", "3")
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == [
        "NightBridge/30",
        "NightBridge/29",
        "NightBridge/28",
    ]


def test_dates_are_echoed_as_instants(run: Run) -> None:
    done = run("search", "bridge", "--on", "2021-12-16", "--tz", "Asia/Baghdad", "--count")
    assert "from 2021-12-15T21:00:00Z until before 2021-12-16T21:00:00Z" in done.stderr
    done = run("search", "bridge -on:2021-12-16 OR until:2022", "--tz", "Asia/Baghdad", "--count")
    told = "in the query: date:2021-12-15T21:00:00Z..2021-12-16T21:00:00Z, until:2022-12-31T21:00:00Z"
    assert told in done.stderr


def test_more_continues_a_search_on_a_terminal_and_in_a_pipe(run: Run, archive: Path, tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    first = on_a_terminal(archive, "search", "bridge", "-c", "bridge", "-n", "20", **state)
    assert "20 of 27, newest first · next: telekeep search bridge -c bridge -n 20 --more\r\n" in first
    second = on_a_terminal(archive, "search", "bridge", "-c", "bridge", "-n", "20", "--more", **state)
    assert "27 of 27, newest first\r\n" in second
    assert "next:" not in second
    over = run("search", "bridge", "-c", "bridge", "--more", **state)
    assert (over.returncode, over.stdout) == (1, "")
    assert over.stderr == "all 27 results of this search have been shown; without --more it starts again\n"
    piped = run("search", "bridge", "-c", "bridge", "-n", "5", "--jsonl", **state)
    rest = run("search", "bridge", "-c", "bridge", "-n", "0", "--jsonl", "--more", **state)
    assert len({row["message_id"] for row in rows(piped) + rows(rest)}) == 27
    missing = run("search", "bridge", "--more", "--sort", "oldest", **state)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "Search without --more first" in missing.stderr
    assert run("search", "bridge", "--more", "--count", **state).returncode == 2


def test_forms_of_one_word_are_one_suggestion(run: Run, tmp_path: Path) -> None:
    posts = [make_message(1, "convoy"), make_message(2, "convoys"), make_message(3, "convex")]
    build(tmp_path / "forms", posts)
    index(tmp_path / "forms", posts)
    said = run("search", "convoyx", directory=tmp_path / "forms").stderr
    assert said.endswith("messages with similar words: convoy 2 · convex 1\n")


def test_nothing_found_says_what_may_help(run: Run) -> None:
    said = run("search", "brigde").stderr
    assert "no archived message has brigde; messages with similar words: bridge 28\n" in said
    assert "found separately: bridge 28 · has:photo 1" in run("search", "bridge has:photo").stderr
    assert "at any time: 28 found" in run("search", "bridge", "--until", "2001").stderr
    assert "in all channels: 1 found" in run("search", "opened", "-c", "jisr_news").stderr
    assert "the dates are in the future: from 1 Jan 2098" in run("search", "bridge", "--on", "2098").stderr
    assert "did you mean: telekeep search bridge -c bridge" in run("search", "bridge -c bridge").stderr
    empty = run("search", " ")
    assert (empty.returncode, empty.stderr.startswith("telekeep: the query is empty. Use '*' for all")) == (2, True)
    assert run("search", "*", "--count").stdout == "31\n"


def test_rows_are_picked_by_field_and_written_as_csv(run: Run) -> None:
    table = run("search", "opened", "--csv", "--fields", "message_id,hashtags,text")
    assert table.stdout == 'message_id,hashtags,text\r\n5,"[""мост""]","👍🏽 #мост opened, see t.me/a"\r\n'
    assert rows(run("search", "opened", "--jsonl", "--fields", "message_id")) == [{"message_id": 5}]
    everything = run("search", "*", "--csv", "-n", "0", "--sort", "oldest", "-c", "jisr_news").stdout
    assert everything == run("export", "jisr_news", "--format", "csv", "-o", "-").stdout
    wrong = run("search", "opened", "--json", "--fields", "txt")
    assert 'there is no field "txt". Did you mean text?' in wrong.stderr
    assert run("search", "opened", "--fields", "text").returncode == 2
    assert orjson.loads(run("show", "bridge/5", "--json", "--fields", "kind,partial").stdout) == {
        "kind": "message",
        "partial": None,
    }
    assert run("show", "bridge/5", "bridge/6", "--csv", "--fields", "message_id").stdout == "message_id\r\n5\r\n6\r\n"


def test_days_are_drawn_as_bars_on_a_terminal_and_as_many_as_asked_for(run: Run, archive: Path) -> None:
    drawn = on_a_terminal(archive, "search", "*", "--facet", "channel", LANG="en_US.UTF-8")
    assert re.search(r"NightBridge +29  █{60,}", drawn)
    assert re.search(r"NightBridge +29  #{60,}", on_a_terminal(archive, "search", "*", "--facet", "channel", LANG="C"))
    one = run("search", "*", "--facet", "channel", "-n", "1")
    assert one.stdout == "channel\tNightBridge\t29\n"
    assert "1 of 2 shown by channel (-n 0 shows all)" in one.stderr

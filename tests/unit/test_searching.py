"""What stands around the hits of a search: the last line, options in quotes, fields, bars."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archiver.cli.commands.search import command
from archiver.cli.parsing.parameters import read_signature
from archiver.cli.view.ending import Found, describe_found, next_command
from archiver.cli.view.facets import bar, bars, limit_counts
from archiver.cli.view.fields import parse_fields, pick
from archiver.cli.view.misplaced import find_misplaced
from archiver.errors import UsageError
from search.engine.facets import Count

PARAMETERS = read_signature(command)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Found(2, 0, 28, "c", "newest"), "2 of 28, newest first"),
        (Found(2, 26, 28, None, "newest"), "28 of 28, newest first"),
        (Found(1, 0, 1, None, "newest"), "1 found"),
        (Found(3, 0, 3, None, "oldest"), "3 found, oldest first"),
        (Found(20, 0, None, "c", "newest"), "20 shown, newest first"),
        (Found(20, 20, None, "c", "relevance"), "40 shown so far, best first"),
        (Found(20, None, None, "c", "newest"), "20 shown, newest first"),
        (Found(20, 20, 30, "c", "newest"), "40 shown so far, newest first"),
        (Found(1000, 0, 12345, None, "newest"), "1,000 of 12,345, newest first"),
    ],
)
def test_the_last_line_says_how_many_of_how_many_as_far_as_known(found: Found, wanted: str) -> None:
    assert describe_found(found, command="") == [wanted]


def test_the_next_command_is_what_was_typed_and_more() -> None:
    typed = ["search", "convoy", "-c", "atlas", "-n", "2"]
    more = "telekeep search convoy -c atlas -n 2 --more"
    assert next_command("c", can_continue=True, words=typed) == more
    assert next_command("c", can_continue=True, words=[*typed, "--more"]) == more
    assert next_command("1.2.3", can_continue=False, words=typed).endswith("-n 2 --after 1.2.3")
    assert next_command("c", can_continue=True, words=["search", "--", "-toll", "a b"]) == (
        "telekeep search --more -- -toll 'a b'"
    )
    assert next_command("c", can_continue=True, words=["search", "колонна", "جسر;x", ""]) == (
        "telekeep search колонна 'جسر;x' '' --more"
    )
    assert next_command(None, can_continue=True, words=typed) == ""


def test_a_command_that_does_not_fit_is_continued_as_in_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    found = describe_found(Found(2, 0, 28, "c", "newest"), command="telekeep search 'convoy bridge' -c atlas --more")
    assert found == ["2 of 28, newest first · next:", "  telekeep search 'convoy bridge' -c \\", "      atlas --more"]


def test_a_script_gets_the_cursor() -> None:
    [line] = describe_found(Found(2, 0, None, "1.2.3", "newest"))
    assert (
        line == "2 shown, newest first (there are more: --after 1.2.3 continues, -n 0 shows all, --count counts them)"
    )


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("convoy -c atlas", "telekeep search convoy -c atlas"),
        ("convoy --since 7d bridge", "telekeep search 'convoy bridge' --since 7d"),
        ("--on=2021-12 convoy", "telekeep search convoy --on=2021-12"),
        ("-c atlas", "telekeep search '*' -c atlas"),
        ("convoy --jsonl", "telekeep search convoy --jsonl"),
        ("-toll -n 1", "telekeep search -n 1 -- -toll"),
        ("convoy –n 3", "telekeep search convoy -n 3"),
        ("convoy —count", "telekeep search convoy --count"),
        ("convoy ––since=7d", "telekeep search convoy --since=7d"),
        ("convoy – bridge", None),
        ("–1 —toll", None),
        ('"convoy -c atlas"', None),
        ("convoy -toll", None),
        ("-china", None),
        ("a --nothing", None),
        ("c-c", None),
    ],
)
def test_options_in_the_quotes_of_a_query_or_with_a_long_dash_are_noticed(query: str, meant: str | None) -> None:
    assert find_misplaced(query, PARAMETERS) == meant


def test_fields_are_picked_in_their_order_and_wrong_ones_are_named() -> None:
    assert parse_fields("b, a,b", ["a", "b", "c"]) == ("b", "a")
    assert parse_fields(None, ["a"]) is None
    assert list(pick({"a": 1, "b": 2}, ("b", "a")).items()) == [("b", 2), ("a", 1)]
    with pytest.raises(UsageError, match=r'there is no field "permalnk"\. Did you mean permalink'):
        parse_fields("permalnk", ["permalink", "text"])
    with pytest.raises(UsageError, match="names no field"):
        parse_fields(" , ", ["text"])


def test_days_are_limited_at_the_end_that_is_asked_for_and_others_to_the_largest() -> None:
    days = [Count(f"2022-01-0{day}", day) for day in range(1, 6)]
    assert [one.value[-1] for one in limit_counts({"day": days}, 2, newest=True)["day"]] == ["4", "5"]
    assert [one.value[-1] for one in limit_counts({"day": days}, 2, newest=False)["day"]] == ["1", "2"]
    assert limit_counts({"channel": days}, 2, newest=True)["channel"] == days[:2]
    assert limit_counts({"day": days}, 0, newest=True)["day"] == days


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=30), st.integers(1, 10**7)), min_size=1, max_size=8),
    st.integers(30, 160),
)
def test_bars_fit_the_terminal_and_are_never_empty(rows: list[tuple[str, int]], columns: int) -> None:
    heading, *drawn, last = bars("channel", rows, columns)
    assert heading.split() == ["channel", "messages"]
    assert last == ""
    assert len(drawn) == len(rows)
    for line, (_, count) in zip(drawn, rows, strict=True):
        assert cell_len(line) <= min(columns, 100)
        assert f"{count:,}" in line


def test_days_and_months_without_any_are_not_hidden() -> None:
    days = [("2021-12-30", 1), ("2021-12-31", 2), ("2022-01-02", 3), ("2022-02-01", 1)]
    assert [line for line in bars("day", days, 80) if line.startswith("…")] == ["… 29 days without"]
    assert "2022-01-01         0" in bars("day", days, 80)
    assert "2021-12         0" in bars("month", [("2021-11", 1), ("2022-01", 1)], 80)
    months = [("2021-12", 1), ("2022-01", 2), ("2023-03", 3)]
    assert [line for line in bars("month", months, 80) if line.startswith("…")] == ["… 13 months without"]


def test_bars_are_drawn_to_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("archiver.cli.screen.has_blocks", lambda: True)
    assert (bar(8, 8, 10), bar(4, 8, 10), bar(1, 10**6, 10), bar(3, 16, 2)) == ("█" * 10, "█" * 5, "▏", "▍")
    monkeypatch.setattr("archiver.cli.screen.has_blocks", lambda: False)
    assert (bar(8, 8, 10), bar(4, 8, 10), bar(1, 10**6, 10)) == ("#" * 10, "#" * 5, "#")


@pytest.mark.parametrize(
    ("locale", "wanted"),
    [
        ({}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "fr_FR.UTF-8"}, False),
        ({"LANG": "uk_UA.UTF-8"}, True),
    ],
)
def test_blocks_are_drawn_where_the_locale_has_them(
    monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], wanted: bool
) -> None:
    from archiver.cli import screen

    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setitem(os.environ, name, value)
    assert screen.has_blocks() is wanted

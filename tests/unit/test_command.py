from __future__ import annotations

import pytest

from archiver.cli.__main__ import bare_ids, find_command, globals_first, ids_last, run


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("search x -q", "-q search x"),
        ("search x --config a.toml -n 3", "--config a.toml search x -n 3"),
        ("search x --config=a.toml -vv", "--config=a.toml -vv search x"),
        ("search -- -q --debug", "search -- -q --debug"),
        ("search x --config", "--config search x"),
    ],
)
def test_global_options_may_stand_anywhere_before_the_double_dash(typed: str, expected: str) -> None:
    assert globals_first(typed.split()) == expected.split()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("-1001234567890", "1234567890"),
        ("-1001234567890/55", "1234567890/55"),
        ("-1001001:5", "1001/5"),
        ("-1010000000000", "10000000000"),
        ("-n", "-n"),
        ("-100", "-100"),
        ("--since", "--since"),
        ("-100x", "-100x"),
    ],
)
def test_marked_id_is_not_taken_for_an_option(word: str, expected: str) -> None:
    assert bare_ids([word]) == [expected]


def test_what_stands_behind_the_double_dash_stays_as_it_was_typed() -> None:
    assert bare_ids(["show", "--json", "-1001234/5", "--", "-1001234"]) == [
        "show",
        "--json",
        "1234/5",
        "--",
        "-1001234",
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("run", "run"),
        ("-q --config a.toml run", "run"),
        ("--config run sync -v", "sync"),
        ("sync --config=run", "sync"),
        ("-q", None),
        ("--config", None),
    ],
)
def test_command_is_found_among_the_global_options(typed: str, expected: str | None) -> None:
    assert find_command(typed.split()) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("add -12345", "add -- -12345"),
        ("add -1 @a -2/3 --alias x", "add @a --alias x -- -1 -2/3"),
        ("search x -n -5", "search x -n -5"),
        ("search -C 3 -5 -- -7", "search -C 3 -- -5 -7"),
        ("search x -- -7", "search x -- -7"),
        ("add @a --since 7d", "add @a --since 7d"),
        ("-5", "-5"),
    ],
)
def test_negative_number_that_stands_as_a_word_is_left_to_the_command(typed: str, expected: str) -> None:
    assert ids_last(typed.split()) == expected.split()


def test_error_that_nobody_foresaw_is_a_line_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("what a message said")

    monkeypatch.setattr("archiver.cli.app.build", fail)
    assert run(["status"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("telekeep: internal error at test_command.py:")
    assert "--debug" in said
    assert "what a message said" not in said


def test_full_disk_is_said_as_the_system_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device", "/data/x")

    monkeypatch.setattr("archiver.cli.app.build", fail)
    assert run(["status"]) == 2
    assert "No space left on device: /data/x" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("search x --sort sideways", "'--sort': 'sideways' is not one of 'newest', 'oldest', 'relevance'."),
        ("search x -n ten", "'-n': 'ten' is not an integer."),
        ("search x -n -3", "'-n': '-3' is out of range; it must be at least 0."),
        ("search x -C 1000", "'-C': '1000' is out of range; it must be at most 100."),
        ("changes -n 1.5", "'-n': '1.5' is not an integer."),
        ("export -o day --format parquet", "'--format': 'parquet' is not one of 'jsonl', 'csv'."),
    ],
)
def test_a_value_that_cannot_be_gets_words_of_ours(
    typed: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(typed.split()) == 2
    told = capsys.readouterr().err
    assert said in told
    assert not any(words in told for words in ("Value error", "Input should", "valid integer"))

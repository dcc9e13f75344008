from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest

from archiver.cli import interrupted
from archiver.cli.__main__ import bare_ids, find_command, find_stopped, globals_first, ids_last, run
from archiver.cli.commands.export import describe_unfinished
from archiver.cli.interrupted import describe_stop
from archiver.cli.parsing.command import load
from archiver.cli.parsing.parameters import Argument, CommandContext, Option, read_signature
from archiver.cli.parsing.scan import CommandLine
from archiver.cli.table import COMMANDS
from archiver.cli.view.help_page import cells
from archiver.cli.view.import_report import describe_kept
from archiver.cli.view.topics import TOPICS
from archiver.export.place import Stream


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
def test_global_options_are_accepted_anywhere_before_the_double_dash(typed: str, expected: str) -> None:
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


def test_arguments_after_the_double_dash_are_unchanged() -> None:
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
    ("typed", "kept"),
    [
        ("-q sync", "everything fetched so far is kept; the next sync continues from there."),
        ("add @a", "the channels listed above are added or requested; add the others again."),
        ("add @a --dry-run", "nothing was changed."),
        ("index status", "nothing was changed."),
        ("import result.json", "what was imported so far stays; run it again to continue."),
        ("import result.json --dry-run", "nothing was changed."),
        ("index verify --check", "the check did not finish, so it proves nothing; the archive is unchanged."),
        ("query list", "nothing was changed."),
        (
            "--config a.toml query save x y",
            "the query is saved if the line above says so; the others are as they were.",
        ),
        ("search sync", "nothing was changed."),
        ("", "nothing was changed."),
    ],
)
def test_line_after_ctrl_c_says_what_was_kept(typed: str, kept: str) -> None:
    interrupted.count_kept(lambda: "")  # a command that another test ran here may have counted
    assert describe_stop(find_stopped(typed.split())) == f"stopped; {kept}"


def test_ctrl_c_of_an_export_names_its_destination_and_mentions_streams_only_for_streams(
    tmp_path: Path,
) -> None:
    out = tmp_path / "day.csv"
    assert describe_unfinished(out) == f"{out} was not written; run it again."
    assert describe_unfinished(out, append=True) == f"{out} was not written; run it again."
    out.write_text("before")
    assert describe_unfinished(out) == f"{out} stays as it was; run it again."
    assert describe_unfinished(out, append=True) == f"nothing was added to the series of {out}; run it again."
    assert describe_unfinished(out, is_dry_run=True) == "nothing was written."
    piped, named = Stream("-", 1), Stream("rows.pipe")
    assert describe_unfinished(piped) == "what went to standard output may be incomplete; run it again."
    assert describe_unfinished(named) == "what went to rows.pipe may be incomplete; run it again."


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


def test_unexpected_error_is_one_line_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("what a message said")

    monkeypatch.setattr("archiver.cli.app.run", fail)
    assert run(["status"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("telekeep: internal error at test_command.py:")
    assert "--debug" in said
    assert "what a message said" not in said


@pytest.mark.parametrize("typed", ["status", "search x", "show a/1", "export -o x.jsonl", "sync", "login"])
def test_without_a_configuration_the_files_looked_for_are_named(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "TELEKEEP_CONFIG", "TELEKEEP_ARCHIVE__DIR"):
        monkeypatch.delenv(name, raising=False)
    assert run(typed.split()) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    named = f"No settings file was found: neither ./telekeep.toml nor {tmp_path}/.config/telekeep/telekeep.toml exists."
    assert told.endswith(f"{named}\n")


def test_full_disk_is_said_as_the_system_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise OSError(28, "No space left on device", "/data/x")

    monkeypatch.setattr("archiver.cli.app.run", fail)
    assert run(["status"]) == 2
    assert "No space left on device: /data/x" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("search x --sort sideways", 'search --sort: "sideways" is not one of newest, oldest, relevance.'),
        ("search x -n ten", 'search -n: "ten" is not a whole number.'),
        ("search x -n -3", "search -n: -3 is too small; the smallest is 0."),
        ("search x -C 1000", "search -C: 1000 is too large; the largest is 100."),
        ("changes -n 1.5", 'changes -n: "1.5" is not a whole number.'),
        ("export -o day --format xlsx", 'export --format: "xlsx" is not one of jsonl, csv, html, '),
        ("search x --chanel a", "search has no option --chanel. Did you mean --channel?"),
        ("search x --frobnicate", "search has no option --frobnicate. `telekeep help search` lists them."),
        ("search x --limit 5", "search has no option --limit. Did you mean -n?"),
        ("export --from=2021", "export has no option --from. Did you mean --since?"),
        ("gaps a --limit 5", "gaps has no option --limit. `telekeep help gaps` lists them."),
        ("search x --channel", "search --channel needs a value: --channel CHANNEL"),
        ("search x --since --json", "search --since needs a value: --since DATE"),
        ("search x --json=yes", "search --json takes no value; leave out =yes."),
        ("search x -tz Asia/Baghdad", "search has no option -tz. Did you mean --tz?"),
        ("search -toll bridge", "search has no option -t. Put -- before a query that starts with -, as in:"),
        ("search", "search needs QUERY, as in: telekeep search 'bridge closed'"),
        ("search x --on 2021 --on 2022", "search --on is given twice. Give it once."),
        ("export -o a --output=b", "export --output is given twice."),
        ("export -oa --query x --query x", "export --query is given twice."),
        ("--frob search x", "there is no option --frob. `telekeep help options` lists them."),
        ("show", "show needs CHANNEL/ID, as in: telekeep show @channel/123"),
        ("export @a", "export needs --output PATH, as in: telekeep export -o all.jsonl"),
        ("gaps a b", 'gaps takes only CHANNEL, as in: telekeep gaps @channel; unexpected "b"'),
        ("tail --fields text", "--fields needs --jsonl."),
        ("verify a b", 'verify takes only PATH, as in: telekeep verify found/; unexpected "b"'),
        ("health now", 'health takes no arguments, as in: telekeep health; unexpected "now"'),
        ("gaps -c a", "gaps has no option -c. Name a channel without an option: telekeep gaps @name"),
        ("export -o a --pseudonymise", "export --pseudonymise needs a value: --pseudonymise users"),
        ("serach x", 'there is no command "serach". Did you mean `telekeep search`?'),
        ("stat", 'there is no command "stat". Did you mean `telekeep status`?'),
        ("frobnicate", 'there is no command "frobnicate". `telekeep help` lists all.'),
        ("index rebild", 'there is no command "index rebild". Did you mean `telekeep index rebuild`?'),
        ("index frob", 'there is no command "index frob". `telekeep index --help` lists all.'),
        ("query add x y", 'there is no command "query add". `telekeep query --help` lists all.'),
        ("help query add", 'there is no command "query add". `telekeep query --help` lists all.'),
        ("help serach", 'there is no command or topic "serach". Did you mean `telekeep help search`?'),
        ("help search x", 'there is no help for "search x". See `telekeep help search`.'),
    ],
)
def test_wrong_usage_is_one_line_with_what_to_do(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(typed.split()) == 2
    out, told = capsys.readouterr()
    assert told.startswith(f"telekeep: {said}")
    assert told.count("\n") == 1
    assert not out


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["import", ""], "import PATH"),
        (["verify", ""], "verify PATH"),
        (["export", "-o", ""], "export -o"),
        (["export", "--output=", "@a"], "export --output"),
        (["--config", "", "status"], "--config"),
        (["status", "--config="], "--config"),
        (["add", "-f", ""], "add -f"),
        (["serve", "--token-file="], "serve --token-file"),
        (["index", "keys", "--into", ""], "index keys --into"),
        (["search", "x", "--glossary", ""], "search --glossary"),
    ],
)
def test_an_empty_path_is_wrong_usage_and_not_the_current_directory(
    words: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert capsys.readouterr() == (
        "",
        f"telekeep: {flag}: the path is empty; give the name of a file or directory.\n",
    )


@pytest.mark.parametrize("typed", ["", "help", "--help", "-h"])
@pytest.mark.parametrize("columns", [80, 110, 160])
def test_first_screen_fits_a_small_terminal(
    typed: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(typed.split()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 23  # one is the prompt's
    assert max(map(len, lines)) <= columns
    assert all(re.search(rf"\b{name}\b", "\n".join(lines)) for name in COMMANDS)


EVERY = [
    *([name] for name in COMMANDS),
    *([name, part] for name in COMMANDS for part in load(COMMANDS, name).table),
    *([name] for name in TOPICS),
    [],
]


@pytest.mark.parametrize("columns", [10, 40, 80, 160])
def test_every_page_of_the_help_is_wrapped_to_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in EVERY:
        assert run(["help", *words]) == 0
        for line in capsys.readouterr().out.splitlines():
            whole = len(line.split()) == 1 or line.startswith("      '")  # quoted, in an example
            assert cells(line) <= min(max(columns, 40), 110) or whole, (words, line)


def test_help_of_each_command_begins_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for words in EVERY:
        run(["help", *words])
        lines = capsys.readouterr().out.splitlines()
        if words and (words[0] not in TOPICS or len(words) > 1):
            at = lines.index("Examples:")
            assert at <= 4, words
            assert lines[at + 1].startswith(f"  telekeep {words[0]}"), words


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("a b", {"words": ["a", "b"]}),
        ("a -n3 b --tag x --tag=y", {"words": ["a", "b"], "limit": 3, "tags": ["x", "y"]}),
        ("a -vqv", {"words": ["a"], "quiet": True, "level": 2}),
        ("a -q --quiet", {"words": ["a"], "quiet": True}),
        ("a --no-quiet", {"words": ["a"], "quiet": False}),
        ("-- --tag -n", {"words": ["--tag", "-n"]}),
        ("- -n -2", {"words": ["-"], "limit": -2}),
        ("a --tag=", {"words": ["a"], "tags": [""]}),
        ("a -qn=7", {"words": ["a"], "quiet": True, "limit": 7}),
        ("a --tag -x", {"words": ["a"], "tags": ["-x"]}),
    ],
)
def test_words_are_read_as_on_other_command_lines(typed: str, values: dict[str, object]) -> None:
    def command(
        context: CommandContext,
        words: Annotated[list[str], Argument(metavar="WORD")],
        *,
        limit: Annotated[int, Option("-n", metavar="N")] = 5,
        tags: Annotated[list[str] | None, Option("--tag", metavar="TAG")] = None,
        quiet: Annotated[bool | None, Option("-q", "--quiet/--no-quiet")] = None,
        level: Annotated[int, Option("-v", count=True)] = 0,
    ) -> None: ...

    read = CommandLine("try", read_signature(command)).read(typed.split())
    assert read.values == {"limit": 5, "tags": None, "quiet": None, "level": 0} | values
    assert read.given == set(values)


def test_an_interrupted_import_says_how_much_of_it_is_in() -> None:
    assert describe_kept(0, is_begun=False) == "nothing was imported."
    assert describe_kept(0, is_begun=True) == ""  # a page was being written
    assert describe_kept(1, is_begun=True).startswith("1 message of it is in the archive;")
    assert describe_kept(15_500, is_begun=True).startswith(
        "15,500 messages of it are in the archive; run the same command again"
    )

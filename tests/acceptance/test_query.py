"""Saved queries and the help of queries as people use them: the command as a process of its own."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.cli.__main__ import run as command
from archiver.lock import hold
from tests.acceptance import warm
from tests.acceptance.reading import clean_environment
from tests.sample import build, index, make_message
from tests.tiers import examples

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five messages about a bridge and a convoy."""
    directory = tmp_path / "archive"
    texts = ["bridge open", "bridge toll", "قافلة على الجسر", "convoy", "convoy at the bridge"]
    messages = [make_message(number, text) for number, text in enumerate(texts, 1)]
    build(directory, messages)
    index(directory, messages)
    return directory


@pytest.fixture
def run(tmp_path: Path, archive: Path) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return warm.run(*arguments, cwd=tmp_path, env=clean_environment(archive))

    return run


def found(run: Run, *query: str) -> list[int]:
    done = run("search", *query, "--jsonl")
    assert done.returncode in {0, 1}, done.stderr
    return [orjson.loads(line)["message_id"] for line in done.stdout.splitlines()]


def test_a_query_is_saved_used_in_others_replaced_and_removed(run: Run) -> None:
    saved = run("query", "save", "convoys", "convoy OR قافلة")
    assert (saved.returncode, saved.stdout) == (0, "")
    assert "query:convoys" in saved.stderr
    assert run("query", "save", "crossing", "query:convoys (bridge OR الجسر)").returncode == 0
    assert found(run, "query:convoys") == [5, 4, 3]
    assert found(run, "query:Crossing OR toll") == [5, 3, 2]
    assert found(run, "bridge -query:convoys") == [2, 1]
    assert "previously: convoy OR قافلة" in run("query", "save", "convoys", "قافلة").stderr
    assert found(run, "query:crossing") == [3]
    listed = orjson.loads(run("query", "list", "--json").stdout)
    assert [(one["name"], one["query"]) for one in listed] == [
        ("convoys", "قافلة"),
        ("crossing", "query:convoys (bridge OR الجسر)"),
    ]
    assert set(listed[0]) == {"name", "query", "saved_at"}
    assert run("query", "list").stdout.splitlines()[0].split("\t")[:2] == ["convoys", "قافلة"]
    kept = run("query", "remove", "convoys")
    assert kept.returncode == 2
    assert "query:crossing would no longer work without it" in kept.stderr
    assert run("query", "remove", "convoys", "crossing").returncode == 0
    assert run("query", "list", "--json").stdout == "[]\n"


def test_a_wrong_query_is_not_saved(run: Run) -> None:
    assert run("query", "save", "one", "bridge").returncode == 0
    assert run("query", "save", "two", "query:one toll").returncode == 0
    for name, query, said in [
        ("three", "bridge OR", "nothing to look for after 'OR'"),
        ("three", " ", "the query is empty"),
        ("one", "a query:two", "'two' would contain itself: two > one > two"),
        ("two words", "bridge", "is not a valid query name"),
        ("three", "a \udcff", "not valid UTF-8"),
    ]:
        done = run("query", "save", name, query)
        assert (done.returncode, done.stdout) == (2, ""), query
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert [one["name"] for one in orjson.loads(run("query", "list", "--json").stdout)] == ["one", "two"]
    unknown = run("query", "remove", "tow")
    assert (unknown.returncode, "Did you mean two?" in unknown.stderr) == (2, True)


def test_a_query_is_saved_while_another_process_mirrors(run: Run, tmp_path: Path) -> None:
    with hold(tmp_path / "archive", command="run"):
        assert run("query", "save", "convoys", "convoy").returncode == 0
        assert found(run, "query:convoys") == [5, 4]
        assert run("query", "remove", "convoys").returncode == 0


def test_an_export_says_what_its_saved_query_was(run: Run, tmp_path: Path) -> None:
    assert run("query", "save", "convoys", "(convoy OR قافلة) since:2021-12-16").returncode == 0
    asked = "query:convoys channel:NightBridge -toll"
    assert run("export", "--query", asked, "--tz", "Asia/Baghdad", "-o", "a/x.jsonl").returncode == 0
    manifest = orjson.loads((tmp_path / "a/manifest.json").read_bytes())
    assert manifest["query"] == asked
    assert manifest["expanded_query"] == "(convoy OR قافلة) since:2021-12-15T21:00:00Z channel:1001 -toll"
    assert run("query", "remove", "convoys").returncode == 0
    assert run("export", "--query", manifest["expanded_query"], "-o", "b/x.jsonl").returncode == 0
    assert (tmp_path / "b/x.jsonl").read_bytes() == (tmp_path / "a/x.jsonl").read_bytes() != b""


def test_a_glossary_widens_the_question_and_says_how(run: Run, tmp_path: Path) -> None:
    (tmp_path / "g.txt").write_text("# words\nConvoy = قَافلة = колонна\nbridge = الجسر\n", encoding="utf-8")
    done = run("search", "CONVOY -toll", "--expand", "--glossary", "g.txt", "--jsonl")
    assert [orjson.loads(line)["message_id"] for line in done.stdout.splitlines()] == [5, 4, 3]
    assert "expanded: (CONVOY OR قَافلة OR колонна) -toll" in done.stderr
    (tmp_path / "telekeep.toml").write_text('[search]\nglossary = "g.txt"\n', encoding="utf-8")
    assert found(run, "bridge convoy", "--expand") == [5, 3]
    assert run("export", "--query", "convoy", "--expand", "-o", "x.jsonl").returncode == 0
    manifest = orjson.loads((tmp_path / "manifest.json").read_bytes())
    assert (manifest["query"], manifest["expanded_query"]) == ("convoy", "convoy OR قَافلة OR колонна")
    assert [part["rows"] for part in manifest["files"]] == [3]


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"a = b\nlonely\n", ["--expand"], "g.txt, line 2: The line has only one spelling."),
        (b"a = b\n\xff = c\n", ["--expand"], "g.txt, line 2: not valid UTF-8"),
        (None, ["--expand"], "g.txt cannot be read"),
        (b"a = b\n", [], "--glossary has no effect without --expand"),
    ],
)
def test_glossary_errors_are_explained(
    run: Run, tmp_path: Path, content: bytes | None, arguments: list[str], said: str
) -> None:
    if content is not None:
        (tmp_path / "g.txt").write_bytes(content)
    done = run("search", "a", "--glossary", "g.txt", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_points_at_its_place(run: Run) -> None:
    done = run("search", "الجسر 国际 query:nothing OR x")
    assert done.returncode == 2
    *_, line, carets = done.stderr.splitlines()
    assert line == "  الجسر 国际 query:nothing OR x"
    assert carets == "  " + " " * 11 + "^" * len("query:nothing")


WORDS = st.sampled_from(
    [
        "bridge",
        "OR",
        "-",
        "(",
        ")",
        '"',
        "«",
        "قافلة",
        "has:",
        "photo",
        "query:",
        "x*",
        "*",
        "#",
        "国",
        "\udcff",
        "\0",
        " ",
        "-n",
    ]
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, max_size=8).map("".join) | st.text(max_size=12))
def test_any_text_is_answered_or_refused_in_a_line_with_its_place(
    archive: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", str(archive))
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        status = command(["search", "-n", "3", "--", text])
    assert status in {0, 1, 2}
    assert "unexpected" not in said.getvalue()
    if status == 2 and text.strip():
        first, *rest = said.getvalue().splitlines()
        assert first.startswith("telekeep: ")
        assert len(rest) == 2
        assert set(rest[1].strip()) == {"^"}


def test_help_of_queries_and_of_commands(run: Run) -> None:
    guide = run("help", "query").stdout
    for piece in ("«колонна техники»", "رتل", "国际法", "views:>1000", "query:convoys", "--"):
        assert piece in guide
    assert run("help").stdout == run("--help").stdout
    assert run("help", "search").stdout == run("search", "--help").stdout
    assert run("help", "query", "save").stdout == run("query", "save", "--help").stdout
    wrong = run("help", "serch")
    assert (wrong.returncode, "Did you mean `telekeep help search`?" in wrong.stderr) == (2, True)


def test_hits_are_printed_as_a_document(run: Run) -> None:
    found = run("search", "bridge", "--format", "jsonl").stdout.splitlines()
    markdown = run("search", "bridge", "--format", "markdown").stdout
    assert markdown.count("\n<!-- telekeep {") == len(found) > 1
    feed = ET.fromstring(run("search", "bridge", "--format", "atom").stdout.encode())  # noqa: S314 - ours
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len(found)
    assert feed.findtext("{http://www.w3.org/2005/Atom}updated") == max(orjson.loads(line)["date"] for line in found)
    part = "not all messages that match are here"
    assert part not in markdown + str(feed.findtext("{http://www.w3.org/2005/Atom}subtitle"))
    first = run("search", "bridge", "--format", "markdown", "-n", "1")
    cursor = first.stderr.split("--after ")[1].split()[0]
    rest = run("search", "bridge", "--format", "markdown", "--after", cursor).stdout
    assert (first.stdout.count(f"\n- {part}\n"), rest.count(f"\n- {part}\n")) == (1, 1)
    cut = run("search", "bridge", "--format", "atom", "-n", "1").stdout
    assert part in str(ET.fromstring(cut.encode()).findtext("{http://www.w3.org/2005/Atom}subtitle"))  # noqa: S314
    wrong = run("search", "bridge", "--format", "atom", "--count")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--format atom shows messages" in wrong.stderr

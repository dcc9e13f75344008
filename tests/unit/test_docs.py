"""The documents say what is: what they name exists, and nothing is left out."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.__main__ import globals_first
from archiver.cli.parsing.command import find_command
from archiver.cli.table import COMMANDS
from archiver.cli.view.topics import EXIT_STATUS, guide
from archiver.errors import UsageError
from archiver.model.row import KEYS, MEDIA_KEYS
from config.fields import setting_names
from scripts.commands import PAGE, render
from search.query.filters import HAS, STATES, Context
from search.query.grammar import FILTERS
from search.query.guide import sections
from search.query.parse import parse
from search.query.write import write

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
INDEX = ROOT / "docs/README.md"
EXAMPLE = ROOT / "docs/telekeep.example.toml"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = sorted(path for package in ("archiver", "search", "config") for path in (ROOT / package).rglob("*.py"))

_FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_MENTION = re.compile(r"`telekeep ([a-z]\w*)")
_SETTING = re.compile(r"# (?=\[{1,2}[a-z.]+\]{1,2}$|[a-z_]+ = )")


def test_command_reference_is_what_help_says() -> None:
    stored = PAGE.read_text(encoding="utf-8")
    assert stored == render(), "run: .venv/bin/python scripts/commands.py"
    for name in COMMANDS:
        assert f"\n## telekeep {name}\n" in stored


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_example_is_accepted_by_its_command(document: Path) -> None:
    refused = []
    for line, words in _examples(document.read_text(encoding="utf-8")):
        try:
            command, rest = find_command(COMMANDS, words)
            command.parse(rest)
        except UsageError as exc:
            refused.append(f"{line}: {exc}")
    assert refused == []


def test_every_command_has_an_example() -> None:
    shown = {words[0] for document in DOCUMENTS for _, words in _examples(document.read_text(encoding="utf-8"))}
    assert shown >= set(COMMANDS)


def test_readme_is_short_enough_to_be_read() -> None:
    assert README.read_text(encoding="utf-8").count("\n") <= 150


def test_index_of_the_documents_names_each() -> None:
    named = set(_LINK.findall(INDEX.read_text(encoding="utf-8")))
    assert named >= {path.name for path in (ROOT / "docs").glob("*.*") if path.suffix in (".md", ".toml")} - {
        INDEX.name
    }


def _examples(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of fenced blocks, as typed: without prompt, comment, redirection, and what a pipe adds."""
    for block in _FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            stripped = line.strip().removeprefix("$ ")
            if not re.match(r"(?:\w+=\S+ |printf .*\| )?telekeep(?: |$)", stripped):
                continue
            lexer = shlex.shlex(stripped, posix=True, punctuation_chars="|<>;&")
            lexer.whitespace_split = True
            words = list(lexer)
            words = words[words.index("telekeep") + 1 :]
            end = next((at for at, word in enumerate(words) if set(word) <= set("|<>;&")), len(words))
            words = globals_first(words[:end])
            while words and words[0].startswith("-"):
                words = words[2:] if words[0] == "--config" else words[1:]
            if words and "--help" not in words:
                yield stripped, words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in _LINK.findall(text):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target
    for name in _MENTION.findall(text):
        assert name in COMMANDS, name
    places = r"(?:archiver|search|config|scripts|tests|docs)/[\w./]+"
    for path in re.findall(rf"`({places})`", text) + re.findall(rf"^    ({places})  ", text, re.MULTILINE):
        assert (ROOT / path).exists(), path


def test_every_example_of_the_guide_is_a_query_and_every_filter_is_in_it() -> None:
    channels = {"atlas": [1], "صابرين نيوز": [2]}
    context = Context(now=datetime(2024, 5, 20, tzinfo=UTC), channels=channels, saved={"convoys": "convoy OR رتل"})
    examples = [example for section in sections() for example, _ in section.examples]
    examples += [example for one in FILTERS.values() for example in one.examples]
    for example in examples:
        tree = parse(example, context)
        assert write(parse(write(tree), context)) == write(tree), example
    told = "\n".join(guide(100))
    for name in [*FILTERS, *HAS, *STATES]:
        assert re.search(rf"\b{name}\b", told), name


def test_index_tells_every_exit_status() -> None:
    text = INDEX.read_text(encoding="utf-8")
    for status in EXIT_STATUS:
        assert f"| {status} |" in text


def test_rows_are_documented_key_by_key() -> None:
    text = (ROOT / "docs/rows.md").read_text(encoding="utf-8")
    for key in (*KEYS, *MEDIA_KEYS):
        assert f"`{key}`" in text, key


def test_example_of_the_settings_has_each_setting_in_its_section() -> None:
    text = "\n".join(_SETTING.sub("", line) for line in EXAMPLE.read_text(encoding="utf-8").splitlines())
    assert sorted(_names(tomllib.loads(text))) == sorted(name.replace(".NAME.", ".second.") for name in setting_names())


def _names(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_changelog_knows_the_version_and_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    reasons = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    for requirement in project["dependencies"]:
        assert re.split(r"[^\w-]", requirement)[0] in reasons, requirement

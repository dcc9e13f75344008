"""docs/json.md and the JSON Schemas are those of docs/schemas/shapes.txt, and name every command that prints JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema

from archiver.cli.parsing.command import load
from archiver.cli.table import COMMANDS
from archiver.model.row import KEYS, MEDIA_KEYS
from scripts.schemas import PAGE, SHAPES, read_shapes, render_page, render_schemas


def commands() -> Iterator[tuple[str, set[str]]]:
    for name in COMMANDS:
        command = load(COMMANDS, name)
        for part in command.table or [""]:
            one = load(command.table, part) if part else command
            flags = {flag for parameter in one.parameters for flag in parameter.flags}
            yield f"{name} {part}".strip(), {flag[2:] for flag in flags & {"--json", "--jsonl"}}


def test_schemas_and_page_are_those_of_the_shapes() -> None:
    shapes = read_shapes()
    stored = {path.name: path.read_text(encoding="utf-8") for path in SHAPES.parent.glob("*.json")}
    assert stored == render_schemas(shapes), "run: .venv/bin/python scripts/schemas.py"
    assert PAGE.read_text(encoding="utf-8") == render_page(shapes), "run: .venv/bin/python scripts/schemas.py"


def test_every_schema_is_one_and_has_what_it_refers_to() -> None:
    rendered = render_schemas(read_shapes())
    assert rendered
    for text in rendered.values():
        schema = json.loads(text)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert set(re.findall(r'"#/\$defs/(.*?)"', text)) <= schema["$defs"].keys()


def test_every_command_that_prints_json_has_a_schema_and_no_other() -> None:
    printed = {name: options for name, options in commands() if options}
    described = {name: set(options) for name, options in read_shapes().commands.items() if name != "progress"}
    assert described == printed


def test_rows_have_the_keys_of_the_row_schema() -> None:
    shapes = read_shapes()
    assert [key.name for key in shapes.keys("Row")] == list(KEYS)
    assert [key.name for key in shapes.keys("Media")] == list(MEDIA_KEYS)

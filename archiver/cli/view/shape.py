"""How a command shows its objects: to people, as one JSON document, or as JSON lines as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Annotated, Literal, Self, TypeAlias

from archiver.cli import output
from archiver.cli.parsing.parameters import Option
from archiver.errors import UsageError

Shape: TypeAlias = Literal["people", "json", "jsonl"]

JsonArrayOption: TypeAlias = Annotated[bool, Option("--json", help="Print a JSON array.")]
JsonObjectOption: TypeAlias = Annotated[bool, Option("--json", help="Print a JSON object.")]
JsonLinesOption: TypeAlias = Annotated[bool, Option("--jsonl", help="Print one JSON object per line.")]


def choose_shape(*, json: bool, jsonl: bool) -> Shape:
    """The shape by these options. Raises UsageError."""
    if json and jsonl:
        raise UsageError("--json and --jsonl cannot be combined.", hint="Choose one.")
    return "json" if json else "jsonl" if jsonl else "people"


class JsonObjects:
    """The objects that a command works on, as a JSON array or JSON lines; nothing for people.

    The array is closed however the command ends, so that the document is always whole.
    """

    def __init__(self, shape: Shape) -> None:
        self._array = output.JsonArray() if shape == "json" else None
        self.is_shown = shape != "people"
        """Whether JSON is wanted."""
        self.count = 0
        """Number of objects so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._array is not None:
            self._array.close()

    def add(self, one: object) -> None:
        """Print one object; a line is flushed immediately."""
        self.count += 1
        if self._array is not None:
            self._array.add(one)
        elif self.is_shown:
            output.jsonl(one)
            sys.stdout.flush()


def print_objects(objects: Iterable[Mapping[str, object]], shape: Shape) -> None:
    """Print all objects as JSON."""
    with JsonObjects(shape) as printed:
        for one in objects:
            printed.add(one)

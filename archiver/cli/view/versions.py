"""Print the history of a message: versions and other events on a terminal, one TSV line per event in a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archiver.cli import output
from archiver.cli.view.moments import Moments
from archiver.model.difference import ContentDifference, say_differences
from archiver.reading.imported_from import MessageImports
from archiver.reading.message_history import MessageHistory
from archiver.reading.word_diff import DiffPiece, mark

_COUNTED = ("views", "forwards", "replies")


def print_history(history: MessageHistory, moments: Moments, *, diff: bool) -> None:
    """Print the history."""
    if output.is_terminal():
        from archiver.cli.view.history_card import print_card

        print_card(output.console(), history, moments, diff=diff)
        return
    for event in history.events(diff=diff):
        output.tsv(*_cells(event, history.imports))


def _cells(event: Mapping[str, Any], imports: MessageImports) -> tuple[object, ...]:
    """at, event, last seen, number, edit_date, what changed or how, payload, text, other differences, import."""
    kind = event["event"]
    if kind == "version":
        text = mark([DiffPiece(**piece) for piece in event["diff"]]) if "diff" in event else event["text"]
        version = (event["revision"] or "current", event["edit_date"], ",".join(event["changed"]))
        differences = [ContentDifference(**one) for one in event["differences"]]
        said = "; ".join(say_differences(differences, text_changed="text" in event["changed"]))
        found = event["import"]
        origin = None if found is None else f"import {imports.names.call(found['file'], found['sha256'])}"
        return event["at"], kind, event["last_seen"], *version, event["payload_sha256"], text, said, origin
    if kind == "counters":
        return event["at"], kind, None, None, None, _counted(event), None, None, None, None
    if event["if_posted"]:  # what telekeep never saw has no last time
        return event["at"], kind, None, None, None, event["how"], None, None, None, "if posted as imported"
    return event["at"], kind, event["last_seen"], None, None, event["how"], None, None, None, None


def _counted(event: Mapping[str, Any]) -> str:
    parts = [f"{name}={event[name]}" for name in _COUNTED if event[name] is not None]
    return " ".join([*parts, *_each(event["reactions"])])


def _each(reactions: Sequence[Mapping[str, Any]]) -> list[str]:
    """`👍=7` each."""
    return [f"{one.get('reaction') or one.get('custom_emoji_id') or '?'}={one.get('count')}" for one in reactions]

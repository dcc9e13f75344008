"""How `tail` shows an event: a card on a terminal, a line in a pipe."""

from __future__ import annotations

from typing import NamedTuple

from archiver.cli import output
from archiver.cli.view.hits import printer
from archiver.cli.view.shown import Shown
from archiver.model.row import Row, StoredMessage, iso, to_object
from archiver.store.arrivals import ArrivalEvent
from search.query.tree import Node

_STYLES: dict[ArrivalEvent, str] = {"new": "green", "edited": "yellow", "deleted": "bold red", "returned": "cyan"}


class Event(NamedTuple):
    """What happened to a post."""

    event: ArrivalEvent
    at: int
    """When it was noticed, unix seconds."""
    row: Row
    """The post as it is now."""


def last_event(message: StoredMessage) -> tuple[ArrivalEvent, int]:
    """The last thing that is known to have happened to a message."""
    if message.missing_since is not None:
        return "deleted", message.missing_since
    return ("edited", message.edit_date or message.last_seen) if message.revisions else ("new", message.first_seen)


class EventPrinter:
    """Prints events as they come."""

    def __init__(self, tree: Node, *, jsonl: bool) -> None:
        self._jsonl = jsonl
        self._is_terminal = output.is_terminal()
        self._card = printer(tree) if self._is_terminal and not jsonl else None
        self._console = output.console() if self._card else None

    def show(self, event: Event) -> None:
        """Print one event."""
        row = event.row
        if self._jsonl:
            output.jsonl({**to_object(row), "event": event.event, "at": iso(event.at)})
        elif self._card is None or self._console is None:
            address = f"{row['channel']}/{row['message_id']}"
            output.tsv(row["date"], address, row["permalink"], row["text"], event.event, iso(event.at))
        else:
            from rich.text import Text

            self._console.print(Text(f"{event.event}  {iso(event.at)}", style=_STYLES[event.event]))
            self._card(Shown(row))

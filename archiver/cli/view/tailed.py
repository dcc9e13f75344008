"""How `tail` shows an event: a card on a terminal, a line in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple

from archiver.cli import output, screen
from archiver.cli.view.fields import pick
from archiver.cli.view.hits import say_only_in
from archiver.cli.view.moments import Moments
from archiver.cli.view.shown import Shown
from archiver.ids import ChannelId
from archiver.model.imported import IMPORTED
from archiver.model.iso_time import iso
from archiver.model.row import ChannelName, Row, StoredMessage, to_object
from archiver.model.versions import StoredRevision
from archiver.store.imports.claimed import Claims
from archiver.store.messages.arrivals import ArrivalEvent
from search.query.tree import Node

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: dict[ArrivalEvent, str] = {"new": "green", "edited": "yellow", "deleted": "bold red", "returned": "cyan"}


class Event(NamedTuple):
    """What happened to a post."""

    event: ArrivalEvent
    at: int
    """When it was noticed, unix seconds."""
    row: Row
    """The current post."""
    claims: Claims | None = None
    """What only imports say of it, if they say anything."""

    @property
    def file(self) -> str:
        """The import that alone has the post; empty if Telegram showed it."""
        return Shown(self.row, claims=self.claims).file


def last_edit(revisions: Iterable[StoredRevision]) -> int | None:
    """When Telegram last showed other content; what only an import has is no edit."""
    return max((one.replaced_at for one in revisions if one.layer != IMPORTED), default=None)


def last_event(message: StoredMessage, replaced_at: int | None) -> tuple[ArrivalEvent, int]:
    """The last known event of a message, and when it was noticed; `replaced_at`: its last edit."""
    if message.missing_since is not None:
        return "deleted", message.missing_since
    return ("new", message.first_seen) if replaced_at is None else ("edited", replaced_at)


class EventPrinter:
    """Prints events as they come."""

    def __init__(self, tree: Node, zone: tzinfo, *, jsonl: bool, fields: Sequence[str] | None = None) -> None:
        self._jsonl = jsonl
        self._fields = fields
        self._tree = tree
        self._zone = zone
        self._console = output.console() if output.is_terminal() and not jsonl else None

    def show(self, event: Event, names: Mapping[ChannelId, ChannelName]) -> None:
        """Print one event. `names`: of all channels, since a post may be forwarded from another one."""
        row = event.row
        if self._jsonl:
            added = {"event": event.event, "at": iso(event.at), "if_posted": bool(event.file)}
            output.jsonl(pick({**to_object(row), **added}, self._fields))
        elif self._console is None:
            address = f"{row['channel']}/{row['message_id']}"
            text = " ".join(filter(None, (row["text"], event.file and say_only_in(event.file))))
            output.tsv(
                row["date"], address, row["permalink"], text, event.event, iso(event.at), names[row["channel_id"]].title
            )
        else:
            self._print_card(self._console, event, names)

    def _print_card(self, console: Console, event: Event, names: Mapping[ChannelId, ChannelName]) -> None:
        from rich.text import Text

        from archiver.cli.view.card import CardView, card

        moments = Moments(self._zone, time.time())
        view = CardView(self._tree, names, moments, screen.columns(), output.use_colour())
        console.print(Text(f"{event.event}  {moments.short(event.at)}", style=_STYLES[event.event]))
        for line in card(Shown(event.row, claims=event.claims), view):
            console.print(line, soft_wrap=True)
        console.print()

"""What happened to archived messages and channels, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final, NamedTuple, cast

from archiver.compose.read_archive import choose_channels
from archiver.errors import UsageError
from archiver.formatting.spoilers import find_covered, veil, veiled
from archiver.model.difference import ContentDifference, say_differences
from archiver.reading.change import KINDS, Change, ChangeKind
from archiver.reading.change_log import iter_changes
from archiver.reading.clock_offset import read_server_now
from archiver.reading.word_diff import DiffPiece, diff, excerpt
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names
from archiver.web.covered_diff import MarkedText, cover, veil_pieces
from archiver.web.lookup import KeptRemarks, read_bounds
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer
from search.query.dates import Bounds

PAGE: Final = 60
_MOST: Final = 500
"""Changes on a page where many were noticed in one second."""
_SECONDS: Final = 5.0
_DEFAULT: Final = frozenset(KINDS) - {"count"}
_TEXTS: Final = frozenset({"edited", "differs", "about"})


class ChangeShown(NamedTuple):
    """A change as it is shown."""

    change: Change
    pieces: list[DiffPiece]
    """What changed of a text; empty: only its description is shown."""

    @property
    def differences(self) -> list[str]:
        """What an edit changed besides the text."""
        listed = self.change.differences
        if any(find_covered(*one) for one in _texts(self.change)):
            listed = tuple(map(_veiled, listed))
        return say_differences(listed, text_changed=bool(self.pieces))

    @property
    def reason(self) -> str:
        """Why the state of a channel changed."""
        return self.change.description.partition(": ")[2]

    @property
    def text(self) -> str:
        """The text of an edited message, without the words of its spoilers."""
        return veiled(*_texts(self.change)[1])

    @property
    def content(self) -> str:
        """What is said of a message that is gone or back."""
        said = self.change.content  # it begins with words of the message
        old, new = _texts(self.change)
        text, entities = new if new.text else old
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(said, text, strict=False)))
        return veiled(text, entities)[:shared] + said[shared:]

    @property
    def is_value(self) -> bool:
        """Whether it is a value that was replaced: a name, a number, a state."""
        return self.change.kind not in ("edited", "differs", "missing", "returned", "about")


async def show_changes(site: Site, asked: Asked) -> ViewAnswer:
    """The changes of `?kind=`, `?c=`, `?since=`, `?until=`, `?on=`."""
    wanted = asked.words("kind")
    if wrong := [kind for kind in wanted if kind not in KINDS]:
        raise UsageError(f'kind cannot be "{wrong[0][:40]}".', hint=f"Kinds: {', '.join(KINDS)}.")
    kinds = frozenset(cast("list[ChangeKind]", wanted)) or _DEFAULT
    remarks = KeptRemarks()
    async with site.reading(_SECONDS) as conn:
        now = await read_server_now(conn)
        bounds = read_bounds(asked, now, remarks)
        if (before := asked.number("before")) is not None:
            bounds = bounds.intersect(Bounds(until=datetime.fromtimestamp(before, UTC)))
        words = asked.words("c")
        channels = await choose_channels(conn, words, remarks=remarks) if words else None
        ids = None if channels is None else {one.channel_id for one in channels}
        changes, more = await _read(conn, kinds, bounds, ids)
    shown = await asyncio.to_thread(lambda: [ChangeShown(one, _pieces(one)) for one in changes])
    return ViewAnswer(
        template="changes.html",
        data={"changes": [one.to_object() for one in changes]},
        values={
            "changes": shown,
            "kinds": KINDS,
            "wanted": wanted,
            "remarks": remarks.lines,
            "next": changes[-1].at if more else None,
        },
    )


async def _read(
    conn: Connection, kinds: frozenset[ChangeKind], bounds: Bounds, channels: Collection[int] | None
) -> tuple[list[Change], bool]:
    """A page of changes, with all of its last second, and whether there are more."""
    names = {one.channel_id: one for one in await read(conn, list_names)}
    found: list[Change] = []
    async with aclosing(iter_changes(conn, kinds, names=names, bounds=bounds, channels=channels)) as changes:
        async for change in changes:
            if len(found) >= _MOST or (len(found) >= PAGE and change.at != found[-1].at):
                return found, True
            found.append(change)
    return found, False


def _pieces(change: Change) -> list[DiffPiece]:
    if change.kind not in _TEXTS or change.old == change.new:
        return []
    old, new = _texts(change)
    return excerpt(veil_pieces(cover(diff(old.text, new.text), old, new)), changes=6)


def _veiled(one: ContentDifference) -> ContentDifference:
    """A difference without the words of the message: some of these may be a spoiler."""
    if one.what == "link_words":
        return one._replace(old=veil(one.old or ""), new=veil(one.new or ""))
    return one._replace(where=veil(one.where or "")) if one.part == "entities" else one


def _texts(change: Change) -> tuple[MarkedText, MarkedText]:
    old, new = change.entities
    return MarkedText(str(change.old or ""), old), MarkedText(str(change.new or ""), new)

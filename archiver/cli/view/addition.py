"""What adding a channel did, or would do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.cli.view.channel_status import describe_start
from archiver.cli.view.moments import Moments
from archiver.store.channels.channel import Mirrored
from archiver.store.imports.imported_channel import is_unaccounted


def describe_addition(
    before: Mirrored | None, after: Mirrored, moments: Moments, *, ids: int = 0, media: str | None = None
) -> str:
    """Describe the state of an added channel and what changed.

    `ids`: number of ids not fetched; `media`: which files are wanted, if that changed.
    """
    name = f"@{after.username}" if after.username else str(after.channel_id)
    return f"{name} ({after.title}): {'; '.join(_describe(before, after, moments, ids, media))}."


def _describe(before: Mirrored | None, after: Mirrored, moments: Moments, ids: int, media: str | None) -> Iterator[str]:
    if before is None:
        alias = f" as {after.alias}" if after.alias else ""
        start = f", from {_start(after, moments)} on" if after.window_start is not None else ""
        yield f"added{alias}{start}"
        if media is not None:
            yield f"files wanted: {media}"
        return
    changes = list(list_changes(before, after, moments, ids, media))
    if before.imported_only:
        yield "added; what was imported is kept"
        yield from changes
        return
    if before.state == "removed":
        yield "mirrored again"
        yield "its archive was kept"
        yield from changes
        return
    yield "already mirrored"
    yield from changes or ["nothing changed"]


def list_changes(
    before: Mirrored, after: Mirrored, moments: Moments, ids: int = 0, media: str | None = None
) -> Iterator[str]:
    """Each difference between the two."""
    if media is not None:
        yield f"files wanted: {media}"
    if before.alias != after.alias and after.alias is not None:
        yield f"alias {f'changed from {before.alias}' if before.alias else 'set'} to {after.alias}"
    yield from list_renames(before, after)
    if before.window_start == after.window_start:
        return
    moved = f"start moved from {_start(before, moments)} to {_start(after, moments)}"
    if not _is_earlier(after, before):
        yield moved
        yield "older archived messages are kept"
    elif ids:
        up_to = "up to " if after.window_start is not None else ""
        yield f"{moved}, {up_to}{ids:,} more {'id' if ids == 1 else 'ids'} to fetch"
    else:
        yield moved


def list_renames(before: Mirrored, after: Mirrored) -> Iterator[str]:
    """What it was called before, if that is different; what an import calls a channel was no name on Telegram."""
    if is_unaccounted(before):
        if before.username and before.username != after.username:
            yield f"the import calls it @{before.username}"
        if before.title != after.title:
            yield f"the import has the title {before.title}"
        return
    if before.username != after.username:
        yield f"renamed from {_name(before)} to {_name(after)}"
    if before.title != after.title:
        yield f"its title was changed from {before.title} to {after.title}"


def _name(channel: Mirrored) -> str:
    return f"@{channel.username}" if channel.username else "no username"


def _is_earlier(one: Mirrored, other: Mirrored) -> bool:
    return one.window_start is None or (other.window_start is not None and one.window_start < other.window_start)


def _start(channel: Mirrored, moments: Moments) -> str:
    return "its first message" if channel.window_start is None else describe_start(channel.window_start, moments)

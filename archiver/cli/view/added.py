"""What `telekeep add` did with each channel, as JSON."""

from __future__ import annotations

from typing import Any

from archiver.cli.view.addition import list_changes
from archiver.cli.view.moments import Moments
from archiver.errors import Error
from archiver.model.iso_time import iso
from archiver.store.channels.channel import Mirrored

_UTC = Moments()


def added_object(
    given: str,
    before: Mirrored | None,
    after: Mirrored,
    *,
    ids: int | None = None,
    media: str | None = None,
    changed_media: str | None = None,
) -> dict[str, Any]:
    """A channel that is mirrored now.

    `before`: None if it was not known; `ids`: how many are not fetched; `media`: which files are wanted, as typed;
    `changed_media`: the same, if that is new.
    """
    changes = [] if before is None else list(list_changes(before, after, _UTC, ids or 0, changed_media))
    if before is None or before.imported_only:
        result = "added"
    elif before.state == "removed":
        result = "resumed"
    else:
        result = "changed" if changes else "unchanged"
    return {
        **_empty(given, result),
        "channel_id": after.channel_id,
        "channel": after.name,
        "title": after.title,
        "alias": after.alias,
        "account": after.account,
        "window_start": iso(after.window_start),
        "changes": changes,
        "not_fetched": ids,
        "media": media,
    }


def failed_object(given: str, error: Error | str, exit_status: int) -> dict[str, Any]:
    """A channel that could not be added."""
    return _empty(given, "failed") | {"error": str(error), "exit_status": exit_status}


def open_object(given: str, result: str, exit_status: int = 0) -> dict[str, Any]:
    """A channel that is not added yet: `requested` of the service, or `to look up` in a dry run."""
    return _empty(given, result) | {"exit_status": exit_status}


def _empty(given: str, result: str) -> dict[str, Any]:
    return {
        "given": given,
        "result": result,
        "channel_id": None,
        "channel": None,
        "title": None,
        "alias": None,
        "account": None,
        "window_start": None,
        "changes": [],
        "not_fetched": None,
        "media": None,
        "error": None,
        "exit_status": 0,
    }

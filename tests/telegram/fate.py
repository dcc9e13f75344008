"""What may become of a channel: who may read it, what the others are told, and how it tells of its past.

Each is a plain attribute; `clear` ends whatever keeps a reader out.
"""

from __future__ import annotations

Refusal = tuple[int, str]  # an error's code and name, e.g. (406, "CHANNEL_PRIVATE")


class Fate:
    """The switches of one channel. As made here, it is open to all and hides nothing."""

    def __init__(self) -> None:
        self.members: set[int] = set()  # account ids
        # How it tells of its past, see difference.py
        self.timeout = 30  # what differences say about the next poll
        self.slice_size: int | None = None  # differences give at most so many events at once
        self.tells_every_edit = False  # each edit with the content of that moment, not only the last with today's
        self.new_as_posted = False  # new messages with the content that they were posted with
        # What getPeerDialogs says of it
        self.hide_from_probe = False  # nothing at all
        self.probe_without_pts = False  # no pts, which the schema allows
        self.clear()

    def clear(self) -> None:
        """Open to all again. What it says of itself, its members and the telling of edits stay."""
        self.private = False  # only members read it; others get CHANNEL_PRIVATE
        self.refuse: Refusal | None = None  # an error for whoever asks for anything

    def refusal(self, account_id: int | None) -> Refusal | None:
        """The error that this account gets; None when it may read."""
        if self.refuse is not None:
            return self.refuse
        if self.private and account_id not in self.members:
            return (406, "CHANNEL_PRIVATE")
        return None

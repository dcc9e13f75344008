"""What may become of a channel: who may read it, what the others are told, and how it tells of its past.

Each is a plain attribute; `clear` ends whatever keeps a reader out.
"""

from __future__ import annotations

Refusal = tuple[int, str]  # an error's code and name
PRIVATE: Refusal = (406, "CHANNEL_PRIVATE")  # not public, or this account was thrown out
BANNED: Refusal = (400, "CHANNEL_BANNED")  # closed by Telegram for everybody


class Fate:
    """The switches of one channel. As made here, it is open to all and hides nothing."""

    def __init__(self) -> None:
        self.members: set[int] = set()  # account ids
        # How it tells of its past, see difference.py
        self.timeout = 30  # what differences say about the next poll
        self.slice_size: int | None = None  # differences give at most so many events at once
        self.tells_every_edit = False  # each edit with the content of that moment, not only the last with today's
        self.new_as_posted = False  # new messages with the content that they were posted with
        self.tells_backwards = False  # edits, deletions and pins of a difference the latest first, each with its pts
        self.rich_limit: int | None = (
            None  # of later posts: how many blocks of a rich message are shown, see article.py
        )
        self.miscount = 0  # how many more messages history pages count than there are
        self.stateless: str | None = None  # "messages" or "slice": pages of history without a pts, as for people
        self.clear()

    def clear(self) -> None:
        """Open to all again, with all that it has. Its members and how it tells of its past stay."""
        self.private = False  # only members read it; others get CHANNEL_PRIVATE
        self.refuse: Refusal | None = None  # an error for whoever asks for anything
        self.refuse_to: dict[int, Refusal] = {}  # account id -> an error for this account only
        self.forbidden_in_chats = False  # no error, but empty answers whose `chats` say ChannelForbidden, see shut.py
        self.lost = False  # empty pages, every id is a MessageEmpty, top message 0; the channel itself is there
        self.available_min_id = 0  # everything up to this id is hidden
        # What getPeerDialogs says of it
        self.hide_from_probe = False  # nothing at all
        self.probe_without_pts = False  # no pts, which the schema allows

    def refusal(self, account_id: int | None) -> Refusal | None:
        """The error that this account gets; None when it may read."""
        if self.refuse is not None:
            return self.refuse
        if account_id in self.refuse_to:
            return self.refuse_to[account_id]
        return PRIVATE if self.private and account_id not in self.members else None

    def shut_to(self, account_id: int | None) -> bool:
        """Whether this account sees the channel as a ChannelForbidden."""
        return self.forbidden_in_chats or self.refusal(account_id) is not None

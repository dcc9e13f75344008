"""What an engine knows of a message: pure data, built by the archive from its record.

A *document* is the searchable view of one message, known by `(channel_id, message_id)`. Texts are given as Telegram
gave them; folding is the engine's work (`normalize`). The same document written twice changes nothing in an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Key: TypeAlias = tuple[int, int]
"""(channel_id, message_id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an index shows of a message besides its `Document`; nothing of it can be asked for in the grammar."""

    size: int | None = None
    """Bytes of the first file."""
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    """Seconds."""
    title: str | None = None
    """Of an audio file."""
    performer: str | None = None
    page_title: str | None = None
    """Of the linked web page."""
    page_site: str | None = None
    poll_question: str | None = None
    sender: str | None = None
    """Name of the sender, None for a channel's own post."""
    sender_id: str | None = None
    post_author: str | None = None
    fwd_message_id: int | None = None
    """The id that it has where it was forwarded from."""
    reply_to: int | None = None
    """The id that it answers to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The searchable view of one message."""

    channel_id: int
    """Bare positive id."""
    message_id: int
    date: int
    """When it was posted, unix seconds."""
    edit_date: int | None = None
    """Unix seconds."""

    channel_username: str | None = None
    channel_title: str | None = None

    text: str = ""
    """The body or caption, the original text."""
    extra: tuple[str, ...] = ()
    """Further texts by which people look for it, one field each: title and performer of audio, web page title, site
    and description, poll question and answers, rich blocks, words of a service message. The file name is not among
    them: it has its own field and is searched as text too."""

    author: str | None = None
    """Name of the sender or the signature (post_author); the filter `from:`."""

    is_service: bool = False
    is_forwarded: bool = False
    is_reply: bool = False
    is_edited: bool = False
    is_pinned: bool = False
    is_missing: bool = False
    """No longer in the channel, as far as known."""

    media: tuple[str, ...] = ()
    """Kinds of all attachments: photo, video, round, voice, audio, gif, sticker, image, document, webpage, poll, geo,
    geo_live, venue, contact, story, ... An unknown kind is kept as it is named."""
    mime: str | None = None
    file_name: str | None = None

    hashtags: tuple[str, ...] = ()
    """With or without `#`."""
    mentions: tuple[str, ...] = ()
    """User names, with or without `@`."""
    domains: tuple[str, ...] = ()
    """Hosts of all links, hidden ones included."""
    has_link: bool = False

    grouped_id: str | None = None
    """The album that it belongs to."""
    fwd_channel_id: int | None = None
    """Bare id of the channel that it was forwarded from."""
    fwd_name: str | None = None
    """Name or username of the origin."""

    views: int | None = None
    forwards: int | None = None
    lang: str | None = None
    """ISO 639-1 label of the language as guessed, None if unknown."""

    @property
    def key(self) -> Key:
        """The identity of the message."""
        return (self.channel_id, self.message_id)

    @property
    def ext(self) -> str | None:
        """Extension of the file name without the dot, lower case; None without one."""
        stem, dot, ext = (self.file_name or "").rpartition(".")
        return ext.lower() if dot and stem and ext.isalnum() else None

"""Documents: what a search engine stores of a message. Pure data, built by the archive from its record.

A *document* is the searchable view of one message, identified by `(channel_id, message_id)`. Texts are as Telegram sent
them; engines fold them (`normalize`). Writing the same document twice changes nothing in an engine.
"""

from __future__ import annotations

from typing import TypeAlias

from config.frozen import frozen

Key: TypeAlias = tuple[int, int]
"""(channel_id, message_id)."""


@frozen(kw_only=True)
class Details:
    """Fields that an index stores for display besides the `Document`; the query language cannot search them."""

    size: int | None = None
    """Size of the first file in bytes."""
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    """Seconds."""
    title: str | None = None
    """Title of an audio file."""
    performer: str | None = None
    page_title: str | None = None
    """Title of the linked web page."""
    page_site: str | None = None
    poll_question: str | None = None
    sender: str | None = None
    """Name of the sender; None for posts by the channel itself."""
    sender_id: str | None = None
    post_author: str | None = None
    fwd_message_id: int | None = None
    """Message id in the channel that it was forwarded from."""
    reply_to: int | None = None
    """Message id that it replies to."""


@frozen(kw_only=True)
class Document:
    """The searchable view of one message."""

    channel_id: int
    """Bare positive id."""
    message_id: int
    date: int
    """Time of posting in Unix seconds."""
    edit_date: int | None = None
    """Unix seconds."""

    channel_username: str | None = None
    channel_title: str | None = None

    text: str = ""
    """Original text of the body or caption."""
    extra: tuple[str, ...] = ()
    """Further searchable texts, one per field: title and performer of audio, web page title, site and description, poll
    question, answers and solution, rich blocks, texts of a service message, buttons, the quote it replies to, a fact
    check, what apps show instead of a restricted post. Not the file name: it has a field of its own, which is searched
    as text too."""

    author: str | None = None
    """Name of the sender or signature (post_author); searched by `from:`."""

    is_service: bool = False
    is_forwarded: bool = False
    is_reply: bool = False
    is_edited: bool = False
    is_pinned: bool = False
    is_missing: bool = False
    """Deleted or no longer visible, as far as known."""

    media: tuple[str, ...] = ()
    """Kinds of all attachments: photo, video, round, voice, audio, gif, sticker, image, document, webpage, poll, geo,
    geo_live, venue, contact, story, ... Unknown kinds keep their name."""
    mime: str | None = None
    file_name: str | None = None

    hashtags: tuple[str, ...] = ()
    """With or without `#`."""
    mentions: tuple[str, ...] = ()
    """Usernames, with or without `@`."""
    domains: tuple[str, ...] = ()
    """Hosts of all links, including hidden ones."""
    has_link: bool = False

    grouped_id: str | None = None
    """Album that the message belongs to."""
    fwd_channel_id: int | None = None
    """Bare id of the channel that it was forwarded from."""
    fwd_name: str | None = None
    """Name or username of the original author or channel."""

    views: int | None = None
    forwards: int | None = None
    lang: str | None = None
    """Detected language as ISO 639-1 code, None if unknown."""

    @property
    def key(self) -> Key:
        """Identity of the message."""
        return (self.channel_id, self.message_id)

    @property
    def ext(self) -> str | None:
        """File name extension in lower case without the dot, or None."""
        stem, dot, ext = (self.file_name or "").rpartition(".")
        return ext.lower() if dot and stem and ext.isalnum() else None

"""Documents: what a search engine stores of a message. Pure data, built by the archive from its record.

A *document* is the searchable view of one message, identified by `(channel_id, message_id)`. Texts are as Telegram sent
them; engines fold them (`normalize`). Writing the same document twice changes nothing in an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from config.records import record
from search.text.hosts import link_host
from search.text.marks import each_hashtag, may_have_marks, written_hashtags, written_links, written_names
from search.text.numbers import grouped_numbers

Key: TypeAlias = tuple[int, int]
"""(channel_id, message_id)."""


class FileMarks(NamedTuple):
    """What a `Document` says about its files."""

    states: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Fields that an index stores for display in addition to the `Document`; the query language cannot search them."""

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


@record(frozen=True, slots=True, kw_only=True)
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
    """Signature (post_author), otherwise the name of the sender; searched by `from:`, like the next three."""
    sender_name: str | None = None
    """Name of the sender, if it is not the author."""
    sender_username: str | None = None
    sender_id: int | None = None
    """Bare id of the sender."""

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
    file_states: tuple[str, ...] = ()
    """What became of each attached file: values of `tree.FileStateName`."""
    file_hashes: tuple[str, ...] = ()
    """SHA-256 of those whose bytes were ever stored, in lower-case hexadecimal."""
    file_ids: tuple[str, ...] = ()
    """Their identities: another file is another content, even with the same name."""

    hashtags: tuple[str, ...] = ()
    """With or without `#`, as marked by Telegram; unmarked ones in a text are found as well."""
    mentions: tuple[str, ...] = ()
    """Usernames, with or without `@`; ids and names of users without one."""
    domains: tuple[str, ...] = ()
    """Hosts of further links."""
    links: tuple[str, ...] = ()
    """All links: in the text, under words, on buttons, in previews and fact checks."""
    has_link: bool = False

    grouped_id: str | None = None
    """Album that the message belongs to."""
    fwd_channel_id: int | None = None
    """Bare id of the channel that it was forwarded from."""
    fwd_name: str | None = None
    """Name or username of the original author or channel."""
    fwd_title: str | None = None
    """Its name, if it is not `fwd_name`."""
    fwd_username: str | None = None
    fwd_user_id: int | None = None
    """Bare id of the user or group that it was forwarded from."""
    topic_id: int | None = None
    """Id of the forum topic that it was posted in."""

    views: int | None = None
    forwards: int | None = None
    lang: str | None = None
    """Detected language as ISO 639-1 code, None if unknown."""

    @property
    def key(self) -> Key:
        """Identity of the message."""
        return (self.channel_id, self.message_id)

    @property
    def fwd_id(self) -> int | None:
        """Bare id of the channel or user that it was forwarded from."""
        return self.fwd_user_id if self.fwd_channel_id is None else self.fwd_channel_id

    @property
    def fwd_words(self) -> str | None:
        """The name of the origin that is searched by words."""
        return None if self.fwd_name == self.fwd_username else self.fwd_name

    @property
    def has_author(self) -> bool:
        """Whether anything is known of who wrote it."""
        return bool(self.author or self.sender_name or self.sender_username) or self.sender_id is not None

    @property
    def has_origin(self) -> bool:
        """Whether anything is known of where it was forwarded from."""
        return bool(self.fwd_name or self.fwd_title or self.fwd_username) or self.fwd_id is not None

    def texts(self) -> Iterator[str]:
        """Yield everything that is searched for words."""
        for text in (self.text, *self.extra, self.file_name):
            if text:
                yield text

    def may_have_marks(self) -> bool:
        """Quick check for hashtags, mentions, links and hosts; may give false positives."""
        known = self.hashtags or self.mentions or self.links or self.domains
        return bool(known) or may_have_marks(self.text) or any(map(may_have_marks, self.extra))

    def all_hashtags(self) -> dict[str, None]:
        """Hashtags and cashtags, marked or not, without `#`; `#tag@channel` also without the channel."""
        return each_hashtag([*self.hashtags, *self._written(written_hashtags)])

    def all_mentions(self) -> dict[str, None]:
        """All mentions, marked or not."""
        return dict.fromkeys([*self.mentions, *self._written(written_names)])

    def all_links(self) -> dict[str, None]:
        """All links, marked or not."""
        return dict.fromkeys([*self.links, *self._written(written_links)])

    def hosts_of(self, links: Iterable[str]) -> dict[str, None]:
        """Hosts of these links, and the further ones."""
        hosts = [*self.domains, *map(link_host, links)]
        return dict.fromkeys([host for host in hosts if host])

    def grouped_numbers(self) -> dict[str, None]:
        """Numbers with grouped digits, without the separators."""
        return dict.fromkeys([number for text in self.texts() for number in grouped_numbers(text)])

    def _written(self, find: Callable[[str], list[str]]) -> list[str]:
        """What is found in the text and the further ones, but for the file name."""
        return [one for text in (self.text, *self.extra) for one in find(text)]

    @property
    def ext(self) -> str | None:
        """File name extension in lower case without the dot, or None."""
        return extension(self.file_name or "")


def extension(name: str) -> str | None:
    """The extension of a file name in lower case without the dot, or None."""
    stem, dot, ext = name.rpartition(".")
    return ext.lower() if dot and stem and ext.isalnum() else None

"""The records passed from the source to the archive: frozen, plain, without I/O.

Terminology (docs/architecture.md): a *channel* is a broadcast channel or a megagroup, identified by its bare positive
id; a *message* is `(channel_id, message_id)`, service messages included; *media* are a message's attachments, one
record per slot. Times are aware UTC. 64-bit ids of media and albums are text, because JSON readers round them.

Fields that are never queried individually (entities, forward header, reactions...) are canonical JSON text: made once
in `convert`, then compared and exported as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from archiver.ids import AccessHash, ChannelId, MessageId
from config.records import record

Origin: TypeAlias = Literal["history", "update", "audit", "import"]
"""How a message was received: in a history page, a difference, an audit, or an imported export."""

Kind: TypeAlias = Literal["message", "service", "stub"]
"""A post, a service message, or a placeholder for an object that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as the server shows it at one moment."""

    channel_id: ChannelId
    """Bare positive id: the identity. Everything else may change."""
    access_hash: AccessHash
    """Valid only for the account that received it."""
    title: str
    username: str | None = None
    """The active public name without @, in its owner's spelling."""
    usernames: tuple[str, ...] = ()
    """All active names, including `username`."""
    about: str | None = None
    megagroup: bool = False
    participants: int | None = None
    created: datetime | None = None
    noforwards: bool = False
    restriction: str | None = None
    """JSON list of {platform, reason, text}, if the content is blocked somewhere."""
    flags: tuple[str, ...] = ()
    """Which of verified, scam, fake, restricted, gigagroup, forum are set."""
    described: bool = False
    """Whether the full channel was fetched: only then are `about` and `participants` known, even if empty."""


@record(frozen=True, slots=True, kw_only=True)
class Media:
    """One attachment of a message: its metadata, and where its file is."""

    slot: int
    """0 for the message's own media; 1 and up for media inside it (paid items, rich blocks, poll media)."""
    kind: str
    """photo, video, round, voice, audio, gif, sticker, custom_emoji, image, document, webpage, poll, geo, ..."""
    id: str | None = None
    """Telegram's 64-bit id as text; the identity of the content."""
    mime: str | None = None
    size: int | None = None
    """Bytes, of the largest size."""
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    """Seconds."""
    file_name: str | None = None
    title: str | None = None
    """Of an audio file, a web page, a venue, a poll's question..."""
    performer: str | None = None
    url: str | None = None
    search_text: str | None = None
    """More text to search: site name, description, poll answers."""
    extra: str | None = None
    """JSON object of everything specific to the kind (poll answers, coordinates, dc, flags)."""
    path: str | None = None
    """Of its file, below the archive's directory; this and the next two come from table `file`, not from the server."""
    sha256: str | None = None
    """Of the file's bytes, if they were ever stored."""
    status: str = "not downloaded"
    """What became of its file: see `archiver.model.media_file.FileState`."""


@record(frozen=True, slots=True, kw_only=True)
class Message:
    """One observation of a message."""

    channel_id: ChannelId
    message_id: MessageId
    kind: Kind
    date: datetime
    edit_date: datetime | None = None
    text: str = ""
    entities: str | None = None
    """JSON list of {type, offset, length, ...}; offsets in UTF-16 units, as Telegram gives them."""
    sender: str | None = None
    """JSON {type, id, name, username}; None for a channel's own post."""
    post_author: str | None = None
    via_bot_id: int | None = None
    reply_to: str | None = None
    """JSON with TL's names: reply_to_msg_id, reply_to_top_id, reply_to_peer_id, quote_text..."""
    reply_to_msg_id: int | None = None
    fwd_from: str | None = None
    """JSON with TL's names: from_id {type, id}, from_name, date, channel_post, post_author..."""
    grouped_id: str | None = None
    views: int | None = None
    forwards: int | None = None
    replies: int | None = None
    reactions: str | None = None
    """JSON list of {reaction, count}; a custom emoji is given by its document id in `custom_emoji_id`."""
    action: str | None = None
    """JSON {type, ...} of a service message."""
    media: tuple[Media, ...] = ()
    markup: str | None = None
    """JSON rows of buttons with their text and URL."""
    restriction: str | None = None
    noforwards: bool = False
    pinned: bool = False
    silent: bool = False
    extra: str | None = None
    """JSON object of rarer fields: rich blocks, ttl_period, effect, fact check, stars..."""
    lang: str | None = None
    """The guessed language of the text, '' if unsure; None if it was not guessed."""
    partial: bool = False
    """Whether only the beginning of its rich message was shown, so that the whole has to be fetched."""
    reactions_unknown: bool = False
    """Whether its reactions object is empty and the same for all users (`min`), so that reactions are unknown."""
    content_hash: bytes
    """SHA-256 of text, entities, media identity, markup and rich blocks: a new one means a new revision."""
    unmarked_hash: bytes | None = None
    """The same without spoilers, as earlier versions stored it; None where that makes no difference."""
    raw: bytes
    """The TL bytes exactly as the server sent them."""
    layer: int
    """TL layer needed to read `raw`."""
    payload_sha256: bytes
    """SHA-256 of `raw`."""

    @property
    def moment(self) -> int:
        """Unix time of the edit it shows; of posting, if it was never edited."""
        return int((self.edit_date or self.date).timestamp())

    @property
    def media_kind(self) -> str | None:
        """Kind of the first media, if any."""
        return self.media[0].kind if self.media else None

    @property
    def counters(self) -> tuple[int | None, int | None, int | None, str | None]:
        """Views, forwards, replies, reactions: they change without an edit."""
        return self.views, self.forwards, self.replies, self.reactions


@dataclass(frozen=True, slots=True)
class Held:
    """The fields of an archived message that `reconcile` compares."""

    message_id: MessageId
    date: int
    edit_date: int | None
    content_hash: bytes
    payload_sha256: bytes
    missing_since: int | None
    last_seen: int
    counters: tuple[int | None, int | None, int | None, str | None] = (None, None, None, None)
    """Views, forwards, replies, reactions."""
    seen_pts: int | None = None
    """The channel's pts in the last answer that showed the content; None if it predates this field."""
    part_hash: bytes | None = None
    """Content hash of the part shown of this edit's rich message; None if it was never shown in part."""
    part_sha256: bytes | None = None
    """SHA-256 of that part's payload when last seen."""
    wanted: int | None = None
    """The `moment` of the edit whose whole is to be fetched; None if none is."""
    imported: bool = False
    """Whether it comes from an export, and Telegram was never seen to show it."""

    @property
    def partial(self) -> bool:
        """Whether only the part is held."""
        return self.part_hash == self.content_hash

    def is_content(self, message: Message) -> bool:
        """Whether the message's content is the one held, or its part."""
        return message.content_hash in (self.content_hash, self.part_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """One answer of the history: newest first, as served."""

    messages: tuple[Message, ...]
    empty_ids: tuple[int, ...]
    """Ids that the server reported as empty: absent now."""
    pts: int
    """The channel's pts when the page was served."""
    count: int
    """The channel's number of messages according to the server."""
    exact: bool
    """Whether `count` is exact."""
    channel: Channel | None = None
    """The channel as described by this answer."""
    place: int | None = None
    """Position of its first message among the `count`, from 0 or 1; None if the server does not say."""


@dataclass(frozen=True, slots=True)
class PeerState:
    """A channel's state according to a probe: whether it has new events."""

    pts: int | None
    """None if the server does not say."""
    top_id: int
    """Id of its newest message; 0 if it has none."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A new message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """The current content of an edited message."""

    message: Message
    pts: int | None = None
    """The channel's pts after the edit."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages that were deleted."""

    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pinned:
    """Messages that were pinned or unpinned."""

    message_ids: tuple[int, ...]
    pinned: bool


@dataclass(frozen=True, slots=True)
class HistoryCleared:
    """Everything up to this id is no longer available."""

    available_min_id: int


@dataclass(frozen=True, slots=True)
class Unread:
    """An update that this version does not apply; counted, never fatal."""

    name: str


Event: TypeAlias = Posted | Edited | Deleted | Pinned | HistoryCleared | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The events of a channel since a pts. `too_long`: the server will not list them all, so walk the history again."""

    events: tuple[Event, ...]
    """New messages first, then the other updates in order."""
    pts: int
    final: bool
    too_long: bool = False
    channel: Channel | None = None
    """The channel as described by this answer."""
    timeout: int | None = None
    """Seconds after which the server suggests asking again."""
    unread_posts: bool = False
    """Whether it has new messages that this version cannot read, and that must be looked for in the history."""
    unread_events: bool = False
    """Whether it has other events that this version cannot read."""

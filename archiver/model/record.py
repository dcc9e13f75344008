"""The records that travel from the source to the archive: frozen, plain, without I/O.

Terminology (docs/architecture.md): a *channel* is a broadcast channel or a megagroup, known by its bare positive id;
a *message* is `(channel_id, message_id)`, a service message included; *media* is what hangs on a message, one
record a slot. Times are aware UTC. 64-bit ids of media and albums travel as text, because JSON readers round them.

Fields that nobody asks for one by one (entities, forward header, reactions...) are canonical JSON text: made once in
`convert`, compared and exported as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["history", "update", "audit", "import"]
"""How a message came to us: paged history, a difference, an audit, somebody's export."""

Kind: TypeAlias = Literal["message", "service", "stub"]
"""A post, a service message, or what is known of an object that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as the server shows it at one moment."""

    channel_id: int
    """Bare positive id: the identity. All else may change."""
    access_hash: int
    """Valid for the account that received it, and for no other."""
    title: str
    username: str | None = None
    """The active public name without @, as written by its owner."""
    usernames: tuple[str, ...] = ()
    """Every active name, the first one included."""
    about: str | None = None
    megagroup: bool = False
    participants: int | None = None
    created: datetime | None = None
    noforwards: bool = False
    restriction: str | None = None
    """JSON list of {platform, reason, text}, where the content is blocked somewhere."""
    flags: tuple[str, ...] = ()
    """Which of verified, scam, fake, restricted, gigagroup, forum are set."""
    described: bool = False
    """Whether it was asked for in full: only then do `about` and `participants` tell what is, also when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One attachment of a message: its metadata, never the file itself."""

    slot: int
    """0 for the message's own media; 1 and up for what hangs inside it (paid items, rich blocks, poll media)."""
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
    """Further words by which people look for it: site name, description, answers of a poll."""
    extra: str | None = None
    """JSON object of all that is particular to the kind (poll answers, coordinates, dc, flags)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it was observed once."""

    channel_id: int
    message_id: int
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
    """JSON list of {reaction, count}; a custom emoji stands as its document id in `custom_emoji_id`."""
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
    """The language that the text seems to be in, '' when it is not sure; None: it was not looked at."""
    partial: bool = False
    """Whether only the beginning of its rich message was shown: the whole has to be asked for."""
    reactions_untold: bool = False
    """Whether there is an object for its reactions with none in it, which is the same for all users (`min`)."""
    content_hash: bytes
    """SHA-256 over text, entities, media identity, markup and rich blocks: a new one means a new revision."""
    raw: bytes
    """The TL bytes exactly as the server sent them."""
    layer: int
    """TL layer in which `raw` is to be read."""
    payload_sha256: bytes
    """SHA-256 of `raw`."""

    @property
    def moment(self) -> int:
        """Unix time of the edit that it shows."""
        return int((self.edit_date or self.date).timestamp())

    @property
    def media_kind(self) -> str | None:
        """Kind of the first media, None without any."""
        return self.media[0].kind if self.media else None

    @property
    def counters(self) -> tuple[int | None, int | None, int | None, str | None]:
        """Views, forwards, replies, reactions: what others do moves them, and no edit."""
        return self.views, self.forwards, self.replies, self.reactions


@dataclass(frozen=True, slots=True)
class Held:
    """What reconciling needs to know of a message that is held."""

    message_id: int
    date: int
    edit_date: int | None
    content_hash: bytes
    payload_sha256: bytes
    missing_since: int | None
    last_seen: int
    counters: tuple[int | None, int | None, int | None, str | None] = (None, None, None, None)
    """Views, forwards, replies, reactions."""
    seen_pts: int | None = None
    """The channel's state in the answer that showed the content last; None: it was shown before that was noted."""
    part_hash: bytes | None = None
    """Content hash of the part that the server shows of this edit's rich message; None: it never showed only a part."""
    part_sha256: bytes | None = None
    """SHA-256 of that part's payload, as it was last seen."""
    wanted: int | None = None
    """The moment of the edit whose whole is to be asked for; None: nothing is."""

    @property
    def partial(self) -> bool:
        """Whether nothing but the part is held."""
        return self.part_hash == self.content_hash

    def is_content(self, message: Message) -> bool:
        """Whether this very content is held, be it as the part of a whole."""
        return message.content_hash in (self.content_hash, self.part_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """One answer of the history: newest first, as served."""

    messages: tuple[Message, ...]
    empty_ids: tuple[int, ...]
    """Ids that the server named as empty: absent now."""
    pts: int
    """The channel's state when the page was served."""
    count: int
    """How many messages the server says the channel has."""
    exact: bool
    """Whether `count` is exact."""
    channel: Channel | None = None
    """What the answer says of the channel itself."""
    place: int | None = None
    """The place of its first message among all that `count` counts, from 0 or 1 on; None: the server does not say."""


@dataclass(frozen=True, slots=True)
class PeerState:
    """What a probe tells of a channel: whether something happened since."""

    pts: int | None
    """None when the server does not say."""
    top_id: int
    """Id of its newest message; 0 without any."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A new message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """The present content of a message that was edited."""

    message: Message
    pts: int | None = None
    """The channel's state that the edit led to."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages that are gone."""

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
    """An update of a kind that this version does not apply; counted, never fatal."""

    name: str


Event: TypeAlias = Posted | Edited | Deleted | Pinned | HistoryCleared | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What happened in a channel since a pts; `too_long` means: more than the server tells, re-walk."""

    events: tuple[Event, ...]
    """New messages first, then the other updates in their order."""
    pts: int
    final: bool
    too_long: bool = False
    channel: Channel | None = None
    """What the answer says of the channel itself."""
    timeout: int | None = None
    """Seconds after which the server suggests to ask again."""
    unread_posts: bool = False
    """Whether new messages are in it that this version cannot read: they are to be looked for in the history."""
    unread_events: bool = False
    """Whether something else happened that this version cannot read."""

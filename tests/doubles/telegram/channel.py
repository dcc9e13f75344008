"""A channel of the fake world: one counter of ids that never come back, and a log of events counted by pts.

https://core.telegram.org/api/updates and https://core.telegram.org/api/channel
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from tests.doubles.telegram.fate import Fate
from tests.doubles.telegram.post import Post, Snapshot, at

if TYPE_CHECKING:
    from tests.doubles.telegram.world import World


@dataclass(frozen=True)
class Event:
    """Something with a pts: kind is new, edit, delete, pin, unpin or webpage."""

    pts: int
    count: int
    kind: str
    ids: tuple[int, ...]
    snapshot: Snapshot | None = None  # of a new or edited message: what it said then


class Channel(Fate):
    """Posts and service messages by id, and everything the world can do to them."""

    def __init__(self, world: World, channel_id: int, title: str, username: str | None, date: int) -> None:
        super().__init__()
        self.world = world
        self.id = channel_id
        self.title = title
        self.about = ""
        self.date = date
        self.usernames: list[str] = [username] if username else []
        self.inactive: set[str] = set()  # those of the usernames that are switched off, lower case
        self.megagroup = False
        self.forum = False  # a megagroup with topics
        self.gigagroup = False  # a megagroup where only admins write
        self.noforwards = False
        self.subscribers = 1000
        self.linked_chat_id: int | None = None
        self.invite: str | None = None
        self.min_for_others = False  # shown as `min` in the answers about other channels
        self.pinned: int | None = None
        self.posts: dict[int, Post] = {}
        self.ids: list[int] = []  # of the posts that exist, ascending
        self.deleted: set[int] = set()
        self.last_id = 0
        self.pts = 1
        self.log: list[Event] = []
        self.log_start = 1  # differences from an older pts are too long
        self.version = 0  # of title, names and counts

    # what it says

    @property
    def username(self) -> str | None:
        """The first active one."""
        return next((name for name in self.usernames if name.lower() not in self.inactive), None)

    @property
    def peer(self) -> types.PeerChannel:
        return types.PeerChannel(self.id)

    @property
    def visible(self) -> list[int]:
        """Ids that a reader sees, ascending."""
        if self.lost:
            return []
        if not self.available_min_id:
            return self.ids
        return self.ids[bisect_right(self.ids, self.available_min_id) :]

    @property
    def top(self) -> int:
        visible = self.visible
        return visible[-1] if visible else 0

    def find(self, message_id: int) -> Post | None:
        return self.posts.get(message_id) if message_id > self.available_min_id and not self.lost else None

    def events_after(self, pts: int) -> list[Event] | None:
        """Events that a client at this pts has not seen; None when nobody remembers them."""
        if pts < self.log_start:
            return None
        return self.log[bisect_right(self.log, pts, key=lambda event: event.pts) :]

    # what happens in it

    def post(
        self,
        text: str = "",
        *,
        media: Any = None,
        entities: list[Any] | None = None,
        date: int | None = None,
        reply_to: Any = None,
        views: int | None = 1,
        forwards: int | None = 0,
        **fields: Any,
    ) -> Post:
        """A new message, maybe a reply to an id or with a header of its own.

        `fields` go to the TL constructor as they are.
        """
        if isinstance(reply_to, int):
            reply_to = types.MessageReplyHeader(reply_to_msg_id=reply_to)
        if self.megagroup:
            views = forwards = None
        message_id, date = self._next(date)
        message = types.Message(
            id=message_id,
            peer_id=self.peer,
            date=at(date),
            message=text,
            media=media,
            entities=entities or None,
            post=None if self.megagroup else True,
            views=views,
            forwards=forwards,
            reply_to=reply_to,
            **({"noforwards": True} if self.noforwards else {}) | fields,
        )
        return self._add(Post(message_id, date, message))

    def album(self, items: Iterable[Any], text: str = "", **fields: Any) -> list[Post]:
        """Media that belong together; the caption stands on the first."""
        grouped_id = self.world.new_group_id()
        return [
            self.post(text if n == 0 else "", media=item, grouped_id=grouped_id, **fields)
            for n, item in enumerate(items)
        ]

    def forward(self, origin: Channel, message_id: int, *, date: int | None = None, **fields: Any) -> Post:
        source = origin.posts[message_id].message
        header = types.MessageFwdHeader(
            date=source.date, from_id=origin.peer, channel_post=message_id, post_author=source.post_author
        )
        header = source.fwd_from or header
        return self.post(
            source.message, media=source.media, entities=source.entities, date=date, fwd_from=header, **fields
        )

    def service(self, action: Any, *, date: int | None = None, reply_to: int | None = None) -> Post:
        message_id, date = self._next(date)
        header = types.MessageReplyHeader(reply_to_msg_id=reply_to) if reply_to is not None else None
        message = types.MessageService(
            id=message_id,
            peer_id=self.peer,
            date=at(date),
            action=action,
            reply_to=header,
            post=None if self.megagroup else True,
        )
        return self._add(Post(message_id, date, message))

    def grow(self, ids: Iterable[int], date: Callable[[int], int], build: Callable[[int], Any]) -> None:
        """Many messages at once that are built when read; ids left out are deleted ones.

        Nobody can ask for their events: they are history.
        """
        for message_id in ids:
            if message_id <= self.last_id:
                raise ValueError("ids only grow")
            self.deleted.update(range(self.last_id + 1, message_id))
            self.pts += 2 * (message_id - self.last_id) - 1  # a deleted message had a pts, and its deletion too
            self.last_id = message_id
            self.posts[message_id] = Post(message_id, date(message_id), build)
            self.ids.append(message_id)
        self.log.clear()
        self.log_start = self.pts

    def edit(self, message_id: int, *, date: int | None = None, hide: bool = False, **fields: Any) -> Post:
        """Change what a message says; `text` is short for the field `message`."""
        if "text" in fields:
            fields["message"] = fields.pop("text")
        post = self.posts[message_id]
        post.change(edit_date=at(date or self.world.now()), edit_hide=hide or None, **fields)
        self._event("edit", (message_id,))
        return post

    def delete(self, *message_ids: int) -> None:
        gone = tuple(i for i in message_ids if i in self.posts)
        for message_id in gone:
            del self.posts[message_id]
            del self.ids[bisect_left(self.ids, message_id)]
        self.deleted.update(gone)
        if self.pinned in gone:
            self.pinned = None
        if gone:
            self._event("delete", gone, len(gone))

    def pin(self, message_id: int, *, date: int | None = None, quiet: bool = False) -> None:
        self.posts[message_id].change(pinned=True)
        self.pinned = message_id
        self._event("pin", (message_id,))
        if not quiet:
            self.service(types.MessageActionPinMessage(), reply_to=message_id, date=date)

    def unpin(self, message_id: int) -> None:
        self.posts[message_id].change(pinned=None)
        self.pinned = None if self.pinned == message_id else self.pinned
        self._event("unpin", (message_id,))

    def load_webpage(self, message_id: int, media: Any) -> None:
        """The preview that was pending is there."""
        self.posts[message_id].change(media=media)
        self._event("webpage", (message_id,))

    def react(self, message_id: int, counts: Mapping[str, int]) -> None:
        """Reactions are no event: clients must ask for them."""
        results = [types.ReactionCount(types.ReactionEmoji(e), n) for e, n in counts.items()]
        self.posts[message_id].change(reactions=types.MessageReactions(results) if results else None)

    def view(self, message_id: int, views: int, forwards: int | None = None) -> None:
        """Counters are no event either."""
        post = self.posts[message_id]
        post.change(views=views, forwards=post.message.forwards or 0 if forwards is None else forwards)

    def set_history_hidden(self, available_min_id: int) -> None:
        """Everything up to this id is hidden from readers. No pts."""
        self.available_min_id = available_min_id
        self.version += 1

    def set_title(self, title: str, *, date: int | None = None) -> Post:
        self.title = title
        self.version += 1
        return self.service(types.MessageActionChatEditTitle(title), date=date)

    def rename(self, username: str | None) -> None:
        """Another public name, or none."""
        self.world.set_username(self, username)

    def warm(self, newest: int = 100_000) -> None:
        """Serialise now what would be serialised at the first reading."""
        for message_id in self.ids[-newest:]:
            bytes(self.posts[message_id])

    def forget_events(self) -> None:
        """As if long ago: a difference from here on back is too long."""
        self.log.clear()
        self.log_start = self.pts

    # inside

    def _next(self, date: int | None) -> tuple[int, int]:
        self.last_id += 1
        return self.last_id, self.world.now() if date is None else date

    def _add(self, post: Post) -> Post:
        post.shown_blocks = self.rich_limit
        self.posts[post.id] = post
        self.ids.append(post.id)
        self._event("new", (post.id,))
        return post

    def _event(self, kind: str, ids: tuple[int, ...], count: int = 1) -> None:
        self.pts += count
        told = self.posts[ids[0]].snapshot() if kind in ("new", "edit") else None
        event = Event(self.pts, count, kind, ids, told)
        self.log.append(event)
        for listener in list(self.world.listeners):
            listener(self, event)

"""Messages as views show them: an album is one post."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import orjson
from markupsafe import Markup

from archiver.formatting.html_writer import OUTSIDE, HtmlTargets
from archiver.formatting.spoilers import find_covered
from archiver.formatting.visible import find_direction
from archiver.ids import ChannelId
from archiver.model.imported import IMPORTED, list_filled, list_others
from archiver.model.particulars import find_posted_day, read_extra
from archiver.model.reply import find_answered, is_reply, topic_of
from archiver.model.row import ChannelName, StoredMedia, StoredMessage
from archiver.store.messages.rows import HeldMessage
from archiver.web.pictures import Attachment, KnownPictures, list_attachments
from archiver.web.texts import language_direction, text_html


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPost:
    """One message, or consecutive messages of one album."""

    channel: ChannelName
    messages: Sequence[StoredMessage]
    attachments: Sequence[Attachment]
    language: str | None
    direction: str | None
    html: Markup
    answered: StoredMessage | None = None
    """The message that it replies to, if that is archived."""
    claimed: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """How many of the earlier contents of its messages only imports have."""

    @property
    def first(self) -> StoredMessage:
        """The message that it is addressed by."""
        return self.messages[0]

    @property
    def id(self) -> int:
        """Its number."""
        return self.first.message_id

    @property
    def ids(self) -> Sequence[int]:
        """The numbers of all its messages."""
        return [one.message_id for one in self.messages]

    @property
    def is_imported(self) -> bool:
        """Whether telekeep never saw it, or part of its album, on Telegram."""
        return any(one.layer == IMPORTED for one in self.messages)

    @property
    def filled(self) -> list[str]:
        """In words, what an import filled in its first message, and Telegram did not show."""
        return list_filled(self.first.extra)

    @property
    def others(self) -> list[str]:
        """What imports have otherwise, in words."""
        return list_others(self.first.extra)

    @property
    def posted_day(self) -> date | None:
        """The day of posting, if an export shows only that."""
        return find_posted_day(self.first.extra)

    @property
    def forward(self) -> dict[str, Any] | None:
        """Where it was forwarded from."""
        return _object(self.first.fwd_from)

    @property
    def reply(self) -> dict[str, Any] | None:
        """What it replies to."""
        return _object(self.first.reply_to) if is_reply(self.first.reply_to) else None

    @property
    def topic(self) -> int | None:
        """The forum topic that it was posted in."""
        return topic_of(self.first.reply_to)

    @property
    def topic_title(self) -> str:
        """The title of that topic, if the message that created it is archived; not of a reply."""
        created = None if self.reply or self.answered is None else _object(self.answered.action)
        return str((created or {}).get("title") or "")

    @property
    def reactions(self) -> list[dict[str, Any]]:
        """Its reactions."""
        return _load(self.first.reactions) or []

    @property
    def action(self) -> dict[str, Any] | None:
        """What a service message says."""
        if self.first.kind == "stub":
            return {"type": "unreadable"}
        return _object(self.first.action)

    @property
    def buttons(self) -> list[list[dict[str, Any]]]:
        """The rows of buttons below it."""
        return _load(self.first.markup) or []

    @property
    def restrictions(self) -> list[dict[str, Any]]:
        """Where the server blocks it, and why."""
        return _load(self.first.restriction) or []

    @property
    def author(self) -> str:
        """Who signed or sent it."""
        sender = _load(self.first.sender) or {}
        return str(self.first.post_author or sender.get("name") or sender.get("username") or "")

    @property
    def edits(self) -> int:
        """Earlier contents that are archived, of any of its messages; not those that only an import claims."""
        return max(one.revisions - self.claimed.get((one.channel_id, one.message_id), 0) for one in self.messages)

    @property
    def has_claims(self) -> bool:
        """Whether an import has it with other content."""
        return any((one.channel_id, one.message_id) in self.claimed for one in self.messages)

    @property
    def marked_edited(self) -> bool:
        """Whether apps show it as edited."""
        return bool(self.first.edit_date) and not _particulars(self.first)["edit_hidden"]

    @property
    def fact_check(self) -> str:
        """What fact checkers say of it."""
        return str((_load(_particulars(self.first)["fact_check"]) or {}).get("text") or "")

    @property
    def is_covered(self) -> bool:
        """Whether a spoiler covers some of it."""
        texts = (find_covered(one.text, one.entities) for one in self.messages)
        return any(one is not None for one in texts) or any(one.is_covered for one in self.attachments)

    @property
    def gone(self) -> StoredMessage | None:
        """The first of its messages that is deleted."""
        return next((one for one in self.messages if one.missing_since is not None), None)


def list_posts(
    channel: ChannelName,
    held: Sequence[HeldMessage],
    languages: Mapping[int, str],
    pictures: KnownPictures,
    *,
    answers: Mapping[tuple[int, int], StoredMessage] | None = None,
    targets: HtmlTargets = OUTSIDE,
    claimed: Mapping[tuple[int, int], int] | None = None,
) -> list[ShownPost]:
    """The posts of messages in order. By key: `answers`: messages replied to; `claimed`: `count_claimed`."""
    posts = []
    for _, group in groupby(held, key=lambda one: one[0].grouped_id or one[0].message_id):
        members = list(group)
        messages = [message for message, _ in members]
        languages_here = [languages[one.message_id] for one in messages if one.message_id in languages]
        language = languages_here[0] if languages_here else None
        direction = language_direction(language) or find_direction("\n".join(one.text for one in messages))
        posts.append(
            ShownPost(
                channel=channel,
                messages=messages,
                attachments=list_attachments(
                    channel.channel_id, [(one.message_id, slot) for one, media in members for slot in media], pictures
                ),
                language=language,
                direction=direction,
                html=Markup("").join(_html(one, direction, targets) for one in messages),
                claimed=claimed or {},
                answered=(answers or {}).get(find_answered(messages[0].reply_to, channel.channel_id) or (0, 0)),
            )
        )
    return posts


def _html(message: StoredMessage, direction: str | None, targets: HtmlTargets) -> Markup:
    """The text, or that of a rich message, which has no other."""
    if message.text:
        return text_html(message.text, message.entities, direction, targets=targets)
    rich = _load(_particulars(message)["rich"]) or {}
    return text_html(str(rich["text"])) if rich.get("text") else Markup("")


def _particulars(message: StoredMessage) -> Mapping[str, Any]:
    return read_extra(None if message.kind == "stub" else message.extra)


def list_slots(held: Iterable[HeldMessage]) -> Iterator[tuple[ChannelId, int, StoredMedia]]:
    """The attachments of these messages, each with its channel and message."""
    for message, media in held:
        yield from ((message.channel_id, message.message_id, one) for one in media)


def list_reply_keys(held: Sequence[HeldMessage]) -> Iterator[tuple[int, int]]:
    """The messages of archived channels that these reply to."""
    for message, _ in held:
        if (key := find_answered(message.reply_to, message.channel_id)) is not None:
            yield key


def _object(text: str | None) -> dict[str, Any] | None:
    found = _load(text)
    return found if isinstance(found, dict) else None


def _load(text: str | None) -> Any:
    return orjson.loads(text) if text else None

"""What people type for a channel or a message, taken apart. Pure; nothing is looked up here.

A channel: its alias, `@name` or `name`, a link (`t.me/name`, `t.me/s/name`, `t.me/c/ID/N`, `name.t.me`, `tg://...`),
its bare id, or the marked id `-100ID` that other tools show. A message: a channel and `/ID`, or a message's link.
Invite links are refused: what they lead to is not public. https://core.telegram.org/api/links
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from archiver.errors import UsageError

# Telegram gives out 4 letters and more; whether a shorter name exists is for the server to say.
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_NUMBER = re.compile(r"[0-9]+")
_MARKED = re.compile(r"-(?:100[0-9]+|1[0-9]{12})")
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[a-z0-9_]+\.)?(?:t\.me|telegram\.me|telegram\.dog))(?:[/?#].*)?", re.IGNORECASE
)
_MARK = 10**12
_MAX_ID = 2**63 - 1

# Words that stand first in a link's path and are no channel's name. https://core.telegram.org/api/links
_RESERVED = frozenset(
    {"addemoji", "addlist", "addstickers", "addtheme", "bg", "boost", "call", "confirmphone", "contact", "giftcode"}
    | {"iv", "invoice", "login", "nft", "proxy", "setlanguage", "share", "socks", "stickers"}
)


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel as it was typed: by id, or by name."""

    channel_id: int | None = None
    """Bare positive id."""
    name: str | None = None
    """A username or an alias, without @."""
    public: bool = False
    """Whether the name can only be a username: typed with @ or as a link."""

    def __str__(self) -> str:
        if self.channel_id is not None:
            return str(self.channel_id)
        return f"@{self.name}" if self.public else str(self.name)

    @property
    def may_be_username(self) -> bool:
        """Whether the name has the form that a username must have."""
        return self.name is not None and _USERNAME.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as it was typed."""

    channel: ChannelRef
    message_id: int


def parse_channel(typed: str) -> ChannelRef:
    """The channel that was typed. Raises UsageError with the reason."""
    channel, _ = _parse(typed)
    return channel


def parse_message(typed: str) -> MessageRef:
    """The message that was typed. Raises UsageError with the reason."""
    channel, message_id = _parse(typed)
    if message_id is None:
        raise UsageError(f"{typed.strip()!r} names no message.", hint="Write CHANNEL/ID or a message's link.")
    return MessageRef(channel, message_id)


def _parse(typed: str) -> tuple[ChannelRef, int | None]:
    text = typed.strip()
    if text.lower().startswith("tg:"):
        return _parse_app_link(text)
    link = _LINK.fullmatch(text)
    if link:
        return _parse_link(text if "://" in text else f"https://{text}", link.group(1).lower())
    place = re.fullmatch(r"(?s)(.+?)(?:[/:]([0-9]+))?", text)
    if place is None:
        raise UsageError("a channel is missing.", hint="Write @name, a t.me link, an alias or an id.")
    return _parse_name(place.group(1), typed), _message_id(place.group(2)) if place.group(2) else None


def _parse_name(word: str, typed: str) -> ChannelRef:
    if _NUMBER.fullmatch(word) or _MARKED.fullmatch(word):
        return ChannelRef(channel_id=_channel_id(word))
    if re.fullmatch(r"-[0-9]+", word):
        raise UsageError(
            f"{word} is a basic group or a chat, not a channel.", hint="A channel's marked id begins with -100."
        )
    if word.startswith("@"):
        if not _USERNAME.fullmatch(word[1:]):
            raise UsageError(
                f"{word!r} cannot be a public name.",
                hint="It has up to 32 Latin letters, digits and _, a letter first.",
            )
        return ChannelRef(name=word[1:], public=True)
    if word.startswith("+"):
        raise _invite()
    if not _NAME.fullmatch(word):
        raise UsageError(f"{typed.strip()!r} is no channel.", hint="Write @name, a t.me link, an alias or an id.")
    return ChannelRef(name=word)


def _parse_link(url: str, host: str) -> tuple[ChannelRef, int | None]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(f"{url!r} is no link that can be read.") from None
    path = [unquote(step) for step in parts.path.split("/") if step]
    subdomain = host.split(".", maxsplit=1)[0] if host.count(".") == 2 else ""
    if subdomain:
        path = [subdomain, *path]
    if path[:1] == ["s"]:
        path = path[1:]
    if not path:
        raise UsageError(f"{url!r} names no channel.", hint="A channel's link is https://t.me/name.")
    first = path[0]
    if first.startswith("+") or first.lower() == "joinchat":
        raise _invite()
    numbers = [step for step in path[1:] if _NUMBER.fullmatch(step)]
    if first == "c" and numbers:
        # t.me/c/ID/N, or t.me/c/ID/TOPIC/N
        return ChannelRef(channel_id=_channel_id(numbers[0])), _message_id(numbers[-1]) if len(numbers) > 1 else None
    if first.lower() in _RESERVED or not _USERNAME.fullmatch(first):
        raise UsageError(f"{url!r} is no channel's link.", hint="A channel's link is https://t.me/name.")
    return ChannelRef(name=first, public=True), _message_id(numbers[-1]) if numbers else None


def _parse_app_link(text: str) -> tuple[ChannelRef, int | None]:
    """tg://resolve?domain=name&post=N and tg://privatepost?channel=ID&post=N."""
    try:
        parts = urlsplit(text.replace("tg:", "tg://", 1) if not text.lower().startswith("tg://") else text)
        values = {key: found[-1] for key, found in parse_qs(parts.query).items()}
    except ValueError:
        raise UsageError(f"{text!r} is no link that can be read.") from None
    if parts.netloc.lower() == "join":
        raise _invite()
    post = values.get("post", "")
    message_id = _message_id(post) if _NUMBER.fullmatch(post) else None
    if _NUMBER.fullmatch(values.get("channel", "")):
        return ChannelRef(channel_id=_channel_id(values["channel"])), message_id
    if _USERNAME.fullmatch(values.get("domain", "")):
        return ChannelRef(name=values["domain"], public=True), message_id
    raise UsageError(f"{text!r} is no channel's link.", hint="A channel's link is https://t.me/name.")


def _channel_id(digits: str) -> int:
    number = int(digits[:25])  # a longer one is out of bounds anyway, and slow to read
    if number < 0:
        # The marked id is -(10^12 + id); for ids of ten digits that reads as -100 before the id, and people shorten so.
        number = -number - _MARK if -number > _MARK else int(digits[:25].removeprefix("-100"))
    if not 0 < number <= _MAX_ID:
        raise UsageError(f"{digits} is no channel's id.")
    return number


def _message_id(digits: str) -> int:
    number = int(digits[:25])
    if not 0 < number < 2**31:
        raise UsageError(f"{digits} is no message's id: those go from 1 to {2**31 - 1}.")
    return number


def _invite() -> UsageError:
    return UsageError(
        "an invite link leads to a private channel; telekeep mirrors public ones and never joins.",
        hint="Use the channel's public name, @name.",
    )

"""Entry point: parses any text as a channel or a message, or raises UsageError and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from archiver.address.kinds import invite, not_channel, phone
from archiver.address.links import is_ours, read_app_link, read_web_link
from archiver.address.pasted import LONGEST, clean
from archiver.address.ref import (
    MARKED,
    NUMBER,
    USERNAME,
    ChannelRef,
    MessageRef,
    ParsedAddress,
    read_channel_id,
    read_message_id,
)
from archiver.errors import UsageError

_Read = TypeVar("_Read", ParsedAddress, ParsedAddress | None)
_HINT = "Write @name, a t.me link, an alias or an id."
_WRONG_ID = re.compile(r"@?\w+/([^\W\d][\w-]*)")
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_SCHEME = re.compile(r"(?:(https?):/{0,3}|([a-z][a-z0-9+.-]*):/{1,3}|//)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.IGNORECASE)
_EMAIL = re.compile(r"(?:mailto:)?[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+", re.IGNORECASE)
_PHONE = re.compile(r"(?:tel:)?\+[0-9(][0-9 ()./-]{4,}", re.IGNORECASE)
_NESTED = re.compile(
    r"(?<![\w@.])(?:(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/[^\s\"'<>()\[\]&,;]+"
    r"|@[A-Za-z][A-Za-z0-9_]{3,31}(?![\w@.]*@))",
    re.IGNORECASE,
)


def parse_channel(typed: str) -> ChannelRef:
    """The channel that the text names. Raises UsageError, even for a message, which does not stand for its channel."""
    parsed = parse_address(typed)
    if parsed.message_id is not None:
        address = f"{parsed.channel}/{parsed.message_id}"
        raise not_channel("a message", f"Its channel is {parsed.channel}; `telekeep show {address}` shows the message.")
    if parsed.other is not None:
        raise not_channel(parsed.other, f"Did you mean {parsed.channel}?")
    return parsed.channel


def names_message(typed: str) -> bool:
    """Whether the text is a message's address or link."""
    try:
        return parse_address(typed).message_id is not None
    except UsageError:
        return False


def parse_message(typed: str) -> MessageRef:
    """The message in the text. Raises UsageError with the reason."""
    if (wrong := _WRONG_ID.fullmatch(clean(typed))) is not None:
        raise UsageError(f'"{wrong[1]}" is not a message id.', hint="Write CHANNEL/ID or a message's link.")
    parsed = parse_address(typed)
    if parsed.message_id is None:
        raise UsageError(
            f"this names no message, only {parsed.other or 'a channel'}.", hint="Write CHANNEL/ID or a message's link."
        )
    return MessageRef(parsed.channel, parsed.message_id)


def parse_address(typed: str) -> ParsedAddress:
    """What the text names: a channel, or something in one. Raises UsageError with the reason."""
    text = clean(typed)
    if not text:
        raise UsageError("a channel is missing.", hint=_HINT)
    if len(typed) > LONGEST:
        raise UsageError("this is too long for a channel.", hint=_HINT)
    if re.match(r"(?:https?|tg)%3a", text, re.IGNORECASE):
        text = unquote(text)
    if text[:3].lower() == "tg:":
        return _hint_at_inner(read_app_link, text)
    parsed = _read_link(text)
    if parsed is not None:
        return parsed
    _refuse_other(text)
    found = re.fullmatch(r"(?s)(.+?)(?:[/:]([0-9]+))?/*", text)
    assert found is not None, "it is not empty"
    return ParsedAddress(_parse_name(found[1], text), read_message_id(found[2]) if found[2] else None)


def _read_link(text: str) -> ParsedAddress | None:
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if scheme is None and not is_ours(re.split(r"[/?#:]", rest, maxsplit=1)[0]):
        return None
    if re.search(r"\s", rest):
        raise _not_only_a_name(text)
    parsed = None
    if scheme is None or not scheme[2]:
        parsed = _hint_at_inner(read_web_link, f"https://{rest}")
    if parsed is None:
        raise UsageError("this is a link to another site, not a channel.", hint=_did_you_mean(rest) or _HINT)
    return parsed


def _hint_at_inner(read: Callable[[str], _Read], link: str) -> _Read:
    """Parse the link; if it only wraps another one (t.me/share/url?url=...), the error names that."""
    try:
        return read(link)
    except UsageError as error:
        near = _did_you_mean(link.partition("?")[2])
        raise UsageError(str(error.args[0]), hint=near or error.hint) from None


def _refuse_other(text: str) -> None:
    """Raise UsageError for anything that is obviously not a channel."""
    if _EMAIL.fullmatch(text):
        raise not_channel("an e-mail address", _HINT)
    if _PHONE.fullmatch(text):
        raise phone()
    if text.startswith("+"):
        raise invite()
    if re.search(r"\s", text):
        raise _not_only_a_name(text)
    host, slash, _ = text.partition("/")
    if slash and _HOST.fullmatch(host) and not NUMBER.fullmatch(text[len(host) + 1 :].strip("/") or "0"):
        raise UsageError("this is a link to another site, not a channel.", hint=_did_you_mean(text) or _HINT)


def _not_only_a_name(text: str) -> UsageError:
    if near := _did_you_mean(text) or _did_you_mean("".join(text.split())):  # a link may be broken over two lines
        return UsageError("this contains more than a channel's name.", hint=near)
    return UsageError(
        "this is not a channel's username: those have no spaces.",
        hint="A title cannot be looked up; the channel's page in an app shows its @name.",
    )


def _did_you_mean(text: str) -> str | None:
    """Suggest the channels within other words, or within a link to another site."""
    names = []
    for found in _NESTED.findall(unquote(text)):
        try:
            parsed = parse_address(found)
        except UsageError:
            continue
        if parsed.channel.name:
            names.append(f"{parsed.channel}/{parsed.message_id}" if parsed.message_id else str(parsed.channel))
    return f"Did you mean {' or '.join(list(dict.fromkeys(names))[:3])}?" if names else None


def _parse_name(word: str, text: str) -> ChannelRef:
    if NUMBER.fullmatch(word) or MARKED.fullmatch(word):
        return ChannelRef(channel_id=read_channel_id(word))
    if re.fullmatch(r"-[0-9]+", word):
        raise UsageError(
            f"{word[:25]} is a basic group or a chat, not a channel.", hint="A channel's marked id begins with -100."
        )
    if word.startswith("@"):
        if not USERNAME.fullmatch(word[1:]):
            raise _no_username(word)
        return ChannelRef(name=word[1:], public=True)
    if not _NAME.fullmatch(word):
        raise UsageError("this is not a channel.", hint=_did_you_mean(text) or _HINT)
    return ChannelRef(name=word)


def _no_username(word: str) -> UsageError:
    """Error for an invalid username; names a letter of another alphabet, which may look like a Latin one."""
    foreign = next((char for char in word if not char.isascii() and char.isalpha()), None)
    if foreign is not None and re.search("[A-Za-z]", word):
        name = unicodedata.name(foreign, "")
        why = f"Its {foreign!r} is not a Latin letter{f' ({name.lower()})' if name else ''}; type the name by hand."
    else:
        why = _did_you_mean(word) or "A username has up to 32 Latin letters, digits and _, and starts with a letter."
    return UsageError(f"{word[:40]!r} is not a valid username.", hint=why)

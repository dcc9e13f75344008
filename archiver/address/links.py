"""Web and app links to channels and messages. https://core.telegram.org/api/links"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from archiver.address.kinds import HINT, KINDS, boost, invite, not_channel, phone
from archiver.address.ref import MARKED, NUMBER, USERNAME, ChannelRef, ParsedAddress, read_channel_id, read_message_id
from archiver.errors import UsageError

_HOST = re.compile(r"(?:([a-z0-9_-]+)\.)?(?:t\.me|telegram\.me|telegram\.dog|telesco\.pe)", re.IGNORECASE)
_WEB_CLIENT = re.compile(r"(?:web|webk|webz|weba)\.telegram\.org|(?:web|k|a|z)\.t\.me", re.IGNORECASE)
_OWN_SITE = re.compile(r"(?:[a-z0-9-]+\.)?telegram\.org", re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9]{5,}")
_PEER = re.compile(r"@?(?P<name>[A-Za-z][A-Za-z0-9_]{0,31})(?:/(?P<post>[0-9]+))?|(?P<id>-?[0-9]+)(?:_(?P<in>[0-9]+))?")
_OLD_PEER = re.compile(r"(?P<kind>[cgus])(?P<id>[0-9]+)(?:_[0-9]+)?")


def is_ours(host: str) -> bool:
    """Whether this module parses links to this host."""
    return any(known.fullmatch(host.rstrip(".")) for known in (_HOST, _WEB_CLIENT, _OWN_SITE))


def read_web_link(url: str) -> ParsedAddress | None:
    """The address in an http(s) link; None for another site. Raises UsageError for links that are not channels."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise UsageError("this link is malformed.", hint=HINT) from None
    if _WEB_CLIENT.fullmatch(host):
        return _read_web_client(parts)
    if _OWN_SITE.fullmatch(host):
        raise not_channel("a page of Telegram's own site")
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    path = [unquote(step) for step in parts.path.split("/") if step]
    subdomain = (found[1] or "").lower()
    return _read_path([subdomain, *path] if subdomain not in ("", "www") else path, _values(parts.query))


def _read_path(path: list[str], values: dict[str, str]) -> ParsedAddress:
    if path and path[0].lower() == "s" and len(path) > 1:  # the preview
        path = path[1:]
    if not path:
        raise UsageError("this link names no channel.", hint=HINT)
    first, rest = path[0].removeprefix("@"), path[1:]
    word = first.lower()
    if word.startswith("+") or word == "joinchat":
        raise phone() if _PHONE.fullmatch(word) else invite()
    if word == "c" and rest and NUMBER.fullmatch(rest[0]):
        return _read_rest(ChannelRef(channel_id=read_channel_id(rest[0])), rest[1:])
    if word == "boost":
        raise boost(f"@{rest[0]}" if rest and USERNAME.fullmatch(rest[0]) else values.get("c"))
    if word.startswith("$"):
        raise not_channel(KINDS["invoice"])
    if word in KINDS:
        raise not_channel(KINDS[word])
    if not USERNAME.fullmatch(first) or (word == "c" and not rest):
        raise not_channel("a link without a channel's name")
    return _read_rest(ChannelRef(name=first, public=True), rest)


def _read_rest(channel: ChannelRef, rest: list[str]) -> ParsedAddress:
    """The rest of the path after the channel: N, TOPIC/N, or something else of the channel."""
    if rest and NUMBER.fullmatch(rest[0]):
        in_topic = len(rest) > 1 and NUMBER.fullmatch(rest[1])
        return ParsedAddress(channel, read_message_id(rest[1] if in_topic else rest[0]))
    other = {"s": "a story", "a": "an album of stories", "c": "a collection of gifts"}
    return ParsedAddress(channel, other=other.get(rest[0].lower(), "an app of a bot") if rest else None)


def _values(query: str) -> dict[str, str]:
    try:
        return {key.lower(): found[-1] for key, found in parse_qs(query, keep_blank_values=True).items()}
    except ValueError:
        raise UsageError("this link is malformed.", hint=HINT) from None


def read_app_link(text: str) -> ParsedAddress:
    """The address in an app link, such as tg://resolve?domain=name&post=N or tg://privatepost?channel=ID&post=N."""
    word, _, query = text.partition(":")[2].lstrip("/").partition("?")
    word, values = word.partition("/")[0].lower(), _values(query.partition("#")[0])
    if word == "join":
        raise invite()
    if word == "boost":
        raise boost(_named(values.get("domain", "")) or values.get("channel"))
    if word == "user" or (word == "openmessage" and "user_id" in values):
        raise not_channel(KINDS["user"])
    if values.get("phone") and "domain" not in values:
        raise phone()
    post = values.get("post") or values.get("message_id", "")
    rest = [post] if NUMBER.fullmatch(post) else ["s"] if "story" in values else []
    number = values.get("channel") or values.get("chat_id", "")
    if word in ("privatepost", "openmessage") and NUMBER.fullmatch(number):
        return _read_rest(ChannelRef(channel_id=read_channel_id(number)), rest)
    domain = values.get("domain", "").removeprefix("@")
    if word == "resolve" and USERNAME.fullmatch(domain):
        return _read_rest(ChannelRef(name=domain, public=True), rest)
    raise not_channel(KINDS.get(word, "a link into the app"))


def _named(name: str) -> str | None:
    return f"@{name}" if USERNAME.fullmatch(name) else None


def _read_web_client(parts: SplitResult) -> ParsedAddress:
    """The address in a URL of the web clients: /a/#-100ID_N, /k/#@name, /k/#-ID, #/im?p=@name, #?tgaddr=tg%3A...

    Client K marks the ids of channels and basic groups alike with just a minus. A number after _ is a thread's first
    message.
    """
    fragment = unquote(parts.fragment)
    for query in (parts.query, parts.fragment.partition("?")[2]):
        values = _values(query)
        if values.get("tgaddr", "").lower().startswith("tg:"):
            return read_app_link(values["tgaddr"])
        if "p" in values:
            fragment = values["p"]
    peer = _PEER.fullmatch(fragment.partition("?")[0].strip("/"))
    if old := _OLD_PEER.fullmatch(fragment):
        if old["kind"] == "c":
            return ParsedAddress(ChannelRef(channel_id=read_channel_id(old["id"])))
        raise not_channel("a basic group" if old["kind"] == "g" else "a private chat")
    if peer is None:
        raise UsageError("this link of the web app names no channel.", hint=HINT)
    if peer["name"]:
        return _read_rest(ChannelRef(name=peer["name"], public=True), [peer["post"]] if peer["post"] else [])
    number = peer["id"]
    if not number.startswith("-"):
        raise not_channel(KINDS["user"])
    if len(number) < 14 and parts.path.startswith("/k"):
        number = number[1:]
    elif not MARKED.fullmatch(number):
        raise not_channel("a basic group")
    return _read_rest(ChannelRef(channel_id=read_channel_id(number)), [peer["in"]] if peer["in"] else [])

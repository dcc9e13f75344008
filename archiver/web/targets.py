"""Where the names and links in a text lead within the archive: hashtags to a search, posts to their archived copies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from archiver.formatting.html_writer import REL, HtmlTargets
from archiver.formatting.safe_url import clean_url, find_misread_host
from archiver.model.row import ChannelName
from archiver.web.addresses import channel_url, message_url
from archiver.web.texts import visible

_POST: Final = re.compile(
    r"https?://(?:www\.)?(?:t|telegram)\.(?:me|dog)/(?:s/)?(?:(?P<name>[A-Za-z][A-Za-z0-9_]{1,31})|c/(?P<id>[0-9]{1,15}))"
    r"(?:/(?P<post>[0-9]{1,10}))?/?(?:[?#].*)?",
    re.IGNORECASE,
)


def make_targets(known: Iterable[ChannelName], say: Callable[[str], str] = str) -> HtmlTargets:
    """The targets among these archived channels. `say` translates."""
    names: dict[str, ChannelName] = {}
    for channel in known:
        for name in (channel.username, *channel.usernames):
            if name:
                names[name.lower()] = channel
        names[str(channel.channel_id)] = channel

    def mention(name: str) -> str | None:
        channel = names.get(name.lower())
        return None if channel is None else f"{channel_url(channel)}#end"

    def link(url: str) -> str | None:
        found = _POST.fullmatch(url)
        channel = names.get((found["name"] or found["id"]).lower()) if found else None
        if found is None or channel is None:
            return None
        return message_url(channel, int(found["post"])) if found["post"] else f"{channel_url(channel)}#end"

    return HtmlTargets(hashtag=_hashtag, mention=mention, link=link, say=say)


def linked(url: object, known: Iterable[ChannelName] = ()) -> Markup:
    """The URL of a button or preview, as a link where it may be followed: to the archived copy, if there is one."""
    followed = clean_url(str(url))
    if followed is None:
        return visible(url)
    inside = make_targets(known).link(followed)
    if inside:
        return Markup('<a href="{}">{}</a>').format(inside, visible(url))
    host = find_misread_host(followed)
    shown = Markup(' data-host="{}"').format(host) if host else ""
    return Markup('<a href="{}" rel="{}"{}>{}</a>').format(followed, REL, shown, visible(url))


def _hashtag(tag: str) -> str:
    return f"/search?q={quote(f'hashtag:{tag}', safe=':')}"

"""One message as an HTML article. Pure; all text is untrusted, and escaped here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.export.formats.html_media import cover, media_html, note_html
from archiver.export.formats.local_clock import LocalClock
from archiver.export.formats.post import DELETED, Answered, Post, describe_version
from archiver.export.media_places import MediaPlaces
from archiver.formatting.html_writer import REL, attribute, escaped, to_html
from archiver.formatting.visible import find_direction
from archiver.model.shown_media import list_covered

_BETWEEN = " · "
"""Separates the parts of a header: as text, so that copies without styles keep it."""
FindTarget = Callable[[int, int], "str | None"]
"""The address of a message within the export, by channel and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView:
    """How articles of one export are written."""

    clock: LocalClock
    find_target: FindTarget
    media_places: MediaPlaces
    titles: dict[int, str]
    """Title of each channel, by its id."""
    names_channel: bool
    """Whether each message names its channel: there are several."""


def anchor(channel_id: int, message_id: int) -> str:
    """The id of an article."""
    return f"m{channel_id}-{message_id}"


def to_article(post: Post, view: ArticleView, *, in_album: bool = False) -> str:
    """The article of a post; its first line has the key that `verify` reads."""
    row = post.row
    kinds = " ".join(name for name, so in (("service", post.is_service), ("album", in_album)) if so)
    key = (
        f'<article id="{anchor(row["channel_id"], row["message_id"])}" data-channel-id="{row["channel_id"]}"'
        f' data-message-id="{row["message_id"]}" data-date="{row["date"]}" data-channel="{attribute(row["channel"])}"'
    )
    shown = f' class="{kinds}"' if kinds else ""
    return f"\n{key}{shown}>{''.join(_parts(post, view))}</article>"


def _parts(post: Post, view: ArticleView) -> Iterator[str]:
    yield f"<header>{_BETWEEN.join(_head(post, view))}</header>"
    if post.answered is not None:
        yield _reply(post, post.answered, view)
    if post.text:
        way = find_direction(post.text)
        turned = f' dir="{way}"' if way else ""
        yield f'<div class="text" lang=""{turned}>{to_html(post.text, post.entities, direction=way)}</div>'
    yield from media_html(post.media, view.media_places)
    if post.notes or post.made:
        is_covered = any(list_covered([one.get("extra") for one in post.media]))
        made = [cover("text", escaped(one)) if is_covered else escaped(one) for one in post.made]
        notes = "".join(f'<li dir="auto">{note}</li>' for note in [*map(note_html, post.notes), *made])
        yield f'<ul class="notes note">{notes}</ul>'
    for version in post.versions:
        said = escaped(describe_version(version, view.clock))
        text = to_html(version["text"], version["entities"])
        yield f'<details><summary class="note">{said}</summary><div class="quoted">{text}</div></details>'
    if post.figures:
        yield f"<footer><bdi>{escaped(post.figures)}</bdi></footer>"


def _head(post: Post, view: ArticleView) -> Iterator[str]:
    row = post.row
    here = anchor(row["channel_id"], row["message_id"])
    moment = (post.day if post.is_day_only else row["date"]) or ""
    yield (f'<a href="#{here}"><time datetime="{moment}" title="{moment}">{post.clock}</time></a>')
    if view.names_channel:
        yield f"<strong><bdi>{escaped(view.titles.get(row['channel_id']) or str(row['channel']))}</bdi></strong>"
    if post.author:
        yield f"<bdi>{escaped(post.author)}</bdi>"
    if post.forwarded:
        words = f"<bdi>{escaped(post.forwarded)}</bdi>"
        yield f'<a href="{attribute(post.forward_link)}" rel="{REL}">{words}</a>' if post.forward_link else words
    if post.topic is not None:
        topic = view.find_target(row["channel_id"], post.topic)
        yield f'<a href="{attribute(topic)}">topic {post.topic}</a>' if topic else f"topic {post.topic}"
    yield f'<a href="{attribute(row["permalink"])}" rel="{REL}"><bdi>{escaped(row["permalink"][8:])}</bdi></a>'
    for mark in post.marks:
        kind = "state gone" if mark.startswith(DELETED) else "state"
        yield f'<span class="{kind}"><bdi>{escaped(mark)}</bdi></span>'


def _reply(post: Post, answered: Answered, view: ArticleView) -> str:
    where = answered.elsewhere or "message"
    words = escaped(f"in reply to {where}{f' {answered.message_id}' if answered.message_id else ''}")
    target = None
    if answered.message_id is not None and not answered.elsewhere:
        target = view.find_target(post.row["channel_id"], answered.message_id)
    line = f'<a href="{attribute(target)}">{words}</a>' if target else words
    quote = to_html(answered.quote, answered.quote_entities) if answered.quote else ""
    return f'<div class="quoted">{line}{quote}</div>'


def day_heading(day: str, *, is_first: bool) -> str:
    """A day's heading; the first one on the page is the calendar's link target."""
    place = f' id="d{day}"' if is_first else ""
    return f'\n<h2{place}><time datetime="{day}">{day}</time></h2>'

"""The media of a message: a table with one function per kind; unknown kinds are kept whole.

The kinds are named as in search filters (`has:photo`). See https://core.telegram.org/type/MessageMedia.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from telethon.tl import types

from archiver.convert.canonical import present, snake_name, to_json
from archiver.convert.files import add_document, add_photo, alternatives
from archiver.convert.peers import known_peer
from archiver.convert.plain import plain, plain_fields, styled_text
from archiver.convert.poll import poll_extra, poll_identity
from archiver.convert.slots import Slots
from archiver.convert.webpage import add_webpage

Add: TypeAlias = Callable[[Any, Slots, str | None], None]


def add_media(media: Any, slots: Slots, of: str | None = None) -> None:
    """Append the media and everything nested inside it."""
    _TABLE.get(type(media), _other)(media, slots, of)


def _photo(media: Any, slots: Slots, of: str | None) -> None:
    extra: dict[str, Any] = {}
    if media.spoiler:
        extra["spoiler"] = True
    if media.live_photo:
        extra["live_photo"] = True
    if media.ttl_seconds:
        extra["ttl_seconds"] = media.ttl_seconds
    add_photo(media.photo, slots, of, extra=extra)
    if media.spoiler:
        slots.spoilers.append(slots.identities[-1])
    if media.video is not None:
        add_document(media.video, slots, "live_photo")


_FLAGGED = ("round", "voice", "video")


def _document(media: Any, slots: Slots, of: str | None) -> None:
    extra = present(
        spoiler=media.spoiler,
        ttl_seconds=media.ttl_seconds,
        nopremium=media.nopremium,
        video_timestamp=media.video_timestamp,
        alt_documents=alternatives(media.alt_documents),
    )
    flagged = [name for name in _FLAGGED if getattr(media, name)]
    add_document(media.document, slots, of, flagged=flagged, extra=extra)
    if media.spoiler:
        slots.spoilers.append(slots.identities[-1])
    if media.video_cover is not None:
        add_photo(media.video_cover, slots, "video_cover")


def _poll(media: Any, slots: Slots, of: str | None) -> None:
    poll = media.poll
    extra = poll_extra(poll, media.results)
    for answer, kept in zip(poll.answers, extra["answers"], strict=True):
        if answer.media is not None:
            kept["slot"] = slots.next_inner
            add_media(answer.media, slots, "poll_answer")
    slots.add(
        "poll",
        poll_identity(poll),
        of,
        extra,
        id=str(poll.id),
        title=poll.question.text,
        search_text="\n".join(answer.text.text for answer in poll.answers) or None,
    )
    if media.attached_media is not None:
        add_media(media.attached_media, slots, "poll")
    solution = getattr(media.results, "solution_media", None)
    if solution is not None:
        add_media(solution, slots, "poll_solution")


def _coordinates(point: Any) -> dict[str, Any]:
    if type(point) is not types.GeoPoint:
        return {}  # an empty point has none
    return present(lat=point.lat, long=point.long, accuracy_radius=point.accuracy_radius)


def _geo(media: Any, slots: Slots, of: str | None) -> None:
    extra = _coordinates(media.geo)
    slots.add("geo", to_json(extra), of, extra)


def _geo_live(media: Any, slots: Slots, of: str | None) -> None:
    place = _coordinates(media.geo)
    extra = place | present(
        period=media.period,
        heading=media.heading,
        proximity_notification_radius=media.proximity_notification_radius,
    )
    slots.add("geo_live", to_json(place), of, extra)


def _venue(media: Any, slots: Slots, of: str | None) -> None:
    extra = _coordinates(media.geo) | present(
        address=media.address, provider=media.provider, venue_id=media.venue_id, venue_type=media.venue_type
    )
    identity = [media.title, to_json(extra)]
    slots.add("venue", identity, of, extra, title=media.title, search_text=media.address or None)


def _contact(media: Any, slots: Slots, of: str | None) -> None:
    extra = present(
        phone_number=media.phone_number,
        first_name=media.first_name,
        last_name=media.last_name,
        vcard=media.vcard,
        user_id=media.user_id,
    )
    name = " ".join(part for part in (media.first_name, media.last_name) if part)
    slots.add("contact", to_json(extra), of, extra, title=name or None)


def _dice(media: Any, slots: Slots, of: str | None) -> None:
    extra = present(emoticon=media.emoticon, value=media.value, game_outcome=plain(media.game_outcome))
    slots.add("dice", [media.emoticon, media.value], of, extra)


def _game(media: Any, slots: Slots, of: str | None) -> None:
    game = media.game
    slots.add(
        "game",
        str(game.id),
        of,
        present(short_name=game.short_name, description=game.description),
        id=str(game.id),
        title=game.title,
        search_text=game.description or None,
    )
    if game.photo is not None:
        add_photo(game.photo, slots, "game")
    if game.document is not None:
        add_document(game.document, slots, "game")


def _invoice(media: Any, slots: Slots, of: str | None) -> None:
    extra = plain_fields(media)
    extra.pop("extended_media", None)
    identity = [media.title, media.description, media.currency, media.total_amount]
    slots.add("invoice", identity, of, extra, title=media.title, search_text=media.description or None)
    if media.extended_media is not None:
        _extended(media.extended_media, slots, "invoice")


def _paid_media(media: Any, slots: Slots, of: str | None) -> None:
    slots.add("paid_media", [media.stars_amount, len(media.extended_media)], of, {"stars_amount": media.stars_amount})
    for item in media.extended_media:
        _extended(item, slots, "paid_media")


def _extended(item: Any, slots: Slots, of: str) -> None:
    if type(item) is types.MessageExtendedMedia:
        add_media(item.media, slots, of)
        return
    # Not paid for: only a preview is shown, which does not identify the content.
    duration = getattr(item, "video_duration", None)
    extra = {"preview": True, **present(thumb=plain(getattr(item, "thumb", None)))}
    slots.add(
        "photo" if duration is None else "video",
        None,
        of,
        extra,
        width=getattr(item, "w", None),
        height=getattr(item, "h", None),
        duration=None if duration is None else float(duration),
    )


def _story(media: Any, slots: Slots, of: str | None) -> None:
    # The server includes the story's content only sometimes, so it is not part of the identity.
    story = media.story
    fields = None if story is None else plain_fields(story)
    if fields is not None:
        fields.pop("media", None)
    extra = present(peer=known_peer(media.peer), story_id=media.id, via_mention=media.via_mention, story=fields)
    caption = getattr(story, "caption", None)
    slots.add("story", [known_peer(media.peer), media.id], of, extra, search_text=caption or None)
    shown = getattr(story, "media", None)
    if shown is not None:
        slots.add_derived(add_media, shown, "story")


def _giveaway(media: Any, slots: Slots, of: str | None) -> None:
    extra = plain_fields(media)
    slots.add("giveaway", to_json(extra), of, extra, search_text=media.prize_description or None)


def _giveaway_results(media: Any, slots: Slots, of: str | None) -> None:
    extra = plain_fields(media)
    identity = [media.channel_id, media.launch_msg_id]
    slots.add("giveaway_results", identity, of, extra, search_text=media.prize_description or None)


def _todo(media: Any, slots: Slots, of: str | None) -> None:
    todo = media.todo
    items = [{"id": item.id, **styled_text(item.title)} for item in todo.list]
    extra = present(
        items=items,
        title_entities=styled_text(todo.title).get("entities"),
        others_can_append=todo.others_can_append,
        others_can_complete=todo.others_can_complete,
        completions=[
            present(id=done.id, completed_by=known_peer(done.completed_by), date=done.date)
            for done in media.completions or ()
        ]
        or None,
    )
    words = "\n".join(item.title.text for item in todo.list)
    slots.add("todo", [todo.title.text, to_json(items)], of, extra, title=todo.title.text, search_text=words or None)


def add_unread(media: Any, slots: Slots) -> None:
    """Append a message's own media that could not be converted, by the name of its class."""
    if not slots.has_own:
        slots.add("unsupported", type(media).__name__, None, {"tl": type(media).__name__})


def _empty(_media: Any, _slots: Slots, _of: str | None) -> None:
    """Append nothing: there is no media."""


def _unsupported(_: Any, slots: Slots, of: str | None) -> None:
    slots.add("unsupported", "", of, {})


def _other(media: Any, slots: Slots, of: str | None) -> None:
    extra = plain_fields(media)
    slots.add(snake_name(type(media).__name__, "MessageMedia"), to_json(extra), of, extra)


_TABLE: dict[type, Add] = {
    types.MessageMediaPhoto: _photo,
    types.MessageMediaDocument: _document,
    types.MessageMediaWebPage: add_webpage,
    types.MessageMediaPoll: _poll,
    types.MessageMediaGeo: _geo,
    types.MessageMediaGeoLive: _geo_live,
    types.MessageMediaVenue: _venue,
    types.MessageMediaContact: _contact,
    types.MessageMediaDice: _dice,
    types.MessageMediaGame: _game,
    types.MessageMediaInvoice: _invoice,
    types.MessageMediaPaidMedia: _paid_media,
    types.MessageMediaStory: _story,
    types.MessageMediaGiveaway: _giveaway,
    types.MessageMediaGiveawayResults: _giveaway_results,
    types.MessageMediaToDo: _todo,
    types.MessageMediaUnsupported: _unsupported,
    types.MessageMediaEmpty: _empty,
    types.MessageMediaVideoStream: _other,
}

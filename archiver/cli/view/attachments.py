"""What a message has besides text, in words: media, buttons, the action of a service message. Untrusted. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from archiver.cli.view.figures import count, size
from archiver.cli.view.kinds import name_kind
from archiver.cli.view.moments import Moments
from archiver.duration import in_words, on_a_clock
from archiver.model.media_file import FILE_KINDS

Say: TypeAlias = Callable[[str], str]
"""Translates words that do not come from the message."""
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_ACTIONS = {
    "channel_create": 'channel created as "{title}"',
    "channel_migrate_from": 'made from the group "{title}"',
    "chat_create": 'group created as "{title}"',
    "chat_edit_title": 'title changed to "{title}"',
    "chat_edit_photo": "photo of the channel changed",
    "chat_delete_photo": "photo of the channel removed",
    "pin_message": "pinned a message",
    "history_clear": "history cleared",
    "topic_create": 'topic created: "{title}"',
    "topic_edit": "topic changed",
    "group_call": "live stream or video chat{duration}",
    "group_call_scheduled": "live stream or video chat planned for {schedule_date}",
    "set_messages_ttl": "time after which messages are deleted: {period}",
    "chat_add_user": "members added",
    "chat_joined_by_link": "a member joined by an invite link",
    "chat_joined_by_request": "a member's request to join was accepted",
    "chat_delete_user": "a member left or was removed",
    "chat_migrate_to": "the group became a supergroup",
    "boost_apply": "boosted the channel",
    "giveaway_launch": "giveaway begun",
    "invite_to_group_call": "invited to a live stream or video chat",
    "set_chat_theme": "theme changed",
    "set_chat_wall_paper": "background changed",
    "set_chat_wallpaper": "background changed",
    "poll_append_answer": "answer added to a poll",
    "poll_delete_answer": "answer removed from a poll",
    "todo_append_tasks": "tasks added to a list",
    "todo_completions": "tasks of a list ticked or unticked",
    "change_creator": "ownership of the channel passed on",
    "custom_action": "{message}",
    "unreadable": "this version of telekeep cannot read this message; its payload is kept, and a newer version can",
}


def describe_media(slot: Mapping[str, Any], moments: Moments | None = None) -> str:
    """`video clip.mp4, 1280x720, 0:24, 92.8 kB, not downloaded`; a poll with its answers, a place with coordinates."""
    return ", ".join(media_parts(slot, moments))


def media_parts(slot: Mapping[str, Any], moments: Moments | None = None) -> list[str]:
    """The same, split into parts, since each may run in its own direction."""
    kind, name, *rest = list_media(slot, moments)
    return [" ".join(filter(None, (kind, name))), *rest]


def list_media(slot: Mapping[str, Any], moments: Moments | None = None, say: Say = str) -> list[str]:
    """The same, split into its kind, its name (or nothing) and everything else."""
    extra = {key: _when(value, moments) for key, value in (slot.get("extra") or {}).items()}
    name = next((slot[key] for key in ("file_name", "title") if slot.get(key)), "")
    rest = (*_details(slot, extra, say), *map(say, _file(slot)))
    return [say(name_kind(str(slot["kind"]))), str(name), *filter(None, rest)]


def describe_action(action: Mapping[str, Any], moments: Moments | None = None) -> str:
    """`title changed to "..."`; an action without words of its own by its name and its plain fields."""
    kind = str(action.get("type") or "service message")
    plain = {key: _when(value, moments) for key, value in action.items() if isinstance(value, str | int)}
    if kind in _ACTIONS:
        duration, after = (value if isinstance(value := plain.get(key), int) else 0 for key in ("duration", "period"))
        lasted = f", {in_words(duration)}" if duration > 0 else ""
        period = in_words(after) if after > 0 else "never"
        words = {"title": "", "message": "custom action", "schedule_date": ""} | plain
        said = _ACTIONS[kind].format_map(words | {"duration": lasted, "period": period})
        return ": ".join(filter(None, (said, ", ".join(_names(action.get("members"))))))
    fields = [f"{key.replace('_', ' ')} {value}" for key, value in plain.items() if key != "type"]
    return ": ".join(filter(None, (kind.replace("_", " "), ", ".join(fields))))


def _names(members: Any) -> Iterator[str]:
    """The members that an action names, which only those of imports do."""
    for one in members if isinstance(members, list) else ():
        if isinstance(one, str) and one:
            yield one


def describe_buttons(rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """`[Open] https://example.org [Vote]`."""
    shown = [" ".join(filter(None, (f"[{one.get('text') or ''}]", one.get("url")))) for row in rows for one in row]
    return " ".join(shown)


def describe_reactions(reactions: Sequence[Mapping[str, Any]]) -> str:
    """`👍 22, 😢 17`; a reaction of an uploaded emoji is called custom."""
    return ", ".join(f"{one.get('reaction') or 'custom'} {one.get('count', 0):,}" for one in reactions)


def _details(slot: Mapping[str, Any], extra: Mapping[str, Any], say: Say) -> Iterator[str]:
    if slot.get("performer"):
        yield say(f"by {slot['performer']}")
    if slot.get("file_name") and slot.get("title"):
        yield f'"{slot["title"]}"'
    if extra.get("spoiler"):
        yield say("spoiler")
    yield from _of_poll(extra, say)
    yield from map(say, _of_prizes(extra))
    if extra.get("prize_description"):
        yield str(extra["prize_description"])
    for item in extra.get("items") or ():
        yield _text(item.get("text"))
    if "lat" in extra and "long" in extra:
        yield f"{extra['lat']}, {extra['long']}"
    for key in ("address", "site_name", "description", "emoticon", "value", "alt"):
        if isinstance(extra.get(key), str | int) and extra[key] != "":
            yield str(extra[key])
    if slot["kind"] == "contact" and not slot.get("title"):
        yield " ".join(filter(None, (extra.get("first_name"), extra.get("last_name"))))
    if slot.get("url"):
        yield str(slot["url"])


def _of_poll(extra: Mapping[str, Any], say: Say) -> Iterator[str]:
    answers = extra.get("answers")
    for one in answers if isinstance(answers, list) else ():
        number = one.get("voters")
        voters = f" ({say(f'{number:,}')})" if isinstance(number, int) else ""
        yield f"{'✓ ' if one.get('correct') else ''}{_text(one.get('text'))}{voters}"
    if isinstance(extra.get("total_voters"), int):
        yield say(count(extra["total_voters"], "vote"))
    if extra.get("solution"):
        yield say(f"solution: {_text(extra['solution'])}")


def _of_prizes(extra: Mapping[str, Any]) -> Iterator[str]:
    """What a post costs, or which prizes it offers: paid media, invoices, giveaways. Larger numbers are text."""
    if isinstance(extra.get("stars_amount"), int):
        yield f"for {count(extra['stars_amount'], 'star')}"
    if extra.get("currency") and isinstance(extra.get("total_amount"), int):
        yield f"{extra['total_amount']:,} {extra['currency']} (smallest units)"
    if isinstance(extra.get("quantity"), int):
        yield count(extra["quantity"], "prize")
    if isinstance(extra.get("months"), int):
        yield f"{count(extra['months'], 'month')} of premium"
    if isinstance(extra.get("stars"), int):
        yield count(extra["stars"], "star")
    if isinstance(extra.get("winners_count"), int):
        yield count(extra["winners_count"], "winner")
    if extra.get("until_date"):
        yield f"until {extra['until_date']}"


def describe_payment(paid: Mapping[str, Any]) -> str:
    """`25 stars for the message, suggested and paid in stars`."""
    stars = count(paid["message_stars"], "star") + " for the message" if paid.get("message_stars") else ""
    suggested = [name for name in ("stars", "ton") if paid.get(f"suggested_post_{name}")]
    return ", ".join(filter(None, (stars, *(f"a suggested post, paid in {name}" for name in suggested))))


def _file(slot: Mapping[str, Any]) -> Iterator[str]:
    if slot.get("width") and slot.get("height"):
        yield f"{slot['width']}x{slot['height']}"
    if slot.get("duration"):
        yield on_a_clock(slot["duration"])
    if slot.get("size"):
        yield size(slot["size"])
    if slot.get("kind") in FILE_KINDS and (slot.get("size") or slot.get("path") or slot.get("reason")):
        yield describe_state(slot)


def describe_state(slot: Mapping[str, Any]) -> str:
    """`downloaded`, `not downloaded`, `failed: the server did not answer`: what became of the file."""
    return ": ".join(filter(None, (str(slot["status"]), slot.get("reason"))))


def _when(value: Any, moments: Moments | None) -> Any:
    """A time as people read it; other values unchanged."""
    if moments is None or not isinstance(value, str) or not _ISO.fullmatch(value):
        return value
    return moments.at(datetime.fromisoformat(value).timestamp())


def _text(value: object) -> str:
    """A text, with or without entities."""
    return str(value.get("text") if isinstance(value, dict) else value)

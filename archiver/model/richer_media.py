"""Complete a media slot just seen with the details of the one held. Pure.

Only details that the server omits for its own reasons are filled in; for what an author can remove (a spoiler, a
caption), the newest copy counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from archiver.model.record import Media

_FILES = frozenset({"photo", "video", "round", "voice", "audio", "gif", "sticker", "custom_emoji", "image", "document"})
_FIELDS = ("mime", "size", "width", "height", "duration", "file_name", "title", "performer", "url", "search_text")
_OF_AUTHOR = frozenset({"spoiler", "ttl_seconds", "nopremium", "video_timestamp", "of", "slot", "kept", "preview"})
"""Keys in the `extra` of a file that describe the message, not the file."""
_OF_KIND = {
    "webpage": frozenset(
        {
            "site_name",
            "description",
            "author",
            "type",
            "display_url",
            "duration",
            "embed_url",
            "embed_type",
            "embed_width",
            "embed_height",
            "video_cover_photo",
            "instant_view",
            "attributes",
        }
    ),
    "poll": frozenset({"total_voters", "closed", "solution", "solution_entities"}),
    "story": frozenset({"story"}),
    "game": frozenset({"short_name", "description"}),
}
"""By kind: keys that the server sometimes omits from `extra`."""
_INSIDE = frozenset({"webpage", "story", "game"})
"""Media whose nested media the server sometimes omits."""


def fill(new: Media, old: Media, at: str) -> Media:
    """Fill the slot from the archived file, poll, page or story. `at`: when that was last seen."""
    if new.id is None and new.kind != "story":
        return new
    extra, known = _load(new), _load(old)
    if new.kind == "story" and _story(extra) != _story(known):
        return new
    names = [name for name in _FIELDS if getattr(new, name) is None and getattr(old, name) is not None]
    filled = replace(new, **{name: getattr(old, name) for name in names})
    names += _fill_extra(new.kind, extra, known)
    if new.kind == "poll":
        names += _fill_votes(extra, known)
    return _dump(filled, extra, known, names, at) if names else new


def mark(slot: Media, names: Sequence[str], at: str) -> Media:
    """Mark fields of a held slot as kept from an earlier copy; those marked before keep their time."""
    extra = _load(slot)
    return _dump(slot, extra, extra, names, at)


def shows_less(media: Sequence[Media], held: Sequence[Media]) -> bool:
    """Whether these are the media held, except for some that are withheld, expired or pending."""
    if not media or not held or media[0].slot != 0 or held[0].slot != 0:
        return False
    if media[0].kind == "unsupported":
        return held[0].kind != "unsupported"
    old = {slot.slot: slot for slot in held}
    less = [slot for slot in media if slot.slot in old and is_less(slot, old[slot.slot])]
    if any(slot not in less and not _is_same(slot, old.get(slot.slot)) for slot in media):
        return False
    there = {slot.slot for slot in media}
    missing = [slot for slot in held if slot.slot not in there]
    if any(_load(slot).get("of") != "poll_solution" for slot in missing) and media[0] not in less:
        return False
    return bool(less or missing)


def place_of(slot: Media) -> tuple[str, str | None, Any]:
    """Identity of a slot: what it is, and what it is nested in."""
    return slot.kind, slot.id, _load(slot).get("of")


def missing_slots(media: Sequence[Media], held: Sequence[Media]) -> list[Media]:
    """Media that were nested in a page, story or game, and are omitted now."""
    if (
        not media
        or not held
        or media[0].kind not in _INSIDE
        or (media[0].kind, media[0].id) != (held[0].kind, held[0].id)
    ):
        return []
    if media[0].kind == "story" and _story(_load(media[0])) != _story(_load(held[0])):
        return []
    if media[0].kind == "webpage" and media[0].url != held[0].url:
        return []
    if any(_load(slot).get("of") == media[0].kind for slot in media):
        return []
    return [slot for slot in held if _load(slot).get("of") == media[0].kind]


def _is_same(new: Media, old: Media | None) -> bool:
    return old is not None and (new.kind, new.id) == (old.kind, old.id)


def is_less(new: Media, old: Media) -> bool:
    """Whether it is the same slot without its content."""
    extra, known = _load(new), _load(old)
    if new.kind == "webpage" == old.kind:
        pending = "state" in extra and "state" not in known
        return pending and (new.id == old.id or new.url == old.url or new.id is None)
    if new.kind in {"geo", "geo_live", "venue"}:
        return new.kind == old.kind and "lat" in known and "lat" not in extra
    if new.kind not in _FILES or old.kind not in _FILES or old.id is None or new.mime is not None or old.mime is None:
        return False
    return (
        new.id == old.id
        or (new.id is None and new.kind in (old.kind, "document"))
        or (bool(extra.get("preview")) and new.id is None)
    )


def _fill_extra(kind: str, extra: dict[str, Any], known: dict[str, Any]) -> list[str]:
    names = [name for name in known if name not in extra and _is_of_server(kind, name)]
    extra.update({name: known[name] for name in names})
    return names


def _is_of_server(kind: str, name: str) -> bool:
    return name not in _OF_AUTHOR if kind in _FILES else name in _OF_KIND.get(kind, ())


def _fill_votes(extra: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """Fill in votes by answer: those this copy lacks, or all of them if it has none. Returns the fields filled."""
    none_counted = not extra.get("total_voters") and bool(known.get("total_voters"))
    if none_counted and extra.get("total_voters") is not None and not extra.get("min"):
        return []  # retracted by the voters
    names = []
    if none_counted:
        extra["total_voters"] = known["total_voters"]
        names.append("total_voters")
    voters = {answer.get("option"): answer for answer in known.get("answers", ())}
    for answer in extra.get("answers", ()):
        before = voters.get(answer.get("option"), {})
        for name in ("voters", "correct"):
            if name in before and (name not in answer or (none_counted and name == "voters")):
                answer[name] = before[name]
                names.append("answers")
    if (names or "total_voters" in (extra.get("kept") or {})) and not known.get("min"):
        extra.pop("min", None)
    return list(dict.fromkeys(names))


def _story(extra: dict[str, Any]) -> tuple[Any, Any]:
    return extra.get("peer"), extra.get("story_id")


def _load(slot: Media) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(slot.extra) if slot.extra else {}
    return found


def _dump(slot: Media, extra: dict[str, Any], known: dict[str, Any], names: Sequence[str], at: str) -> Media:
    before = known.get("kept", {})
    extra["kept"] = {**extra.get("kept", {}), **{name: before.get(name, at) for name in names}}
    return replace(slot, extra=orjson.dumps(extra).decode())

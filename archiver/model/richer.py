"""Keep what earlier copies of a message showed and its newest copy lacks, with the time it was last seen. Pure.

A server sometimes shows less of the same content: poll results without votes, a pending preview, an expired file, a
story or a sender without details. Such a copy changes nothing. Fields kept from an earlier copy are listed in `kept`:
by field in the `extra` of a media slot ("*": the whole slot), and in the message's own `extra` as "media" (all slots,
and with them the content hash), "reactions" or "factcheck". The raw bytes are always the newest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from archiver.model.record import Media, Message
from archiver.model.richer_media import fill, is_less, mark, missing_slots, place_of, shows_less

KEPT = "kept"


def keep_richer(message: Message, held: Message, *, seen_at: int) -> Message:
    """The message just seen, completed from the one held. `seen_at`: when that one was last seen (unix seconds)."""
    at = datetime.fromtimestamp(seen_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if message.unmarked_hash == held.content_hash and _spoilers(message) == _spoilers(held):
        # Stored by an earlier version, which did not count spoilers as content.
        message = replace(message, content_hash=held.content_hash)
    message = replace(
        message,
        sender=_with_names(message.sender, held.sender),
        fwd_from=_with_names(message.fwd_from, held.fwd_from),
        views=held.views if message.views is None else message.views,
        forwards=held.forwards if message.forwards is None else message.forwards,
        extra=_with_fact(message.extra, held.extra, at),
    )
    if message.reactions_unknown and held.reactions is not None:
        kept = _kept(held.extra).get("reactions", at)
        message = replace(message, reactions=held.reactions, extra=_marked(message.extra, "reactions", kept))
    # Media that this version cannot read may be the result of an edit.
    edited = message.media_kind == "unsupported" and message.moment > held.moment
    doubtful = message.content_hash != held.content_hash and not edited
    if doubtful and _is_same_text(message, held) and shows_less(message.media, held.media):
        return _with_media(message, held, at)
    media = _fill_all(message.media, held.media, at)
    return replace(message, media=media) if media != message.media else message


def may_be_poorer(message: Message) -> bool:
    """Whether a message has anything that copies may lack; most messages have not."""
    return bool(message.media or message.sender or message.fwd_from or message.extra or message.reactions_unknown)


def _is_same_text(message: Message, held: Message) -> bool:
    return (message.kind, message.text, message.entities, message.markup, message.action, _rich(message)) == (
        held.kind,
        held.text,
        held.entities,
        held.markup,
        held.action,
        _rich(held),
    )


def _spoilers(message: Message) -> list[int]:
    return [slot.slot for slot in message.media if slot.extra and '"spoiler":true' in slot.extra]


def _rich(message: Message) -> Any:
    return orjson.loads(message.extra).get("rich") if message.extra and '"rich"' in message.extra else None


def _with_media(message: Message, held: Message, at: str) -> Message:
    """The message with all media as held, and so with the same content hash."""
    newer = {slot.slot: slot for slot in message.media}
    slots = tuple(
        fill(new, old, at) if (new := newer.get(old.slot)) and _is_shown(new, old) else mark(old, ["*"], at)
        for old in held.media
    )
    extra = _objects(message.extra)
    extra[KEPT] = {"media": _kept(held.extra).get("media", at), **extra.get(KEPT, {})}
    return replace(message, media=slots, content_hash=held.content_hash, extra=_text(extra))


def _is_shown(new: Media, old: Media) -> bool:
    return (new.kind, new.id) == (old.kind, old.id) and not is_less(new, old)


def _fill_all(media: tuple[Media, ...], held: tuple[Media, ...], at: str) -> tuple[Media, ...]:
    known = {place_of(old): old for old in reversed(held)}
    filled = [fill(new, known[place_of(new)], at) if place_of(new) in known else new for new in media]
    for old in missing_slots(media, held):
        slot = max((one.slot for one in filled), default=-1) + 1
        filled.append(mark(replace(old, slot=slot), ["*"], at))
    return tuple(filled)


def _with_names(seen: str | None, held: str | None) -> str | None:
    """A sender or origin with the names held, if this answer came without them."""
    if seen is None or held is None or seen == held:
        return seen
    new, old = orjson.loads(seen), orjson.loads(held)
    names = ("name", "username")
    if not old.get("name") or new.get("name") or _without(new, names) != _without(old, names):
        return seen
    return held


def _without(value: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key not in names}


def _with_fact(seen: str | None, held: str | None, at: str) -> str | None:
    """A fact check with the text held, if only its hash came; the text needs a request of its own."""
    if not seen or not held or '"factcheck"' not in seen or '"factcheck"' not in held:
        return seen
    new, old = _objects(seen), _objects(held)
    fact, known = new.get("factcheck") or {}, old.get("factcheck") or {}
    if fact.get("text") or not known.get("text") or fact.get("hash") != known.get("hash"):
        return seen
    new["factcheck"] = known
    return _marked(_text(new), "factcheck", _kept(held).get("factcheck", at))


def _marked(extra: str | None, name: str, at: str) -> str:
    found = _objects(extra)
    found[KEPT] = {**found.get(KEPT, {}), name: at}
    return _text(found)


def _objects(extra: str | None) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(extra) if extra else {}
    return found


def _kept(extra: str | None) -> dict[str, Any]:
    found: dict[str, Any] = _objects(extra).get(KEPT, {})
    return found


def _text(extra: dict[str, Any]) -> str:
    return orjson.dumps(extra).decode()

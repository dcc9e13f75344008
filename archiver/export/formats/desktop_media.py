"""The media of a message as Telegram Desktop exports it: one item, in fields of the message. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archiver.export.formats.desktop_text import NOT_INCLUDED, text_entities, text_value
from archiver.export.formats.local_clock import LocalClock
from archiver.export.media_places import MediaPlaces
from archiver.model.json_text import dump

Item = Mapping[str, Any]
_TYPES = {
    "sticker": "sticker",
    "round": "video_message",
    "voice": "voice_message",
    "gif": "animation",
    "video": "video_file",
    "audio": "audio_file",
}
_FILES = frozenset({*_TYPES, "document", "image", "custom_emoji"})


def own_media(media: Sequence[Item]) -> Item | None:
    """The item that Desktop exports: it has no link previews, and nothing that is nested in other media."""
    return next(
        (one for one in media if one["kind"] not in ("webpage", "empty") and not (one.get("extra") or {}).get("of")),
        None,
    )


def media_fields(item: Item, places: MediaPlaces, clock: LocalClock) -> dict[str, Any]:
    """The fields, in Desktop's order; empty values are left out."""
    kind = item["kind"]
    extra = item.get("extra") or {}
    if kind == "photo":
        fields = _photo(item, extra, places)
    elif kind in _FILES:
        fields = _file(item, extra, places)
    elif kind in _GIVEAWAYS:
        fields = _GIVEAWAYS[kind](extra, _local(extra.get("until_date"), clock))
    else:
        fields = _OTHER[kind](item, extra) if kind in _OTHER else {}
    return {key: value for key, value in fields.items() if value not in (None, "") or key in _MAY_BE_NULL}


_MAY_BE_NULL = frozenset({"location_information"})


def _photo(item: Item, extra: Item, places: MediaPlaces) -> dict[str, Any]:
    return {
        "photo": places(item) or NOT_INCLUDED,
        "photo_file_size": item.get("size"),
        **_dimensions(item),
        **_ending(extra),
    }


def _file(item: Item, extra: Item, places: MediaPlaces) -> dict[str, Any]:
    kind = item["kind"]
    return {
        "file": places(item) or NOT_INCLUDED,
        "file_name": item.get("file_name"),
        "file_size": item.get("size"),
        "media_type": _TYPES.get(kind),
        "sticker_emoji": extra.get("alt") if kind == "sticker" else None,
        "performer": item.get("performer") if kind == "audio" else None,
        "title": item.get("title") if kind == "audio" else None,
        "mime_type": item.get("mime"),
        "duration_seconds": int(item["duration"]) if item.get("duration") else None,
        **_dimensions(item),
        **_ending(extra),
    }


def _dimensions(item: Item) -> dict[str, Any]:
    both = item.get("width") and item.get("height")
    return {"width": item["width"], "height": item["height"]} if both else {}


def _ending(extra: Item) -> dict[str, Any]:
    return {"media_spoiler": extra.get("spoiler"), "self_destruct_period_seconds": extra.get("ttl_seconds")}


def _contact(_: Item, extra: Item) -> dict[str, Any]:
    person = {name: extra.get(name) or "" for name in ("first_name", "last_name", "phone_number")}
    vcard = str(extra.get("vcard") or "").encode("utf-8", "replace")
    file = {"contact_vcard": NOT_INCLUDED, "contact_vcard_file_size": len(vcard)} if vcard else {}
    return {"contact_information": person, **file}


def _point(extra: Item) -> dict[str, Any] | None:
    return {"latitude": extra["lat"], "longitude": extra["long"]} if {"lat", "long"} <= set(extra) else None


def _geo(_: Item, extra: Item) -> dict[str, Any]:
    return {"location_information": _point(extra), "live_location_period_seconds": extra.get("period")}


def _venue(item: Item, extra: Item) -> dict[str, Any]:
    point = _point(extra)
    place = {"place_name": item.get("title"), "address": extra.get("address")}
    return place | ({"location_information": point} if point else {})


def _game(item: Item, extra: Item) -> dict[str, Any]:
    return {"game_title": item.get("title"), "game_description": extra.get("description"), "game_link": item.get("url")}


def _invoice(item: Item, extra: Item) -> dict[str, Any]:
    information = {
        "title": item.get("title") or "",
        "description": extra.get("description") or "",
        "amount": extra.get("total_amount") or 0,
        "currency": extra.get("currency") or "",
        **({"receipt_message_id": extra["receipt_msg_id"]} if extra.get("receipt_msg_id") else {}),
    }
    return {"invoice_information": dump(information).decode()}


def _styled(text: object, entities: object) -> Any:
    return text_value(text_entities(str(text or ""), entities if isinstance(entities, list) else None))


def _poll(item: Item, extra: Item) -> dict[str, Any]:
    answers = [
        {
            "text": _styled(one.get("text"), one.get("entities")),
            "voters": one.get("voters") or 0,
            "chosen": False,
        }
        for one in extra.get("answers") or ()
    ]
    return {
        "poll": {
            "question": _styled(item.get("title"), extra.get("question_entities")),
            "closed": bool(extra.get("closed")),
            "total_voters": extra.get("total_voters") or 0,
            "answers": answers,
        }
    }


def _todo(item: Item, extra: Item) -> dict[str, Any]:
    return {
        "todo_list": {
            "title": _styled(item.get("title"), extra.get("title_entities")),
            "others_can_append": bool(extra.get("others_can_append")),
            "others_can_complete": bool(extra.get("others_can_complete")),
            "answers": [
                {"text": _styled(one.get("text"), one.get("entities")), "id": one.get("id")}
                for one in extra.get("items") or ()
            ],
        }
    }


def _giveaway(extra: Item, until: str) -> dict[str, Any]:
    information = {
        "quantity": extra.get("quantity") or 0,
        "months": extra.get("months") or 0,
        "until_date": until,
        "channels": extra.get("channels") or [],
        "countries": extra.get("countries_iso2") or [],
        "additional_prize": extra.get("prize_description") or "",
        "stars": extra.get("stars") or 0,
        "is_only_new_subscribers": bool(extra.get("only_new_subscribers")),
    }
    return {"giveaway_information": information}


def _giveaway_results(extra: Item, until: str) -> dict[str, Any]:
    results = {
        "channel": extra.get("channel_id") or 0,
        "winners": extra.get("winners") or [],
        "additional_prize": extra.get("prize_description") or "",
        "until_date": until,
        "launch_message_id": extra.get("launch_msg_id") or 0,
        "additional_peers_count": extra.get("additional_peers_count") or 0,
        "winners_count": extra.get("winners_count") or 0,
        "unclaimed_count": extra.get("unclaimed_count") or 0,
        "months": extra.get("months") or 0,
        "stars": extra.get("stars") or 0,
        "is_refunded": bool(extra.get("refunded")),
        "is_only_new_subscribers": bool(extra.get("only_new_subscribers")),
    }
    return {"giveaway_results": results}


def _local(value: object, clock: LocalClock) -> str:
    """A local time in the clock's zone; a time imported without a zone is kept as is."""
    text = str(value or "")
    time = clock.at(text) if text.endswith("Z") else None
    return time.wall.isoformat(timespec="seconds") if time else text


def _paid(_: Item, extra: Item) -> dict[str, Any]:
    return {"paid_stars_amount": extra.get("stars_amount")}


_OTHER: Mapping[str, Callable[[Item, Item], dict[str, Any]]] = {
    "contact": _contact,
    "geo": _geo,
    "geo_live": _geo,
    "venue": _venue,
    "game": _game,
    "invoice": _invoice,
    "poll": _poll,
    "todo": _todo,
    "paid_media": _paid,
}
_GIVEAWAYS: Mapping[str, Callable[[Item, str], dict[str, Any]]] = {
    "giveaway": _giveaway,
    "giveaway_results": _giveaway_results,
}

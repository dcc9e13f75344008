"""The media of a message of Telegram Desktop's JSON, in the shapes that captured media have. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from archiver.imports.json_input.mend_json import UnreadableJson, read_json, to_canonical
from archiver.imports.source import AttachedFile
from archiver.imports.sources.desktop_fields import LAST, count, number, words
from archiver.imports.sources.desktop_words import read_words, words_of
from archiver.model.record import Media

Fields = Mapping[str, Any]

_KINDS: Final[Fields] = {
    "sticker": "sticker",
    "video_message": "round",
    "voice_message": "voice",
    "animation": "gif",
    "video_file": "video",
    "audio_file": "audio",
}
_NOT_EXPORTED: Final = "("
"""Instead of a path: `(File not included. Change data exporting settings to download.)` and others, in any language."""

_LONGEST: Final = 200
"""Characters of such a sentence that are kept."""


class Attached(NamedTuple):
    """What a message has attached, and the file of it."""

    media: tuple[Media, ...] = ()
    files: tuple[AttachedFile, ...] = ()


NOTHING: Final = Attached()


def read_attached(entry: Fields) -> Attached:
    """The media of a message."""
    if _READERS.keys().isdisjoint(entry):
        return NOTHING
    for key, read in _READERS.items():
        if key in entry:
            return read(entry)
    return NOTHING


def written_path(value: object) -> str | None:
    """The path of a file, if it was exported."""
    path = words(value)
    is_literal = path is not None and path.startswith(_NOT_EXPORTED) and path.endswith(")") and "/" not in path
    return None if is_literal else path


def _one(kind: str, extra: Fields, **fields: Any) -> Attached:
    given = {name: value for name, value in extra.items() if value is not None and value is not False}
    return Attached((Media(slot=0, kind=kind, extra=_json(given) if given else None, **fields),))


def _json(value: object) -> str:
    return to_canonical(value).decode()


def _with_file(found: Attached, path: object) -> Attached:
    written = written_path(path)
    return (
        found
        if written is None
        else found._replace(files=(AttachedFile(slot=0, path=written, size=found.media[0].size),))
    )


def _not_exported(value: object) -> str | None:
    """Why the file is not beside the export, in Desktop's words: `File not included...`, in any language."""
    said = words(value)
    return said.strip("()")[:_LONGEST] if said is not None and written_path(said) is None else None


def _marks(entry: Fields, path: object) -> dict[str, Any]:
    return {
        "not_exported": _not_exported(path),
        "spoiler": entry.get("media_spoiler") is True or None,
        "ttl_seconds": count(entry.get("self_destruct_period_seconds")),
    }


def _photo(entry: Fields) -> Attached:
    found = _one(
        "photo",
        _marks(entry, entry["photo"]),
        size=count(entry.get("photo_file_size")),
        width=count(entry.get("width")),
        height=count(entry.get("height")),
    )
    return _with_file(found, entry["photo"])


def _file(entry: Fields) -> Attached:
    mime = words(entry.get("mime_type"))
    kind = _KINDS.get(str(entry.get("media_type")), "image" if (mime or "").startswith("image/") else "document")
    seconds = entry.get("duration_seconds")
    found = _one(
        kind,
        {"alt": words(entry.get("sticker_emoji")), **_marks(entry, entry["file"])},
        mime=mime,
        size=count(entry.get("file_size")),
        width=count(entry.get("width")),
        height=count(entry.get("height")),
        duration=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds <= LAST else None,
        file_name=words(entry.get("file_name")),
        title=words(entry.get("title")),
        performer=words(entry.get("performer")),
    )
    return _with_file(found, entry["file"])


def _contact(entry: Fields) -> Attached:
    person = _dict(entry["contact_information"])
    extra = {name: words(person.get(name)) for name in ("phone_number", "first_name", "last_name")}
    name = " ".join(part for part in (extra["first_name"], extra["last_name"]) if part)
    return _one("contact", extra, title=name or None)


def _point(value: object) -> dict[str, Any]:
    place = _dict(value)
    lat, long = place.get("latitude"), place.get("longitude")
    return {"lat": lat, "long": long} if isinstance(lat, int | float) and isinstance(long, int | float) else {}


def _geo(entry: Fields) -> Attached:
    period = count(entry.get("live_location_period_seconds"))
    return _one("geo" if period is None else "geo_live", {**_point(entry["location_information"]), "period": period})


def _venue(entry: Fields) -> Attached:
    address = words(entry.get("address"))
    extra = {**_point(entry.get("location_information")), "address": address}
    return _one("venue", extra, title=words(entry.get("place_name")), search_text=address)


def _game(entry: Fields) -> Attached:
    description = words(entry.get("game_description"))
    url = words(entry.get("game_link"))
    return _one(
        "game", {"description": description}, title=words(entry.get("game_title")), search_text=description, url=url
    )


def _invoice(entry: Fields) -> Attached:
    found = _unpacked(entry["invoice_information"])
    title, description = words(found.get("title")), words(found.get("description"))
    extra = {
        "title": title,
        "description": description,
        "currency": words(found.get("currency")),
        "total_amount": number(found.get("amount")),
        "receipt_msg_id": number(found.get("receipt_message_id")),
    }
    return _one("invoice", extra, title=title, search_text=description)


def _poll(entry: Fields) -> Attached:
    poll = _dict(entry["poll"])
    answers = [_dict(one) for one in _list(poll.get("answers"))]
    question = read_words(poll.get("question") or "")
    extra = {
        "answers": [{**_styled(one.get("text")), "voters": count(one.get("voters")) or 0} for one in answers],
        "total_voters": count(poll.get("total_voters")),
        "closed": poll.get("closed") is True,
        "question_entities": question.entities or None,
    }
    lines = "\n".join(words_of(one.get("text") or "") for one in answers)
    return _one("poll", extra, title=question.text or None, search_text=lines or None)


def _todo(entry: Fields) -> Attached:
    todo = _dict(entry["todo_list"])
    items = [_dict(one) for one in _list(todo.get("answers"))]
    title = read_words(todo.get("title") or "")
    extra = {
        "items": [{"id": number(one.get("id")), **_styled(one.get("text"))} for one in items],
        "title_entities": title.entities or None,
        "others_can_append": todo.get("others_can_append") is True,
        "others_can_complete": todo.get("others_can_complete") is True,
    }
    lines = "\n".join(words_of(one.get("text") or "") for one in items)
    return _one("todo", extra, title=title.text or None, search_text=lines or None)


def _giveaway(entry: Fields) -> Attached:
    found = _unpacked(entry["giveaway_information"])
    extra = {
        "channels": found.get("channels"),
        "quantity": count(found.get("quantity")),
        **_prize(found),
        "countries_iso2": found.get("countries"),
    }
    return _one("giveaway", extra, search_text=extra["prize_description"])


def _results(entry: Fields) -> Attached:
    found = _dict(entry["giveaway_results"])
    extra = {
        "channel_id": found.get("channel"),
        "launch_msg_id": number(found.get("launch_message_id")),
        "winners_count": count(found.get("winners_count")),
        "unclaimed_count": count(found.get("unclaimed_count")),
        "winners": found.get("winners"),
        **_prize(found),
        "refunded": found.get("is_refunded") is True,
    }
    return _one("giveaway_results", extra, search_text=extra["prize_description"])


def _prize(found: Fields) -> dict[str, Any]:
    """What a giveaway and its results both say of the prize."""
    return {
        "months": count(found.get("months")),
        "stars": count(found.get("stars")),
        "until_date": until(found.get("until_date")),
        "prize_description": words(found.get("additional_prize")),
        "only_new_subscribers": found.get("is_only_new_subscribers") is True,
    }


def _paid(entry: Fields) -> Attached:
    return _one("paid_media", {"stars_amount": count(entry["paid_stars_amount"])})


def until(value: object) -> str | None:
    """Unix seconds as captured JSON has times; a text stays."""
    seconds = number(value)
    if seconds is None or not 0 < seconds <= LAST:
        return words(value)
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _styled(value: object) -> dict[str, Any]:
    found = read_words(value or "")
    return {"text": found.text, **({"entities": found.entities} if found.entities else {})}


def _unpacked(value: object) -> dict[str, Any]:
    """An object that Desktop writes as JSON within a text: invoices, and until September 2024 giveaways."""
    try:
        return _dict(read_json(value.encode()).value if isinstance(value, str) else value)
    except (UnreadableJson, UnicodeEncodeError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_READERS: Final[Mapping[str, Callable[[Fields], Attached]]] = {
    "photo": _photo,
    "file": _file,
    "contact_information": _contact,
    "place_name": _venue,
    "location_information": _geo,
    "game_title": _game,
    "invoice_information": _invoice,
    "poll": _poll,
    "todo_list": _todo,
    "giveaway_information": _giveaway,
    "giveaway_results": _results,
    "paid_stars_amount": _paid,
}
"""By the field that only such messages have; a venue has a place as well."""

"""What a message of Desktop's HTML has attached, in the shapes that captured media have. Pure.

Desktop shows less than it knows: sizes are rounded (`1.2 MB`), so they are kept as it shows them and never as bytes.
"""

from __future__ import annotations

import mimetypes
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.sources.html_text import read_styled
from archiver.imports.sources.html_tree import Element, words
from archiver.model.record import Media

_VIDEOS: Final[Mapping[str, str]] = {"Video message": "round", "Video file": "video", "Animation": "gif"}
_WRAPS: Final[Mapping[str, str]] = {
    "photo_wrap": "photo",
    "video_file_wrap": "video",
    "animated_wrap": "gif",
    "sticker_wrap": "sticker",
}
"""Links around a preview, by which Desktop shows a file that it exported."""
# Numbers have a maximum length: longer ones would be searched again from each of their digits.
_SIZE: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9])? [KMG]?B")
_DURATION: Final = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,2}):([0-9]{2})")
_PICTURE: Final = re.compile(r"([0-9]{1,9}) ?[x×] ?([0-9]{1,9})")
_COORDINATES: Final = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,20})?), ?(-?[0-9]{1,3}(?:\.[0-9]{1,20})?)")
_VOTES: Final = re.compile(r"([0-9]{1,12}) votes?")
_SONG: Final = " – "
_SOUND: Final = re.compile(r"\.(?:aac|aiff?|flac|m4a|mp3|oga|ogg|opus|wav|wma)\Z", re.IGNORECASE)
_GLOBAL: Final = ("http://", "https://")


class ShownMedium(NamedTuple):
    """A medium, and the path of its file if that was exported."""

    media: Media
    path: str | None = None


class Card(NamedTuple):
    """A box with a title and what is below it."""

    title: str
    described: str
    status: str
    link: str

    @property
    def path(self) -> str | None:
        """The exported file."""
        return self.link if self.link and not self.link.lower().startswith(_GLOBAL) else None

    @property
    def shown(self) -> dict[str, Any]:
        """The size shown, and why there is no file."""
        size = _SIZE.search(self.status)
        return {"shown_size": size[0] if size else None, "not_exported": self.described or None}


def read_attached(wrap: Element) -> ShownMedium | None:
    """The medium in a `media_wrap`; None if it is not a known one."""
    for element in wrap.elements():
        for name, read in _READERS.items():
            if name in element.classes:
                return read(element)
    return None


def _medium(kind: str, extra: Mapping[str, Any], path: str | None = None, **fields: Any) -> ShownMedium:
    given = {name: value for name, value in extra.items() if value is not None and value is not False and value != ""}
    return ShownMedium(Media(slot=0, kind=kind, extra=orjson.dumps(given).decode() if given else None, **fields), path)


def read_card(element: Element) -> Card:
    """The title of a box, and what is below it."""
    title, described, status = (_text(element, name) for name in ("title", "description", "status"))
    return Card(title, described, status, element.attributes.get("href", ""))


def _text(element: Element, name: str) -> str:
    found = element.find(name)
    return read_styled(found).text.strip() if found is not None else ""


def _preview(element: Element) -> ShownMedium:
    kind = next(kind for name, kind in _WRAPS.items() if name in element.classes)
    path = element.attributes.get("href") or None
    return _medium(kind, {}, path, duration=_seconds(_text(element, "video_duration")))


def _photo(element: Element) -> ShownMedium:
    card = read_card(element)
    if card.title == "Sticker":
        alt = _SIZE.sub("", card.status).strip(", ")
        return _medium("sticker", {"alt": alt, **card.shown}, card.path)
    if card.title.startswith("Self-destructing"):
        return _medium("photo", {"not_exported": card.status})
    size = _PICTURE.search(card.status)
    width, height = (int(size[1]), int(size[2])) if size else (None, None)
    return _medium("photo", card.shown, card.path, width=width, height=height)


def _video(element: Element) -> ShownMedium:
    card = read_card(element)
    if card.title.startswith("Self-destructing"):
        return _medium("video", {"not_exported": card.status})
    return _medium(_VIDEOS.get(card.title, "video"), card.shown, card.path, duration=_seconds(card.status))


def _voice(element: Element) -> ShownMedium:
    card = read_card(element)
    return _medium("voice", card.shown, card.path, duration=_seconds(card.status))


def _audio(element: Element) -> ShownMedium:
    card = read_card(element)
    fields: dict[str, Any] = {"duration": _seconds(card.status)}
    performer, mark, title = card.title.partition(_SONG)
    is_name = posixpath.basename(card.path) == card.title if card.path else _SOUND.search(card.title)
    if mark and not is_name:
        fields |= {"performer": performer, "title": title}
    elif card.title != "Audio file":
        fields["file_name"] = card.title
    return _medium("audio", card.shown, card.path, **fields)


def _file(element: Element) -> ShownMedium:
    card = read_card(element)
    mime, _ = mimetypes.guess_type(card.title)
    kind = "image" if (mime or "").startswith("image/") else "document"
    return _medium(kind, card.shown, card.path, file_name=None if card.title == "File" else card.title or None)


def _contact(element: Element) -> ShownMedium:
    card = read_card(element)
    phone = card.status.removesuffix("vCard").removesuffix(" - ").strip()
    return _medium("contact", {"phone_number": phone}, card.path, title=card.title or None)


def _place(element: Element) -> ShownMedium:
    card = read_card(element)
    live = "media_live_location" in element.classes
    return _medium("geo_live" if live else "geo", _point(f"{card.status} {card.link}"))


def _venue(element: Element) -> ShownMedium:
    card = read_card(element)
    extra = {**_point(card.link), "address": card.described}
    return _medium("venue", extra, title=card.title or None, search_text=card.described or None)


def _point(text: str) -> dict[str, Any]:
    found = _COORDINATES.search(text)
    return {"lat": float(found[1]), "long": float(found[2])} if found else {}


def _game(element: Element) -> ShownMedium:
    card = read_card(element)
    extra = {"description": card.described}
    title, description = card.title or None, card.described or None
    return _medium("game", extra, title=title, search_text=description, url=card.link or None)


def _invoice(element: Element) -> ShownMedium:
    card = read_card(element)
    if not card.title:
        return _medium("paid_media", {"shown_price": card.status})
    extra = {"title": card.title, "description": card.described, "shown_price": card.status}
    return _medium("invoice", extra, title=card.title, search_text=card.described or None)


def _call(element: Element) -> ShownMedium:
    card = read_card(element)
    return _medium("call", {"status": card.status}, title=card.title or None)


def _poll(element: Element) -> ShownMedium:
    question = element.child("question")
    title = read_styled(question) if question is not None else None
    details = element.child("details")
    items = [_answer(one) for one in element.elements() if "answer" in one.classes]
    named = {"question_entities": title.entities or None} if title else {}
    search_text = "\n".join(one["text"] for one in items) or None
    text = title.text.strip() or None if title else None
    if details is not None and words(details) == "To-do List":
        listed = [{"text": one["text"], **_entities(one)} for one in items]
        return _medium("todo", {"items": listed}, title=text, search_text=search_text)
    total = element.child("total")
    closed = details is not None and words(details) == "Final results"
    extra = {"answers": items, "total_voters": _votes(words(total)) if total is not None else None, "closed": closed}
    return _medium("poll", {**extra, **named}, title=text, search_text=search_text)


def _entities(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"entities": answer["entities"]} if answer.get("entities") else {}


def _answer(element: Element) -> dict[str, Any]:
    """`- Yes <span class="details">12 votes, chosen vote</span>`; whose vote it was is the exporter's own matter."""
    details = element.child("details")
    voters = _votes(words(details)) if details is not None else 0
    kept = Element(element.tag, element.attribute_text, element.start)
    kept.children = [child for child in element.children if child is not details]
    styled = read_styled(kept)
    shift = len(styled.text) - len(styled.text.lstrip())
    text = styled.text.strip()
    if text.startswith("- "):
        shift, text = shift + 2, text[2:]
    marks = [one | {"offset": one["offset"] - shift} for one in styled.entities]
    return {"text": text, **({"entities": marks} if marks else {}), "voters": voters}


def _votes(text: str) -> int:
    found = _VOTES.search(text)
    return int(found[1]) if found else 0


def _giveaway(element: Element) -> ShownMedium:
    lines = [words(one) for one in element.elements()]
    results = any(line.startswith("Winner") and "Date" not in line for line in lines)
    text = "\n".join(lines)
    return _medium("giveaway_results" if results else "giveaway", {"shown": text}, search_text=text or None)


def _seconds(text: str) -> float | None:
    found = _DURATION.search(text)
    return float(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])) if found else None


_READERS: Final[Mapping[str, Callable[[Element], ShownMedium]]] = {
    **dict.fromkeys(_WRAPS, _preview),
    "media_photo": _photo,
    "media_video": _video,
    "media_voice_message": _voice,
    "media_audio_file": _audio,
    "media_file": _file,
    "media_contact": _contact,
    "media_location": _place,
    "media_live_location": _place,
    "media_venue": _venue,
    "media_game": _game,
    "media_invoice": _invoice,
    "media_call": _call,
    "media_poll": _poll,
    "media_giveaway": _giveaway,
}

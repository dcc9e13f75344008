"""Cite a message in the styles of scholars and newsrooms. Pure; the same in every language of the page.

Each has the permalink, when it was posted and archived (UTC), and the SHA-256 of the payload. In running text, names
and words that people chose are isolated, so that right-to-left ones reorder nothing; in BibTeX and CSL-JSON they are
bare. https://apastyle.apa.org , https://style.mla.org , https://www.chicagomanualofstyle.org ,
https://ctan.org/pkg/biblatex , https://docs.citationstyles.org
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any, Final, Literal, TypeAlias, get_args

from archiver.formatting.visible import find_direction, name_reordering, possible
from archiver.model.iso_time import iso
from archiver.reading.cited_origin import NAME_GIVEN, list_former_names, say_handle, say_origin
from archiver.reading.message_context import MessageContext

CitationStyle: TypeAlias = Literal["apa", "chicago", "mla", "bibtex", "csl-json"]
STYLES: Final[tuple[CitationStyle, ...]] = get_args(CitationStyle)
NAMES: Final[Mapping[CitationStyle, str]] = {
    "apa": "APA",
    "chicago": "Chicago",
    "mla": "MLA",
    "bibtex": "BibTeX",
    "csl-json": "CSL-JSON",
}
_MONTHS: Final = (
    *("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_SHORT: Final = ("", "Jan.", "Feb.", "Mar.", "Apr.", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")
_WORDS, _LONGEST = 20, 160
"""Words and characters of a text that stand for its title."""
_LAST: Final = 253_402_214_400
_ISOLATES: Final = {"rtl": "\u2067", "ltr": "\u2066", None: "\u2068"}
_SPECIAL: Final = re.compile(r"[\\{}%&#_$~^]")
_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "{": r"\textbraceleft{}",  # BibTeX counts braces, whether or not a backslash is before them
    "}": r"\textbraceright{}",
}


def cite_as(style: CitationStyle, context: MessageContext) -> str:
    """The citation; BibTeX and CSL-JSON have several lines."""
    return _STYLES[style](_Cited(context))


def isolated(text: str) -> str:
    """A text of unknown direction for the middle of a line; what would end the isolate is named."""
    return f"{_ISOLATES[find_direction(text)]}{_safe(text)}\u2069"


class _Cited:
    """What all styles say of a message."""

    def __init__(self, context: MessageContext) -> None:
        channel = context.channel
        self.title = _safe(channel.title)
        self.handle = say_handle(context)
        self.key = f"telegram-{channel.channel_id}-{context.row['message_id']}"
        self.number = context.row["message_id"]
        self.words = _beginning(str(context.row["text"]))
        self.url = str(context.row["permalink"])
        self.posted = _posted(context)
        self.is_day_only = context.is_day_only
        """Whether only the day of posting is known."""
        self.seen = None if context.imported_from else _moment(context.version.first_seen)
        """When it was archived; None if telekeep did not see it itself."""
        self.archived = say_origin(context, lambda unix: _full(_moment(unix)))
        self.notes = [
            *([NAME_GIVEN] if context.is_name_given else []),
            *_notes(context),
            *_day_only(context),
            *_assumed(context),
            f"SHA-256 of the payload: {context.row['payload_sha256']}",
        ]

    @property
    def name(self) -> str:
        """The title, isolated."""
        return isolated(self.title)

    @property
    def quoted(self) -> str:
        """How its text begins, isolated, with a full stop; of one without text, its number."""
        return isolated(_ended(self.words)) if self.words else f"Post {self.number}."

    def rest(self) -> str:
        """When it was archived, and all notes."""
        return "; ".join([self.archived, *self.notes])

    def clock(self) -> str:
        """`, 16:30 UTC`, where that is known of the date."""
        return f", {self.posted:%H:%M} UTC" if self.posted and not self.is_day_only else ""


def _posted(context: MessageContext) -> datetime | None:
    """When it was posted; the beginning of the day where only that is known."""
    if (posted := context.posted_day) is not None:
        return datetime.combine(posted.day, time(), UTC)
    return _moment(context.date)


def _day_only(context: MessageContext) -> list[str]:
    if (posted := context.posted_day) is not None:
        return [f"posted on that day{posted.where} at a time that the export does not say"]
    return ["posted at that time or later that day: the export does not say"] if context.is_day_only else []


def _assumed(context: MessageContext) -> list[str]:
    return [context.assumed] if context.assumed else []


def _apa(one: _Cited) -> str:
    day = one.posted
    date = f"{day.year}, {_MONTHS[day.month]} {day.day}" if day else "n.d."
    return f"{one.name} [{one.handle}]. ({date}{one.clock()}). {one.quoted} [Post]. Telegram. {one.url} ({one.rest()})"


def _chicago(one: _Cited) -> str:
    day = one.posted
    date = f"{_MONTHS[day.month]} {day.day}, {day.year}{one.clock()}" if day else "n.d."
    return f"{one.name} ({one.handle}). “{one.quoted}” Telegram, {date}. {one.url} ({one.rest()})."


def _mla(one: _Cited) -> str:
    day = one.posted
    date = f"{_mla_date(day)}{one.clock()}" if day else "n.d."
    accessed = f" Accessed {_mla_date(one.seen)}." if one.seen else ""
    return f"{one.name} [{one.handle}]. “{one.quoted}” Telegram, {date}, {one.url} ({one.rest()}).{accessed}"


def _bibtex(one: _Cited) -> str:
    fields = {
        "author": f"{{{_tex(one.title)}}}",
        "title": _tex(one.words or f"Post {one.number}"),
        "organization": "Telegram",
        "date": f"{one.posted:{'%Y-%m-%d' if one.is_day_only else '%Y-%m-%dT%H:%M:%SZ'}}" if one.posted else "",
        "url": one.url,
        "urldate": f"{one.seen:%Y-%m-%d}" if one.seen else "",
        "note": _tex(_bare(f"{one.handle}; {one.rest()}")),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@online{{{one.key},", *lines, "}"])


def _csl_json(one: _Cited) -> str:
    item: dict[str, Any] = {
        "id": one.key,
        "type": "post",
        "author": [{"literal": one.title}],
        "title": one.words or f"Post {one.number}",
        "container-title": "Telegram",
        "genre": "Telegram post",
        "issued": _date_parts(one.posted),
        "accessed": _date_parts(one.seen),
        "URL": one.url,
        "note": _bare(f"{one.handle}; posted {_full(one.posted, day_only=one.is_day_only)}; {one.rest()}"),
    }
    fields = ",\n".join(
        f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in item.items() if value
    )
    return f"[{{\n{fields}\n}}]"


_STYLES: Final[Mapping[CitationStyle, Callable[[_Cited], str]]] = {
    "apa": _apa,
    "chicago": _chicago,
    "mla": _mla,
    "bibtex": _bibtex,
    "csl-json": _csl_json,
}


def _notes(context: MessageContext) -> list[str]:
    """The version, if there are several; whether it is gone; what the channel was called then."""
    revisions, former = context.row["revisions"] - context.claims, list_former_names(context, isolated)
    notes = [f"version {revisions + 1} of {revisions + 1}"] if revisions else []
    notes += [f"channel then called {', '.join(former)}"] if former else []
    gone = context.absences[-1] if context.absences else None
    if gone is not None and gone.returned_at is None and context.claimant(gone) is not None:
        notes.append(f"deleted or no longer visible by {iso(gone.noticed_at)}, if it was posted as imported")
    elif gone is not None and gone.returned_at is None:
        between = f"{iso(gone.last_seen)} and {iso(gone.noticed_at)}"
        notes.append(f"deleted or no longer visible since a time between {between}")
    return notes


def _safe(text: str) -> str:
    """On one line, with the characters that reorder others named."""
    return name_reordering(possible(" ".join(text.split())))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", "؟", "。", "！", "？", "۔")) else f"{text}."


def _bare(text: str) -> str:
    return re.sub("[\u2066-\u2069]", "", text)


def _beginning(text: str) -> str:
    """Its first words."""
    words = text.split()
    begun = " ".join(words[:_WORDS])
    if len(begun) > _LONGEST:
        begun = f"{begun[:_LONGEST].rsplit(' ', 1)[0]}…"
    elif len(words) > _WORDS:
        begun += "…"
    return _safe(begun)


def _tex(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"\\{found[0]}"), text)


def _moment(unix: float | None) -> datetime | None:
    return datetime.fromtimestamp(unix, UTC) if unix and 0 < unix < _LAST else None


def _full(moment: datetime | None, *, day_only: bool = False) -> str:
    if moment is None:
        return "at an unknown time"
    return f"{moment:%Y-%m-%d}, time not known" if day_only else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _mla_date(moment: datetime) -> str:
    return f"{moment.day} {_SHORT[moment.month]} {moment.year}"


def _date_parts(moment: datetime | None) -> dict[str, Any] | None:
    return {"date-parts": [[moment.year, moment.month, moment.day]]} if moment else None

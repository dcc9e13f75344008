"""Atom (RFC 4287) for feed readers: an entry for each message, oldest first, with its text as HTML.

`updated` of an entry is the edit date of its present content if that was noticed, else its date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote as quote_url

from archiver.export.formats.html_media import media_html, note_html
from archiver.export.formats.local_clock import LocalClock
from archiver.export.formats.post import Post, describe_version, read_post
from archiver.export.formats.wording import Wording
from archiver.export.media_places import MediaPlaces, no_files
from archiver.export.request import Request
from archiver.formatting.html_writer import escaped, to_html
from archiver.formatting.spoilers import veiled
from archiver.formatting.visible import name_reordering, possible
from archiver.model.iso_time import iso
from archiver.model.row import Row

_LONGEST_TITLE = 120
_EPOCH = "1970-01-01T00:00:00Z"


class AtomWriter:
    """Writes one feed."""

    extension = "atom"

    def __init__(self, request: Request, wording: Wording, *, media_places: MediaPlaces = no_files) -> None:
        self._request, self._wording, self._places = request, wording, media_places
        self.newest: int | None = None
        self._clock = LocalClock(request.zone)
        self._titles = request.titles
        self.options: dict[str, object] = {"encoding": "UTF-8", "tz": request.zone}
        self.warnings: list[str] = []
        self._remarks: Sequence[str] = ()
        self._has_subtitle = False

    def set_remarks(self, remarks: Sequence[str]) -> None:
        """Set the remarks of the subtitle."""
        self._remarks = remarks

    def begin(self) -> bytes:
        """Everything before the entries."""
        title = self._request.heading
        ids = "-".join(str(one.channel_id) for one in self._request.channels[:20])
        query = self._request.shown_query
        about, asked = ("", "") if query is None else (f": {query}", f":{quote_url(query, errors='replace')}")
        subtitle, self._has_subtitle = self._subtitle(), bool(self._remarks)
        return _encode(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:telekeep="urn:telekeep:rows:1">\n'
            f"<title>{_xml(title)}{_xml(about)}</title>\n{subtitle}<id>urn:telekeep:export:{ids}{asked}</id>\n"
            f"<updated>{iso(self.newest) or _EPOCH}</updated>\n"
            f"<author><name>{_xml(title)}</name></author>\n<generator>telekeep</generator>\n"
        )

    def encode(self, row: Row) -> bytes:
        """Encode a message."""
        return _encode("".join(self._parts(read_post(row, self._wording, self._clock))))

    def end(self) -> bytes:
        """The end of the feed, with any remarks not known at the start."""
        return _encode(f"{'' if self._has_subtitle else self._subtitle()}</feed>\n")

    def _subtitle(self) -> str:
        return f"<subtitle>{_xml('. '.join(self._remarks))}</subtitle>\n" if self._remarks else ""

    def _parts(self, post: Post) -> Iterator[str]:
        row = post.row
        channel = self._titles.get(row["channel_id"]) or str(row["channel"])
        yield (
            f'<entry>\n<telekeep:row channel-id="{row["channel_id"]}" message-id="{row["message_id"]}"'
            f' date="{row["date"]}" channel="{_xml(row["channel"])}"/>\n'
        )
        yield f"<id>urn:telekeep:message:{row['channel_id']}:{row['message_id']}</id>\n"
        yield f"<title>{_xml(_title(post))}</title>\n"
        yield f'<link rel="alternate" href="{_xml(row["permalink"])}"/>\n'
        edited = row["edit_date"] if post.edits else None
        yield f"<published>{row['date'] or _EPOCH}</published>\n<updated>{edited or row['date'] or _EPOCH}</updated>\n"
        yield f"<author><name>{_xml(post.author or channel)}</name></author>\n"
        yield f'<content type="html">{escape(possible(self._content(post)))}</content>\n</entry>\n'

    def _content(self, post: Post) -> str:
        said = [*post.marks, *([post.forwarded] if post.forwarded else [])]
        said += [] if post.topic is None else [f"topic {post.topic}"]
        notes = [*map(note_html, post.notes), *map(escaped, [*post.made, *filter(None, [post.figures])])]
        answered = post.answered
        quote = to_html(answered.quote, answered.quote_entities) if answered and answered.quote else ""
        return "".join(
            [
                *(f"<p><strong>{escaped(one)}</strong></p>" for one in said),
                f"<blockquote>{quote}</blockquote>" if quote else "",
                to_html(post.text, post.entities),
                *(
                    f"<p>{escaped(describe_version(one, self._clock))}</p>"
                    f"<blockquote>{to_html(one['text'], one['entities'])}</blockquote>"
                    for one in post.versions
                ),
                *media_html(post.media, self._places),
                *(f'<p dir="auto">{one}</p>' for one in notes),
            ]
        )


def _title(post: Post) -> str:
    """The first words of the post, without those of spoilers; without any, what it is, else its address."""
    lines = (line.strip() for line in possible(veiled(post.text, post.entities)).split("\n"))
    address = f"{post.row['channel']}/{post.row['message_id']}"
    words = next(filter(None, lines), "") or "".join(", ".join(one) for one in post.notes[:1]) or address
    return words if len(words) <= _LONGEST_TITLE else f"{words[:_LONGEST_TITLE].rstrip()} …"


def _xml(text: str) -> str:
    """Plain text without characters that reorder what follows."""
    return escape(possible(name_reordering(str(text))))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")

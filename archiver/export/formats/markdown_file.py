"""Markdown (CommonMark) to read and to put into notes: a heading for each day; for each message its facts and its text.

Before each message is a comment with its key, which readers do not show and `verify` reads; no text can contain
one at the beginning of a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from archiver.export.counting import ROW_KEY
from archiver.export.formats.local_clock import LocalClock
from archiver.export.formats.post import Post, describe_version, read_post
from archiver.export.formats.wording import Wording
from archiver.export.media_places import MediaPlaces, no_files
from archiver.export.request import Request
from archiver.formatting.markdown_writer import escape_markdown, to_markdown
from archiver.formatting.visible import name_reordering
from archiver.model.json_text import dump
from archiver.model.row import Row
from archiver.model.shown_media import list_covered, name_link


class MarkdownWriter:
    """Writes messages one by one."""

    extension = "md"

    def __init__(self, request: Request, wording: Wording, *, media_places: MediaPlaces = no_files) -> None:
        self._request, self._wording, self._places = request, wording, media_places
        self._clock = LocalClock(request.zone)
        self._titles = request.titles
        self._day = ""
        self.options: dict[str, object] = {"encoding": "UTF-8", "dialect": "CommonMark", "tz": request.zone}
        self.warnings: list[str] = []
        self._remarks: Sequence[str] = ()
        self._added: Sequence[str] = ()

    def set_remarks(self, remarks: Sequence[str]) -> None:
        """Set the remarks at the start, or those that the end adds."""
        self._added = [one for one in remarks if one not in self._remarks]
        self._remarks = remarks

    def begin(self) -> bytes:
        """The title, and what is exported."""
        bounds = self._request.bounds
        since, until = self._clock.bound(bounds.since_unix), self._clock.bound(bounds.until_unix)
        names = [
            f"{title} ({one.name})" for one, title in zip(self._request.channels, self._titles.values(), strict=True)
        ]
        said = [
            f"# {_plain(self._request.heading)}",
            "",
            *(f"- {_plain(name)}" for name in names),
            f"- from {since or 'the first archived message'} until before {until or 'the time of the export'}",
            f"- times in {_plain(self._request.zone)}",
        ]
        if self._request.shown_query is not None:
            said.append(f"- query: {_plain(self._request.shown_query)}")
        said += [f"- {_plain(remark)}" for remark in self._remarks]
        self._added = ()
        return _encode("\n".join(said) + "\n")

    def encode(self, row: Row) -> bytes:
        """Encode a message."""
        post = read_post(row, self._wording, self._clock)
        return _encode("".join(self._parts(post)))

    def end(self) -> bytes:
        """The remarks that were not known at the start."""
        return _encode("".join(f"\n- {_plain(remark)}" for remark in self._added) + "\n") if self._added else b""

    def _parts(self, post: Post) -> Iterator[str]:
        day = post.day or "unknown day"
        if day != self._day:
            self._day = day
            yield f"\n## {day}\n"
        yield f"\n<!-- telekeep {_key(post.row)} -->\n\n{self._facts(post)}\n"
        if post.answered is not None and post.answered.quote:
            yield f"\n{_quoted(to_markdown(post.answered.quote))}"
        if text := to_markdown(post.text, post.entities):
            yield f"\n{text}\n"
        for version in post.versions:
            said = _plain(describe_version(version, self._clock))
            yield f"\n*{said}:*\n\n{_quoted(to_markdown(version['text'], version['entities']))}"
        covered = list_covered([one.get("extra") for one in post.media])
        files = [self._file(one, is_covered=so) for one, so in zip(post.media, covered, strict=True)]
        notes = [*files, *(_plain(note) for note in (*map(", ".join, post.notes), *post.made))]
        if listed := "".join(f"- {note}\n" for note in notes if note):
            yield f"\n{listed}"
        if post.figures:
            yield f"\n{_plain(post.figures)}\n"

    def _facts(self, post: Post) -> str:
        row = post.row
        facts = [f"**[{post.clock}](<{row['permalink']}>)**"]
        if len(self._titles) > 1:
            facts.append(_plain(self._titles.get(row["channel_id"]) or str(row["channel"])))
        facts += [_plain(said) for said in (post.author, post.forwarded) if said]
        if post.topic is not None:
            facts.append(f"topic {post.topic}")
        if post.answered is not None:
            where = post.answered.elsewhere or "message"
            facts.append(_plain(f"in reply to {where} {post.answered.message_id or ''}".strip()))
        return " · ".join([*facts, *(f"**{_plain(mark)}**" for mark in post.marks)])

    def _file(self, item: Mapping[str, Any], *, is_covered: bool) -> str:
        """A link to a file, or the picture itself unless its author covered it with a spoiler."""
        place = self._places(item)
        if place is None:
            return ""
        name = _plain(name_link(item))
        is_shown = item.get("kind") == "photo" and not is_covered
        return f"{'!' if is_shown else ''}[{name}](<{quote(place)}>)"


def _plain(text: str) -> str:
    """Text for our own lines, without characters that reorder what follows. Messages keep them: each is a paragraph."""
    return escape_markdown(name_reordering(text))


def _quoted(text: str) -> str:
    return "".join(f"> {line}\n" if line else ">\n" for line in text.split("\n"))


def _key(row: Row) -> str:
    """The key of the row; no two hyphens, which would end the comment for some readers."""
    return dump({name: row[name] for name in ROW_KEY}).decode().replace("--", "-\\u002d").replace(">", "\\u003e")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")

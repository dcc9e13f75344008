"""Writes HTML as Telegram Desktop does: its tags, indentation, escapes and faults, of four generations.

Made after reading export_output_html.cpp (github.com/telegramdesktop/tdesktop, 929032d and its history); no file of
anybody is copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Generation:
    """What versions of Desktop do differently."""

    labels: bool = True
    """Offsets in dates, since June 2022."""
    ends_tables: bool = True
    """From February to November 2024 the table of buttons had one end tag too few."""
    reactions: str = "span"
    """Divs until March 2025."""


OLD = Generation(labels=False)
OF_2022 = Generation()
OF_2024 = Generation(ends_tables=False, reactions="div")
NEWEST = Generation()


def escape(text: str) -> str:
    """SerializeString; bytes that are not text are surrogates."""
    named = {"\n": "<br>", '"': "&quot;", "&": "&amp;", "'": "&apos;", "<": "&lt;", ">": "&gt;"}
    named |= {"\u2028": "<br>\udc80\udca8", "\u2029": "<br>\udc80\udca9"}
    return "".join(named.get(sign) or (f"&#x{ord(sign):02X};" if ord(sign) < 32 else sign) for sign in text)


def standard_offset(zone: str) -> str:
    """The label that a computer in the zone writes."""
    january, july = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7))
    offset = next(one.utcoffset() for one in (january, july) if not one.dst())
    assert offset is not None
    minutes = int(offset.total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@dataclass
class Context:
    """The open tags of a file."""

    tags: list[tuple[str, bool]] = field(default_factory=list)

    def push(
        self, tag: str, attributes: Mapping[str, str] | None = None, *, inline: bool = False, empty: bool = False
    ) -> str:
        """pushTag: attributes are sorted by name."""
        inner = "".join(f' {name}="{escape(value)}"' for name, value in sorted((attributes or {}).items()))
        made = f"<{tag}{inner}{'/' if empty else ''}>"
        made = made if inline else f"\n{' ' * len(self.tags)}{made}\n"
        if not empty:
            self.tags.append((tag, inline))
        return made

    def pop(self) -> str:
        """popTag."""
        tag, inline = self.tags.pop()
        return f"</{tag}>" if inline else f"\n{' ' * len(self.tags)}</{tag}>\n"

    def div(self, name: str, content: str | None = None, **more: str) -> str:
        """A div, ended if it has content."""
        made = self.push("div", {"class": name, **more})
        return made if content is None else made + content + self.pop()


class DesktopPages:
    """One chat, exported by a computer in a zone."""

    def __init__(self, name: str, *, zone: str = "UTC", generation: Generation = NEWEST, in_file: int = 1000) -> None:
        self.name, self.zone, self.generation, self.in_file = name, ZoneInfo(zone), generation, in_file
        self._label = f" {standard_offset(zone)}" if generation.labels else ""
        self.files: list[str] = []
        self._parts: list[str] = []
        self._context, self._count, self._days = Context(), 0, 0
        self._last_ids: list[int] = []
        self._previous: dict[str, object] | None = None
        self._last_id = 0

    def date(self, unix: int) -> str:
        """FormatDateTime with its offset."""
        return self.local(unix).strftime("%d.%m.%Y %H:%M:%S") + self._label

    def local(self, unix: int) -> datetime:
        """The wall clock."""
        return datetime.fromtimestamp(unix, UTC).astimezone(self.zone)

    def link(self, message_id: int, text: str = "this message") -> str:
        """wrapMessageLink."""
        for index, last in enumerate(self._last_ids):
            if message_id <= last:
                return f'<a href="{_file_name(index)}#go_to_message{message_id}">{text}</a>'
        return f'<a href="#go_to_message{message_id}" onclick="return GoToMessage({message_id})">{text}</a>'

    def add(
        self,
        message_id: int,
        unix: int,
        *,
        by: str | None = None,
        text: str = "",
        forwarded: tuple[str, int] | None = None,
        via: str = "",
        reply: int | None = None,
        elsewhere: bool = False,
        media: str = "",
        buttons: Sequence[Sequence[tuple[str, str, str]]] = (),
        signature: str = "",
        reactions: Sequence[tuple[str, int, int]] = (),
    ) -> None:
        """A message. `text` is HTML as FormatText makes it; `reactions`: emoji, count, how many faces are shown."""
        self._begin(message_id, unix)
        context, by = self._context, self.name if by is None else by
        joined = self._joined(by, unix, forwarded, via)
        kind = "message default clearfix joined" if joined else "message default clearfix"
        made = context.push("div", {"class": kind, "id": f"message{message_id}"})
        if not joined:
            made += context.div("pull_left userpic_wrap") + self._face(by) + context.pop()
        made += context.div("body")
        made += context.push("div", {"class": "pull_right date details", "title": self.date(unix)})
        made += self.local(unix).strftime("%H:%M") + context.pop()
        if not joined:
            shown = escape(f"{by} ") + (f" via @{via}" if via and not forwarded else "")
            made += context.div("from_name", shown)
        if forwarded:
            made += self._forwarded(forwarded, via, joined=joined)
        if elsewhere:
            made += context.div("reply_to details", "In reply to a message in another chat")
        elif reply is not None:
            made += context.div("reply_to details", f"In reply to {self.link(reply)}")
        made += media
        if text:
            made += context.div("text", text)
        made += self._buttons(buttons)
        if signature:
            made += context.div("signature details", escape(signature))
        if forwarded:
            made += context.pop()
        made += self._reactions(reactions) + context.pop() + context.pop()
        self._parts.append(made)
        self._end(message_id, {"by": by, "unix": unix, "forwarded": forwarded, "via": via})

    def service(self, message_id: int, unix: int, line: str, photo: str = "") -> None:
        """A service message; `line` is HTML."""
        self._begin(message_id, unix)
        self._parts.append(self._line(message_id, line, photo))
        self._end(message_id, None)
        self._previous_date = unix

    def _begin(self, message_id: int, unix: int) -> None:
        if self._count % self.in_file == 0:
            self._open(message_id)
        day = self.local(unix).date()
        if getattr(self, "_day", None) != day or self._previous_date is None:
            self._days += 1
            self._parts.append(self._line(-self._days, f"{day.day} {day.strftime('%B %Y')}"))
        self._day = day
        self._previous_date = unix

    def _end(self, message_id: int, info: dict[str, object] | None) -> None:
        self._count += 1
        self._previous, self._last_id = info, message_id

    _previous_date: int | None = None

    def _open(self, message_id: int) -> None:
        index = self._count // self.in_file
        if index:
            self._parts.append(self._context.push("a", {"class": "pagination block_link", "href": _file_name(index)}))
            self._parts.append("Next messages" + self._context.pop())
            self._close()
            self._last_ids.append(self._last_id)
        self._previous, self._previous_date = None, None
        self._context = context = Context()
        made = "<!DOCTYPE html>" + context.push("html") + context.push("head")
        made += context.push("meta", {"charset": "utf-8"}, empty=True)
        made += context.push("title", inline=True) + "Exported Data" + context.pop()
        made += context.push(
            "meta", {"content": "width=device-width, initial-scale=1.0", "name": "viewport"}, empty=True
        )
        made += context.push("link", {"href": "css/style.css", "rel": "stylesheet"}, empty=True)
        made += (
            context.push("script", {"src": "js/script.js", "type": "text/javascript"}) + context.pop() + context.pop()
        )
        made += context.push("body", {"onload": "CheckLocation();"}) + context.div("page_wrap")
        made += context.div("page_header") + context.div("content")
        made += context.div("text bold", escape(f"{self.name} ")) + context.pop() + context.pop()
        made += context.div("page_body chat_page") + context.div("history")
        if index:
            made += context.push("a", {"class": "pagination block_link", "href": _file_name(index - 1)})
            made += "Previous messages" + context.pop()
        self._parts = [made]

    def _close(self) -> None:
        while self._context.tags:
            self._parts.append(self._context.pop())
        self.files.append("".join(self._parts))
        self._parts = []

    def pages(self) -> list[str]:
        """The files, ended."""
        if self._parts:
            self._close()
        return self.files

    def write(self, directory: Path) -> Path:
        """Write the files; return their directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for index, page in enumerate(self.pages()):
            (directory / _file_name(index)).write_bytes(page.encode("utf-8", "surrogateescape"))
        return directory

    def _line(self, message_id: int, line: str, photo: str = "") -> str:
        context = self._context
        made = context.push("div", {"class": "message service", "id": f"message{message_id}"})
        made += context.div("body details", line)
        if photo:
            made += context.div("userpic_wrap") + context.push("a", {"class": "userpic_link", "href": photo})
            made += context.push("img", {"class": "userpic", "src": f"{photo}_thumb.jpg", "style": "x"}, empty=True)
            made += context.pop() + context.pop()
        return made + context.pop()

    def _joined(self, by: str, unix: int, forwarded: tuple[str, int] | None, via: str) -> bool:
        before = self._previous
        if before is None or (before["by"], before["via"]) != (by, via):
            return False
        earlier, previous = before["forwarded"], before["unix"]
        assert isinstance(previous, int)
        if self.local(previous).date() != self.local(unix).date() or bool(earlier) != bool(forwarded):
            return False
        if forwarded and isinstance(earlier, tuple) and earlier[0] != forwarded[0]:
            return False
        return abs(unix - previous) <= (1 if forwarded else 900)

    def _forwarded(self, forwarded: tuple[str, int], via: str, *, joined: bool) -> str:
        context, (origin, unix) = self._context, forwarded
        made = ""
        if not joined:
            made += context.div("pull_left forwarded userpic_wrap") + self._face(origin) + context.pop()
        made += context.div("forwarded body")
        if joined:
            return made
        plain = self.local(unix).strftime("%d.%m.%Y %H:%M:%S")
        made += context.div("from_name") + escape(f"{origin} ") + (f" via @{via}" if via else "")
        titled = {"class": "date details", "title": self.date(unix)} if self.generation.labels else {"class": "details"}
        return made + context.push("span", titled, inline=True) + f" {plain}" + context.pop() + context.pop()

    def _face(self, name: str) -> str:
        context = self._context
        made = context.push("div", {"class": "userpic userpic1", "style": "width: 42px; height: 42px"})
        made += context.push("div", {"class": "initials", "style": "line-height: 42px"})
        return made + escape(name[:1]) + context.pop() + context.pop()

    def _buttons(self, rows: Sequence[Sequence[tuple[str, str, str]]]) -> str:
        if not rows:
            return ""
        context = self._context
        made = context.push("table", {"class": "bot_buttons_table"}) + context.push("tbody")
        for row in rows:
            made += context.push("tr") + context.push("td", {"class": "bot_button_row"})
            for at, (text, kind, data) in enumerate(row):
                about = f"Data: {data} | " if data else ""
                link = (
                    {"href": data} if kind == "url" else {"onclick": f"return ShowTextCopied('{about}Type: {kind}');"}
                )
                made += context.div("bot_button") + context.push("a", {"": "", **link}) + context.push("div")
                made += text + context.pop() + context.pop() + context.pop()
                if at + 1 < len(row):
                    made += context.div("bot_button_column_separator", "")
            made += context.pop() + context.pop()
        return made + context.pop() + (context.pop() if self.generation.ends_tables else "")

    def _reactions(self, reactions: Sequence[tuple[str, int, int]]) -> str:
        if not reactions:
            return ""
        context, tag = self._context, self.generation.reactions
        made = context.push(tag, {"class": "reactions"})
        for emoji, count, faces in reactions:
            paid = emoji == "paid"
            made += context.push(tag, {"class": "reaction paid" if paid else "reaction"})
            made += context.push(tag, {"class": "emoji"}) + ("\u2b50" if paid else emoji) + context.pop()
            if faces:
                made += context.push(tag, {"class": "userpics"}) + "".join(self._face("x") for _ in range(faces))
                made += context.pop()
            if not faces or count > faces:
                made += context.push(tag, {"class": "count"}) + str(count) + context.pop()
            made += context.pop()
        return made + context.pop()

    def generic(
        self, classes: str, title: str, status: str = "", described: str = "", link: str = "", *, thumb: str = ""
    ) -> str:
        """pushGenericMedia, to be given as `media` of the next message."""
        inside = Context([("div", False)] * (len(self._context.tags) + 2))
        made = inside.div("media_wrap clearfix")
        if link:
            made += inside.push("a", {"class": f"media clearfix pull_left block_link {classes}", "href": link})
        else:
            made += inside.div(f"media clearfix pull_left {classes}")
        made += (
            inside.push("img", {"class": "thumb pull_left", "src": thumb}, empty=True)
            if thumb
            else inside.div("fill pull_left", "")
        )
        made += inside.div("body")
        for name, value in (("title bold", title), ("description", described), ("status details", status)):
            made += inside.div(name, escape(value)) if value else ""
        return made + inside.pop() + inside.pop() + inside.pop()

    def preview(self, wrap: str, link: str, duration: str = "") -> str:
        """pushPhotoMedia and its like."""
        inside = Context([("div", False)] * (len(self._context.tags) + 2))
        made = inside.div("media_wrap clearfix") + inside.push(
            "a", {"class": f"{wrap} clearfix pull_left", "href": link}
        )
        if duration:
            made += inside.div("video_play_bg") + inside.div("video_play", "") + inside.pop()
            made += inside.div("video_duration", duration)
        made += inside.push(
            "img", {"class": wrap.removesuffix("_wrap"), "src": f"{link}_thumb.jpg", "style": "x"}, empty=True
        )
        return made + inside.pop() + inside.pop()

    def poll(
        self, question: str, answers: Sequence[tuple[str, int, bool]], total: int, *, state: str = "Anonymous poll"
    ) -> str:
        """pushPoll; texts are HTML."""
        inside = Context([("div", False)] * (len(self._context.tags) + 2))
        made = inside.div("media_wrap clearfix") + inside.div("media_poll") + inside.div("question bold", question)
        made += inside.div("details", state)
        for text, votes, mine in answers:
            shown = f' <span class="details">{_votes(votes)}{", chosen vote" if mine else ""}</span>' if votes else ""
            made += inside.div("answer", f"- {text}{shown}")
        if state != "To-do List":
            made += inside.div("total details\t", _votes(total))
        return made + inside.pop() + inside.pop()


def _votes(count: int) -> str:
    return f"{count} votes" if count > 1 else f"{count} vote" if count else "No votes"


def _file_name(index: int) -> str:
    return f"messages{index + 1 if index else ''}.html"

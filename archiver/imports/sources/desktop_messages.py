"""Single messages of Telegram Desktop's `result.json`, and remarks on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.json_input.json_faults import BrokenJson
from archiver.imports.json_input.json_run import JsonElement, JsonRun
from archiver.imports.source import REPLACED, Entry, Flaw, ImportedMessage, find_unread
from archiver.imports.sources.desktop_chat import ChatFrame
from archiver.imports.sources.desktop_entry import read_entry
from archiver.imports.sources.desktop_fields import LocalDates, ZoneNeeded, has_two_dates, number, peer, words
from archiver.imports.sources.desktop_quick import read_quick
from archiver.imports.sources.desktop_words import are_different

_FEW_IDS: Final = 100
"""So many messages may be deleted anywhere in a group."""
_REMEMBERED: Final = 1000
_FASTER: Final = 10
"""How much faster than so far ids may grow there."""


class OfAnother(BrokenJson):
    """What follows is another chat's: the beginning of that is lost."""

    def __init__(self, at: int) -> None:
        super().__init__(at - 1, "what follows is another chat's")


def lost_beginning(at: int) -> Flaw:
    """Messages of no known chat."""
    return Flaw(f"byte {at:,}", "from here on the messages are another chat's, whose beginning is lost", fatal=True)


class DesktopMessages:
    """Reads messages of one chat after another."""

    def __init__(self, dates: LocalDates, *, is_old: bool) -> None:
        self.last = 0
        """The id of the message read last."""
        self._before: Mapping[str, Any] = {}
        """The object of that message."""
        self._is_doubtful = False
        """Whether there is damage before the next message: it may be another chat's."""
        self._seen: deque[tuple[int, object]] = deque(maxlen=_REMEMBERED)
        """Ids and dates of the last messages of a chat that others follow: damage may repeat some."""
        self._is_damaged = False
        """Whether bytes may be lost there."""
        self._pace: _Pace | None = None
        self._has_both = False
        """Whether messages have `text_entities` beside `text`: one without them may be two that became one."""
        self._in_account = False
        """Whether other chats may follow."""
        self._own: dict[str, Any] | None = None
        """Who posts in it, if it is a channel."""
        self._title: str | None = None
        self._dates = dates
        self._is_old = is_old

    def begin(self, frame: ChatFrame, channel_id: ChannelId, *, is_rest: bool) -> None:
        """Begin with a chat, or with the rest of one after damage."""
        self._own = {"type": "channel", "id": channel_id} if frame.is_channel else None
        self._title, self._in_account = words(frame.fields.get("name")), frame.in_account
        self._is_doubtful = self._is_damaged = is_rest
        if not is_rest:
            self.last, self._before, self._has_both, self._pace = 0, {}, False, None
            self._seen.clear()

    def doubt(self) -> None:
        """Record that there is damage before the next message."""
        self._is_doubtful = self._is_damaged = True

    @property
    def reached(self) -> tuple[int, str]:
        """The id of the message read last, and its day."""
        return self.last, str(self._before.get("date") or "")[:10]

    @property
    def remembered(self) -> tuple[int, str]:
        """The same of the first message that damage may repeat."""
        return (self._seen[0][0], str(self._seen[0][1])[:10]) if self._seen else self.reached

    def _reach(self, message_id: int, value: Mapping[str, Any]) -> None:
        self.last, self._before = message_id, value
        if self._in_account:
            self._seen.append((message_id, value.get("date")))

    def _is_of_another(self, value: object, at: int) -> bool:
        """Whether a message after damage is not of the same chat: ids and days grow, and a channel posts as itself."""
        if not (self._is_doubtful and self._in_account and isinstance(value, dict)):
            return False
        by, is_damaged = _author(value), self._is_damaged
        self._is_doubtful = self._is_damaged = by is None
        last, day = self.reached
        found = number(value.get("id")) or last
        if found < last or str(value.get("date"))[:10] < day:
            return (found, value.get("date")) not in self._seen
        if self._own is not None and by is not None:
            usual = _author(self._before) if self._before else self._own
            if self._own in (by, usual):
                return by != self._own
        return is_damaged and self._pace is not None and self._pace.is_jump(last, found, at)

    def read_run(self, run: JsonRun, channel_id: ChannelId) -> Iterator[Entry]:
        """Well-formed messages."""
        places: list[int] = []
        for index, value in enumerate(run.values):
            if self._is_doubtful and self._is_of_another(value, run.start):
                raise OfAnother(run.list_places()[index])
            if (quick := read_quick(value, channel_id, self._dates)) is not None:
                self._reach(quick.message_id, value)
                yield quick
                yield from self._doubts(value)
                continue
            found = self._message(value, channel_id)
            if isinstance(found, Flaw) and not found.where:
                places = places or run.list_places()
                found = _placed(found, places[index])
            yield from self._remarked(found, value)
        self._pace = _Pace.after(self._pace, self.last, run.start, run.start + len(run.data))

    def read_one(self, piece: JsonElement, channel_id: ChannelId) -> Iterator[Entry]:
        """A message that may be broken."""
        if piece.found is None:
            self.doubt()
            yield Flaw(f"byte {piece.at:,}", f"a message is left out: {piece.why}")
            return
        value = piece.found.value
        if self._is_of_another(value, piece.at):
            raise OfAnother(piece.at)
        found = read_quick(value, channel_id, self._dates) or self._message(value, channel_id)
        placed = found if isinstance(found, ImportedMessage) else _placed(found, piece.at)
        yield from self._remarked(placed, value)
        self._pace = _Pace.after(self._pace, self.last, piece.at, piece.at)
        if piece.found.replaced:
            self.doubt()
            yield Flaw(f"message {self.last}", REPLACED)

    def list_remarks(self) -> Iterator[Flaw]:
        """Remarks on all messages that were read."""
        if self._dates.uncertain:
            dates = "1 date is" if self._dates.uncertain == 1 else f"{self._dates.uncertain:,} dates are"
            yield Flaw("", f"{dates} in an hour that clocks show twice or never", note=True)

    def _remarked(self, found: Entry, value: object) -> Iterator[Entry]:
        """The entry, and remarks on it. `value`: what it was read from."""
        if isinstance(found, ImportedMessage):
            self._reach(found.message_id, value if isinstance(value, dict) else {})
        yield found
        if isinstance(found, ImportedMessage) and isinstance(value, dict):
            yield from self._doubts(value)
        if (unread := find_unread(found)) is not None:
            yield unread

    def _doubts(self, value: Mapping[str, Any]) -> Iterator[Flaw]:
        """What its fields say of each other."""
        if "text_entities" in value:
            self._has_both = True
        elif self._has_both and "text" in value:
            self._is_doubtful = True
        if has_two_dates(value):
            what = "its `date` and `date_unixtime` are further apart than time zones explain: `date_unixtime` counts"
            yield Flaw(f"message {self.last}", what, note=True)
        if "telekeep" not in value and are_different(value.get("text"), value.get("text_entities")):
            self._is_doubtful = True
            what = "its `text` and `text_entities` have different words: `text` counts, and the piece keeps both"
            yield Flaw(f"message {self.last}", what, note=True)

    def _message(self, value: object, channel_id: ChannelId) -> Entry:
        if not isinstance(value, dict):
            return Flaw("", "it is not a message")
        try:
            return read_entry(value, channel_id, self._dates, self._title)
        except ZoneNeeded as exc:
            return self._without_zone(value, exc)
        except RecursionError:  # it could be read, but not be written again
            return Flaw("", "a message is left out: it is nested too deeply")

    def _without_zone(self, value: Mapping[str, Any], exc: ZoneNeeded) -> Flaw:
        """A local time among exact dates costs its message. Raises UsageError if there are no exact dates."""
        if self._is_old and not self._dates.is_exact:
            raise UsageError(
                "its dates are local times, and the file does not name the zone.",
                hint="Say where it was exported: `--tz Europe/Kyiv`.",
            ) from exc
        found = number(value.get("id"))
        what = "its date is a local time whose time zone is not known; import the file again with `--tz`"
        return Flaw("" if found is None else f"message {found}", what)


class _Pace(NamedTuple):
    """How fast ids grow within a chat: after lost bytes, they go on where they could be by then."""

    first: int
    """The id of the chat's first message."""
    begin: int
    """Where that is."""
    at: int
    """Where the message read last is, or the next."""

    @classmethod
    def after(cls, before: _Pace | None, last: int, begin: int, at: int) -> _Pace:
        return cls(last, begin, at) if before is None else before._replace(at=at)

    def is_jump(self, last: int, found: int, at: int) -> bool:
        """Whether more ids lie between two messages than the bytes between them explain."""
        usual = (last - self.first) / max(self.at - self.begin, 1)
        return found - last > _FEW_IDS + _FASTER * usual * max(at - self.at, 0)


def _author(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return peer(value.get("from_id", value.get("actor_id")))


def _placed(flaw: Flaw, at: int) -> Flaw:
    return flaw if flaw.where else Flaw(f"byte {at:,}", flaw.what, note=flaw.note)

"""Single messages of Telegram Desktop's `result.json`, and remarks on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.json_input.json_faults import BrokenJson
from archiver.imports.json_input.json_run import JsonElement, JsonRun
from archiver.imports.source import REPLACED, Entry, Flaw, ImportedMessage, find_unread
from archiver.imports.sources.desktop_entry import read_entry
from archiver.imports.sources.desktop_fields import LocalDates, ZoneNeeded, has_two_dates, number
from archiver.imports.sources.desktop_quick import read_quick
from archiver.imports.sources.desktop_words import are_different


class OfAnother(BrokenJson):
    """What follows is another chat's: the beginning of that is lost."""

    def __init__(self, at: int) -> None:
        super().__init__(at - 1, "what follows is another chat's")


class DesktopMessages:
    """Reads messages of one chat after another."""

    def __init__(self, dates: LocalDates, *, is_old: bool) -> None:
        self.last = 0
        """The id of the message read last."""
        self._date: object = None
        self._is_doubtful = False
        """Whether the message before seems damaged: the next may be another chat's."""
        self._in_account = self._has_both = False
        self._title: str | None = None
        self._dates = dates
        self._is_old = is_old

    def begin(self, title: str | None, *, in_account: bool) -> None:
        """Begin with a chat. `in_account`: others may follow."""
        self._in_account, self._has_both = in_account, False
        self.last, self._date, self._title, self._is_doubtful = 0, None, title, False

    @property
    def reached(self) -> tuple[int, str]:
        """The id of the message read last, and its day."""
        return self.last, self._date[:10] if isinstance(self._date, str) else ""

    def _is_of_another(self, value: object) -> bool:
        """Whether a message after a damaged one cannot be of the same chat: ids and days grow."""
        if not (self._is_doubtful and self._in_account and isinstance(value, dict)):
            return False
        self._is_doubtful = False
        day = str(value.get("date"))[:10]
        return (number(value.get("id")) or self.last) < self.last or day < self.reached[1]

    def read_run(self, run: JsonRun, channel_id: ChannelId) -> Iterator[Entry]:
        """Well-formed messages."""
        places: list[int] = []
        for index, value in enumerate(run.values):
            if self._is_doubtful and self._is_of_another(value):
                raise OfAnother(run.list_places()[index])
            if (quick := read_quick(value, channel_id, self._dates)) is not None:
                self.last, self._date = quick.message_id, value.get("date")
                yield quick
                yield from self._doubts(value)
                continue
            found = self._message(value, channel_id)
            if isinstance(found, Flaw) and not found.where:
                places = places or run.list_places()
                found = _placed(found, places[index])
            yield from self._remarked(found, value)

    def read_one(self, piece: JsonElement, channel_id: ChannelId) -> Iterator[Entry]:
        """A message that may be broken."""
        if piece.found is None:
            self._is_doubtful = True
            yield Flaw(f"byte {piece.at:,}", f"a message is left out: {piece.why}")
            return
        value = piece.found.value
        if self._is_of_another(value):
            raise OfAnother(piece.at)
        found = read_quick(value, channel_id, self._dates) or self._message(value, channel_id)
        placed = found if isinstance(found, ImportedMessage) else _placed(found, piece.at)
        yield from self._remarked(placed, value)
        if piece.found.replaced:
            yield Flaw(f"message {self.last}", REPLACED)

    def list_remarks(self) -> Iterator[Flaw]:
        """Remarks on all messages that were read."""
        if self._dates.uncertain:
            dates = "1 date is" if self._dates.uncertain == 1 else f"{self._dates.uncertain:,} dates are"
            yield Flaw("", f"{dates} in an hour that clocks show twice or never", note=True)

    def _remarked(self, found: Entry, value: object) -> Iterator[Entry]:
        """The entry, and remarks on it. `value`: what it was read from."""
        if isinstance(found, ImportedMessage):
            self.last = found.message_id
            self._date = value.get("date") if isinstance(value, dict) else None
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


def _placed(flaw: Flaw, at: int) -> Flaw:
    return flaw if flaw.where else Flaw(f"byte {at:,}", flaw.what, note=flaw.note)

"""The messages of one chat of Desktop's HTML in order: what an element leaves to those before it is filled in.

A message joined to the one before has no name, one forwarded from the same person at the same time no origin, and a
service line no time at all: it lies between its neighbours, on the day that the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from archiver.ids import ChannelId, MessageId
from archiver.imports.lost_bytes import SPANNED, has_hole
from archiver.imports.source import REPLACED, AttachedFile, Entry, Flaw, ImportedMessage
from archiver.imports.sources.desktop_fields import OF_A_GROUP
from archiver.imports.sources.exporter_clock import ExporterClock, WallTime, is_certain, to_instant
from archiver.imports.sources.html_attached import ShownMedium
from archiver.imports.sources.html_escapes import decode, mend_separators
from archiver.imports.sources.html_pieces import LONGEST, HtmlPiece, is_damaged
from archiver.imports.sources.html_post import HtmlPost, Signed, read_post, to_json
from archiver.imports.sources.html_service import DELETED, read_day, read_service
from archiver.model.imported import HIGHEST_ID, imported_message
from archiver.model.record import Media

MOST_TAGS: Final = 100_000
"""Tags of a message that is read; real ones have a few dozen."""
_BEGINNING: Final = 8_192
"""Bytes of a larger one in which its author is looked for, of whom the next one may be, too."""


class HtmlReader:
    """Reads the messages of one chat, in order."""

    def __init__(
        self,
        channel_id: ChannelId,
        *,
        title: str | None,
        zone: tzinfo | None,
        label: int | None,
        locate: Callable[[str], str],
    ) -> None:
        """`label`: an offset that the source writes, for days; `locate`: makes paths relative to the source's root."""
        self._channel_id = channel_id
        self._title = title
        self._zone = zone
        self._label = label
        self._locate = locate
        self._clock = ExporterClock(zone)
        self._author: Signed | None = None
        self._origin: Signed | None = None
        self._day: date | None = None
        self._last: datetime | None = None
        self._ids: tuple[int, int] = (0, 0)
        self._undated = self._of_group = self._doubtful = 0

    def read(self, piece: HtmlPiece, where: str) -> Iterator[Entry]:
        """Yield the message of an element, and what is wrong with it."""
        if piece.too_long or piece.data.count(b"<") > MOST_TAGS:
            most = f"{LONGEST >> 20} MB" if piece.too_long else f"{MOST_TAGS:,} tags"
            yield Flaw(where, f"its element has more than {most}")
            self._inherit(read_post(decode(piece.data[:_BEGINNING])))
            return
        post = read_post(decode(piece.data))
        if piece.whole and is_damaged(mend_separators(piece.data)):
            if has_hole(piece.data):
                yield Flaw(where, f"it is left out: {SPANNED}")
                self._inherit(post)
                return
            yield Flaw(where, REPLACED)
        if piece.message_id <= 0:
            self._between(piece.message_id, post)
            return
        if piece.message_id > HIGHEST_ID:
            yield Flaw(where, "no message can have its id")
            return
        if not piece.whole:
            yield Flaw(where, "the file ends in the middle of it, so it is left out")
            return
        for name in dict.fromkeys(post.unknown):
            yield Flaw(where, f"it shows something that telekeep cannot read (`{name}`)")
        found = self._message(MessageId(piece.message_id), post, piece.data)
        yield found if found is not None else Flaw(where, "it has no readable date")

    def notes(self) -> Iterator[Flaw]:
        """Yield remarks on the whole chat, once it is read."""
        dated = "dated by the message before, on the day that the page shows"
        yield from _note(
            self._undated,
            f"service message has no time in HTML: it is {dated}",
            f"service messages have no time in HTML: they are {dated}",
        )
        basic = "from its time as a basic group"
        yield from _note(self._of_group, f"message {basic} is not imported", f"messages {basic} are not imported")
        may = "may be an hour off: --tz gives"
        yield from _note(
            self._doubtful,
            f"date of a forwarded post is left out, as it {may} it",
            f"dates of forwarded posts are left out, as they {may} them",
        )
        hour = "in an hour that clocks show twice"
        yield from _note(self._clock.twice, f"date is {hour}", f"dates are {hour}")
        never = "in an hour that clocks there never show: --tz may name the wrong zone"
        yield from _note(self._clock.never, f"date is {never}", f"dates are {never}")

    def _between(self, message_id: int, post: HtmlPost) -> None:
        """A line that Desktop puts between messages, or a message of the group that it was."""
        if message_id <= OF_A_GROUP:
            self._of_group += 1
        elif post.is_service:
            self._day = read_day(post.line) or self._day

    def _message(self, message_id: MessageId, post: HtmlPost, raw: bytes) -> ImportedMessage | None:
        moment = self._moment(post)
        if moment is None:
            self._inherit(post)
            return None
        if post.is_unsupported:
            post.shown = ShownMedium(Media(slot=0, kind="unsupported"))
        inner = post.article.shown if post.article is not None else ()
        shown = (*(() if post.shown is None else (post.shown,)), *inner)
        fields = self._of_service(post) if post.is_service else self._of_post(post)
        message = imported_message(
            self._channel_id,
            message_id,
            date=moment,
            raw=raw,
            media=tuple(one.media for one in shown),
            reply_to_msg_id=post.replied,
            reply_to=_reply(post),
            **fields,
        )
        files = (AttachedFile(slot=one.media.slot, path=self._locate(one.path)) for one in shown if one.path)
        return ImportedMessage(message=message, files=tuple(files))

    def _moment(self, post: HtmlPost) -> datetime | None:
        """When it was posted. Of a service line only the day is known, and what came before."""
        if post.wall is not None:
            self._last = self._clock.at(post.wall)
            return self._last
        if not post.is_service:
            return None
        self._undated += 1
        begin = None
        if self._day is not None:
            begin = to_instant(WallTime(datetime.combine(self._day, time()), self._label), self._zone)
        found = max((one for one in (begin, self._last) if one is not None), default=None)
        return found if found is None or self._day is None else _on_day(found, self._day)

    def _inherit(self, post: HtmlPost) -> None:
        """Before October 2020 a message was joined to one by another bot, too; no date had a label then."""
        if post.author is None:
            post.author = self._author if post.is_labelled else _without_bot(self._author)
        if post.is_forwarded and post.origin is None:
            post.origin = self._origin if post.is_labelled else _without_bot(self._origin)
        self._author, self._origin = post.author, post.origin

    def _of_post(self, post: HtmlPost) -> dict[str, Any]:
        self._inherit(post)
        bot = (post.origin and post.origin.bot) or (post.author and post.author.bot)
        article = post.article.extra if post.article is not None else {}
        named = {"type": "user", "id": None, "name": None, "username": bot}
        return {
            "text": post.said.text,
            "entities": to_json(post.said.entities),
            "sender": self._sender(post.author.name if post.author else None),
            "post_author": post.signature,
            "fwd_from": self._forward(post),
            "reactions": to_json(post.reactions),
            "markup": to_json(post.buttons),
            "rich_text": post.article.text if post.article is not None and not post.said.text else "",
            "extra": to_json({**article, **({"via_bot": named} if bot else {})}),
        }

    def _of_service(self, post: HtmlPost) -> dict[str, Any]:
        """Its date is a guess, and says so in `day_only`."""
        day = {"day_only": self._day.isoformat() if self._day is not None else None}
        if post.is_unsupported:
            return {"extra": to_json(day)}
        line = read_service(post.line)
        sender = self._sender(line.who)
        return {"kind": "service", "action": to_json(line.action), "sender": sender, "extra": to_json(day)}

    def _sender(self, name: str | None) -> str | None:
        """A channel's own posts have its name. Ids are not in HTML."""
        if not name or " ".join(name.split()) == self._title:
            return None
        return to_json({"type": "user", "id": None, "name": None if name == DELETED else name, "username": None})

    def _forward(self, post: HtmlPost) -> str | None:
        if not post.is_forwarded:
            return None
        header: dict[str, Any] = {}
        if post.origin is not None and post.origin.name != DELETED:
            header["from_name"] = post.origin.name
        if post.forwarded is not None and (moment := self._instant(post.forwarded)) is not None:
            header["date"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return to_json(header) or "{}"

    def _instant(self, forwarded: WallTime) -> datetime | None:
        """When the original was posted; None where that is not certain, although the message's own date is."""
        label = forwarded.label
        if self._zone is None and label is not None and not is_certain(label, forwarded.local.date()):
            self._doubtful += 1
            return None
        return to_instant(forwarded, self._zone)


def _without_bot(signed: Signed | None) -> Signed | None:
    return None if signed is None else Signed(signed.name, None)


def _note(number: int, one: str, many: str) -> Iterator[Flaw]:
    if number:
        yield Flaw("", f"{number:,} {one if number == 1 else many}", note=True)


def _on_day(guess: datetime, day: date) -> datetime:
    """Move a guessed time into the page's day in UTC, so that a search for that day finds it."""
    begin = datetime.combine(day, time(), UTC)
    return min(max(guess, begin), begin + timedelta(days=1, seconds=-1))


def _reply(post: HtmlPost) -> str | None:
    if post.replied is not None:
        return to_json({"reply_to_msg_id": post.replied})
    return to_json({"reply_to_peer_id": None}) if post.replied_elsewhere else None

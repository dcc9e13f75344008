"""The context of a message beyond its row: deletions, versions, its album, and what it refers to. For `show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from archiver.ids import MessageId
from archiver.model.imported import IMPORTED, is_day_only
from archiver.model.reply import find_answered
from archiver.model.row import ChannelName, Row, StoredMessage, build_row
from archiver.model.versions import Absence, Version, list_versions
from archiver.reading.imported_from import NO_IMPORTS, MessageImports, PostedDay, read_imports, read_posted_day
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.channels.channel_details import find_restriction
from archiver.store.channels.former_name import NamesSeen, list_names_seen
from archiver.store.database import Connection, read
from archiver.store.imports.import_source import ImportRecord
from archiver.store.imports.imported_channel import is_unaccounted
from archiver.store.messages.history import list_absences, list_revisions
from archiver.store.messages.replies import FoundReplies, find_replies
from archiver.store.messages.rich import RichPart, find_part
from archiver.store.messages.rows import HeldMessage, Payload, find_payload, get_messages, list_album, list_names


class MessageContext(NamedTuple):
    """A message with everything that readers and citations need."""

    channel: ChannelName
    mirrored: Mirrored | None
    row: Row
    date: int
    """When it was posted, unix seconds; so are all other times."""
    edit_date: int | None
    version: Version
    """Its current content, with when that was first seen."""
    last_seen: int
    absences: Sequence[Absence]
    part: RichPart | None
    """Set if only the beginning of a rich message is archived."""
    album: Mapping[MessageId, str]
    """The texts of all archived messages of its album, by id."""
    names: NamesSeen | None
    """The channel's names when this content was first seen, as far as known."""
    known: Mapping[int, ChannelName]
    """All archived channels by id."""
    answered: str | None
    """The text of the message that it replies to, if that is archived."""
    replies: FoundReplies
    """The archived replies to it, in any channel."""
    intact: bool
    """Whether the stored payload has the SHA-256 that it had when it was received."""
    channel_restriction: str | None
    """Where the server blocks the whole channel, as JSON."""
    imports: MessageImports = NO_IMPORTS
    """The imports that have the message."""
    first_seen: int = 0
    """When any content of the message was first seen."""
    assumed_zone: str | None = None
    """The zone on which its date rests, which an import was told; None if its date is exact."""
    is_answered_imported: bool = False
    """Whether telekeep never saw the message that it replies to."""
    claims: int = 0
    """Its earlier or other contents that only imports have."""
    claimed_in: str = ""
    """The file of the first of those contents."""

    @property
    def is_name_unknown(self) -> bool:
        """Whether the channel may have a username that no import says: it need not be private."""
        return not self.channel.username and self.mirrored is not None and is_unaccounted(self.mirrored)

    @property
    def is_name_given(self) -> bool:
        """Whether the channel's @name comes from an import only: Telegram never confirmed it."""
        return bool(self.channel.username) and self.mirrored is not None and is_unaccounted(self.mirrored)

    def claimant(self, absence: Absence) -> ImportRecord | None:
        """The import that alone says that the message was there before an absence; None if telekeep saw it."""
        version = self.version
        return self.imports.claims_before(
            absence, layer=version.layer, payload_sha256=version.payload_sha256, first_seen=self.first_seen
        )

    @property
    def assumed(self) -> str:
        """`time zone Asia/Baghdad assumed at import`; empty if its date is exact."""
        return f"time zone {self.assumed_zone} assumed at import" if self.assumed_zone else ""

    @property
    def imported_from(self) -> ImportRecord | None:
        """The import that its content comes from; None if Telegram showed it to telekeep."""
        return self.imports.origin_of(self.version.layer, self.version.payload_sha256)

    @property
    def captured_by(self) -> ImportRecord | None:
        """The import of another archive that captured its content; None if this one did."""
        return self.imports.captured_by(self.version.layer, self.version.payload_sha256)

    @property
    def is_day_only(self) -> bool:
        """Whether only the day is known: an export as HTML shows no time of service messages."""
        return self.imported_from is not None and is_day_only(self.row["extra"])

    @property
    def posted_day(self) -> PostedDay | None:
        """That day, as the export shows it."""
        return read_posted_day(self.imported_from, self.row["extra"])


async def read_context(conn: Connection, channel: ChannelName, held: HeldMessage) -> MessageContext:
    """Read everything about the message."""
    message, media = held
    key = (message.channel_id, message.message_id)
    payload = await read(conn, find_payload, *key)
    imports = await read_imports(conn, *key)
    revisions = await read(conn, list_revisions, {key: (1, message.revisions)}) if message.revisions else {key: []}
    version = list_versions(message, media, revisions[key])[-1]
    claimed = [one for one in revisions[key] if one.layer == IMPORTED]
    grouped = message.grouped_id
    answered = await _read_answered(conn, message)
    return MessageContext(
        channel=channel,
        mirrored=await read(conn, find_channel, channel.channel_id),
        row=build_row(channel, message, media),
        date=message.date,
        edit_date=message.edit_date,
        version=version,
        last_seen=message.last_seen,
        absences=await read(conn, list_absences, *key),
        part=await read(conn, find_part, *key),
        album=await read(conn, list_album, *key, grouped) if grouped else {},
        names=_names_at(await read(conn, list_names_seen, channel.channel_id), version.first_seen),
        known={one.channel_id: one for one in await read(conn, list_names)},
        answered=None if answered is None else answered.text,
        is_answered_imported=answered is not None and answered.layer == IMPORTED,
        replies=await read(conn, find_replies, *key),
        intact=_is_intact(payload),
        channel_restriction=await read(conn, find_restriction, channel.channel_id),
        imports=imports,
        first_seen=message.first_seen,
        assumed_zone=None
        if payload is None
        else imports.assumed_zone(version.layer, version.payload_sha256, payload.raw),
        claims=len(claimed),
        claimed_in=imports.name_source(claimed) if claimed else "",
    )


async def _read_answered(conn: Connection, message: StoredMessage) -> StoredMessage | None:
    key = find_answered(message.reply_to, message.channel_id)
    if key is None:
        return None
    held = (await read(conn, get_messages, [key])).get(key)
    return held[0] if held else None


def _is_intact(payload: Payload | None) -> bool:
    return payload is not None and sha256(payload.raw).digest() == payload.sha256


def _names_at(seen: Sequence[NamesSeen], moment: int) -> NamesSeen | None:
    """The last names observed by then."""
    return next((one for one in reversed(seen) if one.observed_at <= moment), None)

"""Files of the other archive's imports that belong to what ours captured, as if we had imported them ourselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.imports.adopt import StoredFile
from archiver.imports.places import FileOf, find_place, is_made_up
from archiver.model.imported import IMPORTED
from archiver.model.media_file import FileKey, find_key, parse_key
from archiver.store.database import Reader
from archiver.store.imports.imported_files import fits_captured
from archiver.store.media.file import find_file
from archiver.store.merging.foreign import ChangedArchiveError, ForeignArchive
from archiver.store.merging.foreign_files import ForeignFile, iter_showing
from archiver.store.merging.foreign_page import read_message
from archiver.store.merging.foreign_record import to_message
from archiver.store.messages.message import read_messages_of
from archiver.store.messages.revision import read_revisions
from archiver.store.verify.checked import UNREADABLE


def list_captured(
    conn: Reader, archive: ForeignArchive, file: ForeignFile, channels: Collection[ChannelId] | None
) -> list[FileKey]:
    """List the files of our captured posts, or of their earlier contents, that are this file and lack its bytes.

    `channels`: only posts of these.
    """
    if file.key is None or not is_made_up(parse_key(file.key)[1]):
        return []
    found: set[FileKey] = set()
    try:
        for channel_id, message_id in iter_showing(archive, file.key):
            if channels is None or channel_id in channels:
                found.update(_list_fitting(conn, archive, file, channel_id, message_id))
    except ChangedArchiveError:
        raise
    except UsageError:
        pass  # a message there is damaged, and was left out: that costs no other file
    return [key for key in sorted(found) if _lacks_bytes(conn, key, file.size)]


def _lacks_bytes(conn: Reader, key: FileKey, size: int) -> bool:
    """Whether a file is not stored, and may have this size. Asked once a file: many posts may show it."""
    return find_file(conn, key).status != "downloaded" and fits_captured(conn, key, size)


def _list_fitting(
    conn: Reader, archive: ForeignArchive, file: ForeignFile, channel_id: ChannelId, message_id: MessageId
) -> Iterator[FileKey]:
    ours = read_messages_of(conn, channel_id, [message_id])  # type: ignore[arg-type]
    contents = (*ours, *(one for one, _ in read_revisions(conn, ours)))
    captured = [one for one in contents if one.layer != IMPORTED and one.media]
    theirs = read_message(archive, channel_id, message_id) if captured else None
    if theirs is None:
        return
    try:
        said = to_message(channel_id, theirs)
    except UNREADABLE:
        return
    showing = [one.slot for one in said.media if find_key(one.kind, one.id) == file.key]
    for slot, held in product(showing, captured):
        place = find_place(FileOf(said, slot, StoredFile(file.sha256, file.size)), held)
        key = find_key(place.kind, place.id) if place is not None else None
        if key is not None:
            yield key

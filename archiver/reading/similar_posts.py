"""Where else a message's files are shown: the same file, the same bytes, or a picture that looks alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId, MessageId
from archiver.model.media_file import FileKey, FileStatus, file_key, is_file
from archiver.model.row import StoredMedia
from archiver.store.database import Reader
from archiver.store.media.file import find_files, list_files_of
from archiver.store.media.picture import (
    PICTURE_KINDS,
    PictureCounts,
    PictureHash,
    Source,
    Unhashed,
    find_hashes,
    find_near,
    list_shown_by,
)

MatchKind: TypeAlias = Literal["same file", "same bytes", "similar picture"]

NEAR: Final = 6
"""Bits by which the hashes of a picture and of its copies differ at most."""
_ORDER: Final[dict[MatchKind, int]] = {"same file": 0, "same bytes": 1, "similar picture": 2}
_SOURCES: Final[tuple[Source, ...]] = ("file", "thumbnail", "preview")
"""From the best to the worst."""
_PICTURES: Final = frozenset({"photo", "image"})
"""Kinds whose file is the picture itself."""


class Match(NamedTuple):
    """Why another file counts as the same."""

    kind: MatchKind
    bits: int | None = None
    """How many bits of a similar picture's hash differ."""
    by: Source | None = None
    """What the worse of the two hashes was made of."""

    @property
    def rank(self) -> tuple[int, int]:
        """For sorting, the surest first."""
        return _ORDER[self.kind], self.bits or 0


class ComparedFile(NamedTuple):
    """A file of the message that was asked about."""

    key: FileKey
    kind: str
    status: FileStatus
    picture: PictureHash | None
    """None: no hash was made of it."""

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, or is shown by one."""
        return self.kind in PICTURE_KINDS

    @property
    def is_fetchable(self) -> bool:
        """Whether it is a picture whose file is not here, so that `media fetch` may help."""
        return self.kind in _PICTURES and self.status.status not in ("downloaded", "self-destructing")

    @property
    def is_stored_since(self) -> bool:
        """Whether its file is stored, but its picture was compared by something worse."""
        return self.status.status == "downloaded" and self.kind in _PICTURES and _is_worse(self.picture)


class SimilarPost(NamedTuple):
    """A message that shows such a file."""

    channel_id: ChannelId
    message_id: MessageId
    date: int
    media: str
    """The kind of the attachment."""
    match: Match


class SimilarPosts(NamedTuple):
    """All of them, and what was looked at."""

    files: Sequence[ComparedFile]
    posts: Sequence[SimilarPost]
    """The earliest first, without the message itself."""
    pictures: PictureCounts
    known: int
    """Files whose bytes are known, so that the same bytes can be found."""


def list_stored_since(conn: Reader, media: Iterable[StoredMedia]) -> list[Unhashed]:
    """The stored pictures among these files for which only a preview has been hashed."""
    kinds = {file_key(one.kind, one.id): one.kind for one in media if one.id is not None and one.kind in _PICTURES}
    known, hashes = find_files(conn, kinds), find_hashes(conn, kinds)
    stored = {key: one.sha256 for key, one in known.items() if one.status == "downloaded" and one.sha256 is not None}
    return [Unhashed(key, "file", sha256) for key, sha256 in stored.items() if _is_worse(hashes.get(key))]


def _is_worse(made: PictureHash | None) -> bool:
    """Whether the file may give a better hash; one with a reason was made since the file cannot be decoded."""
    return made is None or (made.source != "file" and not (made.hash is not None and made.reason is not None))


def list_similar_posts(
    conn: Reader,
    channel_id: ChannelId,
    message_id: MessageId,
    media: Iterable[StoredMedia],
    *,
    bits: int = NEAR,
    fresh: Mapping[FileKey, PictureHash] = MappingProxyType({}),
) -> tuple[Sequence[ComparedFile], Sequence[SimilarPost]]:
    """Look for every file of the message, in all channels. `fresh`: better hashes of some, made just now."""
    kinds = {file_key(one.kind, one.id): one.kind for one in media if one.id is not None and is_file(one.kind, one.id)}
    known, hashes = find_files(conn, kinds), {**find_hashes(conn, kinds), **fresh}
    files = [ComparedFile(key, kinds[key], known.get(key, FileStatus(key=key)), hashes.get(key)) for key in kinds]
    matches: dict[FileKey, Match] = {}
    for file in files:
        for key, match in _list_matches(conn, file, bits):
            if key not in matches or match.rank < matches[key].rank:
                matches[key] = match
    posts = {
        (post.channel_id, post.message_id): post
        for key, match in sorted(matches.items(), key=lambda one: one[1].rank, reverse=True)
        for post in (SimilarPost(*shown, match) for shown in list_shown_by(conn, key))
    }
    posts.pop((channel_id, message_id), None)
    return files, sorted(posts.values(), key=lambda post: (post.date, post.channel_id, post.message_id))


def _list_matches(conn: Reader, file: ComparedFile, bits: int) -> Iterator[tuple[FileKey, Match]]:
    yield file.key, Match("same file")
    if file.status.sha256 is not None:
        for other in list_files_of(conn, file.status.sha256):
            yield other.key, Match("same bytes")
    own = file.picture
    if own is not None and own.hash is not None:
        for near, distance in find_near(conn, own.hash, bits=bits):
            worse = max(own.source, near.source, key=_SOURCES.index)
            yield near.key, Match("similar picture", distance, worse)

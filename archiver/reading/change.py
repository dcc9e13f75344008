"""A change to an archived message or channel, for people and as JSON. Schema: docs/changes.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from archiver.ids import MessageId
from archiver.model.difference import ContentDifference
from archiver.model.iso_time import iso
from archiver.model.row import ChannelName, permalink
from archiver.reading.imported_from import import_object
from archiver.store.imports.import_source import ImportRecord

ChangeKind: TypeAlias = Literal[
    "edited", "differs", "missing", "returned", "renamed", "retitled", "about", "flags", "restriction", "count", "state"
]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

KEYS = (
    "at", "kind", "channel_id", "channel", "message_id", "permalink", "description", "old", "new", "changed",
    "revision", "last_seen", "how", "differences", "old_media", "new_media", "import",
)  # fmt: skip
"""The keys of a change as JSON."""

Media: TypeAlias = dict[str, Any]
"""An attachment as in a row: with MEDIA_KEYS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. Times are unix seconds."""

    at: int
    """When it was noticed; it happened before."""
    channel: ChannelName
    message_id: MessageId | None
    kind: ChangeKind
    description: str
    """For people; contains untrusted text that is not yet safe for a terminal."""
    old: str | int | None = None
    """The earlier text, title, name, state..."""
    new: str | int | None = None
    changed: tuple[str, ...] = ()
    """For an edit: which of text, entities, media, markup, rich, other."""
    revision: int | None = None
    """For an edit: number of the revision with the earlier content."""
    last_seen: int | None = None
    """For an absence: the message disappeared between then and `at`, or returned at `at`."""
    how: str | None = None
    differences: tuple[ContentDifference, ...] = ()
    """For an edit: differences other than in the text."""
    entities: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]] = ((), ())
    """Of `old` and `new`, if these are texts of a message."""
    media: tuple[Sequence[Media], Sequence[Media]] | None = None
    """For an edit of the attachments: those before and after, each with where its file is."""

    import_file: str | None = None
    """The import that alone has the earlier content, or says that a deleted message was there."""
    origin: ImportRecord | None = None
    """That import, with the bare name of its file."""

    @property
    def address(self) -> str:
        """The message or channel, as commands accept it."""
        return self.channel.name if self.message_id is None else f"{self.channel.name}/{self.message_id}"

    @property
    def content(self) -> str:
        """The description, without the remark on an import."""
        return (
            self.description if self.import_file is None else self.description.removeprefix(if_posted(self.import_file))
        )

    @property
    def permalink(self) -> str | None:
        """Public URL of the message; None for a channel."""
        return None if self.message_id is None else permalink(self.channel, self.message_id)

    def to_object(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        return {
            "at": iso(self.at),
            "kind": self.kind,
            "channel_id": self.channel.channel_id,
            "channel": self.channel.name,
            "message_id": self.message_id,
            "permalink": self.permalink,
            "description": self.description,
            "old": self.old,
            "new": self.new,
            "changed": list(self.changed),
            "revision": self.revision,
            "last_seen": iso(self.last_seen),
            "how": self.how,
            "differences": [one._asdict() for one in self.differences],
            "old_media": None if self.media is None else self.media[0],
            "new_media": None if self.media is None else self.media[1],
            "import": None if self.origin is None else import_object(self.origin),
        }


def if_posted(file: str) -> str:
    """What precedes the description of a deletion that rests on an import."""
    return f"if it was posted as the import of {file} says: "

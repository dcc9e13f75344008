"""All contents of a message, in the order they were published, and the changes between them. Pure.

An earlier content may be observed after a newer one, so contents are ordered by `edit_date` (none comes first), then by
observation; the current content is the last one. Revisions are numbered in the order of observation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple, TypeAlias

import orjson

from archiver.model.row import MEDIA_KEYS, StoredMedia, StoredMessage, iso, media_json

MediaChange: TypeAlias = tuple[str | None, str | None]
"""The old and new attachment, each as `photo 5368324170671202286`; None for none."""


class StoredRevision(NamedTuple):
    """An earlier content of a message; revision 1 was stored first. Times are unix seconds."""

    revision: int
    edit_date: int | None
    text: str
    entities: str | None
    media: str
    markup: str | None
    extra: str | None
    first_seen: int
    last_seen: int
    replaced_at: int
    payload_sha256: bytes
    layer: int


class Absence(NamedTuple):
    """A deletion that was noticed; it happened between `last_seen` and `noticed_at`. Times are unix seconds."""

    noticed_at: int
    how: str
    last_seen: int
    returned_at: int | None


class Counters(NamedTuple):
    """The counters from `at` (unix seconds) on; `reactions` is JSON text."""

    at: int
    views: int | None
    forwards: int | None
    replies: int | None
    reactions: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One content of a message. Times are unix seconds."""

    revision: int | None
    """The number of an earlier content; None for the current one, or the last one of a deleted message."""
    edit_date: int | None
    first_seen: int
    last_seen: int
    text: str
    entities: list[dict[str, Any]] = field(default_factory=list)
    media: list[dict[str, Any]] = field(default_factory=list)
    """Each with MEDIA_KEYS."""
    markup: Any = None
    rich: Any = None
    """The blocks of a rich message."""
    payload_sha256: bytes
    layer: int
    changed: tuple[str, ...] = ()
    """Which of text, entities, media, markup, rich, other differ from the version before."""
    media_changes: tuple[MediaChange, ...] = ()

    def to_object(self) -> dict[str, Any]:
        """The version as a JSON object, described in docs/changes.md."""
        return {
            "revision": self.revision,
            "edit_date": iso(self.edit_date),
            "first_seen": iso(self.first_seen),
            "last_seen": iso(self.last_seen),
            "changed": list(self.changed),
            "media_changes": [{"old": old, "new": new} for old, new in self.media_changes],
            "text": self.text,
            "entities": self.entities,
            "media": self.media,
            "markup": self.markup,
            "payload_sha256": self.payload_sha256.hex(),
            "layer": self.layer,
        }


def list_versions(
    message: StoredMessage, media: Sequence[StoredMedia], revisions: Sequence[StoredRevision]
) -> list[Version]:
    """The versions of a message in the order they were published. `revisions` are in the order of observation."""
    earlier: list[Version] = []
    since = message.first_seen
    for one in revisions:
        # A late revision was seen only once, and the content held at that time stayed current.
        late = one.first_seen == one.replaced_at
        earlier.append(_earlier(one, since=one.first_seen if late else since))
        since = since if late else one.replaced_at
    earlier.sort(key=lambda one: (one.edit_date is not None, one.edit_date or 0, one.revision))
    versions = [*earlier, _current(message, media, since=since)]
    return [versions[0], *(_compared(old, new) for old, new in pairwise(versions))]


def name_change(change: MediaChange) -> str:
    """`photo 123 -> photo 456`; `nothing` for none."""
    return " -> ".join(name or "nothing" for name in change)


def _earlier(one: StoredRevision, *, since: int) -> Version:
    return Version(
        revision=one.revision,
        edit_date=one.edit_date,
        first_seen=since,
        last_seen=one.last_seen,
        text=one.text,
        entities=_load(one.entities) or [],
        media=[{key: slot.get(key) for key in MEDIA_KEYS} for slot in orjson.loads(one.media)],
        markup=_load(one.markup),
        rich=_rich(one.extra),
        payload_sha256=one.payload_sha256,
        layer=one.layer,
    )


def _current(message: StoredMessage, media: Sequence[StoredMedia], *, since: int) -> Version:
    return Version(
        revision=None,
        edit_date=message.edit_date,
        first_seen=since,
        last_seen=message.last_seen,
        text=message.text,
        entities=_load(message.entities) or [],
        media=orjson.loads(media_json(media)),
        markup=_load(message.markup),
        rich=_rich(message.extra),
        payload_sha256=message.payload_sha256,
        layer=message.layer,
    )


def _compared(old: Version, new: Version) -> Version:
    moved = _media_changes(old.media, new.media)
    found = {
        "text": old.text != new.text,
        "entities": _marked(old) != _marked(new),
        "media": bool(moved),
        "markup": old.markup != new.markup,
        "rich": old.rich != new.rich,
    }
    changed = tuple(name for name, differs in found.items() if differs)
    if not changed:
        # The content hash differs, so something did change, such as a poll's question, which is part of its media.
        changed = ("media",) if old.media or new.media else ("other",)
    return replace(new, changed=changed, media_changes=moved)


def _marked(version: Version) -> list[tuple[str, object]]:
    """Entities with the words they mark instead of offsets, which move whenever the text before them changes."""
    units = version.text.encode("utf-16-le", "surrogatepass")
    marked: list[tuple[str, object]] = []
    for entity in version.entities:
        start = 2 * int(entity.get("offset", 0))
        words = units[start : start + 2 * int(entity.get("length", 0))].decode("utf-16-le", "replace")
        rest = {key: value for key, value in entity.items() if key not in {"offset", "length"}}
        marked.append((words, rest))
    return marked


def _media_changes(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> tuple[MediaChange, ...]:
    before, after = [_name(slot) for slot in old], [_name(slot) for slot in new]
    old_names = [name for name in before if name not in after]
    new_names = [name for name in after if name not in before]
    return tuple(zip_longest(old_names, new_names))


def _name(slot: Mapping[str, Any]) -> str:
    """The kind and identity of an attachment."""
    known = (slot[key] for key in ("id", "url", "file_name", "title"))
    return " ".join([str(slot["kind"]), *[str(value) for value in known if value][:1]])


def _rich(extra: str | None) -> Any:
    return orjson.loads(extra).get("rich") if extra and '"rich"' in extra else None


def _load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)

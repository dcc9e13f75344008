"""All contents of a message, in the order they were published, and the changes between them. Pure.

An earlier content may be observed after a newer one, so contents are ordered by `edit_date` (none comes first), then by
observation; the current content is the last one. Revisions are numbered in the order of observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import orjson

from archiver.model.difference import ContentDifference
from archiver.model.differences import find_differences, list_marks
from archiver.model.imported import IMPORTED
from archiver.model.iso_time import iso
from archiver.model.row import MEDIA_KEYS, StoredMedia, StoredMessage, media_json

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
    import_id: int | None = None
    """Of another archive that captured it; its times do not continue those of ours."""


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
    rich_text: str = ""
    """Their words, a line for each block."""
    detailed: bool = True
    """Whether the media have their `extra`: earlier versions of telekeep kept none of a replaced content."""
    payload_sha256: bytes
    layer: int
    changed: tuple[str, ...] = ()
    """Which of text, entities, media, markup, rich, other differ from `base`."""
    media_changes: tuple[MediaChange, ...] = ()
    differences: tuple[ContentDifference, ...] = ()
    """Differences other than in the text."""
    base: Version | None = field(default=None, compare=False, repr=False)
    """The version that it is compared with; None: none. Its own comparison is left out."""

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
            "differences": [one._asdict() for one in self.differences],
        }


def list_versions(
    message: StoredMessage, media: Sequence[StoredMedia], revisions: Sequence[StoredRevision]
) -> list[Version]:
    """The versions of a message in the order they were published. `revisions` are in the order of observation."""
    earlier: list[Version] = []
    since = message.first_seen
    is_merged = any(one.import_id is not None for one in revisions)
    for one in revisions:
        # A late revision was seen only once, and the content held at that time stayed current.
        late = one.first_seen == one.replaced_at
        is_foreign = one.import_id is not None or one.layer == IMPORTED  # of an export or another archive
        earlier.append(_earlier(one, since=one.first_seen if late or is_foreign else since))
        if not late and one.layer != IMPORTED:
            since = max(since, one.replaced_at) if is_merged else one.replaced_at
    seen = (lambda one: one.first_seen) if is_merged else lambda _: 0
    earlier.sort(key=lambda one: (one.edit_date is not None, one.edit_date or 0, seen(one), one.revision))
    versions = [*earlier, _current(message, media, since=since)]
    bases = _find_bases([one.layer != IMPORTED for one in versions])
    return [one if base is None else compared(versions[base], one) for base, one in zip(bases, versions, strict=True)]


def _find_bases(shown: Sequence[bool]) -> list[int | None]:
    """The place of the version that each is compared with. `shown`: whether Telegram showed it to a telekeep.

    What Telegram showed is compared with what it showed before: an import's content is no edit. That is compared with
    what Telegram showed next; where there is none, with the content before it.
    """
    before: list[int | None] = [None]
    for at, is_shown in enumerate(shown):
        before.append(at if is_shown else before[-1])
    after = next((at for at in reversed(range(len(shown))) if shown[at]), None)
    bases: list[int | None] = []
    for at in reversed(range(len(shown))):
        if shown[at]:
            after = at
            bases.append(before[at])
        else:
            bases.append(at - 1 if after is None and at else after)
    return bases[::-1]


def _earlier(one: StoredRevision, *, since: int) -> Version:
    slots = orjson.loads(one.media)
    return Version(
        revision=one.revision,
        edit_date=one.edit_date,
        first_seen=since,
        last_seen=one.last_seen,
        text=one.text,
        entities=_load(one.entities) or [],
        media=[{key: slot.get(key) for key in MEDIA_KEYS} for slot in slots],
        markup=_load(one.markup),
        **_rich(one.extra),
        detailed=all("extra" in slot for slot in slots),
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
        **_rich(message.extra),
        payload_sha256=message.payload_sha256,
        layer=message.layer,
    )


def compared(old: Version, new: Version) -> Version:
    """The newer of two versions, with what differs from the older."""
    differences = find_differences(old, new)
    moved = tuple((one.old, one.new) for one in differences if one.what == "attachment")
    found = {
        "text": old.text != new.text,
        "entities": list_marks(old.text, old.entities) != list_marks(new.text, new.entities),
        "media": any(one.part == "media" for one in differences),
        "markup": old.markup != new.markup,
        "rich": old.rich != new.rich,
    }
    changed = tuple(name for name, differs in found.items() if differs)
    if not changed and IMPORTED not in (old.layer, new.layer):
        # The content hash differs, so something did change, such as a poll's question, which is part of its media.
        changed = ("media",) if old.media or new.media else ("other",)
    return replace(new, changed=changed, media_changes=moved, differences=differences, base=old)


def _rich(extra: str | None) -> dict[str, Any]:
    found = orjson.loads(extra) if extra and '"rich"' in extra else {}
    return {"rich": found.get("rich"), "rich_text": found.get("rich_text", "")}


def _load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)

"""What became of each channel of another archive that was taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from archiver.ids import ChannelId, label_channel
from archiver.store.merging.foreign_page import LeftOut
from archiver.store.merging.merge_plan import PagePlan, PlannedMessage

_MOST_LISTED: Final = 20
"""Messages left out that are named; the others are counted."""


@dataclass(slots=True)
class MergedChannel:
    """What became of a channel."""

    channel_id: ChannelId
    name: str
    title: str
    of: int = 0
    """Messages that the other archive has."""
    added: bool = False
    """Whether the channel was unknown before."""
    new: int = 0
    changed: int = 0
    """Messages held before that were updated."""
    same: int = 0
    revisions: int = 0
    """Earlier contents added, including ours that were replaced."""
    deleted: int = 0
    """Messages now known to be deleted or no longer visible."""
    if_posted: int = 0
    """Of these, those that only imports say were posted."""
    returned: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    unlisted: int = 0
    """Messages left out beyond those listed."""
    import_id: int | None = None
    """None: nothing was written."""
    imported_before: bool = False
    """Whether all of this same file was taken over before."""
    is_imported_only: bool = True
    """Whether the channel is known only from imports, not mirrored."""
    captures: int = 0
    """Answers of its log added."""
    described: bool = False
    """Whether names or descriptions of a known channel were added."""
    proves: bool = False
    """Whether all messages were taken, so that what it proves was taken too."""
    synced_at: int | None = None
    """Up to when the channel is known now, if that moved on."""

    @property
    def label(self) -> str:
        """What people read: its name; the title, too, of a channel that has only an id."""
        return label_channel(self.name, self.title)

    @property
    def is_change(self) -> bool:
        """Whether anything was, or would be, written."""
        return bool(
            self.added or self.new or self.changed or self.captures or self.described or self.deleted or self.synced_at
        )

    @property
    def count_left_out(self) -> int:
        """The number of messages left out."""
        return len(self.left_out) + self.unlisted

    def leave_out(self, found: Sequence[LeftOut]) -> None:
        """Note messages that are not taken."""
        room = max(0, _MOST_LISTED - len(self.left_out))
        self.left_out += found[:room]
        self.unlisted += len(found[room:])

    def count(self, plan: PagePlan) -> None:
        """Count what a page changes."""
        self.new += len(plan.new)
        self.changed += len(plan.held) + len(plan.gone)
        self.same += plan.same
        self.deleted += len(plan.gone)
        self.if_posted += plan.gone_claimed
        for one in (*plan.new, *plan.held):
            self._count_one(one)

    def _count_one(self, one: PlannedMessage) -> None:
        self.revisions += len(one.theirs.revisions) if one.ours is None else len(one.merged.adds) + one.merged.keeps
        gone = one.merged.absence is not None
        was_gone = one.was_missing
        self.deleted += gone and not was_gone
        self.if_posted += gone and not was_gone and one.is_claimed
        self.returned += was_gone and not gone

    def to_counts(self) -> dict[str, int]:
        """As the record of the import has it."""
        return {
            **{name: getattr(self, name) for name in ("new", "changed", "same", "revisions", "deleted", "returned")},
            "left_out": self.count_left_out,
            "captures": self.captures,
        }

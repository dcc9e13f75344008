"""The words of exports made for reading: those of `show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archiver.cli.view import attachments
from archiver.cli.view.kinds import describe_origin
from archiver.cli.view.moments import Moments
from archiver.ids import ChannelId
from archiver.model.row import ChannelName


class ExportWords(NamedTuple):
    """See `Wording`. `names`: the archived channels."""

    moments: Moments
    names: Mapping[ChannelId, ChannelName]

    def media(self, slot: Mapping[str, Any]) -> Sequence[str]:
        """Media in words."""
        return attachments.media_parts(slot, self.moments)

    def action(self, action: Mapping[str, Any]) -> str:
        """A service action in words."""
        return attachments.describe_action(action, self.moments)

    def buttons(self, rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
        """Buttons in words."""
        return attachments.describe_buttons(rows)

    def reactions(self, reactions: Sequence[Mapping[str, Any]]) -> str:
        """Reactions in words."""
        return attachments.describe_reactions(reactions)

    def origin(self, forward: Mapping[str, Any]) -> str:
        """Where it was forwarded from."""
        return describe_origin(forward, self.names)

"""A deletion in words: `DELETED between 29 Nov 17:52 and 17:58, or no longer visible since then (...)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.cli.view.moments import Moments
from archiver.model.versions import Absence

if TYPE_CHECKING:
    from rich.text import Text

_HOW = {
    "update": "reported by the server",
    "history": "noticed when read again",
    "audit": "noticed by an audit",
    "import": "as the import says",
}


def describe_how(how: str | None) -> str:
    """How a deletion was noticed."""
    return _HOW.get(how or "", how or "")


def describe_absence(absence: Absence, moments: Moments, *, next_to: float | None = None, claimed: str = "") -> Text:
    """The deletion, and its end if the message is visible again. `next_to`: a time shown next to it, with offset.

    `claimed`: the import that alone says that the message was there before.
    """
    from rich.text import Text

    if claimed:
        said = f"by {moments.at(absence.noticed_at)} ({describe_how(absence.how)}), if it was posted as {claimed} says"
        back = f"; visible since {moments.at(absence.returned_at)}" if absence.returned_at is not None else ""
        return Text("DELETED or no longer visible ", style="bold red").append(f"{said}{back}", style="not bold")
    when = moments.between(absence.last_seen, absence.noticed_at, next_to=next_to)
    how = describe_how(absence.how)
    if absence.returned_at is not None:
        returned = moments.short(absence.returned_at)
        return Text(f"was deleted {when} ({how}), visible again since {returned}", style="yellow")
    said = f"{when}, or no longer visible since then ({how})"
    return Text("DELETED ", style="bold red").append(said, style="not bold")

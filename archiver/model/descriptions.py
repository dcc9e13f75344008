"""Unite what two archives noticed of a channel's names and description. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class DescribedAt(NamedTuple):
    """A channel as it was described at one time; lists are JSON text."""

    observed_at: int
    username: str | None
    usernames: str
    title: str
    about: str | None
    restriction: str | None
    flags: str
    participants: int | None


def unite_descriptions(ours: Sequence[DescribedAt], theirs: Iterable[DescribedAt]) -> list[DescribedAt]:
    """All descriptions by time, each different from the one before.

    The description itself and the number of participants are not in every answer: where theirs lack them, ours of that
    time are used.
    """
    rows = [*((False, one) for one in ours), *((True, one) for one in theirs)]
    united: list[DescribedAt] = []
    known: DescribedAt | None = None
    for foreign, row in sorted(rows, key=lambda one: one[1].observed_at):
        one = row
        if not foreign:
            known = one
        elif known is not None:
            about = known.about if one.about is None else one.about
            participants = known.participants if one.participants is None else one.participants
            one = one._replace(about=about, participants=participants)
        if not united or united[-1][1:] != one[1:]:
            united.append(one)
    return united

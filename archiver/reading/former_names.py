"""Usernames and titles that channels no longer have, so that an old link or citation still finds its channel. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from archiver.address import fold_name
from archiver.duration import day
from archiver.ids import ChannelId
from archiver.model.row import ChannelName
from archiver.store.channels.former_name import NamesSeen


class FormerName(NamedTuple):
    """A name that a channel lost."""

    channel_id: ChannelId
    name: str
    until: int
    """When the channel was first seen without it, unix seconds: it was lost before."""
    is_title: bool


class Formerly(NamedTuple):
    """A channel, and the name that it no longer has."""

    channel: ChannelName
    lost: FormerName

    def describe(self) -> str:
        """`@old is now @new (noticed on 12 Mar 2024)`."""
        now = present(self.channel)
        if self.lost.is_title and self.channel.username:
            now = f'"{self.channel.title}", {now}'
        return f"{self._typed} is now {now} (noticed on {day(self.lost.until)})"

    def describe_owner(self, owner: ChannelName, number: int | None = None) -> str:
        """Which other channel has the name now, and where this one (its post of that number) is found instead."""
        found = f"; its post {number} is {self.channel.channel_id}/{number}" if number is not None else ""
        ours = present(self.channel) if number is not None else f"{present(self.channel)} ({self.channel.channel_id})"
        return (
            f"{self._typed} is now {with_id(owner)}; until {day(self.lost.until)} or shortly before, the name was"
            f' that of "{self.channel.title}", now {ours}{found}'
        )

    def describe_post(self, owner: ChannelName, number: int) -> str:
        """Why a post of this channel is meant, although another one has the name now."""
        return (
            f"this is a post of {with_id(self.channel)}, now {present(self.channel)}, which was {self._typed} until"
            f" {day(self.lost.until)} or shortly before; {self._typed} is now {with_id(owner)}, of which no post"
            f" {number} is archived"
        )

    @property
    def _typed(self) -> str:
        return f'"{self.lost.name}"' if self.lost.is_title else f"@{self.lost.name}"


def list_former_names(seen: Iterable[NamesSeen], known: Sequence[ChannelName]) -> list[FormerName]:
    """All names that these channels had and no longer have, each with the last time it was lost."""
    present_names = {channel.channel_id: _names(channel.username, channel.usernames) for channel in known}
    titles = {channel.channel_id: fold_name(channel.title) for channel in known}
    found: dict[tuple[int, bool, str], FormerName] = {}
    for one in _lost(seen):
        folded = fold_name(one.name)
        kept = titles.get(one.channel_id) if one.is_title else present_names.get(one.channel_id)
        if kept is not None and (folded != kept if one.is_title else folded not in kept):
            found[one.channel_id, one.is_title, folded] = one
    return list(found.values())


def find_formerly(
    name: str, former: Iterable[FormerName], known: Sequence[ChannelName], *, titles: bool = True
) -> list[Formerly]:
    """The channels that once had this username, or else (with `titles`) this title; the last to lose it first."""
    channels = {channel.channel_id: channel for channel in known}
    folded = fold_name(name)
    found = [Formerly(channels[one.channel_id], one) for one in former if fold_name(one.name) == folded]
    named = [one for one in found if not one.lost.is_title]
    return sorted(named or (found if titles else []), key=lambda one: -one.lost.until)


def present(channel: ChannelName) -> str:
    """How the channel is called now: `@name`; without a username its alias or id, and its title."""
    return f"@{channel.username}" if channel.username else f'{channel.name} ("{channel.title}", without a username)'


def with_id(channel: ChannelName) -> str:
    """A channel that shares its name's history with another: title and id."""
    return f'"{channel.title}" ({channel.channel_id})'


def _lost(seen: Iterable[NamesSeen]) -> Iterator[FormerName]:
    for before, after in pairwise(seen):
        if before.channel_id != after.channel_id:
            continue
        now = _names(after.username, after.usernames)
        for name in dict.fromkeys(filter(None, [before.username, *before.usernames])):
            if fold_name(name) not in now:
                yield FormerName(before.channel_id, name, after.observed_at, is_title=False)
        if fold_name(before.title) != fold_name(after.title):
            yield FormerName(before.channel_id, before.title, after.observed_at, is_title=True)


def _names(username: str | None, usernames: Iterable[str]) -> set[str]:
    return {fold_name(name) for name in (username, *usernames) if name}

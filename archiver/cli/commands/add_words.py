"""The channels given to `telekeep add`: each once; what is not a channel is reported before the first look-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archiver.address import ChannelRef, echo, parse_address
from archiver.cli import output
from archiver.cli.commands.channel_list import read_list
from archiver.cli.view.added import failed_object
from archiver.cli.view.shape import JsonObjects
from archiver.errors import UsageError


class GivenChannel(NamedTuple):
    """A channel as given."""

    text: str
    ref: ChannelRef
    place: str
    """`line 3`; empty for the command line."""


class GivenChannels(NamedTuple):
    """All that was given."""

    channels: tuple[GivenChannel, ...]
    refused: int
    """Number of words and lines that are not a channel."""


def read_given(typed: Sequence[str], file: str | None, objects: JsonObjects) -> GivenChannels:
    """The distinct channels of the command line and of the list; reports non-channels and duplicates."""
    found: list[GivenChannel] = []
    refused, posts = 0, list[str]()
    for text, place, error in _read_words(typed, file):
        try:
            if error is not None:
                raise error
            parsed = parse_address(text)
            found.append(GivenChannel(text.strip(), parsed.channel, place))
            if parsed.message_id is not None or parsed.other is not None:
                posts.append(f"{echo(text)} is {parsed.other or 'a message'} of {parsed.channel}")
        except UsageError as exc:
            refused += 1
            output.error(f"{f'{place}: ' if place else ''}{echo(text)}: {exc}")
            objects.add(failed_object(text.strip(), exc, exc.exit_status))
    _note_posts(posts)
    return GivenChannels(tuple(_once(found)), refused)


def _note_posts(posts: Sequence[str]) -> None:
    """Say that the channels of these posts are added, on one line however many there are."""
    if len(posts) == 1:
        output.note(f"{posts[0]}: its channel is used.")
    elif posts:
        output.note(f"{len(posts):,} of the addresses are not channels ({posts[0]}, ...): their channels are used.")


def _read_words(typed: Sequence[str], file: str | None) -> Iterator[tuple[str, str, UsageError | None]]:
    for word in typed:
        if word == "-":
            yield from _read_list("-")
        else:
            yield word, "", None
    if file:
        yield from _read_list(file)


def _read_list(file: str) -> Iterator[tuple[str, str, UsageError | None]]:
    found = read_list(file)
    if found.heading:
        output.note(
            f"line {found.heading.line} is taken as a heading: {echo(found.heading.text)}."
            " To add a channel with such a name, write it with @."
        )
    words = [(one.line, one.text, None) for one in found.channels]
    for line, text, error in sorted([*words, *found.refused], key=lambda one: one[0]):
        yield text, f"line {line}", error


def _once(found: Sequence[GivenChannel]) -> Iterator[GivenChannel]:
    """Each channel once, in the order given; reports duplicates."""
    same: dict[str, list[GivenChannel]] = {}
    for one in found:
        # An id is not compared with names: which channel it is only the archive or the server knows.
        same.setdefault((one.ref.name or str(one.ref)).casefold(), []).append(one)
    for group in same.values():
        first = max(group, key=lambda one: one.ref.public)
        if len(group) > 1:
            places = ", ".join(dict.fromkeys(one.place for one in group if one.place))
            where = f" ({places})" if places else ""
            often = "twice" if len(group) == 2 else f"{len(group):,} times"
            output.note(f"{first.ref} is listed {often}{where}; it is added once.")
        yield first

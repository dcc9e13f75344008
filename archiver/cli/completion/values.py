"""Values of options and arguments: names in the archive and in the settings, zones, dates, and queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from archiver.cli.completion.candidate import FILES, Candidate

if TYPE_CHECKING:
    from archiver.store.search.suggestions import Suggestions
    from config.settings import Settings

_TOKEN = re.compile(r"[^\s(]*\Z")
"""The part of a query that is being typed."""
_PLAIN = re.compile(r"[\w.-]+")
"""Names that need no quoting in a shell; in others it would run what looks like a command, `$(...)`."""
_FILTER = re.compile(r"(-?)(sha256|[a-z]+):(.*)", re.DOTALL)
_DAYS = (
    ("today", "all of today"),
    ("yesterday", "all of yesterday"),
    ("7d", "the last seven days"),
    ("30d", "the last thirty days"),
)


@cache
def _settings() -> Settings | None:
    from config.checked import load_checked
    from config.errors import SettingsError

    try:
        return load_checked(None)
    except SettingsError:
        return None


@cache
def _names() -> Suggestions:
    from archiver.store.search.suggestions import Suggestions, read_suggestions

    settings = _settings()
    return read_suggestions(settings.archive.dir) if settings else Suggestions()


def files(_: str) -> Iterable[Candidate]:
    """File names, which the shell completes."""
    return (Candidate(FILES),)


def channels(current: str) -> Iterator[Candidate]:
    """Channels by alias, username or id; with @ if that is typed."""
    for channel in _names().channels:
        names = [name for name in (channel.alias, channel.username) if name and _PLAIN.fullmatch(name)]
        found = names or [str(channel.channel_id)]
        if current.startswith("@"):
            found = [f"@{name}" for name in names if name == channel.username]
        elif not current:
            found = found[:1]
        yield from (Candidate(name, channel.title) for name in found)


def messages(current: str) -> Iterator[Candidate]:
    """Channels, each to be followed by a message id."""
    return (Candidate(f"{found.value}/", found.meaning) for found in channels(current))


def saved(_: str = "") -> Iterator[Candidate]:
    """Saved queries."""
    return (Candidate(name, query) for name, query in _names().queries)


def accounts(_: str) -> Iterator[Candidate]:
    """The accounts in the settings."""
    settings = _settings()
    return (Candidate(name) for name in ["default", *(settings.telegram.accounts if settings else ())])


def zones(_: str) -> Iterator[Candidate]:
    """Time zones."""
    import zoneinfo

    return (
        Candidate(name) for name in ["UTC", *sorted(name for name in zoneinfo.available_timezones() if "/" in name)]
    )


def dates(_: str) -> Iterator[Candidate]:
    """Words for dates."""
    return (Candidate(word, meaning) for word, meaning in _DAYS)


def kinds(_: str) -> Iterator[Candidate]:
    """Kinds of changes."""
    from archiver.reading.change import KINDS

    return (Candidate("deleted" if kind == "missing" else kind) for kind in KINDS)


def policies(_: str) -> Iterator[Candidate]:
    """Media policies."""
    said = {"none": "no files", "photos": "photos", "all": "files of every kind", "inherit": "as [media] says"}
    return (Candidate(name, meaning) for name, meaning in said.items())


def caps(_: str) -> Iterator[Candidate]:
    """Kinds of files, each to be followed by a size."""
    from archiver.model.media_policy_text import CAP_KINDS

    return (Candidate(f"{kind}=") for kind in CAP_KINDS)


def facets(current: str) -> Iterator[Candidate]:
    """Facets, separated by commas."""
    from search.engine.facets import NAMES

    return _listed(NAMES, current)


def search_formats(_: str) -> Iterator[Candidate]:
    """Formats of `search`."""
    from archiver.cli.search_options import SEARCH_FORMATS

    return (Candidate(name) for name in SEARCH_FORMATS)


def fields(current: str) -> Iterator[Candidate]:
    """Keys of rows, separated by commas."""
    from archiver.model.row import KEYS

    return _listed(KEYS, current)


def topics(_: str) -> Iterator[Candidate]:
    """Commands and topics of the help."""
    from archiver.cli.table import COMMANDS
    from archiver.cli.view.topics import TOPICS

    for name, (_section, _module, line) in COMMANDS.items():
        yield Candidate(name, line)
    yield from (Candidate(name, "a topic") for name in TOPICS if name not in COMMANDS)


def queries(current: str) -> Iterator[Candidate]:
    """Filters of the query language, and their values."""
    from search.query.grammar import FILTERS

    found = _TOKEN.search(current)
    head, token = (current[: found.start()], found[0]) if found else ("", current)
    if typed := _FILTER.fullmatch(token):
        minus, name, value = typed.groups()
        for candidate in _filter_values(name, value):
            yield candidate.prefixed(f"{head}{minus}{name}:")
        return
    minus = "-" if token.startswith("-") else ""
    yield from (Candidate(f"{head}{minus}{name}:", one.meaning) for name, one in FILTERS.items())


def _filter_values(name: str, value: str) -> Iterable[Candidate]:
    from search.query.filters import FILE_STATES, HAS, STATES

    match name:
        case "has":
            return map(Candidate, HAS)
        case "is":
            return map(Candidate, STATES)
        case "media":
            return map(Candidate, FILE_STATES)
        case "channel":
            return channels(value)
        case "query":
            return saved()
        case "in":
            return (Candidate("revisions", "earlier versions too"),)
        case "since" | "until" | "on":
            return dates(value)
        case _:
            return ()


def _listed(names: Iterable[str], current: str) -> Iterator[Candidate]:
    before = current[: current.rfind(",") + 1]
    given = before.split(",")
    return (Candidate(before + name) for name in names if name not in given)

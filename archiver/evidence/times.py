"""When and how messages were seen, checked against the log; absences, counters and revisions among themselves. Pure.

Everything stored came with an answer, and every answer is in the log. So each time in a message's rows is that of
an answer, whatever the clock did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.evidence.imported import is_import_time
from archiver.evidence.kept import load
from archiver.model.imported import IMPORTED
from archiver.store.verify.checked import AFTER, Row
from archiver.store.verify.custody import ChannelLog
from archiver.store.verify.limits import MOST
from archiver.telegram.older_layers import OLDER

METHODS = {"history": "history", "audit": "audit", "update": "difference", "import": "import"}
"""A message's origin, and the method of such answers in the log."""
_WAYS = frozenset({"history", "audit", "update", "import"})


def check_times(row: Row, log: ChannelLog, *, layer: object) -> Iterator[str]:
    """Check a message's times and origin. `row`: its columns AFTER."""
    origin, generation, first_seen, last_seen, _, _, _, seen_pts, lang = row
    if origin == "import" and layer == IMPORTED:
        if not is_import_time(first_seen, log.imports):
            yield "first_seen matches no import"
    elif origin == "import":
        # Telegram showed it after the import: that answer is the first sighting, even if an export says otherwise.
        if not log.answers.get(first_seen, set()) - {"import"}:
            yield "first_seen matches no answer of Telegram in the log"
    elif METHODS.get(origin) not in log.answers.get(first_seen, ()):
        yield "first_seen and origin match no answer in the log"
    if last_seen not in log.answers and not (origin == "import" and is_import_time(last_seen, log.imports)):
        yield "last_seen matches no answer in the log"
    if not isinstance(generation, int) or not 1 <= generation <= log.generation:
        yield "its generation matches no answer in the log"
    if seen_pts is not None and not (isinstance(seen_pts, int) and -1 <= seen_pts <= MOST):
        yield "seen_pts is not a valid channel state"
    if lang is not None and not (lang == "" or (isinstance(lang, str) and lang.isascii() and 2 <= len(lang) <= 3)):
        yield "lang is not a language"


def check_absences(row: Row, absences: Sequence[Row]) -> Iterator[str]:
    """Check that a message's row and its rows of `absence` agree on whether it is missing."""
    after = dict(zip(AFTER, row, strict=True))
    since, how = after["missing_since"], after["missing_how"]
    open_ones = [one for one in absences if one[3] is None]
    if (since is None) != (how is None):
        yield "missing_since and missing_how contradict each other"
    elif since is None:
        if open_ones:
            yield "an absence is open, but the message is not missing"
    else:
        # An absence that began in the second in which the previous one ended shares its row.
        known = [one for one in absences if one[0] == since and one[3] in (None, since)]
        if not known or len(open_ones) > 1 or any(one[0] != since for one in open_ones):
            yield "it is missing without a recorded absence"
        elif open_ones and known[0][1] != how:
            yield "its absence was noticed differently"
    if any(one[1] not in _WAYS for one in absences) or how not in (None, *_WAYS):
        yield "an absence was noticed in an unknown way"


def check_logged(
    log: ChannelLog, absences: Sequence[Row], counters: Sequence[Row], first_seen: int, last_seen: int
) -> Iterator[str]:
    """Check the times of absences and counters. Absences found by asking for single messages are not in the log."""
    for noticed, how, before, returned in absences:
        if how == "update" and METHODS[how] not in log.answers.get(noticed, ()):
            yield "no answer in the log noticed this absence"
        if before not in log.answers and not is_import_time(before, log.imports):
            yield "no answer in the log precedes this absence"
        if returned is not None and returned not in log.answers and not is_import_time(returned, log.imports):
            yield "no answer in the log ended this absence"
    # Another export may say that it was there even after it was noticed.
    latest = [(before, noticed) for noticed, _, before, returned in absences if returned is None]
    if any(before not in (last_seen, min(last_seen, noticed)) for before, noticed in latest):
        yield "last_seen does not match its absence"
    if counters and min(one[0] for one in counters if isinstance(one[0], int)) > first_seen:
        yield "the counters of its first sighting are missing"
    if any(one[0] not in log.answers and not is_import_time(one[0], log.imports) for one in counters):
        yield "recorded counters match no answer in the log"


def check_counters(present: Row, counters: Sequence[Row]) -> Iterator[str]:
    """Check that the counters over time include the current ones. `present`: the message's four counters."""
    for _, *numbers, reactions in counters:
        if any(not (one is None or (isinstance(one, int) and 0 <= one <= MOST)) for one in numbers):
            yield "a recorded counter is not a number"
        if reactions is not None and not isinstance(load(reactions), list):
            yield "recorded reactions are unreadable"
    # Their times do not show which are the latest: a clock may have been set back.
    if counters and all(tuple(one[1:]) != tuple(present) for one in counters):
        yield "the current counters are not among the recorded ones"


def check_revision_times(log: ChannelLog, revision: dict[str, object]) -> Iterator[str]:
    """Check when a revision was seen and replaced."""
    for name in ("first_seen", "last_seen", "replaced_at"):
        of_import = revision["layer"] == IMPORTED and is_import_time(revision[name], log.imports)
        if revision[name] not in log.answers and not of_import:
            yield f"{name} matches no answer in the log"
    yield from check_layer(revision["layer"], log)


def check_chain(first_seen: int, revisions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Check that each revision began when the previous one was replaced, except late ones, which were never current."""
    replaced: list[int] = []
    late: list[int] = []
    for one in revisions:
        began, ended = one["first_seen"], one["replaced_at"]
        if one.get("layer") == IMPORTED:
            continue  # its time is that of an export, not of the archive
        came_late = began == one["last_seen"] == ended
        # Early versions of telekeep counted late revisions, too.
        if not came_late and began not in (max(replaced, default=first_seen), max(replaced + late, default=first_seen)):
            yield f"revision {one['revision']} did not begin when the previous one was replaced"
        (replaced if began < ended else late).append(ended)


def check_layer(layer: object, log: ChannelLog) -> Iterator[str]:
    """Check that a payload's layer is one used in requests, or OLDER."""
    if layer not in log.layers and layer != OLDER and not (layer == IMPORTED and log.imports):
        yield "its layer matches no answer in the log"


def check_part(part: dict[str, object], log: ChannelLog) -> Iterator[str]:
    """Check when a rich message was shown in part, and completed."""
    if part["noticed_at"] not in log.answers or part["completed_at"] not in (None, *log.answers):
        yield "its part matches no answer in the log"
    yield from check_layer(part["layer"], log)
    if not (part["refused"] is None or isinstance(part["refused"], str)):
        yield "the record of its part is unreadable"

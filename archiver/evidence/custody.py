"""Channels, the log and the coverage it proves, checked against each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from archiver.evidence.contents import is_json
from archiver.model.coverage import Interval, add
from archiver.store.channels.capture import METHODS
from archiver.store.verify.custody import CHANNEL_NAMES, Row

_VERSION = re.compile(r"[0-9][\w.+-]*")
_LISTS = ("usernames", "flags")
_SAID = CHANNEL_NAMES[1:7]
_PAGE = 100
_MOST_LAYERS = 10_000


def check_captures(captures: Sequence[Mapping[str, Any]], generations: Mapping[int, int]) -> Iterator[str]:
    """Check the log by itself, and against the channels' current `generations`."""
    for one in captures:
        if wrong := _wrong_in(one, generations):
            yield f"answer {one['capture_id']}: {', '.join(wrong)}"


def _wrong_in(one: Mapping[str, Any], generations: Mapping[int, int]) -> list[str]:
    lo, hi = one["lo"], one["hi"]
    checks = {
        "the method is unknown": one["method"] in METHODS,
        "lo and hi are not a range of ids": (lo is None and hi is None) or (_is_number(lo, 1) and _is_number(hi, lo)),
        "count is not a number": _is_number(one["count"], 0),
        "at is not a time": _is_number(one["at"], 1),
        "the layer is unknown": _is_number(one["layer"], 0 if one["method"] == "import" else 1)
        and one["layer"] <= _MOST_LAYERS,
        "the version is unknown": isinstance(one["version"], str) and _VERSION.fullmatch(one["version"]) is not None,
        "the account is unknown": isinstance(one["account"], str) and one["account"] != "",
        "the generation is not one of its channel's": _is_number(one["generation"], 0 if _is_foreign(one) else 1)
        and one["generation"] <= generations.get(one["channel_id"], one["generation"]),
    }
    return [wrong for wrong, fine in checks.items() if not fine]


def _is_foreign(capture: Mapping[str, Any]) -> bool:
    """Whether it is an answer of another archive that was taken over."""
    return capture["source_id"] is not None


def check_accounts(captures: Iterable[Mapping[str, Any]], access: Container[tuple[int, str]]) -> Iterator[str]:
    """Check that every account in the log has an access hash for the channels it read."""
    for account in sorted(
        {
            str(one["account"])
            for one in captures
            if not _is_foreign(one) and one["method"] != "import" and (one["channel_id"], one["account"]) not in access
        }
    ):
        yield f"{account} read a channel that it never looked up"


def _is_number(value: object, least: int) -> bool:
    return isinstance(value, int) and value >= least


def check_coverage(
    channel: Mapping[str, Any], covered: Iterable[tuple[int, int, int]], captures: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Check that coverage is exactly what the log proves, taking earlier generations together."""
    now, top_id = channel["generation"], channel["top_id"]
    ours: dict[bool, list[Interval]] = {True: [], False: []}
    before: tuple[int, int] | None = None
    for generation, lo, hi in covered:
        if generation > now:
            yield f"its coverage [{lo}, {hi}] belongs to a generation that has not begun"
        if before is not None and before[0] == generation and lo <= before[1] + 1:
            yield f"its coverage [{lo}, {hi}] touches another"
        if lo > hi or lo < 1 or hi > top_id:
            yield f"its coverage [{lo}, {hi}] is not a range of its ids"
        else:
            ours[generation == now] = add(ours[generation == now], lo, hi)
        before = generation, hi
    theirs: dict[bool, list[Interval]] = {True: [], False: []}
    for one in captures:
        if _is_number(one["lo"], 1) and _is_number(one["hi"], one["lo"]):
            theirs[one["generation"] == now] = add(theirs[one["generation"] == now], one["lo"], one["hi"])
    for present, name in ((True, "its coverage"), (False, "its coverage of earlier generations")):
        if ours[present] != theirs[present]:
            yield f"{name} does not match the capture log"


def check_channel(
    channel: Mapping[str, Any], revisions: Sequence[Row], state: Row | None, *, highest: int, generation: int
) -> Iterator[str]:
    """Check a channel's row. `highest`: the highest id held or proven; `generation`: the highest in the log."""
    top_id, floor_id = channel["top_id"], channel["floor_id"]
    if not _is_number(top_id, highest):
        yield "top_id is lower than a known id"
    if channel["pts"] is not None and 0 < generation < channel["generation"]:
        yield "its generation matches no answer in the log"
    if floor_id is not None and not (_is_number(floor_id, 0) and floor_id <= top_id):
        yield "floor_id is above top_id"
    if not _is_number(channel["generation"], 1) or not _is_number(channel["failures"], 0):
        yield "generation or failures is not a number"
    if any(not is_json(channel[name]) for name in _LISTS):
        yield "its names or flags are unreadable"
    now = (channel["state"], channel["state_reason"], channel["state_since"])
    if now != (state or ("active", None, None)):
        yield "its state is not the one it last changed to"


def check_revisions(channel: Mapping[str, Any], revisions: Sequence[Row], *, is_merged: bool = False) -> Iterator[str]:
    """Check a channel's revisions: no gaps, each a change, the first stored when it was added, the last current.

    `is_merged`: another archive may have seen it before.
    """
    if not revisions:
        return
    if [row[0] for row in revisions] != list(range(1, len(revisions) + 1)):
        yield "its description history has gaps in its numbering"
    elif revisions[-1][1 : 1 + len(_SAID)] != tuple(channel[name] for name in _SAID):
        yield "its name or title differs from its description history"
    elif revisions[-1][-2] not in (None, channel["participants"]):
        yield "its number of participants differs from its description history"
    if revisions[0][-1] != channel["added_at"] and not is_merged:
        yield "it was first seen at a different time than it was added"
    if any(before[1:-1] == after[1:-1] for before, after in pairwise(revisions)):
        yield "its description history has the same entry twice"


def check_counts(channel: Mapping[str, Any], captures: Sequence[Mapping[str, Any]], *, held: int) -> Iterator[str]:
    """Check the counts that came with answers. `held`: messages the channel has; answers may show one twice."""
    counted_at = channel["server_count_at"]
    if counted_at is not None and all(one["at"] != counted_at for one in captures):
        yield "the server's count matches no answer in the log"
    ours = [one for one in captures if not _is_foreign(one)]
    if any(before["generation"] > after["generation"] for before, after in pairwise(ours)):
        yield "an answer in the log belongs to a generation that had ended"
    if any(isinstance(one["count"], int) and one["count"] > 2 * held + _PAGE for one in ours):
        yield "an answer in the log contained more messages than are archived"


def check_clocks(captures: Iterable[Mapping[str, Any]], known: Container[str]) -> Iterator[str]:
    """Check that the accounts whose answers have a clock offset have one recorded."""
    ours = (one for one in captures if not _is_foreign(one) and one["clock_ahead"] is not None)
    for account in sorted({str(one["account"]) for one in ours}):
        if account not in known:
            yield f"{account} is missing, or its clock offset is"


def check_top(channel: Mapping[str, Any], captures: Iterable[Mapping[str, Any]], *, highest: int) -> Iterator[str]:
    """Check that the top id is from an answer; skipped if the newest message may be outside the window."""
    windowed = channel["window_start"] is not None or channel["floor_id"]
    if windowed or any(one["lo"] is None and one["method"] in ("history", "audit") for one in captures):
        return
    if channel["top_id"] != highest:
        yield "top_id is an id that no answer contained"

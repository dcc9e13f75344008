"""One channel's history in exports of several days, archives and syncs, in any sequence: what is there then."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archiver.model.record import Message
from tests.capturing import START, assert_sound, capture, captured, dump, export_of, rows
from tests.exporting import export_as
from tests.importing import entry, import_into
from tests.merging import merge
from tests.tiers import examples

DAY = 86_400
NOW = START + 2_000 * DAY
HOME, WRONG = ZoneInfo("Asia/Baghdad"), ZoneInfo("UTC")
CONTENTS = {
    1: {0: "never edited"},
    2: {0: "edited once", 10: "edited once, now"},
    3: {0: "edited twice", 10: "edited twice, once so far", 30: "edited twice, now"},
    4: {0: "edited late", 50: "edited late, now"},
    5: {0: "deleted"},
    6: {0: "last"},
}
"""The texts of each post, by the day of the edit."""
DELETED = (5, 40)
OTHER_ZONE = "local in another zone"
DAYS = {
    "early": 5,
    "rows": 15,
    "middle": 20,
    "earlier sync": 25,
    "local": 45,
    OTHER_ZONE: 45,
    "partial": 60,
    "sync": 70,
}
PARTIAL = (1, 2, 4)
SAW = {"archive": (15,), "filled archive": (15, 20, 45), "claims": (45, 5)}
"""The days of what archives hold: the first of those that captured is that of the capture."""
STEPS = (*DAYS, *SAW)


class Shown(NamedTuple):
    """A post as it was on a day."""

    number: int
    edited: int | None
    text: str


def shown_on(day: int) -> list[Shown]:
    """The channel on this day."""
    found = []
    for number, contents in CONTENTS.items():
        edit = max(at for at in contents if at <= day)
        if (number, day >= DELETED[1]) != (DELETED[0], True):
            found.append(Shown(number, START + edit * DAY if edit else None, contents[edit]))
    return found


def wall(unix: int) -> str:
    return datetime.fromtimestamp(unix, HOME).strftime("%Y-%m-%dT%H:%M:%S")


def write_export(work: Path, name: str) -> None:
    """An export of its day; that with local times alone is by an old Telegram Desktop."""
    is_exact, at = name != "local", START + DAYS[name] * DAY
    mark = Shown(100 + DAYS[name], None, "the newest post of that day")
    entries: list[dict[str, Any]] = []
    for one in [*shown_on(DAYS[name]), mark]:
        date = at if one is mark else START + 60 * one.number
        times = {"date": wall(date), "date_unixtime": str(date) if is_exact else ...}
        if one.edited is not None:
            times |= {"edited": wall(one.edited), "edited_unixtime": str(one.edited) if is_exact else ...}
        if name != "partial" or one.number in (*PARTIAL, mark.number):
            entries.append(entry(one.number, one.text, **times))
    export_of(work, *entries, name=name)


def sync(archive: Path, day: int) -> None:
    posts: list[Message] = []
    for one in shown_on(day):
        edited = {} if one.edited is None else {"edit_date": datetime.fromtimestamp(one.edited, UTC)}
        posts.append(captured(one.number, one.text, views=day, forwards=0, **edited))
    capture(archive, posts, proven=(1, 6), pts=day)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("sources")
    for name in ("early", "middle", "local", "partial"):
        write_export(work, name)
    sync(work / "archive", 15)
    export_as("jsonl", work / "archive", work / "rows")
    shutil.copytree(work / "archive", work / "filled archive")
    import_into(work / "filled archive", work / "middle")
    import_into(work / "filled archive", work / "local", zone=HOME)
    import_into(work / "claims", work / "local", zone=HOME)
    import_into(work / "claims", work / "early")
    return work


def take(step: str, sources: Path, archive: Path) -> None:
    if step in ("sync", "earlier sync"):
        sync(archive, DAYS[step])
    elif step in SAW:
        asyncio.run(merge(sources / step, archive, now=NOW))
    elif step.startswith("local"):
        import_into(archive, sources / "local", zone=HOME if step == "local" else WRONG)
    else:
        import_into(archive, sources / step)


def assert_known(archive: Path, steps: Sequence[str]) -> None:
    """The words of every source are there, and no others; the current ones are those that count."""
    held = {row[0]: row[1:] for row in rows(archive, "SELECT message_id, text, date, missing_since FROM message")}
    kept = rows(archive, "SELECT message_id, text FROM revision")
    days = {step: SAW.get(step) or (DAYS[step],) for step in steps}
    captures = sorted(among[0] for step, among in days.items() if "sync" in step or step.endswith("archive"))
    for number in CONTENTS:
        said = {
            one.text
            for day in sum(days.values(), ())
            for one in shown_on(day)
            if one.number == number and (day != DAYS["partial"] or number in PARTIAL)
        }
        if not said:
            assert number not in held
            continue
        text, date, missing = held[number]
        assert {text, *(words for of, words in kept if of == number)} == said
        by_telegram = [one.text for day in captures for one in shown_on(day) if one.number == number]
        if by_telegram or "rows" in steps:
            assert text == (
                by_telegram[-1] if by_telegram else {one.number: one.text for one in shown_on(DAYS["rows"])}[number]
            )
        else:
            assert text == [words for words in CONTENTS[number].values() if words in said][-1]
        exact = {"early", "middle", "rows"} | ({"partial"} if number in PARTIAL else set())
        if by_telegram or exact.intersection(steps):
            assert date == START + 60 * number
        assert (missing is not None) == (number == DELETED[0] and "sync" in steps)


@settings(max_examples=examples(6), deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=6, unique=True))
@example(["early", "earlier sync", OTHER_ZONE])
@example(["earlier sync", "sync", "early"])
@example([OTHER_ZONE, "earlier sync", "sync"])
def test_in_any_sequence_nothing_is_lost_and_what_counts_is_current(sources: Path, steps: list[str]) -> None:
    if {"sync", "earlier sync"}.issubset(steps):
        steps = sorted(steps, key=lambda step: step == "sync")  # time runs one way
    work = Path(tempfile.mkdtemp())
    try:
        archive = work / "archive"
        for at, step in enumerate(steps, 1):
            take(step, sources, archive)
            assert_sound(archive)
            assert_known(archive, steps[:at])
    finally:
        shutil.rmtree(work)


@pytest.mark.parametrize("name", ["early", "middle", "partial"])
def test_words_that_telegram_showed_once_are_no_other_words_of_an_import(
    sources: Path, tmp_path: Path, name: str
) -> None:
    archive = tmp_path / "archive"
    for day in (5, 20, 35, 70):
        sync(archive, day)
    before = rows(archive, "SELECT * FROM revision")
    counts = import_into(archive, sources / name).counts
    assert (counts.revisions, rows(archive, "SELECT * FROM revision")) == (0, before)
    again = dump(archive)
    assert import_into(archive, sources / name).counts.changes == 0
    assert dump(archive) == again
    assert_sound(archive)


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_merge_keeps_no_words_of_an_import_that_telegram_showed(
    sources: Path, tmp_path: Path, *, is_turned: bool
) -> None:
    archive, claims = tmp_path / "archive", tmp_path / "claims"
    for day in (5, 20, 35, 70):
        sync(archive, day)
    shutil.copytree(sources / "claims", claims)
    into, of = (claims, archive) if is_turned else (archive, claims)
    of_imports = "SELECT message_id, text FROM revision WHERE layer = 0 ORDER BY 1, 2"
    before = rows(into, of_imports)
    asyncio.run(merge(of, into, now=NOW))
    assert rows(into, of_imports) == before
    assert_sound(into)

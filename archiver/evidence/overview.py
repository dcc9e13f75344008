"""Checks of the archive as a whole: file, channels, log, dangling rows, counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archiver.evidence import custody as rules
from archiver.model.fault import Fault
from archiver.store.journal import check_journal
from archiver.store.media import file_check
from archiver.store.medium import is_extract
from archiver.store.migrations import newest_version
from archiver.store.verify import custody, limits, search_rows, soundness
from search.query.saved import fold_query_name


def check_file(conn: Any) -> Iterator[Fault]:
    """Check the file: SQLite's own check, its write-ahead log, and the schema."""
    [path] = [row[2] for row in conn.execute("PRAGMA database_list") if row[1] == "main"]
    if lost := check_journal(conn, Path(path)):
        yield Fault("database", lost)
    yield from (Fault("database", wrong) for wrong in soundness.check_tables(conn, newest_version()))
    yield from (Fault("database", wrong) for wrong in soundness.check_file(conn, quick=False))


def check_archive(conn: Any) -> Iterator[Fault]:
    """Check channels, the log, and dangling rows."""
    channels = custody.list_channels(conn)
    captures = custody.list_captures(conn)
    generations = {channel["channel_id"]: channel["generation"] for channel in channels}
    if not is_extract(conn):  # an extract has the log of its own channels
        yield from (Fault(table, "lacks rows that were written") for table in custody.find_holes(conn))
    for wrong in rules.check_captures(captures, generations):
        yield Fault("capture", wrong)
    by_channel: dict[int, list[dict[str, Any]]] = {}
    for one in captures:
        by_channel.setdefault(one["channel_id"], []).append(one)
    for channel in channels:
        yield from _check_channel(conn, channel, by_channel.get(channel["channel_id"], []))
    for orphans in custody.find_orphans(conn):
        yield Fault(orphans.table, f"{orphans.rows} rows refer to missing rows, the first to {orphans.first}")
    yield from (Fault(table, wrong) for table, wrong in limits.check_values(conn))
    if not is_extract(conn):
        yield from _check_surroundings(conn, captures)
    yield from (Fault("outbox", wrong, True) for wrong in _check_outbox(conn))
    for folded, name in custody.list_saved_names(conn):
        if fold_query_name(name) != folded:
            yield Fault("saved_query", "one is stored under a name that is not its own")


def _check_surroundings(conn: Any, captures: list[dict[str, Any]]) -> Iterator[Fault]:
    """Check what an extract does not have: files, and the accounts that read the channels."""
    yield from (Fault(place, wrong) for place, wrong in file_check.check_slots(conn))
    yield from (Fault(key, "is called stored, but its bytes are not") for key in file_check.check_files(conn))
    for wrong in rules.check_accounts(captures, custody.list_access(conn)):
        yield Fault("capture", wrong, True)
    for wrong in rules.check_clocks(captures, custody.list_clocks(conn)):
        yield Fault("account", wrong, True)


def _check_outbox(conn: Any) -> Iterator[str]:
    """Check the outbox. If there never was an index, all messages wait and the last sequence is in use."""
    if custody.has_unissued_sequence(conn):
        yield "contains a place that was never assigned"
    if found := custody.find_unindexed(conn):
        messages, waiting, taken, given = found
        if messages != waiting:
            yield f"holds {waiting} of {messages} messages, although no index received any"
        if taken != given:
            yield "lacks the last place that was assigned"


def _check_channel(conn: Any, channel: dict[str, Any], captures: list[dict[str, Any]]) -> Iterator[Fault]:
    channel_id = channel["channel_id"]
    place = str(channel_id)
    covered = custody.list_coverage(conn, channel_id)
    if covered or not is_extract(conn):  # an extract of some messages does not say which ids were looked at
        yield from (Fault(place, wrong) for wrong in rules.check_coverage(channel, covered, captures))
    top, count = custody.find_top(conn, channel_id)
    if any(one["method"] == "import" for one in captures):
        top = custody.find_captured_top(conn, channel_id)  # an import does not move the channel's top
    proven = [one["hi"] for one in captures if isinstance(one["hi"], int)]
    revisions = custody.list_channel_revisions(conn, channel_id)
    state = custody.find_last_state(conn, channel_id)
    highest, generation = max([top, *proven]), max((one["generation"] for one in captures), default=0)
    for wrong in rules.check_channel(channel, revisions, state, highest=highest, generation=generation):
        yield Fault(place, wrong)
    is_merged = custody.is_merged(conn, channel_id)
    for wrong in rules.check_revisions(channel, revisions, is_merged=is_merged):
        yield Fault(place, wrong, True)
    for wrong in rules.check_counts(channel, captures, held=count):
        yield Fault(place, wrong, True)
    for wrong in rules.check_top(channel, captures, highest=highest):
        yield Fault(place, wrong, True)
    if not revisions:
        yield Fault(place, "its description history is missing", True)
    if count and not captures:
        yield Fault(place, "its messages match no answer in the log", True)


def check_search(conn: Any) -> Iterator[Fault]:
    """Check the search tables: layout, values, counts against the messages, and dangling rows."""
    yield from (Fault("search", wrong, True) for wrong in soundness.check_search_tables(conn))
    yield from (Fault("search", wrong, True) for wrong in limits.check_search_values(conn))
    messages, rows = search_rows.count_messages(conn), search_rows.count_present(conn)
    numbers = search_rows.list_numbers(conn)
    names = {number: channel_id for channel_id, number in numbers.items()}
    for number, count in rows.items():
        held = messages.get(names.get(number, 0), 0)
        if held != count:
            yield Fault("search", f"channel {names.get(number)} has {count} rows and {held} messages", True)
    for channel_id in messages.keys() - {names.get(number) for number in rows}:
        yield Fault("search", f"channel {channel_id} has no rows and {messages[channel_id]} messages", True)
    for channel_id, message_id, revision in search_rows.find_lost_revisions(conn):
        yield Fault(f"{channel_id}/{message_id} revision {revision}", "search: its row refers to nothing", True)
    if lost := search_rows.count_lost_hashes(conn):
        yield Fault("search", f"{lost} hashes of files refer to nothing", True)
    if lost := search_rows.count_lost_forwards(conn):
        yield Fault("search", f"{lost} forward origins refer to nothing", True)

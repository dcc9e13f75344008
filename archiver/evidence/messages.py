"""Check a range of one channel's messages. Imports Telethon, which is slow."""

from __future__ import annotations

from typing import Any

from archiver.evidence.message import MessageCheck
from archiver.evidence.task_result import TaskResult, VerifyTask
from archiver.ids import ChannelId
from archiver.store.verify import checked, custody, search_rows
from archiver.store.verify.custody import ChannelLog
from archiver.telegram.older_layers import read_older_layers
from archiver.telegram.unpacking import nothing_packed

read_older_layers()


class RangeCheck:
    """Checks ranges of messages of one archive."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self._log_of: tuple[int, ChannelId] | None = None
        """The archive state and channel that `_log` was read for; a channel has many ranges."""
        self._log = ChannelLog()

    def check(self, task: VerifyTask, done: TaskResult) -> None:
        """Check all rows of the task's messages."""
        conn, channel_id = self._conn, task.channel_id
        held = checked.read_range(conn, channel_id, task.lo, task.hi)
        found = None
        if task.findable:
            number = search_rows.list_numbers(conn).get(channel_id)
            found = search_rows.PresentRows({})
            if number is not None:
                found = search_rows.list_present(conn, number, task.lo, task.hi)
        check = MessageCheck(channel_id, held, self._read_log(channel_id), found, done)
        usual = 0
        with nothing_packed():
            for row in checked.iter_messages(conn, channel_id, task.lo, task.hi):
                if check.is_usual(row):
                    usual += 1
                else:
                    check.check(row)
        done.payloads += usual
        done.readable += usual

    def _read_log(self, channel_id: ChannelId) -> ChannelLog:
        """The channel's log, cached until another channel is read or the archive changes."""
        (state,) = self._conn.execute("PRAGMA data_version").fetchone()
        if self._log_of != (state, channel_id):
            self._log_of, self._log = (state, channel_id), custody.read_log(self._conn, channel_id)
        return self._log

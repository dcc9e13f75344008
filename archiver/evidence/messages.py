"""A range of one channel's messages, checked: needs Telethon, whose import takes longer than much else."""

from __future__ import annotations

from typing import Any

from archiver.evidence.message import MessageCheck
from archiver.evidence.task_result import TaskResult, VerifyTask
from archiver.store import checked, custody, search_rows
from archiver.telegram.older_layers import read_older_layers
from archiver.telegram.unpacking import nothing_packed

read_older_layers()


def check_messages(conn: Any, task: VerifyTask, done: TaskResult) -> None:
    """Check all rows of the task's messages."""
    log = custody.read_log(conn, task.channel_id)
    held = checked.read_range(conn, task.channel_id, task.lo, task.hi)
    found = None
    if task.findable:
        number = search_rows.list_numbers(conn).get(task.channel_id)
        found = {} if number is None else search_rows.list_present(conn, number, task.lo, task.hi)
    check = MessageCheck(task.channel_id, held, log, found, done)
    with nothing_packed():
        for row in held.messages:
            check.check(row)

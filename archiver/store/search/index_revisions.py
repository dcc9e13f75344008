"""Earlier contents in the search tables, under the dates that their messages have now."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from archiver.model.document import earlier_document
from archiver.model.record import Message
from archiver.store.messages.revision import read_revisions
from search.exact import writer


def index_revisions(conn: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Put the earlier contents of messages of one channel, ascending, into the search tables; none is added twice.

    The messages must have been written there before.
    """
    writer.add_revisions(conn, [(earlier_document(one), number) for one, number in read_revisions(conn, messages)])

"""Which rows of an export are new or changed since the files of a series, and which messages are no longer in it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

from archiver.allocator import trim
from archiver.errors import UsageError
from archiver.export.append.row_image import RowImage
from archiver.export.append.series import Series, open_directory
from archiver.export.regular import UnusableFile, open_regular
from archiver.model.row import Row
from archiver.store.temporary.row_digests import RowDigests


@dataclass(slots=True)
class RowComparison:
    """Compares rows one by one with what was exported before. The order does not matter."""

    image: RowImage
    held: RowDigests
    new: int = 0
    changed: int = 0
    same: int = 0

    def pick(self, row: Row) -> Row | None:
        """The row if it is new or changed; None if it was exported unchanged."""
        before = self.held.take(row["channel_id"], row["message_id"])
        if before is None:
            self.new += 1
        elif before == self.image.of_row(row):
            self.same += 1
            return None
        else:
            self.changed += 1
        return row

    @property
    def messages(self) -> int:
        """Number of messages compared so far."""
        return self.new + self.changed + self.same

    def count_withdrawn(self) -> int:
        """Number of exported messages that were not among the rows."""
        return sum(hi - lo + 1 for _, lo, hi in self.held.list_ranges())

    def list_withdrawn(self) -> list[dict[str, Any]]:
        """The exported messages that were not among the rows, as ranges of ids by channel."""
        found: dict[int, list[list[int]]] = {}
        for channel_id, lo, hi in self.held.list_ranges():
            found.setdefault(channel_id, []).append([lo, hi])
        return [{"channel_id": channel_id, "ids": ids} for channel_id, ids in found.items()]


def load_series(series: Series, image: RowImage, held: RowDigests) -> None:
    """Read all rows of a series; the last one of each message counts. Raises UsageError."""
    with open_directory(series.directory / series.first) as directory:
        for link in series.links:
            for one in link.claims.get("append", {}).get("withdrawn", ()):
                for lo, hi in one["ids"]:
                    held.remove(one["channel_id"], lo, hi)
            try:
                with open_regular(directory, link.data) as file:
                    held.put(image.of_file(file))
                trim()  # before the rows are written
            except (UnusableFile, ValueError, KeyError, TypeError, IndexError, csv.Error, OSError) as exc:
                raise UsageError(
                    f"{series.directory / link.data} has rows that cannot be read.",
                    hint=f"`telekeep verify {series.directory / link.data}` checks it.",
                ) from exc

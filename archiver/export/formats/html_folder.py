"""HTML to read without telekeep, server or script: pages of 1,000 messages, and an index with a calendar.

One page is open at a time. For replies each message's page is remembered, in 12 bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from archiver.export.formats.html_article import ArticleView, anchor, day_heading, to_article
from archiver.export.formats.html_index import MessagesOfDay, PageList, index_page
from archiver.export.formats.html_page import INDEX, page_foot, page_head, page_name
from archiver.export.formats.local_clock import LocalClock
from archiver.export.formats.post import Post, read_post
from archiver.export.formats.wording import Wording
from archiver.export.media_places import MediaPlaces, no_files
from archiver.export.request import Request
from archiver.export.writer import FileSink, OpensFiles
from archiver.model.row import Row

PAGE_ROWS = 1000


class MessagePages:
    """The page of each message so far."""

    def __init__(self) -> None:
        self._ids: dict[int, tuple[array[int], array[int]]] = {}

    def add(self, channel_id: int, message_id: int, page: int) -> None:
        """Remember a message; ids mostly come in order."""
        ids, pages = self._ids.setdefault(channel_id, (array("q"), array("l")))
        at = len(ids) if not ids or ids[-1] < message_id else bisect_left(ids, message_id)
        ids.insert(at, message_id)
        pages.insert(at, page)

    def find(self, channel_id: int, message_id: int) -> int | None:
        """The page of a message; None if it has not been written."""
        ids, pages = self._ids.get(channel_id, (array("q"), array("l")))
        at = bisect_left(ids, message_id)
        return pages[at] if at < len(ids) and ids[at] == message_id else None


class HtmlFolder:
    """Writes the pages into a folder."""

    def __init__(
        self, folder: OpensFiles, request: Request, wording: Wording, *, media_places: MediaPlaces = no_files
    ) -> None:
        self._folder, self._request, self._wording = folder, request, wording
        self._clock = LocalClock(request.zone)
        self._titles = request.titles
        self._view = ArticleView(
            clock=self._clock,
            find_target=self._find_target,
            media_places=media_places,
            titles=self._titles,
            names_channel=len(request.channels) > 1,
        )
        self._places = MessagePages()
        self._listed = PageList()
        self._file: FileSink | None = None
        self._rows = 0
        self._page = 0
        self._first_day = self._day = ""
        self._days_of_page: set[str] = set()
        self._waiting: Post | None = None

    @property
    def options(self) -> dict[str, object]:
        """How the pages were written."""
        return {"encoding": "UTF-8", "page_rows": PAGE_ROWS, "index": INDEX}

    @property
    def warnings(self) -> list[str]:
        """Nothing."""
        return []

    def set_remarks(self, remarks: Sequence[str]) -> None:
        """Set the remarks of the index."""
        self._listed.remarks = tuple(remarks)

    def begin(self) -> None:
        """Do nothing: a page begins with its first message."""

    def add(self, row: Row) -> None:
        """Write a message, once the next one shows whether both belong to the same album."""
        post = read_post(row, self._wording, self._clock)
        if self._waiting is not None:
            album = self._waiting.row["grouped_id"]
            self._write(self._waiting, in_album=album is not None and album == row["grouped_id"])
        self._waiting = post

    def end(self) -> None:
        """Write the last message and the index."""
        if self._waiting is not None:
            self._write(self._waiting)
        self._close_page(is_last=True)
        index = self._folder.open(INDEX)
        index.write(index_page(self._request, self._listed).encode("utf-8", "replace"))
        index.close()

    def close(self) -> None:
        """Do nothing."""

    def _write(self, post: Post, *, in_album: bool = False) -> None:
        if self._rows == PAGE_ROWS:
            self._close_page(is_last=False)
        file = self._file or self._open_page()
        day = post.day or "unknown"
        row = post.row
        self._places.add(row["channel_id"], row["message_id"], self._page)
        if day != self._day or not self._rows:
            file.write(day_heading(day, is_first=day not in self._days_of_page).encode())
            self._day = day
            self._days_of_page.add(day)
            self._first_day = self._first_day or day
        counted = self._listed.days.setdefault(day, MessagesOfDay(f"{page_name(self._page)}#d{day}"))
        counted.rows += 1
        file.write(to_article(post, self._view, in_album=in_album).encode("utf-8", "replace"))
        self._rows += 1
        self._listed.rows += 1

    def _open_page(self) -> FileSink:
        self._page += 1
        self._days_of_page.clear()
        self._file = self._folder.open(page_name(self._page))
        self._file.write(page_head(list(self._titles.values()), self._page).encode("utf-8", "replace"))
        return self._file

    def _close_page(self, *, is_last: bool) -> None:
        if self._file is None:
            return
        self._file.write(page_foot(self._page, is_last=is_last).encode())
        self._file.close(self._rows)
        self._listed.pages.append((page_name(self._page), self._first_day, self._day, self._rows))
        self._file, self._rows, self._first_day = None, 0, ""

    def _find_target(self, channel_id: int, message_id: int) -> str | None:
        page = self._places.find(channel_id, message_id)
        if page is None:
            return None
        return f"{'' if page == self._page else page_name(page)}#{anchor(channel_id, message_id)}"

"""What a path is by its content: the formats of `sources`, and files that look like them and are not. Cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.imports.sources.html_files import is_export, looks_like_desktop

if TYPE_CHECKING:
    from archiver.imports.detect import Candidate


def is_desktop_html(one: Candidate) -> bool:
    """`messages.html` of Telegram Desktop, or a directory with such files."""
    return is_export(one.path) if one.is_directory else looks_like_desktop(one.head)

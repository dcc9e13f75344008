"""What versions of Desktop's HTML escape not at all, or by halves. Pure.

Quotes and brackets in titles, initials and buttons; separators of lines and paragraphs; data of buttons in JavaScript.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from archiver.imports.sources.html_tree import unescape

_SEPARATORS: Final = ((b"<br>\x80\xa8", "\u2028".encode()), (b"<br>\x80\xa9", "\u2029".encode()))
"""Desktop replaces the first of the three bytes of these signs, and writes the others after that."""
_INITIALS: Final = re.compile(r"\n<(?=[^\n]\n *</div>)")
"""What begins initials such as `<B`: before 2021 they were not escaped, so it would look like a tag."""
_BUTTON: Final = re.compile(r"(<div>\n)([^\n]*+)(?=\n *</div>)")
"""The text of a button: before version 7 it is not escaped, so it could end the message, or say what is none of it."""
_BUTTON_LINE: Final = re.compile(rb"(?<=<div>\n)[^\n]*+")
_TITLE: Final = re.compile(
    r"(?<=&laquo;)[^\n]*<[^\n]*(?=&raquo;)|(?<=&quot;)[^\n]*<[^\n]*(?=&quot; (?:to|from) the poll\.\n)"
)
"""A title in a service line before 2021, or an option of a poll, with a sign that is not escaped."""
_LONGEST: Final = 4_096
"""Characters of a service message in which such a title is looked for."""
_UNESCAPED: Final = re.compile(r"[<>\"']|&(?!(?:amp|lt|gt|quot|apos|#x[0-9A-F]{1,2});)")
"""Signs that an escaped text does not have."""
_IN_QUOTES: Final = re.compile(r"(?:[^\\']|\\[\\'])*+")
"""A text in quotes of JavaScript, as version 7 writes it; before that, nothing was escaped there."""


def mend_separators(raw: bytes) -> bytes:
    """The element of a message with whole separators."""
    for written, meant in _SEPARATORS if b"<br>\x80" in raw else ():
        raw = raw.replace(written, meant)
    return raw


def decode(raw: bytes) -> str:
    """The element of a message as text."""
    text = _INITIALS.sub("\n&lt;", mend_separators(raw).decode("utf-8", "replace"))
    return _BUTTON.sub(_escape_button, text) if "bot_button" in text else text


def _escape_button(found: re.Match[str]) -> str:
    return found[1] + (escape(found[2]) if "<" in found[2] else found[2])


def without_buttons(raw: bytes) -> bytes:
    """The element of a message without the texts of its buttons."""
    return _BUTTON_LINE.sub(b"", raw)


def escape_title(line: str) -> str:
    """A service message with its title escaped."""
    return _TITLE.sub(lambda found: escape(found[0]), line) if len(line) <= _LONGEST else line


def read_button_text(written: str) -> str:
    """The text of a button: before version 7 it is not escaped, but `decode` does that where it has tags."""
    return written if _UNESCAPED.search(written) else unescape(written)


def unquote(data: str) -> str:
    """The data of a button."""
    return re.sub(r"\\([\\'])", r"\1", data) if _IN_QUOTES.fullmatch(data) else data

"""Make untrusted text harmless on a terminal: dangerous characters are made visible, not dropped.

Titles, names and texts are written by strangers. A control character in them could move the cursor, set the window
title or type on the user's behalf; a bidi override could make one name look like another.
https://www.unicode.org/reports/tr9/ , https://trojansource.codes/
"""

from __future__ import annotations

import re

# C0 but TAB and LF, DEL and C1; bidi marks, embeddings, overrides and isolates; line and paragraph separators;
# interlinear annotation; lone surrogates. Kept: ZWJ, ZWNJ and tags, which emoji and Persian are written with.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_RTL_RUN = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
    "(?:[\\s\\d\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200c\u200d!-/:-@.,]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])?"
)
KEPT_WHOLE = (
    r"[0-9]{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
    r"(?: [0-9]{4})?(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?(?: (?:UTC|[+-][0-9]{2}(?::[0-9]{2})?))?"
    r"|[0-9][0-9,.]* (?:%|s|min|h|days?|bytes?|[kMGTP]B)(?: [0-9]+ min)?(?![\w])"
)
"""Text within which lines must not break: dates, and figures with their unit."""
_PIECES = re.compile(rf"(\s*)((?:`[^`]{{1,60}}`|{KEPT_WHOLE}|\S)\S*)")
_NEXT = "  "
"""Indent of a note's continuation lines."""
_FSI, _PDI = "\u2068", "\u2069"


def terminal_safe(text: str, *, multiline: bool = False) -> str:
    """Make everything in the text that could harm a terminal visible; fold it to one line unless `multiline`."""
    if not multiline:
        text = _LINE_ENDS.sub("↵", text).replace("\t", " ")
    return _UNSAFE.sub(_visible, text)


def isolate(text: str) -> str:
    """Isolate right-to-left runs so that they cannot reorder the text around them; for terminals only."""
    return _RTL_RUN.sub(lambda run: f"{_FSI}{run.group()}{_PDI}", text)


def line_isolates(line: str) -> tuple[str, str]:
    """Prefix and suffix that give a line of safe text its own direction; for terminals only."""
    return (_FSI, _PDI) if _RTL_RUN.search(line) else ("", "")


def is_clean_link(url: str) -> bool:
    """Whether the URL is safe inside an escape sequence (OSC 8): plain ASCII, https."""
    return re.fullmatch(r"https://[!-~]+", url) is not None


def width(text: str) -> int:
    """The columns that a text takes: East Asian letters and emoji two, marks and joiners none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fold_note(text: str, columns: int) -> list[str]:
    """The lines of a note on a terminal of this width: broken between words, but not within a command in backticks."""
    if width(text) <= columns:
        return [text]
    lines, line = [], ""
    for space, word in _PIECES.findall(text):
        if line.strip() and width(f"{line}{space}{word}") > columns:
            lines.append(line)
            line = f"{_NEXT}{word}"
        else:
            line += f"{space}{word}"
    return [*lines, line]


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"

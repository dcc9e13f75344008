"""Make text from strangers harmless on a terminal, and still honest: what is dangerous is shown, not dropped.

A channel's owner writes titles, names and texts; a control character among them could move the cursor, set the
window's title or answer on the user's behalf, and a bidi override could make a name read as another.
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
_FSI, _PDI = "\u2068", "\u2069"


def terminal_safe(text: str, *, multiline: bool = False) -> str:
    """The text with everything that could harm a terminal made visible; on one line unless `multiline`."""
    if not multiline:
        text = _LINE_ENDS.sub("↵", text).replace("\t", " ")
    return _UNSAFE.sub(_visible, text)


def isolate(text: str) -> str:
    """Safe text whose right-to-left runs cannot reorder what stands around them; for a terminal only."""
    return _RTL_RUN.sub(lambda run: f"{_FSI}{run.group()}{_PDI}", text)


def line_isolates(line: str) -> tuple[str, str]:
    """What to put before and behind a line of safe text so that it takes its own direction; for a terminal only."""
    return (_FSI, _PDI) if _RTL_RUN.search(line) else ("", "")


def is_clean_link(url: str) -> bool:
    """Whether the address can stand within an escape sequence (OSC 8): plain ASCII, and https."""
    return re.fullmatch(r"https://[!-~]+", url) is not None


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"

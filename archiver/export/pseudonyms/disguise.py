"""Remove what hides names in a text: invisible characters, `[.]` for a dot, letters in other styles. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import Final, NamedTuple

_ALIKE: Final = {"➕": "+", "∕": "/", "⁄": "/"}
"""Others become plain by Unicode's own rules (NFKC)."""
_HIDDEN: Final = (
    r"\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef"
)
_STYLED: Final = (
    r"\u2024\u2044\u207a\u2102-\u2149\u2215\u24b6-\u24e9\u2795\ufe50-\ufe6b\uff01-\uff5e"
    r"\U0001d400-\U0001d7ff\U0001f130-\U0001f149"
)
"""Small, full-width, double-struck, circled and mathematical letters, digits and signs."""
_SPACES: Final = r"[^\S\n]{0,2}"
_CLUTTER: Final = r"[ \t\xa0\[\](){}<>\\\"'*]{0,4}"
_DOT: Final = r"dot|point|punto|ponto|punkt|точка|نقطة|点|點"
_ADDRESS: Final = (
    rf"(?:[\w-]{{1,63}}(?:\.\w|{_SPACES}\\?[\[({{<]{_SPACES}(?:\.|{_DOT})|[ ](?:{_DOT})[ ])"
    r"|[A-Za-z][A-Za-z0-9]{0,31}_)"
)
"""What follows ` (at) ` in an address or a name, but not in `lunch (at) Berlin`."""
_CLUES: Final = tuple(
    re.compile(one)
    for one in (
        rf"[{_HIDDEN}{_STYLED}]",
        rf"[\[({{<]{_SPACES}(?:[.@_/:+-]|at|{_DOT})",
        r"@[\[({<*`\"'_\s]",
        r"\\[_.@/:+*\[({-]",
        r"%(?:25)*(?:2[3bef]|3[adf]|40|5f)",
        r"hxxp",
        *(
            rf"{top}(?![a-z])(?:(?<![a-z]{top})|(?<=dot{top}))(?:(?<![a-z]\.{top})|(?!/[a-z0-9+@]))"
            for top in ("me", "dog")
        ),
    )
)
"""Every disguised text contains one of these in lower case; a quick test before the slow search."""
_DISGUISE: Final = re.compile(
    rf"(?P<hidden>[{_HIDDEN}]+"
    r"|\\(?=[_.@/:+*-])|(?<=[@＠])(?:[\[({<*`\"'_]{1,2}|[^\S\n](?=[A-Za-z][A-Za-z0-9]*_)))"
    r"|%(?:25)*(?P<escaped>2[3BEF]|3[ADF]|40|5F)"
    rf"|\\?[\[({{<]{_SPACES}(?:(?P<dot>\.|{_DOT})|(?P<at>@|at(?!{_SPACES}[\])}}>][^\S\n]+(?!{_ADDRESS})))|(?P<sign>[_/:+-]|://))"
    rf"{_SPACES}\\?[\])}}>]{_SPACES}"
    r"|(?P<scheme>hxxp)"
    r"|(?<![A-Za-z0-9_.'’-])(?P<site>t|telegram|wa|signal)"
    rf"(?:{_CLUTTER}(?:[.,·•。]|{_DOT}){{1,2}}{_CLUTTER}|(?<=t)[ ](?=me/))(?P<top>me|dog)(?![A-Za-z0-9_-])"
    rf"(?P<path>{_CLUTTER}\.?(?:[/\\]|slash){{1,3}}{_CLUTTER})?"
    rf"|(?P<styled>[{_STYLED}])",
    re.IGNORECASE,
)
_MEANT: Final = {"hidden": "", "dot": ".", "at": "@", "scheme": "http"}


class Undisguised(NamedTuple):
    """A text with its disguises removed, and where they were."""

    text: str
    changes: list[tuple[int, int, int]]
    """For each disguised part: its start and end in `text`, and its end in the original."""
    starts: list[int]
    """Their starts in the original."""

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Return the position of these characters in the original."""
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, at: int) -> tuple[int, int]:
        found = bisect_right(self.changes, at, key=lambda one: one[0]) - 1
        if found < 0:
            return at, at + 1
        _, end, written = self.changes[found]
        return (self.starts[found], written) if at < end else (at - end + written, at - end + written + 1)


def undisguise(text: str) -> Undisguised:
    """Remove disguises from a text, to search it for persons; the result is not meant to be read."""
    small = text.lower()
    if not any(clue.search(small) for clue in _CLUES):
        return Undisguised(text, [], [])
    parts: list[str] = []
    changes, starts = [], []
    at = length = 0
    for found in _DISGUISE.finditer(text):
        start, end = found.span()
        if found["dot"] or found["at"]:
            start = at + len(text[at:start].rstrip())
        meant = _meant(found)
        length += start - at
        parts += [text[at:start], meant]
        changes.append((length, length + len(meant), end))
        starts.append(start)
        at, length = end, length + len(meant)
    return Undisguised("".join([*parts, text[at:]]), changes, starts)


def _meant(found: re.Match[str]) -> str:
    if found["site"]:
        return f"{found['site']}.{found['top']}{'/' if found['path'] else ''}"
    if found["escaped"]:
        return chr(int(found["escaped"], 16))
    if styled := found["styled"]:
        plain = _ALIKE.get(styled) or unicodedata.normalize("NFKC", styled)
        return plain if len(plain) == 1 and plain.isascii() else styled
    return found["sign"] or _MEANT[str(found.lastgroup)]

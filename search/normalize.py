"""One folding for documents and questions alike. Pure and versioned; the original text is never altered.

`fold` writes a text as words with single characters of space between them: NFKC; case; Latin and Greek without
accents, ligatures opened; harakat, points, tatweel, zero-width and bidi marks dropped; Persian می and های joined to
their word; the letters that Arabic and Persian keyboards write differently made one; ё as е, ґ as г; apostrophes inside
Cyrillic and Hebrew words dropped; all decimal digits ASCII; everything else a space, but for symbols and emoji, which
are words of their own. A word of Latin and Cyrillic look-alikes is written in one script.

Scripts without spaces between words (and Hangul with its attached particles) are cut so that any substring is found:
one term a character, made of it and the next one; the last stands alone. 国际法 is 国际 际法 法, and 际法 is one term.

Unicode: https://www.unicode.org/reports/tr15/ (NFKC), https://www.unicode.org/reports/tr44/ (categories).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

NORM_VERSION = 3
"""To be raised with any change of what `index_text` gives: search tables of another version must be rebuilt."""

_LETTERS = {
    # Letters that no decomposition leads to their plain form.
    **dict(zip("ıłøđðħŧþŋ", ("i", "l", "o", "d", "d", "h", "t", "th", "n"), strict=True)),
    "æ": "ae",
    "œ": "oe",
    "ĸ": "k",
    # Small capitals, and white letters on black: people write headlines in them.
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True)),
    **{chr(first + at): chr(97 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
    "ə": "e",
    "ё": "е",
    "ѐ": "е",
    "ґ": "г",
    "ѝ": "и",
    # Arabic and Persian: hamza carriers, the two yehs and kafs, teh marbuta and the many hehs.
    **dict.fromkeys("أإآٱٲٳ", "ا"),
    **dict.fromkeys("ىیئېۍ", "ي"),
    **dict.fromkeys("کڪ", "ك"),
    **dict.fromkeys("ةۀہۂۃھە", "ه"),
    "ؤ": "و",
    "ڤ": "ف",
    # Yiddish and Hebrew ligatures.
    "װ": "וו",
    "ױ": "וי",
    "ײ": "יי",
}
_ACUTE: Final = "\u00b4"
_APOSTROPHES = frozenset("'’‘ʼʻʹ`′՚׳ʾʿ\uff07")
_QUOTES = frozenset('"״')
_FILLERS = frozenset("\u0640\u115f\u1160\u3164\uffa0\u180e")
"""Tatweel and letters that show nothing."""
_DROPPED_MARKS = (
    (0x0300, 0x036F),  # Latin, Greek, stress marks on Cyrillic
    (0x0483, 0x0489),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x08CA, 0x08FF),
    (0x0711, 0x0711),  # Syriac
    (0x0730, 0x074A),
    (0x180B, 0x180F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
_RUN = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, bopomofo, iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_IN_RUN = re.compile(f"[{_RUN}]")
_PIECES = re.compile(f"[{_RUN}]+|[^{_RUN}]+")
# Between two letters of these scripts an apostrophe (in Hebrew also a double quote, צה"ל) belongs to the word.
_INNER = re.compile("(?<=[\u0400-\u052f])'(?=[\u0400-\u052f])|(?<=[\u05d0-\u05f2])['\"](?=[\u05d0-\u05f2])")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[\u0430-\u045f]")
_MIXED = re.compile("[a-z]+[\u0430-\u045f][a-z\u0430-\u045f]*|[\u0430-\u045f]+[a-z][a-z\u0430-\u045f]*")
_LATIN_ALIKE: Final = "abcehikmoptxy"
_CYRILLIC_ALIKE: Final = "авсенікмортху"
_TO_CYRILLIC = str.maketrans(_LATIN_ALIKE, _CYRILLIC_ALIKE)
_TO_LATIN = str.maketrans(_CYRILLIC_ALIKE, _LATIN_ALIKE)
_FARSI_YEH = "\u06cc"
# Persian می and های are parts of a word, whether a joiner, a space or nothing stands between. Only with the Persian
# yeh: in Arabic مي is a name.
_JOINED = re.compile(
    "(?:(?<=\\bمی)|(?<=\\bنمی)) (?=[\u0620-\u06ff]{2})|(?<=[\u0620-\u06ff]{2}) (?=های(?:ی|م|ت|ش|مان|تان|شان)?\\b)"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and where each of its characters comes from."""

    text: str
    starts: list[int]
    """For each folded character, the index in the original at which its source begins."""
    ends: list[int]
    """For each folded character, the index in the original behind its source."""


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for in the terms of a text: these terms, one behind the other."""

    terms: tuple[str, ...]
    prefix: bool = False
    """Whether the last one needs only to begin so."""


def fold(text: str) -> str:
    """The folded text; folding it again changes no word."""
    if text.isascii():
        return text.translate(_ASCII)
    # An accent that stands alone is normalised to a space; people type it for an apostrophe.
    text = text.replace(_ACUTE, "'")
    text = joined(text)
    while True:
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
        text = text.translate(_TABLE)
        if "'" in text or '"' in text:
            text = _INNER.sub("", text).translate(_NO_QUOTES)
        if _LATIN.search(text) and _CYRILLIC.search(text):
            text = _MIXED.sub(_one_script, text)
        # A dropped mark may have stood between two characters that now combine.
        if unicodedata.is_normalized("NFKC", text):
            return text


def fold_with_map(text: str) -> Folded:
    """As `fold`, with the way back to the original; slower, for texts that are shown."""
    text = text.replace(_ACUTE, "'")
    folded = _drop(Folded(text, list(range(len(text))), list(range(1, len(text) + 1))), _JOINED)
    while True:
        folded = _drop(_map_once(folded), _INNER)
        single = _MIXED.sub(_one_script, folded.text.translate(_NO_QUOTES))
        folded = Folded(single, folded.starts, folded.ends)
        if unicodedata.is_normalized("NFKC", folded.text):
            return folded


def joined(text: str) -> str:
    """The text without the spaces that stand within words; across all others nothing combines."""
    return _JOINED.sub("", text) if _FARSI_YEH in text else text


def joins(text: str, at: int) -> bool:
    """Whether the space at this place stands within a word."""
    return _JOINED.match(text, at) is not None


def index_text(text: str) -> str:
    """The index terms of a text, separated by spaces."""
    folded = fold(text)
    return " ".join(_cut(folded)) if _IN_RUN.search(folded) else folded


def tokens(text: str) -> list[str]:
    """The index terms of a text in their order."""
    return _cut(fold(text))


def needle(text: str, *, prefix: bool = False) -> Needle | None:
    """What finds this text as a whole within others; None where there is nothing to look for."""
    pieces = [piece for word in fold(text).split() for piece in _PIECES.findall(word)]
    if not pieces:
        return None
    *firsts, last = pieces
    terms = [term for piece in firsts for term in _cut_piece(piece)]
    if _IN_RUN.match(last) is None:
        return Needle((*terms, last), prefix)
    # The run may go on in the text: its last character alone would ask for its end.
    pairs = _cut_piece(last)[:-1]
    return Needle((*terms, *pairs)) if pairs else Needle((*terms, last), prefix=True)


def spans(folded: str) -> list[tuple[str, int, int]]:
    """The index terms of a folded text with their places in it."""
    found = []
    for word in re.finditer(r"[^ ]+", folded):
        for piece in _PIECES.finditer(folded, word.start(), word.end()):
            start = piece.start()
            if _IN_RUN.match(piece[0]) is None:
                found.append((piece[0], start, piece.end()))
            else:
                found += [(term, start + at, start + at + len(term)) for at, term in enumerate(_cut_piece(piece[0]))]
    return found


def in_run(term: str) -> bool:
    """Whether a term is a piece of a run, of one or two characters."""
    return _IN_RUN.match(term) is not None


def _cut(folded: str) -> list[str]:
    words = folded.split()
    if _IN_RUN.search(folded) is None:
        return words
    return [term for word in words for piece in _PIECES.findall(word) for term in _cut_piece(piece)]


def _cut_piece(piece: str) -> list[str]:
    if _IN_RUN.match(piece) is None:
        return [piece]
    return [piece[at : at + 2] for at in range(len(piece))]


def _one_script(found: re.Match[str]) -> str:
    """A word of Latin and Cyrillic letters in the script of most of them, if the others look like letters of it."""
    word = found[0]
    latin = [letter for letter in word if letter < "\u0100"]
    mostly_latin = len(latin) * 2 > len(word)
    strangers = [letter for letter in word if letter >= "\u0100"] if mostly_latin else latin
    alike, table = ("асеорхуі", _TO_LATIN) if mostly_latin else (_LATIN_ALIKE, _TO_CYRILLIC)
    return word.translate(table) if all(letter in alike for letter in strangers) else word


def _map_once(source: Folded) -> Folded:
    """One round of normalising and folding, unit by unit."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _units(source.text):
        unit = unicodedata.normalize("NFKC", source.text[start:end]).translate(_TABLE)
        out.append(unit)
        starts += [source.starts[start]] * len(unit)
        ends += [source.ends[end - 1]] * len(unit)
    return Folded("".join(out), starts, ends)


def _units(text: str) -> list[tuple[int, int]]:
    """The smallest pieces that normalise by themselves."""
    if unicodedata.is_normalized("NFKC", text):
        return [(at, at + 1) for at in range(len(text))]
    cuts = [at for at in range(len(text)) if at == 0 or _parts(text, at)]
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def _parts(text: str, at: int) -> bool:
    """Whether nothing combines across this place."""
    char = text[at]
    if char.isascii():
        return True
    whole = unicodedata.normalize("NFKC", text[at - 1] + char)
    if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
        return False
    return whole == unicodedata.normalize("NFKC", text[at - 1]) + unicodedata.normalize("NFKC", char)


def _drop(source: Folded, pattern: re.Pattern[str]) -> Folded:
    gone = {match.start() for match in pattern.finditer(source.text)}
    if not gone:
        return source
    keep = [at for at in range(len(source.text)) if at not in gone]
    return Folded(
        "".join(source.text[at] for at in keep),
        [source.starts[at] for at in keep],
        [source.ends[at] for at in keep],
    )


class _Table(dict[int, str]):
    """Filled as characters are met: a whole table would cost every start of the command."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        self[code] = folded
        return folded


def _fold_char(char: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
    if plain == char:
        return _fold_plain(char)
    return "".join(_TABLE[ord(part)] for part in plain)


def _fold_plain(char: str) -> str:
    """Of a character that compatibility and case leave as it is."""
    if char in _LETTERS:
        return _LETTERS[char]
    if char in _APOSTROPHES:
        return "'"
    if char in _QUOTES:
        return '"'
    category = unicodedata.category(char)
    if char in _FILLERS or category == "Cf" or _is_dropped_mark(char, category):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category[0] == "L":
        return _unaccent(char)
    if (
        category == "So"
        or (category == "Sk" and char > "\uffff")
        or (category == "Cn" and "\U0001efff" < char < "\U00020000")
    ):
        return " " if "\u2500" <= char <= "\u259f" else f" {char} "
    return char if category[0] in "NM" or category == "Cn" else " "


def _is_dropped_mark(char: str, category: str) -> bool:
    return category in {"Mn", "Me"} and any(low <= ord(char) <= high for low, high in _DROPPED_MARKS)


def _unaccent(char: str) -> str:
    """Latin and Greek lose their accents; elsewhere (й, ї, が) the mark makes another letter."""
    base = unicodedata.normalize("NFD", char)[0]
    if base == char or not (base < "\u0250" or "\u0370" <= base < "\u0400"):
        return char
    return _TABLE[ord(base)]


_TABLE = _Table()
_NO_QUOTES = {ord("'"): " ", ord('"'): " "}
_ASCII = {code: char.lower() if (char := chr(code)).isalnum() else " " for code in range(128)}

"""The parts of the alphabet in which the inflected forms of a word lie. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from search.words.designations import LONGEST_VARIANT, may_continue
from search.words.dictionary.lookup import Paradigm, paradigms
from search.words.forms import form_keys
from search.words.stems.latin import SEPARABLE
from search.words.stems.lexicon import forms_of, present_stems, turkish_nouns
from search.words.stems.spelling import british
from search.words.stems.umlauts import with_umlauts, without_umlauts

_SHORTEST: Final = 3
_FEW: Final = 5
"""Forms that are rather looked up one by one."""
_LONGER: Final = 8
"""Maximum number of letters of a form after the part it shares with the word."""
_MANY_ENDINGS: Final = 11
"""The same for Turkish: ülke-ler-imiz-den."""

# Prefixes written together with a word, and the beginnings of verbs.
_ARABIC = "و ف ب ل ك ال وال فال بال كال لل ولل وبال وب ول وك فب فل ي ت ن سي ست سن وي وت ون في فت وسي وست فسي فست مي نمي"
_HEBREW = "ו ה ב ל מ ש כ וה וב ול ומ וש וכ שה שב של שמ מה כש כשה ושה ומה וכש בה לה"
_FRONTS: Final[Mapping[str, Sequence[str]]] = {"arabic": ["", *_ARABIC.split()], "hebrew": ["", *_HEBREW.split()]}
_FINALS: Final = dict(zip("מנצפכ", "םןץףך", strict=True))
_UNSTEADY: Final = (*"yicgkqupbtdzfкцгзхс", "al", "el", "eur")
"""Stem endings that change before some suffixes: city, cities; kitap, kitabi; cheval, chevaux."""
_PRESENTS: Final = ("مي", "نمي", "ب")
_FUTURES: Final = ("س", "وس", "فس")
_IMPERFECTS: Final = ["ي", "ت", "ن", "سي", "ست", "سن", "وي", "وت", "ون", "في", "فت", "فن", "وسي", "وست", "فسي", "فست"]


class TermRange(NamedTuple):
    """Words from `low` up to but excluding `high`, of at most `most` letters."""

    low: str
    high: str
    most: int


def ranges(word: str) -> list[TermRange]:
    """Ranges of the alphabet that hold the forms of a word, without nested ones; of a number, what may continue it."""
    if may_continue(word):
        return [TermRange(f"{word}a", f"{word}\U0010ffff", len(word) + LONGEST_VARIANT)]
    found = {one for key in form_keys(word) for one in _of_key(word, key)}
    found.update(one for paradigm in paradigms(word) for one in _of_paradigm(paradigm))
    starts: list[TermRange] = []
    for one in sorted(found, key=lambda one: (one.low, -len(one.high))):
        if not starts or one.high > starts[-1].high:
            starts.append(one)
        elif one.most > starts[-1].most:
            starts[-1] = starts[-1]._replace(most=one.most)
    return starts


def _of_paradigm(paradigm: Paradigm) -> Iterator[TermRange]:
    """Ranges of the forms that the dictionary lists."""
    for stem, endings in paradigm.parts():
        if len(stem) < _SHORTEST or len(endings) < _FEW:
            yield from (_exactly(stem + ending) for ending in endings)
        else:
            yield _beginning(stem, len(stem) + max(map(len, endings)))


def _of_key(word: str, key: str) -> Iterator[TermRange]:
    """Ranges of the words with this key; its first letter says whose rules made it (`search.words.forms`)."""
    kind, stem = key[0], key[2:]
    match kind:
        case "=":
            return (one for member in forms_of(key[1:]) for one in _of_member(member))
        case "p":
            return _of_prefixed(stem)
        case "a" | "f":
            return _of_arabic(stem)
        case "v":
            return _of_hebrew_verb(stem)
        case "h":
            return _of_hebrew(stem)
        case "g":
            return _of_stem(without_umlauts(word), kind, stem)
        case _:
            return _of_stem(word, kind, stem)


def _of_prefixed(stem: str) -> Iterator[TermRange]:
    """Ranges of a listed verb with a prefix: `an=nehmen`."""
    prefix, _, name = stem.partition("=")
    for member in forms_of(name):
        bare = member.removeprefix("ge")
        yield from map(_exactly, (f"{prefix}{member}", f"{prefix}zu{member}", f"{prefix}{bare}"))


def _of_arabic(stem: str) -> Iterator[TermRange]:
    """Ranges of an Arabic or Persian stem, its broken plurals and verb forms."""
    fronts = _FRONTS["arabic"]
    yield from (_beginning(front + stem, len(stem) + _LONGER) for front in fronts)
    yield from (_beginning(front + plural, len(plural) + _LONGER) for front in fronts for plural in _plurals(stem))
    yield from _of_present(stem)
    if stem.startswith("ا"):
        yield from (_beginning(front + stem[1:], len(stem) + _LONGER) for front in _IMPERFECTS)


def _of_hebrew_verb(root: str) -> Iterator[TermRange]:
    """Ranges of a hollow root: קול of קל, and the prefixes of the future tense."""
    starts = (
        root,
        root[:-1] + _FINALS.get(root[-1], root[-1]),
        f"{root[0]}ו{root[1]}",
        *(f"{front}{root[:2]}" for front in "יתאנל"),
    )
    yield from (_beginning(front + start, len(root) + _LONGER) for front in _FRONTS["hebrew"] for start in starts)


def _of_hebrew(stem: str) -> Iterator[TermRange]:
    """Ranges of a Hebrew stem, some of whose letters have another shape at the end of a word."""
    start = stem[:-1] if len(stem) > _SHORTEST - 1 else stem
    yield from (_beginning(front + start, len(start) + _LONGER) for front in _FRONTS["hebrew"])


def _of_stem(word: str, kind: str, stem: str) -> Iterator[TermRange]:
    """Ranges of a stem in Latin or Cyrillic letters: what the word shares with it, and its variants."""
    shared = word[: sum(1 for _ in takewhile(_same, zip(word, stem, strict=False)))]
    for start in {shared if len(shared) >= _SHORTEST else stem, *_variants(kind, stem)}:
        slack = len(start) > _SHORTEST and start.endswith(_UNSTEADY)
        yield _beginning(start[:-1] if slack else start, len(start) + (_MANY_ENDINGS if kind == "t" else _LONGER))


def _of_member(member: str) -> Iterator[TermRange]:
    """Ranges of a listed irregular form: the word itself, and its affixes in Arabic, Hebrew and Turkish."""
    script = "arabic" if "\u0600" <= member < "\u0700" else "hebrew" if "\u0590" <= member < "\u0600" else ""
    # ه becomes ت before a suffix.
    start = member[:-1] if script == "arabic" and member[-1] == "ه" and len(member) > _SHORTEST else member
    for front in (*_FRONTS.get(script, ()), *(_FUTURES if member[0] in "يتن" else ())):
        yield _beginning(front + start, len(front + member) + _LONGER)
    yield from _of_present(member)
    if not script:
        yield from map(_exactly, with_umlauts(member))
        long = len(member) + (_MANY_ENDINGS if member in turkish_nouns() else 0)
        yield TermRange(member, f"{member}\U0010ffff" if long > len(member) else f"{member} ", long)


def _of_present(past: str) -> Iterator[TermRange]:
    """Ranges of the present tense of a Persian verb, given its past stem."""
    for stem in (*present_stems().get(past, ()), *([past[:-2]] if past.endswith("يد") else ())):
        yield from (_beginning(front + stem, len(front + stem) + _LONGER) for front in _PRESENTS)


def _same(letters: tuple[str, str]) -> bool:
    return letters[0] == letters[1]


def _plurals(stem: str) -> Iterator[str]:
    """Common broken plurals; see `arabic_singular`."""
    if len(stem) == _SHORTEST:
        yield f"ا{stem[:2]}ا{stem[2]}"
        yield f"{stem[:2]}و{stem[2]}"
    elif len(stem) == _SHORTEST + 1 and stem[1] == "ا":
        yield f"{stem[0]}وا{stem[2:]}"
    elif len(stem) == _SHORTEST + 1 and stem[2] in "اي":
        yield f"{stem[:2]}اي{stem[3]}"


def _variants(kind: str, stem: str) -> Iterator[str]:
    """Other beginnings that words of this stem can have."""
    if kind == "g":
        yield f"ge{stem}"
        if found := SEPARABLE.match(stem):
            yield f"{found[0]}ge{stem[found.end() :]}"
        yield from with_umlauts(stem)
    if kind == "e":
        yield from _english_variants(stem)
    if kind == "r":
        yield from _russian_variants(stem) if stem >= "\u0400" else _romance_variants(stem)
    if kind in "ru" and stem.endswith("йц"):
        yield stem[:-2]
    if kind == "u":
        yield from _ukrainian_variants(stem)


def _russian_variants(stem: str) -> Iterator[str]:
    yield stem[:-1]
    if stem.endswith(("ов", "ев")):
        yield stem[:-2]
    if stem.endswith("ст"):
        # пустить, пущенный
        yield f"{stem[:-2]}щ"


def _ukrainian_variants(stem: str) -> Iterator[str]:
    yield stem
    if len(stem) > _SHORTEST:
        yield stem[:-1]
    for at in (len(stem) - 2, len(stem) - 3):
        if at > 0 and stem[at] == "о":
            yield f"{stem[:at]}і{stem[at + 1 :]}"
            # пісня, пісень
            yield f"{stem[:at]}і{stem[at + 1 : -1]}"


def _romance_variants(stem: str) -> Iterator[str]:
    if stem.endswith("c"):
        # dizer, dicen
        yield f"{stem[:-1]}z"
    if stem.endswith(("teu", "deu")):
        # acteur, actrice; ambassadeur, ambassadrice
        yield f"{stem[:-2]}r"


def _english_variants(stem: str) -> Iterator[str]:
    yield from british(stem)
    if stem.endswith(("y", "e")):
        yield f"{stem[:-1]}i" if stem[-1] == "y" else stem[:-1]


def _exactly(word: str) -> TermRange:
    return TermRange(word, f"{word} ", len(word))


def _beginning(start: str, most: int) -> TermRange:
    return TermRange(start, f"{start}\U0010ffff", most)

"""Find the inflected forms of a word that occur in an archive. Pure; `word_list` reads the words from the index.

The embedded engine indexes words unstemmed; stems in addition would make the index half as large again. Its distinct
words are listed instead, and a plain word of a query is replaced by those that share a key with it: `ranges` gives the
parts of the alphabet to look in, `choose` selects the forms, `inflect` puts them into the query tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import Final, NamedTuple

from search.query.tree import And, Node, Not, Or, Phrase, Tag, Word, any_of
from search.words.designations import LONGEST_VARIANT, is_continued, may_continue
from search.words.dictionary.lookup import Paradigm, paradigms
from search.words.forms import form_keys
from search.words.listed import ANY_TEXT, labels
from search.words.separable import separable_verbs
from search.words.stems.latin import SEPARABLE
from search.words.stems.lexicon import forms_of, present_stems, turkish_nouns
from search.words.stems.spelling import british
from search.words.stems.umlauts import with_umlauts, without_umlauts

MOST_LOOKED_AT: Final = 250
"""Candidates whose keys are computed for a word of a query, those closest in length first."""
MOST_FORMS: Final = 120
MOST_TAILS: Final = 30
"""Maximum forms of the last part of a hyphenated word: each is a phrase."""
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


def wanted_words(tree: Node) -> set[str]:
    """Words of a tree that also match in other forms, excluded words included."""
    match tree:
        case Word():
            found = (tree.inflected, tree.tail and tree.tail.last, tree.model and tree.model.last)
            return {word for word in found if word}
        case And(parts) | Or(parts):
            return {word for part in parts for word in wanted_words(part)}
        case Not(part):
            return wanted_words(part)
        case _:
            return set()


class Forms(NamedTuple):
    """Forms of a word that occur in an archive."""

    everywhere: tuple[str, ...]
    """Those that count in every text, the word itself first."""
    labelled: Mapping[tuple[str, ...], tuple[str, ...]] = MappingProxyType({})
    """Those that count in texts with these labels of language only."""
    verbs: tuple[str, ...] = ()
    """German verbs whose parts may be separated (`search.words.separable`)."""


def inflect(tree: Node, forms: Mapping[str, Forms]) -> Node:
    """Replace each word of a tree by the OR of its forms."""
    match tree:
        case Word() if tree.inflected and (found := forms.get(tree.inflected)):
            return _any_form("", found, MOST_FORMS)
        case Word() if (tail := tree.tail) and (found := forms.get(tail.last)):
            return _any_form(f"{tail.front} ", found, MOST_TAILS)
        case Word() if (model := tree.model) and (found := forms.get(model.last)):
            return any_of(tuple(Phrase(f"{model.front} {word}".lstrip()) for word in found.everywhere[:MOST_FORMS]))
        case And(parts):
            return And(tuple(inflect(part, forms) for part in parts))
        case Or(parts):
            return Or(tuple(inflect(part, forms) for part in parts))
        case Not(part):
            return Not(inflect(part, forms))
        case _:
            return tree


def _any_form(front: str, forms: Forms, most: int) -> Node:
    parts: list[Node] = [Phrase(f"{front}{word}") for word in forms.everywhere[:most]]
    for allowed, words in forms.labelled.items():
        phrases = any_of(tuple(Phrase(f"{front}{word}") for word in words[:most]))
        parts.append(And((phrases, any_of(tuple(Tag("lang", one) for one in allowed)))))
    if not front:
        parts += [Tag("verb", verb) for verb in forms.verbs]
    return any_of(tuple(parts))


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


def choose(word: str, candidates: Iterable[str]) -> Forms:
    """Return the word and the candidates that are forms of it, or continue it."""
    own = form_keys(word)
    others = {*candidates} - {word}
    near = _nearest(word, others)
    found = dict.fromkeys([word, *[one for one in near if not own.isdisjoint(form_keys(one))][:MOST_FORMS]])
    if may_continue(word):
        return Forms((word, *[one for one in near if is_continued(word, one)][:MOST_FORMS]))
    labelled: dict[tuple[str, ...], dict[str, None]] = {}
    for paradigm in paradigms(word):
        for one in sorted(others.intersection(paradigm.forms())):
            if paradigm in paradigms(one) and one not in found:
                allowed = labels(one, paradigm)
                (found if allowed is ANY_TEXT else labelled.setdefault(allowed, {}))[one] = None
    return Forms(tuple(found), {some: tuple(words) for some, words in labelled.items()}, separable_verbs(word))


def _nearest(word: str, others: Iterable[str]) -> list[str]:
    """Those closest to the word in length, then alphabetically."""
    by_distance: dict[int, list[str]] = {}
    for one in others:
        by_distance.setdefault(abs(len(one) - len(word)), []).append(one)
    near: list[str] = []
    for distance in sorted(by_distance):
        if len(near) < MOST_LOOKED_AT:
            near += sorted(by_distance[distance])
    return near[:MOST_LOOKED_AT]


def _of_paradigm(paradigm: Paradigm) -> Iterator[TermRange]:
    """Ranges of the forms that the dictionary lists."""
    for stem, endings in paradigm.parts():
        if len(stem) < _SHORTEST or len(endings) < _FEW:
            yield from (_exactly(stem + ending) for ending in endings)
        else:
            yield _beginning(stem, len(stem) + max(map(len, endings)))


def _of_key(word: str, key: str) -> Iterator[TermRange]:
    kind, stem = key[0], key[2:]
    if kind == "=":
        for member in forms_of(key[1:]):
            yield from _of_member(member)
    elif kind == "p":
        prefix, _, name = stem.partition("=")
        for member in forms_of(name):
            bare = member.removeprefix("ge")
            yield from map(_exactly, (f"{prefix}{member}", f"{prefix}zu{member}", f"{prefix}{bare}"))
    elif kind in "af":
        yield from (_beginning(front + stem, len(stem) + _LONGER) for front in _FRONTS["arabic"])
        yield from (
            _beginning(front + plural, len(plural) + _LONGER)
            for front in _FRONTS["arabic"]
            for plural in _plurals(stem)
        )
        yield from _of_present(stem)
        if stem.startswith("ا"):
            yield from (_beginning(front + stem[1:], len(stem) + _LONGER) for front in _IMPERFECTS)
    elif kind == "v":
        # קול of קל, and the prefixes of the future tense.
        starts = (
            stem,
            stem[:-1] + _FINALS.get(stem[-1], stem[-1]),
            f"{stem[0]}ו{stem[1]}",
            *(f"{front}{stem[:2]}" for front in "יתאנל"),
        )
        yield from (_beginning(front + start, len(stem) + _LONGER) for front in _FRONTS["hebrew"] for start in starts)
    elif kind == "h":
        # Some letters have another shape at the end of a word.
        start = stem[:-1] if len(stem) > _SHORTEST - 1 else stem
        yield from (_beginning(front + start, len(start) + _LONGER) for front in _FRONTS["hebrew"])
    else:
        if kind == "g":
            word = without_umlauts(word)
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
        yield stem
        if len(stem) > _SHORTEST:
            yield stem[:-1]
        for at in (len(stem) - 2, len(stem) - 3):
            if at > 0 and stem[at] == "о":
                yield f"{stem[:at]}і{stem[at + 1 :]}"
                # пісня, пісень
                yield f"{stem[:at]}і{stem[at + 1 : -1]}"


def _russian_variants(stem: str) -> Iterator[str]:
    yield stem[:-1]
    if stem.endswith(("ов", "ев")):
        yield stem[:-2]
    if stem.endswith("ст"):
        # пустить, пущенный
        yield f"{stem[:-2]}щ"


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

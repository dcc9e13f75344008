"""Join words that users consider one but the tables separate: aspect pairs, irregular forms. Pure.

`joined.txt` lists words by language. Secondary imperfectives are found by rule (подписать, подписывать; zatrzymać,
zatrzymywać), and pairs of verbs that differ in their last part only (вывести, выводить), if both are in the tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Final

_RUSSIAN_PAIRS: Final = """
    ходить:йти водить:вести возить:везти носить:нести езжать:ехать бегать:бежать летать:лететь бирать:брать
    мирать:мереть нимать:нять давать:дать ставать:стать падать:пасть сылать:слать рывать:рвать жигать:жечь
    зывать:звать бивать:бить крывать:крыть ливать:лить ступать:ступить кидать:кинуть тягивать:тянуть
    гибать:гибнуть стигать:стигнуть чезать:чезнуть ползать:ползти секать:сечь лагать:ложить гонять:гнать
    чинать:чать хватывать:хватить пускать:пустить бывать:быть рекращать:рекратить
    вращать:вратить сещать:сетить щищать:щитить легать:лечь текать:течь живать:жить шивать:шить мывать:мыть
    девать:деть казывать:казать двигать:двинуть вергать:вергнуть торгать:торгнуть мещать:местить лезать:лезть
    седать:сесть пирать:переть тирать:тереть скакивать:скочить ражать:разить хищать:хитить
"""
_UKRAINIAN_PAIRS: Final = """
    ходити:йти водити:вести возити:везти носити:нести їжджати:їхати їздити:їхати бігати:бігти літати:летіти
    бирати:брати мирати:мерти давати:дати ставати:стати падати:пасти силати:слати ривати:рвати кидати:кинути
    тягати:тягнути бивати:бити кривати:крити ливати:лити ступати:ступити никати:никнути гинати:гнути
    пускати:пустити сувати:сунути чинати:чати ймати:йняти живати:жити шивати:шити мивати:мити лягати:лягти
    тікати:текти
"""
_POLISH_PAIRS: Final = """
    chodzić:jść wozić:wieźć wodzić:wieść nosić:nieść bierać:brać mykać:mknąć dawać:dać jmować:jąć padać:paść
    syłać:słać rzucać:rzucić wracać:wrócić bijać:bić krywać:kryć ciekać:ciec cinać:ciąć czynać:cząć mierać:mrzeć
    trzymywać:trzymać prowadzać:prowadzić puszczać:puścić stawać:stać bywać:być latywać:lecieć lewać:lać
    rywać:rwać ciągać:ciągnąć kraczać:kroczyć stępować:stąpić jeżdżać:jechać buchać:buchnąć pychać:pchnąć
    mieniać:mienić
"""
_CZECH_PAIRS: Final = """
    cházet:jít vádět:vést vážet:vézt nášet:nést bírat:brat dávat:dat pisovat:psat jímat:jmout padat:padnout
    vracet:vrátit stávat:stat bíjet:bít krývat:krýt tékat:téct jíždět:jet sílat:slat mykat:mknout hazovat:hodit
    stupovat:stoupit umírat:umřít volávat:volat
"""
_PAIRS: Final = {"ru": _RUSSIAN_PAIRS, "uk": _UKRAINIAN_PAIRS, "pl": _POLISH_PAIRS, "cs": _CZECH_PAIRS}
_NOT: Final = "not"
"""Marks a lemma and words that are not forms of it."""
_NO_PAIR: Final = frozenset(("по", "po"))
"""Prefixes that make another word: походить is not пойти."""
_LONG: Final = {
    # Endings of secondary imperfectives, and of the verbs that they are made of.
    "ru": (("ывать", "ивать"), ("ать", "ить", "еть", "ять", "нуть")),
    "uk": (("увати", "ювати"), ("ати", "ити", "яти", "іти", "нути")),
    "pl": (("ywać", "iwać"), ("ać", "ić", "yć", "nąć", "eć")),
    "cs": (("ovat", "ávat", "ívat"), ("at", "it", "ět", "nout")),
}
_SHORT: Final = {
    "ru": (("ать", "ять"), ("ить",)),
    "uk": (("ати", "яти"), ("ити",)),
    "pl": (("ać",), ("ić", "yć")),
    "cs": (("et", "ět"), ("it",)),
}
_SHORTEST_LONG: Final = 8
_SHORTEST_SHORT: Final = 8
_SOUNDS: Final = {
    "жд": ("д",), "бл": ("б",), "пл": ("п",), "вл": ("в",), "мл": ("м",), "фл": ("ф",), "щ": ("ст", "т", "ск"),
    "ч": ("т", "к"), "ж": ("з", "д", "г"), "ш": ("с", "х"), "дж": ("д",),
    "c": ("t",), "dz": ("d",), "sz": ("s",), "ż": ("z",), "szcz": ("st",), "żdż": ("zd",), "z": ("d",),
    "š": ("s",), "ž": ("z",),
}  # fmt: skip
_STEADY: Final = frozenset("нрлшжчщrlnszcžřšč")
"""Last letters of a stem that stay as they are: решать, решить; but not купать, купить."""


def read_pairs(language: str) -> Iterator[list[str]]:
    """Yield the listed words of a language that users consider one word."""
    return (words for name, words in _listed() if name == language and words[0] != _NOT)


def read_exceptions(language: str) -> Iterator[list[str]]:
    """Yield lemmas with forms that the tables give them by mistake."""
    return (words[1:] for name, words in _listed() if name == language and words[0] == _NOT)


def imperfectives(language: str, lemmas: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield verbs with the verb of the other aspect, both of them in the tables."""
    if language not in _PAIRS:
        return
    pairs = [pair.split(":") for pair in _PAIRS[language].split()]
    for verb in lemmas:
        for one, other in pairs:
            if (
                verb.endswith(one)
                and verb[: -len(one)] not in _NO_PAIR
                and (pair := verb[: -len(one)] + other) in lemmas
            ):
                yield pair, verb
        for pair in (*_of_long(language, verb), *_of_short(language, verb)):
            if pair in lemmas:
                yield pair, verb
                break


def _of_long(language: str, verb: str) -> Iterator[str]:
    endings, others = _LONG[language]
    for ending in endings:
        if verb.endswith(ending) and len(verb) >= _SHORTEST_LONG:
            root = verb[: -len(ending)]
            yield from (stem + other for stem in _roots(root, steady=True) for other in others)


def _of_short(language: str, verb: str) -> Iterator[str]:
    endings, others = _SHORT[language]
    for ending in endings:
        if verb.endswith(ending) and len(verb) >= _SHORTEST_SHORT:
            root = verb[: -len(ending)]
            yield from (stem + other for stem in _roots(root, steady=root[-1] in _STEADY) for other in others)


def _roots(root: str, *, steady: bool) -> Iterator[str]:
    """Yield possible original stems: останавл, останов."""
    found = [root] if steady else []
    for sound, before in _SOUNDS.items():
        if root.endswith(sound):
            found += [root[: -len(sound)] + one for one in before]
    for one in found:
        yield one
        for vowel, was in (("а", "о"), ("á", "o"), ("a", "o"), ("і", "о"), ("і", "е")):
            at = one.rfind(vowel)
            if at > 1:
                yield f"{one[:at]}{was}{one[at + 1 :]}"


_PARTICIPLES: Final = {
    "pl": "ięty:ąć ęty:ąć any:ać ity:ić yty:yć uty:uć ony:ić ony:yć ziony:źć eziony:ieźć arty:rzeć",
    "cs": "aný:at ený:it ený:ít ený:et itý:ít utý:nout ytý:ýt",
    "nl": "",
}
_DUTCH_STEM: Final = re.compile("ge(.+?)(?:d|t)")


def participles(language: str, lemmas: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield verbs with a participle that the tables list as a separate word: zamknąć, zamknięty; maken, gemaakt."""
    pairs = [pair.split(":") for pair in _PARTICIPLES.get(language, "").split()]
    for word in lemmas:
        for one, other in pairs:
            if word.endswith(one):
                roots = _roots(word[: -len(one)], steady=True) if one in ("ony", "ený") else [word[: -len(one)]]
                yield from ((root + other, word) for root in roots if root + other in lemmas)
        if language == "nl" and (found := _DUTCH_STEM.fullmatch(word)):
            yield from ((verb, word) for verb in _dutch_longer(found[1]) if verb in lemmas)


_LOCATIVES: Final = """
    st:ście zd:ździe t:cie d:dzie r:rze ł:le n:nie m:mie b:bie p:pie w:wie f:fie s:sie z:zie sta:ście ta:cie
    da:dzie ra:rze ka:ce ga:dze na:nie ła:le sto:ście to:cie do:dzie ro:rze no:nie ło:le wo:wie
"""
_GREEK: Final = """
    ος:οι,ου,ο,ους,ων,ε η:ης,ες,εις,εων,ων α:ας,ες,ων,ατα,ατος,ατων ο:ου,α,ων ης:η,ες,ων,εις ι:ιου,ια,ιων
"""
_RULES: Final = {
    language: tuple((one, other.split(",")) for one, _, other in (pair.partition(":") for pair in table.split()))
    for language, table in (("pl", _LOCATIVES), ("el", _GREEK))
}
"""Endings of lemmas, each with endings of further forms."""


def further_forms(language: str, lemma: str) -> Iterator[str]:
    """Yield forms that the tables often assign to another word: most, na moście; dag, dagen; νησί, νησιά."""
    if language == "nl":
        yield from _dutch_longer(lemma)
    plain = lemma.translate(_PLAIN_GREEK) if language == "el" else lemma
    for ending, others in _RULES.get(language, ()):
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            yield from (plain[: -len(ending)] + other for other in others)


_PLAIN_GREEK: Final = str.maketrans("άέήίόύώ", "αεηιουω")
_VOICED: Final = {"f": "v", "s": "z"}
_OPEN: Final = re.compile("(.*[^aeiou])(a|e|o|u)\\2([^aeiou])")
_SHUT: Final = re.compile("(?:.*[^aeiou])?[aeiou]([^aeiouwjxvz])")


def _dutch_longer(word: str) -> Iterator[str]:
    """Yield a Dutch word with -en: huis, huizen; maak, maken; brug, bruggen."""
    for end in {word[-1:], _VOICED.get(word[-1:], word[-1:])}:
        yield f"{word[:-1]}{end}en"
        if found := _OPEN.fullmatch(word):
            yield f"{found[1]}{found[2]}{end}en"
    if found := _SHUT.fullmatch(word):
        yield f"{word}{found[1]}en"


@cache
def _listed() -> tuple[tuple[str, list[str]], ...]:
    text = Path(__file__).with_name("joined.txt").read_text("utf-8")
    language, found = "", []
    for line in text.splitlines():
        if line.startswith("# "):
            language = line[2:4] if len(line) == 4 else language
        elif line:
            found.append((language, line.split()))
    return tuple(found)

"""Glossaries: groups of equivalent spellings and translations, and queries expanded with them. Pure.

    # People
    Sabereen = Sabreen = صابرين = Сабирин
    Islamic Resistance = Résistance islamique = المقاومة الإسلامية      # as the press writes it

Each line is a group of equivalents separated by =; # starts a comment. A word or phrase of the query that is in a group
also finds every other spelling in the group. Case, accents and letter variants do not matter. A plain word is in a
group with any of its forms (`search.words.forms`), a quoted one only as written. Spellings of several words are
searched as phrases. A spelling may be in several groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from search.errors import GlossaryError
from search.query.scan import parses_as
from search.query.tree import And, Node, Not, Or, Phrase, Word, all_of, any_of
from search.text.normalize import fold
from search.words.forms import form_keys

_COMMENT = re.compile(r"\s*#.*|(.*?)\s#(?:\s.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Glossary:
    """Groups of equivalent spellings, keyed by folded text."""

    groups: Mapping[str, tuple[str, ...]]
    """Folded spelling to all spellings in its groups."""
    forms: Mapping[str, tuple[str, ...]]
    """Form key to spellings, for spellings that are single words."""
    longest: int
    """Number of words in the longest spelling."""


def read_glossary(text: str) -> Glossary:
    """Parse a glossary file. Raises GlossaryError with the line number."""
    groups: dict[str, tuple[str, ...]] = {}
    forms: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        spellings = _read_line(line, number)
        for spelling in spellings:
            _add(groups, _key(spelling), spellings)
            for key in form_keys(_key(spelling)):
                _add(forms, key, spellings)
    return Glossary(groups, forms, max((len(key.split()) for key in groups), default=0))


def _add(groups: dict[str, tuple[str, ...]], key: str, spellings: Sequence[str]) -> None:
    groups[key] = tuple(dict.fromkeys((*groups.get(key, ()), *spellings)))


def expand(tree: Node, glossary: Glossary) -> Node:
    """Replace each word or phrase that is in a group by any spelling of the group."""
    match tree:
        case And(parts):
            return all_of(tuple(_expand_all(parts, glossary)))
        case Or(parts):
            return any_of(tuple(expand(part, glossary) for part in parts))
        case Not(part):
            return Not(expand(part, glossary))
        case Word(text):
            return _any_spelling(tree, text, glossary)
        case Phrase(text):
            return _any_spelling(tree, text, glossary, exactly=True)
        case _:
            return tree


def _read_line(line: str, number: int) -> tuple[str, ...]:
    comment = _COMMENT.fullmatch(line)
    content = (comment[1] or "" if comment else line).strip()
    if not content:
        return ()
    spellings = tuple(part.strip() for part in content.split("="))
    if len(spellings) == 1:
        raise GlossaryError(
            "The line has only one spelling.", line=number, hint="Add its equivalents: one = another = a third."
        )
    for spelling in spellings:
        if not _key(spelling):
            raise GlossaryError(
                f"There is nothing to look for in '{spelling}'." if spelling else "A spelling is missing next to '='.",
                line=number,
                hint="Put letters or digits between the = signs.",
            )
        if "*" in spelling:
            raise GlossaryError(f"'*' is not allowed in '{spelling}'.", line=number, hint="Write whole words.")
    return spellings


def _key(spelling: str) -> str:
    return " ".join(fold(spelling).split())


def _expand_all(parts: Sequence[Node], glossary: Glossary) -> list[Node]:
    """Expand the parts of an AND; adjacent plain words may be one spelling, the longest match wins."""
    found: list[Node] = []
    at = 0
    while at < len(parts):
        words = list(takewhile(lambda part: isinstance(part, Word), parts[at : at + glossary.longest]))
        for count in range(len(words), 1, -1):
            text = " ".join(word.text for word in words[:count] if isinstance(word, Word))
            if _key(text) in glossary.groups:
                found.append(_any_spelling(And(tuple(words[:count])), text, glossary))
                at += count
                break
        else:
            found.append(expand(parts[at], glossary))
            at += 1
    return found


def _any_spelling(node: Node, text: str, glossary: Glossary, *, exactly: bool = False) -> Node:
    """Return the node, or an OR of it and all its other spellings."""
    key = _key(text)
    spellings = glossary.groups.get(key, ())
    if not spellings and not exactly:
        spellings = tuple(dict.fromkeys(one for form in sorted(form_keys(key)) for one in glossary.forms.get(form, ())))
    others = {_key(spelling): spelling for spelling in reversed(spellings) if _key(spelling) != key}
    return any_of((node, *(_spelling(one, exactly=exactly) for one in reversed(others.values()))))


def _spelling(text: str, *, exactly: bool) -> Node:
    return Phrase(text) if exactly or not parses_as(text, Word(text)) else Word(text)

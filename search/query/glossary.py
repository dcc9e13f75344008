"""A glossary: spellings and translations that mean the same, and questions that ask for all of them. Pure.

    # People
    Sabereen = Sabreen = صابرين = Сабирин
    Islamic Resistance = Résistance islamique = المقاومة الإسلامية      # as the press writes it

A line is a group of equivalents with = between them; what stands behind # is a comment. A word or phrase of a question
that is in a group is replaced by any of the group. Case, accents and the forms of letters make no difference in that.
A plain word is in a group with any of its forms (`forms`), a quoted one only as it is written. A spelling of several
words is looked for as they are written, side by side. A spelling may be in several groups.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from search.errors import GlossaryError
from search.query.scan import reads_as
from search.query.tree import And, Node, Not, Or, Phrase, Word, all_of, any_of
from search.text.normalize import fold
from search.words.forms import form_keys

_COMMENT = re.compile(r"\s*#.*|(.*?)\s#(?:\s.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Glossary:
    """Spellings by what they are known by: the folded text."""

    groups: Mapping[str, tuple[str, ...]]
    """All spellings of the groups that a spelling is in."""
    forms: Mapping[str, tuple[str, ...]]
    """The same by the keys of their forms, where they are single words."""
    longest: int
    """Words of the longest spelling."""


def read_glossary(text: str) -> Glossary:
    """The glossary of a file's text. Raises GlossaryError, with the number of the line."""
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
    """The tree with any of a group for each word or phrase that is in one."""
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
            "There is one spelling only.", line=number, hint="Write its equivalents beside it: one = another = a third."
        )
    for spelling in spellings:
        if not _key(spelling):
            raise GlossaryError(
                f"There is nothing to look for in '{spelling}'." if spelling else "A spelling is missing beside a '='.",
                line=number,
                hint="Write letters or digits between the signs =.",
            )
        if "*" in spelling:
            raise GlossaryError(f"'*' means nothing in '{spelling}'.", line=number, hint="Write whole words.")
    return spellings


def _key(spelling: str) -> str:
    return " ".join(fold(spelling).split())


def _expand_all(parts: Sequence[Node], glossary: Glossary) -> list[Node]:
    """The parts of an AND; plain words that stand side by side may be one spelling, the longest counts."""
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
    """The node, or any other spelling of it."""
    key = _key(text)
    spellings = glossary.groups.get(key, ())
    if not spellings and not exactly:
        spellings = tuple(dict.fromkeys(one for form in sorted(form_keys(key)) for one in glossary.forms.get(form, ())))
    others = {_key(spelling): spelling for spelling in reversed(spellings) if _key(spelling) != key}
    return any_of((node, *(_spelling(one, exactly=exactly) for one in reversed(others.values()))))


def _spelling(text: str, *, exactly: bool) -> Node:
    return Phrase(text) if exactly or not reads_as(text, Word(text)) else Word(text)

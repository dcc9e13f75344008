"""Sentences that other parts of the program say in English, with names in them, in the language of a page. Pure.

The catalogue has them with the context `said` and numbers for their values: `{0} is not in the archive.` A sentence is
found by its own words. A quoted value is kept; any other may be a phrase, date or number.
In a right-to-left catalogue U+2066 and U+2069 enclose what is written from left to right: `--expand`.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

CONTEXT: Final = "said"
_FIELD: Final = re.compile(r"\{([0-9])\}")
_LONGEST: Final = 4_000
"""Characters of a sentence that is looked for."""
_DEEPEST: Final = 3
"""Sentences within sentences."""
_FEWEST: Final = 6
"""Letters by which a sentence within another one is recognised."""
_DATE: Final = re.compile(r"(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4})")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_COUNTS: Final = re.compile(r"(?<= )\d{1,3}(?:,\d{3})+(?= · |$)")
"""The numbers in `bridge 2,599 · "toll bridge" 1,024`."""


class Pattern(NamedTuple):
    """A sentence of the catalogue."""

    literals: Sequence[str]
    """The text before, between and after its values."""
    said: str
    """Its translation."""

    @property
    def letters(self) -> int:
        """How many letters it is recognised by."""
        return sum(map(str.isalpha, "".join(self.literals)))

    def is_certain(self, values: Sequence[str]) -> bool:
        """Whether a sentence within another one is this: by its letters, as ` at {0}`, or as a number of things."""
        if self.letters >= _FEWEST:
            return True
        counts = all(one.replace(",", "").isdigit() for one in values)
        return self.letters > 0 and (counts or self.literals[0].startswith(" "))

    def match(self, sentence: str) -> list[str] | None:
        """The values; None if it is another sentence. In linear time: every literal is found where it is first."""
        first, *rest = self.literals
        if not sentence.startswith(first) or not sentence.endswith(self.literals[-1]):
            return None
        if not rest:
            return [] if sentence == first else None
        values, at, end = [], len(first), len(sentence) - len(rest[-1])
        for literal in rest[:-1]:
            found = sentence.find(literal, at, end)
            if found < 0:
                return None
            values.append(sentence[at:found])
            at = found + len(literal)
        return [*values, sentence[at:end]] if at <= end else None


class SaidPart(NamedTuple):
    """Part of a sentence."""

    text: str
    is_value: bool
    """Whether it comes from elsewhere: a name, what a person typed."""


class Sentences:
    """Translates English sentences into one language."""

    def __init__(self, texts: gettext.NullTranslations, sentences: Mapping[str, str]) -> None:
        self._texts = texts
        """Of names of months, and of numbers."""
        found = [Pattern(_FIELD.split(key)[::2], said) for key, said in sentences.items()]
        self._exact = {one.literals[0]: one.said for one in found if len(one.literals) == 1}
        self._patterns = sorted((one for one in found if len(one.literals) > 1), key=lambda one: -one.letters)

    def say(self, sentence: str) -> str:
        """The sentence in this language; itself, if the catalogue does not have it."""
        return "".join(one.text for one in self.list_parts(sentence))

    def list_parts(self, sentence: str) -> list[SaidPart]:
        """The same in parts: what the catalogue says, and the values in it."""
        if _GROUPED.fullmatch(sentence):
            return [SaidPart(self._number(sentence), is_value=True)]
        found = self._find(sentence, 0) if self._exact else None
        return [SaidPart(sentence, is_value=True)] if found is None else found

    def _find(self, sentence: str, depth: int) -> list[SaidPart] | None:
        if (exact := self._exact.get(sentence)) is not None:
            return [SaidPart(exact, is_value=False)]
        if len(sentence) > _LONGEST or depth > _DEEPEST:
            return None
        for pattern in self._patterns:
            if (values := pattern.match(sentence)) is None or (depth and not pattern.is_certain(values)):
                continue
            said = [self._value(*one, depth) for one in zip(pattern.literals, values, strict=False)]
            if pattern.letters or said != [[SaidPart(value, is_value=True)] for value in values]:
                return list(_fill(pattern.said, said))
        return None

    def _value(self, before: str, value: str, depth: int) -> list[SaidPart]:
        if before.endswith(('"', "'")):
            return [SaidPart(value, is_value=True)]
        if _GROUPED.fullmatch(value):
            value = self._number(value)
        elif " · " in value:
            value = _COUNTS.sub(lambda one: self._number(one[0]), value)
        found = self._find(value, depth + 1)
        return [SaidPart(_DATE.sub(self._date, value), is_value=True)] if found is None else found

    def _number(self, grouped: str) -> str:
        return grouped.replace(",", self._texts.pgettext("between thousands", ","))

    def _date(self, found: re.Match[str]) -> str:
        month = self._texts.pgettext("month", found[2])
        written = self._texts.pgettext("date", "%(day)d %(month)s %(year)d")
        return written % {"day": int(found[1]), "month": month, "year": int(found[3])}


def _fill(said: str, values: Sequence[Sequence[SaidPart]]) -> Iterator[SaidPart]:
    """A translation with its values."""
    for at, piece in enumerate(_FIELD.split(said)):
        if at % 2:
            yield from values[int(piece)]
        elif piece:
            yield SaidPart(piece, is_value=False)

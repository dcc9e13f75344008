"""What is wrong with a filter: a sentence, then `from:to` and the whole filter."""

from __future__ import annotations

from dataclasses import dataclass

CLOSING = "closing"


@dataclass(frozen=True)
class Span:
    """A part of the filter."""

    text: str
    start: int
    end: int

    @property
    def fragment(self) -> str:
        return self.text[self.start : self.end]

    def located(self, sentence: str) -> str:
        column = self.start - (self.text.rfind("\n", 0, self.start) + 1) + 1
        return f"{sentence}\n{column}:{column + self.end - self.start} {self.text}"


class FilterFault(Exception):
    """Where and why a filter cannot be read."""

    def __init__(self, span: Span, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.span = span
        self.kind = kind
        self.detail = detail

    def message(self) -> str:
        return self.span.located(f"Cannot be read ({self.kind}): `{self.span.fragment}`.")


class Mismatch(FilterFault):
    """This alternative does not fit; another one may."""


class Refusal(FilterFault):
    """Nothing else will fit."""


_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}


def unescape(raw: str, span: Span) -> str:
    """A quoted value as it is meant; escapes by number are not known here."""
    found, rest = [], iter(raw)
    for char in rest:
        if char == "\\":
            meant = _PLAIN.get(next(rest, ""))
            if meant is None:
                raise Mismatch(span, "malformed")
            found.append(meant)
        else:
            found.append(char)
    return "".join(found)

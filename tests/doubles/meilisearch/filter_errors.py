"""What is wrong with a filter, in Meilisearch's words: a sentence, then `from:to` and the whole filter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

CLOSING = "closing"
_OPERATIONS = (
    "Was expecting an operation `=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, "
    "`IS NULL`, `IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, "
    "`NOT STARTS WITH`, `_geoRadius`, `_geoBoundingBox` or `_geoPolygon` "
)
_GEO = (
    "is a reserved keyword and thus can't be used as a filter expression. Use the `_geoRadius(latitude, longitude, "
    "distance)` or `_geoBoundingBox([latitude, longitude], [latitude, longitude])` built-in rules to filter on `_geo` "
    "coordinates."
)


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
        return self.span.located(self._sentence())

    def _sentence(self) -> str:
        shown = escape_debug(self.span.fragment)
        nothing = not self.span.fragment.strip()
        match self.kind:
            case "value" | "keyword" if nothing:
                return "Was expecting a value but instead got nothing."
            case "keyword":
                return (
                    f"Was expecting a value but instead got `{shown}`, which is a reserved keyword. To use `{shown}` "
                    "as a field name or a value, surround it by quotes."
                )
            case "value":
                return f"Was expecting a value but instead got `{shown}`."
            case "operation":
                return _OPERATIONS + ("but instead got nothing." if nothing else f"at `{shown}`.")
            case "closing":
                return f"Expression `{shown}` is missing the following closing delimiter: `{self.detail}`."
            case "geo_reserved":
                return f"`{self.detail}` {_GEO}"
            case "geo_misused":
                return f"The `{self.detail}` filter is an operation and can't be used as a value."
        return _SENTENCES[self.kind].format(shown=shown, detail=self.detail)


_SENTENCES = {
    "end": "Found unexpected characters at the end of the filter: `{shown}`. You probably forgot an `OR` or an `AND` "
    "rule.",
    "malformed": "Malformed value: `{shown}`.",
    "escaped_number": "Found an invalid escaped sequence number: `{shown}`.",
    "incomplete": "The filter is incomplete and requires Unknown additional bytes to be parsed.",
    "in_opening": "Expected `[` after `IN` keyword.",
    "in_closing": "Expected matching `]` after the list of field names given to `IN[`",
    "in_value": "Expected only comma-separated field names inside `IN[..]` but instead found `{shown}`.",
    "depth": "The filter exceeded the maximum depth limit. Try rewriting the filter so that it contains fewer nested "
    "conditions.",
    "not_here": "`{detail}` is not known to this double of Meilisearch.",
}


class Mismatch(FilterFault):
    """This alternative does not fit; another one may."""


class Refusal(FilterFault):
    """Nothing else will fit."""


def escape_debug(text: str) -> str:
    """As Rust prints a string for debugging."""
    plain = {"\t": "\\t", "\r": "\\r", "\n": "\\n", "'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"}
    return "".join(plain.get(c) or (c if _printable(c) else f"\\u{{{ord(c):x}}}") for c in text)


def _printable(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zl", "Zp") and (
        char == " " or unicodedata.category(char) != "Zs"
    )


_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\", "/": "/"}


def unescape(raw: str, span: Span) -> str:
    r"""What the crate `unescaper` makes of \n, \x41, A, \u{41} and \101."""
    if "\\" not in raw:
        return raw
    found, rest = [], iter(raw)
    for char in rest:
        if char != "\\":
            found.append(char)
            continue
        sign = _next(rest, span)
        if sign in _PLAIN:
            found.append(_PLAIN[sign])
        elif sign in "ux01234567":
            taken, value = _numbered(sign, rest, span)
            found.append(value)
            found.extend(taken)
        else:
            raise Mismatch(span, "malformed")
    return "".join(found)


def _next(rest: object, span: Span) -> str:
    char = next(rest, None)  # type: ignore[call-overload]
    if char is None:
        raise Refusal(Span(span.text, 0, len(span.text)), "incomplete")
    return str(char)


def _numbered(sign: str, rest: object, span: Span) -> tuple[str, str]:
    """What was read too far, and the character of an escaped number."""
    over = ""
    if sign == "u":
        digits = _next(rest, span)
        if digits == "{":
            digits = "".join(iter(lambda: _next(rest, span), "}"))
        else:
            digits += "".join(_next(rest, span) for _ in range(3))
        base = 16
    elif sign == "x":
        digits, base = _next(rest, span) + _next(rest, span), 16
    else:
        digits, base = sign, 8
        while len(digits) < (3 if sign in "0123" else 2) and not over:
            char = next(rest, None)  # type: ignore[call-overload]
            if char is None:
                break
            if char in "01234567":
                digits += char
            else:
                over = str(char)
    try:
        return over, chr(int(digits, base))
    except (ValueError, OverflowError):
        raise Mismatch(span, "escaped_number") from None

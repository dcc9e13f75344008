"""Texts of strangers as HTML, by the one renderer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from archiver.formatting.html_writer import OUTSIDE, HtmlTargets, escaped, to_html
from archiver.formatting.visible import find_direction, name_reordering, possible
from archiver.web.sentences import SaidPart

RTL_LANGUAGES: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})

_LATIN: Final = re.compile("[A-Za-z]")
_RIGHT: Final = re.compile("[\u0590-\u08ff]")


def language_direction(language: str | None) -> str | None:
    """The direction in which a language is written; None if the language is not known."""
    return None if not language else "rtl" if language in RTL_LANGUAGES else "ltr"


def visible(text: object) -> Markup:
    """A name or title on one line, isolated from the text around it, with hostile characters visible."""
    line = " ".join(str(text).split())
    is_mixed = _RIGHT.search(line) is not None and _LATIN.search(line) is not None
    way = find_direction(line) if is_mixed else None  # else its first letter tells
    begin = f'<bdi dir="{way}">' if way else "<bdi>"
    return Markup(f"{begin}{escaped(line)}</bdi>")  # noqa: S704 - escaped


def said_html(parts: Iterable[SaidPart]) -> Markup:
    """A sentence of the program on one line, with its values isolated and their hostile characters visible."""
    return Markup("<bdi>{}</bdi>").format(
        Markup("").join(visible(one.text) if one.is_value else _said(one.text) for one in parts)
    )


def _said(text: str) -> Markup:
    """What the catalogue says, which may enclose what is written from left to right."""
    return escape(text).replace("\u2066", Markup('<bdi dir="ltr">')).replace("\u2069", Markup("</bdi>"))


def direction(text: object) -> str:
    """The direction for an element of its own: as most of its words are, not as its first letter is."""
    return find_direction(str(text)) or "auto"


def plain(text: object) -> Markup:
    """A text with its line feeds, for an element that has a direction of its own; hostile characters visible."""
    return Markup(escaped(str(text)))  # noqa: S704 - escaped


def bare(text: str) -> Markup:
    """A text whose hostile characters are visible already, to be copied unchanged."""
    return escape(possible(text))


def unturned(written: str) -> Markup:
    """HTML for a place without elements, such as the title of a tab: what would reorder it is named."""
    return Markup(name_reordering(str(written)))  # noqa: S704 - is HTML


def text_html(
    text: str,
    entities: str | None = None,
    direction: str | None = None,
    *,
    highlights: Iterable[tuple[int, int]] = (),
    targets: HtmlTargets = OUTSIDE,
) -> Markup:
    """A text with its entities, every line in its direction. `direction`: of the whole, if known."""
    return Markup(to_html(text, entities, highlights=highlights, targets=targets, direction=direction))  # noqa: S704

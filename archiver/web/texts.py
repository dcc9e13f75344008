"""Texts of strangers as HTML, by the one renderer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from archiver.formatting.html_writer import OUTSIDE, HtmlTargets, escaped, to_html
from archiver.formatting.ranges import Entities
from archiver.formatting.visible import find_direction, name_reordering, possible
from archiver.web.sentences import SaidPart

RTL_LANGUAGES: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})

_LATIN: Final = re.compile("[A-Za-z]")
_RIGHT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


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


def said_html(parts: Iterable[SaidPart], *, language: str = "") -> Markup:
    """A sentence of the program on one line, with its values isolated and their hostile characters visible.

    In a `language` from left to right, a value that is written so, too, needs no isolation.
    """
    is_left = language_direction(language) == "ltr"
    listed = list(parts)
    has_commands = sum(one.text.count("`") for one in listed if not one.is_value) % 2 == 0
    html, is_inside = Markup(""), False
    for one in listed:
        if one.is_value:
            is_safe = is_left and one.text.isprintable() and _RIGHT.search(one.text) is None
            html += " " if one.text[:1].isspace() else ""
            html += escape(" ".join(one.text.split())) if is_safe else visible(one.text)
            continue
        for at, piece in enumerate(one.text.split("`") if has_commands else [one.text]):
            if at:
                is_inside = not is_inside
                html += Markup("<code>") if is_inside else Markup("</code>")
            html += _said(piece)
    return Markup("<bdi>{}</bdi>").format(html)


def commands_html(text: str) -> Markup:
    """A text of the page with its `commands` as code."""
    return said_html([SaidPart(text, is_value=False)])


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
    entities: Entities = None,
    direction: str | None = None,
    *,
    highlights: Iterable[tuple[int, int]] = (),
    targets: HtmlTargets = OUTSIDE,
) -> Markup:
    """A text with its entities, every line in its direction. `direction`: of the whole, if known."""
    return Markup(to_html(text, entities, highlights=highlights, targets=targets, direction=direction))  # noqa: S704

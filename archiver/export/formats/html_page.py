"""The frame of a page of an HTML export. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.export.formats.html_style import POLICY, STYLE
from archiver.export.request import NAMED_TITLES, count_others, join_titles
from archiver.formatting.html_writer import attribute, escaped

INDEX = "index.html"


def page_name(number: int) -> str:
    """`messages-0001.html`."""
    return f"messages-{number:04d}.html"


def document(title: str, body: str) -> str:
    """A whole page."""
    return f"{head(title)}{body}{FOOT}"


def head(title: str) -> str:
    """Everything before the content."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex,nofollow">'
        f'<meta name="generator" content="telekeep"><title>{attribute(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>"
    )


FOOT = "\n</body></html>\n"


def headline(names: Sequence[str]) -> str:
    """The heading: each name in its own direction, and all of them in order from left to right."""
    named = ", ".join(f"<bdi>{escaped(name)}</bdi>" for name in names[:NAMED_TITLES])
    return f"<h1>{named}{count_others(names)}</h1>"


def page_head(names: Sequence[str], number: int) -> str:
    """The beginning of a page of messages. `names`: of the channels."""
    return (
        f'{head(f"{join_titles(names)} · {number}")}<a class="skip" href="#messages">To the messages</a>'
        f"<header>{headline(names)}{_nav('Before the messages', number, is_last=True)}</header>"
        '<main id="messages">'
    )


def page_foot(number: int, *, is_last: bool) -> str:
    """The end of a page of messages."""
    return f"\n</main><footer>{_nav('After the messages', number, is_last=is_last)}</footer>{FOOT}"


def _nav(place: str, number: int, *, is_last: bool) -> str:
    links = [f'<a href="{INDEX}">Index</a>']
    if number > 1:
        links.append(f'<a rel="prev" href="{page_name(number - 1)}">Earlier</a>')
    if not is_last:
        links.append(f'<a rel="next" href="{page_name(number + 1)}">Later</a>')
    return f'<nav aria-label="{place}">{"".join(links)}</nav>'

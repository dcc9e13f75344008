"""Texts as HTML for any page: escaped, with safe links only, and a direction for every line.

Hostile characters stay in the text, for search and copying, but each is isolated, so that it reorders nothing, and has
a class by which styles show it. A link whose text hides its target has the host in `data-host`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from archiver.formatting.blocks import CodeBlock, QuoteBlock, TextBlock, TextLine, split_blocks
from archiver.formatting.ranges import Entities
from archiver.formatting.safe_url import find_hidden_host, find_refused, find_target
from archiver.formatting.spans import Span, TextNode, plain_text, read_spans
from archiver.formatting.spoilers import veil
from archiver.formatting.visible import (
    find_direction,
    line_direction,
    name_reordering,
    name_run,
    possible,
    split_reordering,
)

REL = "noopener noreferrer nofollow"
STYLES = """\
.tk-u{unicode-bidi:isolate}.tk-u::before{content:"\\27E8" attr(data-u) "\\27E9";font-size:.75em;opacity:.75}
.tk-line,.tk-code{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}.tk-line:empty::before{content:"\\200B"}
.text :is(.tk-line,blockquote){text-align:-webkit-match-parent;text-align:match-parent}
.tk-spoiler{background:#8884;border-radius:.2em}
.tk-spoiler:not(:hover):not(:focus-within),.tk-spoiler:not(:hover):not(:focus-within) *{color:transparent}
@media(forced-colors:active){.tk-spoiler:not(:hover):not(:focus-within){background:CanvasText;forced-color-adjust:none}}
a[data-host]::after{content:" (" attr(data-host) ")";font-size:.8em;opacity:.75;unicode-bidi:isolate}
@media print{.tk-spoiler:not(:hover):not(:focus-within),.tk-spoiler:not(:hover):not(:focus-within) *{color:inherit}
.tk-spoiler{border-bottom:.06em dotted}
.tk-line a[href^="http"]:not(.tk-url)::after{content:" <" attr(href) ">"}}
"""
"""CSS for the classes used here."""
TAGS = {
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strike": "s",
    "code": "code",
    "highlight": "mark",
    "diff_insert": "ins",
    "diff_delete": "del",
}
"""Elements of the kinds that are only a style."""
_ISOLATED = frozenset({"url", "email", "phone", "mention", "hashtag", "cashtag", "bot_command", "bank_card"})
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlTargets:
    """Where the names in a text lead within a page; None: not a link."""

    hashtag: Callable[[str], str | None] = lambda _: None
    """By the hashtag, without #."""
    mention: Callable[[str], str | None] = lambda _: None
    """By the username, without @; None: the profile on t.me."""
    link: Callable[[str], str | None] = lambda _: None
    """By the URL of a link; None: that URL itself."""
    say: Callable[[str], str] = str
    """Translates the remarks on entities that are not links."""
    has_styles: bool = True
    """Whether the page has `STYLES`, which cover spoilers; else the words of spoilers are left out."""


OUTSIDE = HtmlTargets()
"""No targets within the page."""


def to_html(
    text: str,
    entities: Entities = None,
    *,
    highlights: Iterable[tuple[int, int]] = (),
    targets: HtmlTargets = OUTSIDE,
    direction: str | None = None,
) -> str:
    """The text as a list of block elements. `direction`: of its language, if known: `rtl` or `ltr`."""
    whole = direction or find_direction(text)
    return _blocks(split_blocks(read_spans(text, entities, highlights)), whole, targets)


def to_inline_html(nodes: Sequence[TextNode], targets: HtmlTargets = OUTSIDE) -> str:
    """Spans as inline elements, for a place that has a direction of its own."""
    return "".join(escaped(node) if isinstance(node, str) else _span(node, targets) for node in nodes)


def escaped(text: str) -> str:
    """Text for an element's content."""
    if text.isprintable():
        return escape(text)
    return "".join(
        f'<span class="tk-u" data-u="{name_run(part)}">{part}</span>' if alone else escape(possible(part))
        for part, alone in split_reordering(text)
    )


def attribute(text: str) -> str:
    """Text for the value of an attribute in double quotes."""
    return escape(name_reordering(possible(text)))


def _blocks(blocks: Sequence[TextBlock], whole: str | None, targets: HtmlTargets) -> str:
    return "".join(_block(block, whole, targets) for block in blocks)


def _block(block: TextBlock, whole: str | None, targets: HtmlTargets) -> str:
    if isinstance(block, TextLine):
        if not block.nodes:
            return f'<div class="tk-line">{block.end}</div>'
        way = line_direction(plain_text(block.nodes), whole)
        return f'<div class="tk-line" dir="{way}">{to_inline_html(block.nodes, targets)}{block.end}</div>'
    if isinstance(block, CodeBlock):
        language = f' class="language-{escape(block.language)}"' if block.language else ""
        inner = to_inline_html(block.nodes, targets)
        return f'<pre class="tk-code" dir="auto"><code{language}>{inner}{block.end}</code></pre>'
    return _quote(block, whole, targets)


def _quote(block: QuoteBlock, whole: str | None, targets: HtmlTargets) -> str:
    kind = ' class="tk-collapsed"' if block.collapsed else ""
    way = whole or "auto"
    return f'<blockquote{kind} dir="{way}">{_blocks(block.blocks, whole, targets)}</blockquote>'


def _span(span: Span, targets: HtmlTargets) -> str:
    if span.kind == "spoiler" and not targets.has_styles:
        return escaped(veil(plain_text(span.children)))
    inner = to_inline_html(span.children, targets)
    if span.kind in _ISOLATED:
        inner = f"<bdi>{inner}</bdi>"
    if tag := TAGS.get(span.kind):
        return f"<{tag}>{inner}</{tag}>"
    if span.kind == "spoiler":
        return f'<span class="tk-spoiler" tabindex="0" title="{attribute(targets.say("spoiler"))}">{inner}</span>'
    return _link(span, inner, targets) or _noted(span, inner, targets.say)


def _link(span: Span, inner: str, targets: HtmlTargets) -> str | None:
    name = plain_text(span.children)[1:]
    inside = None
    if span.kind in ("hashtag", "mention"):
        inside = (targets.hashtag if span.kind == "hashtag" else targets.mention)(name)
    if inside is not None:
        return f'<a href="{attribute(inside)}">{inner}</a>'
    target = find_target(span)
    if target is None:
        return None
    if (inside := targets.link(target)) is not None:
        return f'<a href="{attribute(inside)}">{inner}</a>'
    host = find_hidden_host(span, target)
    shown = f' data-host="{attribute(host)}"' if host else ""
    if span.kind == "url":
        shown += ' class="tk-url"'
    return f'<a href="{escape(target)}" rel="{REL}"{shown}>{inner}</a>'


def _noted(span: Span, inner: str, say: Callable[[str], str]) -> str:
    """A span that is not a link, with what its entity says in a title."""
    details, title = span.mark.details, None
    if span.kind == "text_url":
        title = f"link that is not followed: {find_refused(details) or 'no address'}"
    elif span.kind == "mention_name":
        title = f"user {details.get('user_id')}"
    elif span.kind == "custom_emoji":
        title = f"custom emoji {details.get('document_id')}"
    elif span.kind == "diff_replace":
        title = f"was: {details.get('old_text')}"
    elif span.kind == "formatted_date":
        return _date(details.get("date"), inner)
    return f'<span title="{attribute(say(title))}">{inner}</span>' if title else inner


def _date(date: object, inner: str) -> str:
    """A date with the instant that it means, which an app gives as unix time or as text."""
    if type(date) is int:
        try:
            date = datetime.fromtimestamp(date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError, OSError):
            return inner
    if not isinstance(date, str) or not _INSTANT.fullmatch(date):
        return inner
    return f'<time datetime="{date}" title="{date}">{inner}</time>'

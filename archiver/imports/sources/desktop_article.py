"""Rich messages of Telegram Desktop 7 and later: blocks of words, lists, tables. Pure.

The blocks are kept as they are; their words become a line each, as those of captured rich messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_BLOCKS: Final = frozenset(
    {
        *("heading", "paragraph", "footer", "thinking", "author_date", "divider", "list", "quote", "photo", "video"),
        *("cover", "embed", "embed_post", "collage", "slideshow", "channel", "audio", "table", "details"),
        *("related_articles", "map", "input_map", "unsupported"),
    }
)
"""Types of blocks that no inline text has."""
_SAID: Final = frozenset({"text", "title", "caption", "credit", "author", "source", "formula", "description"})
"""Fields with words."""
_LINKS: Final[Mapping[str, str]] = {"href": "url"}


def read_article(message: object) -> dict[str, Any]:
    """`rich` and `rich_text`, as `extra` of a captured message has them."""
    if not isinstance(message, dict):
        return {}
    blocks = message.get("blocks")
    listed = blocks if isinstance(blocks, list) else []
    said = "\n".join(line for line in _lines(listed) if line)
    rich = {"blocks": _stored(listed), **{name: True for name in ("rtl", "part") if message.get(name) is True}}
    return {**({"rich_text": said} if said else {}), "rich": rich}


def _stored(value: Any) -> Any:
    if isinstance(value, list):
        return [_stored(item) for item in value]
    if isinstance(value, dict):
        return {_LINKS.get(name, name): _stored(item) for name, item in value.items()}
    return value


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _lines(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if _is_inline(name, item):
                yield _said(item)
            elif isinstance(item, list | dict):
                yield from _lines(item)


def _is_inline(name: str, value: object) -> bool:
    """Whether a field of a block has words, rather than further blocks."""
    if name == "content" and value in ("text", "blocks"):
        return False  # it says which other field holds the content
    if isinstance(value, dict) and "type" not in value:
        return False  # a caption, which has words and a credit
    if name in _SAID or name == "content":
        listed = value if isinstance(value, list) else [value]
        is_text = not any(isinstance(one, dict) and one.get("type") in _BLOCKS for one in listed)
        return is_text and (name in _SAID or isinstance(value, str | list))
    return False


def _said(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_said(item) for item in value)
    if isinstance(value, dict):
        return next((_said(value[name]) for name in ("text", "texts", "formula", "source", "alt") if name in value), "")
    return ""

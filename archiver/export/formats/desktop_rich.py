"""A rich message as Telegram Desktop 7 and later export it: `rich_message` instead of `text` and `text_entities`. Pure.

Blocks and inline texts have Desktop's names; those that Desktop has no name for keep Telegram's, so that nothing is
left out. Blocks of messages that were imported from such an export are Desktop's already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from archiver.export.formats.desktop_text import NOT_INCLUDED

_BLOCKS: Final = {
    "Blockquote": "quote",
    "BlockquoteBlocks": "quote",
    "Pullquote": "quote",
    "Preformatted": "code",
    "OrderedList": "list",
    "Kicker": "heading",
    "Title": "heading",
    "Header": "heading",
    "Subtitle": "heading",
    "Subheader": "heading",
    "Document": "unsupported",
    "ButtonRow": "unsupported",
}
_LEVELS: Final = {"Title": 1, "Kicker": 3, "Subtitle": 2, "Header": 2, "Subheader": 3}
_INLINE: Final = {
    "TextUrl": "text_link",
    "TextAutoUrl": "link",
    "TextAutoEmail": "email",
    "TextAutoPhone": "phone",
    "TextStrike": "strikethrough",
    "TextFixed": "code",
    "TextImage": "inline_image",
    "TextDate": "formatted_date",
}
_RENAMED: Final = {"url": "href", "source": "formula", "published_date": "date", "photo_id": None, "video_id": None}
_FILES: Final = {"PageBlockPhoto": "photo", "PageBlockVideo": "video", "PageBlockAudio": "audio"}


def rich_message(rich: Mapping[str, Any]) -> dict[str, Any]:
    """The value of `rich_message`."""
    blocks = rich.get("blocks")
    return {
        "rtl": bool(rich.get("rtl")),
        "part": bool(rich.get("part")),
        "blocks": [_block(one) for one in blocks] if isinstance(blocks, list) else [],
    }


def _block(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    name = str(block.get("_", ""))
    if not name.startswith("PageBlock"):
        return _of_desktop(block)
    kind = name.removeprefix("PageBlock")
    made: dict[str, Any] = {"type": _BLOCKS.get(kind) or _snake(re.sub(r"\d$", "", kind))}
    if made["type"] == "heading":
        made["level"] = int(kind[-1]) if kind[-1].isdigit() else _LEVELS.get(kind, 1)
    if made["type"] == "list":
        return {**made, "kind": "ordered" if kind == "OrderedList" else "bullet", "items": _items(block)}
    if made["type"] == "quote":
        content = block["blocks"] if "blocks" in block else block.get("text")
        return {**made, "content": _value(content), "pullquote": kind == "Pullquote", **_caption(block)}
    if name in _FILES:
        made[_FILES[name]] = NOT_INCLUDED
    for key, value in block.items():
        if isinstance(value, dict) and value.get("_") == "PageCaption":
            made |= {"caption": _value(value.get("text")), "credit": _value(value.get("credit"))}
        elif _is_said(key):
            made[_RENAMED.get(key) or key] = _value(value)
    return {key: value for key, value in made.items() if key not in ("caption", "credit") or value not in (None, "")}


def _is_said(key: str) -> bool:
    return key != "_" and _RENAMED.get(key, key) is not None


def _items(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for one in block.get("items") or ():
        state = ("checked" if one.get("checked") else "unchecked") if one.get("checkbox") else "none"
        content = one["blocks"] if "blocks" in one else one.get("text")
        more = {key: one[key] for key in ("num", "value") if key in one}
        found.append({"task_state": state, "content": _value(content), **more})
    return found


def _caption(block: Mapping[str, Any]) -> dict[str, Any]:
    return {"caption": _value(block["caption"])} if "caption" in block else {}


def _value(value: Any) -> Any:
    """A block, an inline text, or a plain value within one."""
    if isinstance(value, list):
        return [_value(one) for one in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("_", ""))
    if name.startswith("PageBlock"):
        return _block(value)
    if name.startswith("Text"):
        return _inline(value, name)
    return {_RENAMED.get(key) or key: _value(one) for key, one in value.items() if _is_said(key)}


def _inline(text: Mapping[str, Any], name: str) -> Any:
    if name == "TextPlain":
        return text.get("text", "")
    if name == "TextEmpty":
        return ""
    if name == "TextConcat":
        return [_value(one) for one in text.get("texts") or ()]
    kind = _INLINE.get(name) or _snake(name.removeprefix("Text"))
    more = {_RENAMED.get(key) or key: _value(one) for key, one in text.items() if key not in ("_", "text")}
    if "document_id" in more:
        more["document_id"] = NOT_INCLUDED
    if kind == "custom_emoji":
        return {"type": kind, "text": more.pop("alt", ""), **more}
    return {"type": kind, "text": _value(text.get("text", "")), **more}


def _of_desktop(value: Any) -> Any:
    """A value imported from Desktop, which differs from its export only in links."""
    if isinstance(value, list):
        return [_of_desktop(one) for one in value]
    if isinstance(value, dict):
        return {"href" if key == "url" else key: _of_desktop(one) for key, one in value.items()}
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

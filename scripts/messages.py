"""List the texts of the page, for its catalogues: `python scripts/messages.py FILE.po` adds what FILE.po lacks.

Texts are found in the templates and in the code; those that are put together from data are in DATA.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
from jinja2 import Environment

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from archiver.web.sentences import CONTEXT
from scripts.sentences import list_sentences

ROOT = Path(__file__).parents[1]
WEB = ROOT / "archiver/web"
DATA = (
    "inaccessible", "banned", "needs newer layer", "removed", "imported",
    "not downloaded", "downloaded", "missing", "partial", "offloaded", "failed", "gone", "self-destructing", "too big",
    "not wanted", "refused",
    "same file", "same bytes", "similar picture",
    "photo", "video", "round", "voice", "audio", "gif", "sticker", "custom emoji", "image", "document", "poll", "todo",
    "geo", "geo live", "venue", "dice", "game", "invoice", "paid media", "giveaway", "giveaway results",
    "link", "story", "contact", "webpage", "media", "file", "reply", "service", "unreadable", "none",
    "text", "formatting", "buttons", "rich text", "links", "history", "update", "audit", "import", "difference",
    "starting", "mirroring", "offline", "waiting", "silent", "active",
    "following", "unused", "unreachable", "busy", "full", "failing", "stale",
    "edited", "differs", "returned", "renamed", "retitled", "about", "flags", "restriction", "count", "state",
    "signature", "sender", "forward", "album", "title", "date", "kind", "kind of message", "forwarded from", "reply to",
)  # fmt: skip
"""States of channels and files, and kinds of changes, as data has them."""
_ARGUMENTS = {"gettext": 1, "say": 1, "pgettext": 2, "ngettext": 2}
"""Functions that translate, and how many texts they take."""
_CONTEXTS = {"_MONTHS": "month", "_DAYS": "weekday"}
"""Lists of names in times.py, and their context."""


class Wanted(NamedTuple):
    """One text to translate."""

    context: str | None
    text: str
    plural: str | None = None


def list_messages() -> list[Wanted]:
    """List the texts, each once."""
    found = [*_of_templates(), *_of_code(), *(Wanted(None, text) for text in DATA)]
    found += [Wanted(CONTEXT, text) for text in list_sentences()]
    return list(dict.fromkeys(found))


def _of_templates() -> Iterator[Wanted]:
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    for path in sorted([*(WEB / "templates").glob("*.html"), *(WEB / "templates").glob("*.atom")]):
        for _, function, said in environment.extract_translations(path.read_text(encoding="utf-8")):
            if isinstance(said, str):
                yield Wanted(None, said)
            elif said and said[0]:
                yield Wanted(None, str(said[0]), str(said[1]) if function == "ngettext" else None)


def _of_code() -> Iterator[Wanted]:
    for path in sorted(WEB.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _of_call(node.func.attr, node)
            elif isinstance(node, ast.Assign) and path.name == "times.py":
                yield from _of_names(node)


def _of_names(assigned: ast.Assign) -> Iterator[Wanted]:
    target = assigned.targets[0]
    if isinstance(target, ast.Name) and (context := _CONTEXTS.get(target.id)):
        yield from (Wanted(context, str(text)) for text in ast.literal_eval(assigned.value))


def _of_call(name: str, call: ast.Call) -> Iterator[Wanted]:
    texts = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
    if len(texts) != _ARGUMENTS.get(name):
        return
    match name:
        case "pgettext":
            yield Wanted(texts[0], texts[1])
        case "ngettext":
            yield Wanted(None, texts[0], texts[1])
        case _:
            yield Wanted(None, texts[0])


def main() -> None:
    """Add to each catalogue what it lacks, without translation."""
    for name in sys.argv[1:]:
        catalogue = polib.pofile(name)
        known = {(entry.msgctxt, entry.msgid) for entry in catalogue}
        for one in list_messages():
            if (one.context, one.text) in known:
                continue
            plural = {"msgid_plural": one.plural, "msgstr_plural": {0: "", 1: ""}} if one.plural else {}
            catalogue.append(polib.POEntry(msgctxt=one.context, msgid=one.text, **plural))
        catalogue.save(name)


if __name__ == "__main__":
    main()

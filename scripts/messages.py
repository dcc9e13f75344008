"""List what the page says, for its catalogues: `python scripts/messages.py FILE.po` adds what FILE.po lacks.

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

ROOT = Path(__file__).parents[1]
WEB = ROOT / "archiver/web"
DATA = (
    *("inaccessible", "banned", "needs newer layer", "removed"),
    *(
        "not downloaded",
        "partial",
        "offloaded",
        "failed",
        "gone",
        "self-destructing",
        "too big",
        "not wanted",
        "refused",
    ),
    *("same file", "same bytes", "similar picture"),
    *("edited", "returned", "renamed", "retitled", "about", "flags", "restriction", "count", "state"),
)
"""States of channels and files, and kinds of changes, as data has them."""
_CALLS = {"gettext": "n", "pgettext": "cn", "ngettext": "np", "say": "n"}
"""What the arguments of a call are: c context, n text, p its plural."""


class Wanted(NamedTuple):
    """One text to translate."""

    context: str | None
    text: str
    plural: str | None = None


def list_messages() -> list[Wanted]:
    """All of them, each once."""
    found = [*_of_templates(), *_of_code(), *(Wanted(None, text) for text in DATA)]
    return list(dict.fromkeys(found))


def _of_templates() -> Iterator[Wanted]:
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    for path in sorted((WEB / "templates").glob("*.*")):
        if path.suffix == ".py":
            continue
        for _, function, said in environment.extract_translations(path.read_text(encoding="utf-8")):
            if isinstance(said, str):
                yield Wanted(None, said)
            elif said and said[0]:
                yield Wanted(None, str(said[0]), str(said[1]) if function == "ngettext" else None)


def _of_code() -> Iterator[Wanted]:
    for path in sorted(WEB.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            if name not in _CALLS or not isinstance(node, ast.Call):
                continue
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if name == "pgettext" and len(texts) == 2:
                yield Wanted(str(texts[0]), str(texts[1]))
            elif name == "ngettext" and len(texts) == 2:
                yield Wanted(None, str(texts[0]), str(texts[1]))
            elif name in ("gettext", "say") and len(texts) == 1:
                yield Wanted(None, str(texts[0]))
        for assigned in ast.walk(tree):
            if isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name):
                context = {"_MONTHS": "month", "_DAYS": "weekday"}.get(assigned.targets[0].id)
                if context and path.name == "times.py":
                    yield from (Wanted(context, str(text)) for text in ast.literal_eval(assigned.value))


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

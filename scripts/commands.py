"""Write docs/commands.md from the `--help` of every command: .venv/bin/python scripts/commands.py"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"
WIDTH = 100

HEAD = """\
# Commands

Made by `scripts/commands.py` from the `--help` of each command; not to be edited. Data goes to stdout, all else to
stderr. On a terminal rows are a table or cards; in a pipe one line each with tabs between, without a header; with
`--json` or `--jsonl` they have the keys of [rows.md](rows.md), those of `history` and `changes` the keys of
[changes.md](changes.md). The global options may stand before or behind the command. `NO_COLOR` turns colours off.
"""


def render() -> str:
    """The page as it should be."""
    from archiver.cli.app import build
    from archiver.cli.commands.help import guide
    from archiver.cli.table import COMMANDS, PROGRAM

    group = build()
    root = group.context_class(group, info_name=PROGRAM, terminal_width=WIDTH, **group.context_settings)
    sections = [HEAD, _section(PROGRAM, group.get_help(root))]
    for name in COMMANDS:
        command = group.get_command(root, name)
        context = command.context_class(command, info_name=name, parent=root, **command.context_settings)
        sections.append(_section(f"{PROGRAM} {name}", command.get_help(context)))
        for part in getattr(command, "table", ()):
            inner = command.get_command(context, part)
            below = inner.context_class(inner, info_name=part, parent=context, **inner.context_settings)
            sections.append(_section(f"{PROGRAM} {name} {part}", inner.get_help(below)))
    sections.append(_section(f"{PROGRAM} help query", "\n".join(guide())))
    return "\n".join(sections)


def _section(title: str, text: Any) -> str:
    lines = "\n".join(line.rstrip() for line in str(text).strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(render(), encoding="utf-8")

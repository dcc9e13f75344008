"""Write docs/search.svg, a search on a terminal, from a real run: .venv/bin/python scripts/picture.py

The commands run in a pseudo-terminal against the loopback server of `scripts/demo`; what they print is drawn by rich.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "search.svg"
COLUMNS, LINES = 100, 60
SHOWN = (("search", "колонна", "-n", "2"), ("search", "convois logistiques", "-n", "2"))
"""Commands after `telekeep`, as they are typed. Left to right only: rich places each piece of a line by itself."""


def main() -> None:
    """Mirror the demo's channels, search them, and draw what the terminal shows."""
    with tempfile.TemporaryDirectory(prefix="telekeep-picture.") as directory:
        subprocess.run([ROOT / "scripts" / "demo", "--keep", directory], check=True, stdout=subprocess.DEVNULL)
        environment = {**os.environ, "TELEKEEP_CONFIG": f"{directory}/telekeep.toml", "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        runs = [(" ".join(_quoted(word) for word in words), _run(words, environment)) for words in SHOWN]
    PICTURE.write_text(_draw(runs), encoding="utf-8")


def _run(words: tuple[str, ...], environment: dict[str, str]) -> str:
    """What the command prints on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "archiver", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT) as process:
        os.close(theirs)
        said = bytearray()
        while part := _read(ours):
            said += part
        process.wait(60)
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def _draw(runs: list[tuple[str, str]]) -> str:
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    for typed, said in runs:
        console.print(Text.assemble(("$ ", "green"), f"telekeep {typed}"))
        console.print(Text.from_ansi(said))
    svg = console.export_svg(title="telekeep", theme=MONOKAI)
    # No fonts from elsewhere: a picture that looks something up tells who looks at it.
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, DejaVu Sans Mono")


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


if __name__ == "__main__":
    main()

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from archiver.cli.pager import choose_pager, count_lines, pager_environment

PRINTS = """
import sys
from archiver.cli.pager import page, set_off
set_off("--no-pager" in sys.argv)
with page() as paged:
    for at in range(int(sys.argv[1])):
        print("line", at)
        print("a note", file=sys.stderr) if at == 0 else None
print("left" if paged.left else "end", file=sys.stderr)
"""
TEE = "sh -c 'cat > seen; echo through a pager'"


@pytest.fixture
def on_terminal(tmp_path: Path) -> object:
    """Run PRINTS on a terminal of 10 lines and 40 columns; return what it shows."""

    def run(*words: str, **environment: str) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TELEKEEP_")}
        env = {**inherited, "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
        command = [sys.executable, "-c", PRINTS, *words]
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=tmp_path) as process:
            os.close(theirs)
            said = bytearray()
            while part := _read(ours):
                said += part
            assert process.wait(30) == 0
        os.close(ours)
        return said.decode().replace("\r\n", "\n")

    return run


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def test_what_fits_on_the_screen_needs_no_pager(on_terminal, tmp_path: Path) -> None:
    assert on_terminal("9", PAGER=TEE) == "".join(f"line {at}\n" for at in range(9)) + "a note\nend\n"
    assert not (tmp_path / "seen").exists()


def test_what_does_not_fit_goes_to_the_pager_and_notes_wait_for_its_end(on_terminal, tmp_path: Path) -> None:
    assert on_terminal("5000", PAGER=TEE) == "through a pager\na note\nend\n"
    assert (tmp_path / "seen").read_text() == "".join(f"line {at}\n" for at in range(5000))


@pytest.mark.parametrize(
    "pager",
    [
        "/there/is/none -x",
        "exec /there/is/none $X",
        "'open quotation mark",
        "off",
        "cat",
        "",
    ],
)
def test_without_a_pager_the_terminal_gets_it_all(on_terminal, pager: str) -> None:
    said = on_terminal("300", TELEKEEP_PAGER=pager, PAGER=TEE)
    assert said.count("line") == 300
    assert said.endswith("end\n")


def test_no_pager_is_obeyed(on_terminal) -> None:
    assert on_terminal("300", "--no-pager", PAGER=TEE).count("line") == 300


def test_a_pager_that_is_closed_early_is_no_error(on_terminal) -> None:
    said = on_terminal("200000", PAGER="head -n 2")
    assert said == "line 0\nline 1\na note\nleft\n"


def test_a_dumb_terminal_has_no_pager_unless_one_is_chosen() -> None:
    assert choose_pager({"TERM": "dumb", "PAGER": "more"}, None) is None
    assert choose_pager({"TERM": "dumb"}, "less -X") == ["less", "-X"]


def test_the_nearest_setting_wins() -> None:
    environment = {"TERM": "xterm", "TELEKEEP_PAGER": "most", "PAGER": "more"}
    assert choose_pager(environment, "less -S") == ["most"]
    assert choose_pager(environment | {"TELEKEEP_PAGER": ""}, "less -S") is None
    assert choose_pager({"TERM": "xterm", "PAGER": "more"}, "less -S") == ["less", "-S"]
    assert choose_pager({"TERM": "xterm", "PAGER": "more"}, None) == ["more"]
    assert choose_pager({"TERM": "xterm"}, None) == ["less", "-FRX"]


def test_less_shows_colours_and_utf8_whatever_its_variables_say() -> None:
    assert pager_environment({}, "utf-8") == {"LV": "-c", "LESS": "FRX", "LESSCHARSET": "utf-8"}
    assert pager_environment({"LESS": "-S -i"}, "utf-8")["LESS"] == "-S -i -R"
    assert pager_environment({"LESS": "R"}, "utf-8")["LESS"] == "R"
    assert pager_environment({"LESSCHARSET": "latin1"}, "utf-8")["LESSCHARSET"] == "latin1"
    assert "LESSCHARSET" not in pager_environment({}, "iso-8859-1")


def test_lines_are_counted_as_the_terminal_breaks_them() -> None:
    assert count_lines(b"a\n\nb\n", 10) == 3
    assert count_lines(b"x" * 21, 10) == 3
    assert count_lines(b"\x1b[1mbold\x1b[0m \x1b]8;;https://t.me/a/1\x1b\\link\x1b]8;;\x1b\\", 10) == 1
    assert count_lines("桥".encode() * 6, 10) == 2

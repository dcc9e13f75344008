"""Pictures on terminals: the exact escape sequences, what terminals are asked, and when nothing is drawn."""

from __future__ import annotations

import base64
import os
import pty
import re
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.graphics.detect import (
    QUESTION,
    Ability,
    TerminalAnswer,
    ask,
    detect,
    known_protocol,
    name_multiplexer,
    read_answer,
)
from archiver.cli.graphics.encode import IndexedPicture, to_iterm2, to_kitty, to_sixel

RED, GREEN = (255, 0, 0), (0, 255, 0)


def test_a_small_picture_is_one_sequence_of_kittys_protocol() -> None:
    assert to_kitty(b"PNG") == b"\x1b_Ga=T,f=100,q=2,m=0;UE5H\x1b\\"


def test_a_large_picture_is_cut_into_chunks_of_4096_characters_of_which_the_last_says_so() -> None:
    png = bytes(range(256)) * 30
    found = re.findall(rb"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", to_kitty(png))
    assert [keys for keys, _ in found] == [b"a=T,f=100,q=2,m=1", b"m=1", b"m=0"]
    assert [len(text) for _, text in found[:-1]] == [4096, 4096]
    assert base64.b64decode(b"".join(text for _, text in found)) == png


def test_an_inline_image_of_iterm2_has_its_size_and_no_name() -> None:
    head = b"\x1b]1337;File=inline=1;size=3;width=auto;height=auto;preserveAspectRatio=1:"
    assert to_iterm2(b"PNG") == head + b"UE5H\x07"


def test_sixels_are_six_rows_at_a_time_by_colour() -> None:
    picture = IndexedPicture(5, 7, [RED, GREEN], bytes([0] * 30 + [1, 1, 0, 0, 1]))
    assert to_sixel(picture) == (
        b'\x1bP0;1;0q"1;1;5;7#0;2;100;0;0#1;2;0;100;0'
        b"#0!5~"  # six rows of red
        b"-#0??@@?$#1@@??@"  # the seventh row
        b"\x1b\\"
    )


@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_sixels_can_be_read_back(width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(
        st.binary(min_size=width * height, max_size=width * height).map(lambda x: bytes(b % 4 for b in x))
    )
    drawn = read_sixels(to_sixel(IndexedPicture(width, height, [RED, GREEN, RED, GREEN], pixels)), width, height)
    assert drawn == pixels


def read_sixels(data: bytes, width: int, height: int) -> bytes:
    """What a terminal would draw."""
    body = data.removeprefix(b"\x1bP0;1;0q").removesuffix(b"\x1b\\").decode()
    drawn = bytearray(width * height)
    x = band = colour = 0
    for found in re.finditer(r'"[\d;]+|#\d+;2;\d+;\d+;\d+|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)', body):
        chosen, times, run, one, back, down = found.groups()
        if chosen is not None:
            colour = int(chosen)
        elif back or down:
            x, band = 0, band + bool(down)
        elif run or one:
            end = x + int(times or 1)
            for column in range(x, end):
                for row in range(6):
                    if (ord(run or one) - 63) >> row & 1:
                        drawn[(band * 6 + row) * width + column] = colour
            x = end
    return bytes(drawn)


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, None),
        ({"TERM": "xterm-256color"}, None),
    ],
)
def test_terminals_that_say_who_they_are_are_not_asked(environment: dict[str, str], protocol: str | None) -> None:
    assert known_protocol(environment) == protocol


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TMUX": "default,1,0", "TERM": "xterm-kitty"}, "tmux"),
        ({"TERM": "tmux-256color"}, "tmux"),
        ({"STY": "1.pts", "TERM": "screen"}, "screen"),
        ({"ZELLIJ": "0", "TERM": "xterm-256color"}, "Zellij"),
        ({"TERM": "xterm-256color"}, None),
    ],
)
def test_what_is_between_us_and_the_terminal_is_known(environment: dict[str, str], name: str | None) -> None:
    assert name_multiplexer(environment) == name


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c", TerminalAnswer(kitty=True)),
        (b"\x1b_Gi=31;ENOTSUP:no\x1b\\\x1b[?62;c", TerminalAnswer()),
        (b"\x1b[?62;4;22c", TerminalAnswer(sixel=True)),
        (b"\x1b[?4;1c", TerminalAnswer()),  # the first number is the class of the terminal
        (b"\x1b[?64;1;14c", TerminalAnswer()),
        (b"", TerminalAnswer()),
        (b"typed ahead \x1b[?1;2;4c", TerminalAnswer(sixel=True)),
    ],
)
def test_the_answer_of_a_terminal_is_read(answer: bytes, meaning: TerminalAnswer) -> None:
    assert read_answer(answer) == meaning


def test_nothing_is_drawn_where_the_output_is_no_terminal() -> None:
    assert detect({"TERM": "xterm-kitty"}) == Ability(None, "the output is not a terminal")


@contextmanager
def terminal(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A terminal in a process of its own that is asked, answers this, and says what it was asked."""
    leader, follower = pty.openpty()
    heard: list[bytes] = []

    def listen() -> None:
        while QUESTION not in b"".join(heard):
            heard.append(os.read(leader, 4096))
        os.write(leader, answer)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield follower, heard
    finally:
        os.close(follower)
        os.close(leader)


def in_session(follower: int, seconds: float) -> bytes:
    """Ask from a process whose terminal it is, as a shell's foreground process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.login_tty(os.dup(follower))
            os.write(writer, ask(1, seconds=seconds))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return found


def test_a_terminal_is_asked_and_its_answer_is_neither_echoed_nor_left_for_the_shell() -> None:
    with terminal(b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c") as (follower, heard):
        before = termios.tcgetattr(follower)
        assert in_session(follower, 20) == b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c"
        assert b"".join(heard) == QUESTION
        assert termios.tcgetattr(follower) == before


def test_a_terminal_that_says_nothing_is_not_waited_for_longer_than_the_limit() -> None:
    with terminal(b"") as (follower, _):
        assert in_session(follower, 0.2) == b""

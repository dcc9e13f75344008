"""`show --picture` draws on a terminal that can, and says in one line why not elsewhere; no byte of a file gets out."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from PIL import Image

from archiver.mirror.rebuild_search import prepare_search
from archiver.store.database import Database
from tests.acceptance.desk import Desk
from tests.pictures import encode, photograph
from tests.sample import build, make_message, photo
from tests.stored_files import store_file
from tests.tiers import SOAK

HOSTILE = b"\x1b]0;pwned\x07\x1b[2J"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Post 1 has a stored photo with escape sequences behind it, 2 one that is none, 3 one that is not stored."""
    archive = tmp_path_factory.mktemp("stored") / "archive"
    media = [dataclasses.replace(photo(), id=str(at)) for at in range(1, 4)]
    build(archive, [make_message(at, f"post {at}", media=(media[at - 1],)) for at in range(1, 4)])
    asyncio.run(store(archive))
    return archive


async def store(archive: Path) -> None:
    async with await Database.open(archive) as database:
        await prepare_search(database)
        await store_file(database, "photo/1", encode(photograph(1)) + HOSTILE)
        await store_file(database, "photo/2", HOSTILE * 100)


@pytest.fixture
def desk(stored: Path, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk")
    shutil.copytree(stored, desk.archive)
    return desk


def test_a_stored_photo_is_drawn_anew_by_kittys_protocol(desk: Desk) -> None:
    screen = desk.on_terminal("show", "NightBridge/1", "--picture", TERM="xterm-kitty")
    chunks = re.findall(r"\x1b_G[^;]*;([A-Za-z0-9+/=]*)\x1b\\", screen)
    picture = Image.open(io.BytesIO(base64.b64decode("".join(chunks))))
    assert (picture.format, max(picture.size) <= 1200) == ("PNG", True)
    assert "\x1b]0;" not in screen
    assert screen.index("SHA-256") < screen.index("\x1b_G")


def test_inline_images_of_iterm2_are_drawn_over_ssh_too(desk: Desk) -> None:
    screen = desk.on_terminal("show", "NightBridge/1", "--picture", LC_TERMINAL="iTerm2")
    assert re.search(
        r"\x1b\]1337;File=inline=1;size=\d+;width=auto;height=auto;preserveAspectRatio=1:[A-Za-z0-9+/=]+\x07", screen
    )


MORE = [
    (1, {"TERM": "dumb"}, "no picture: this terminal is dumb (TERM)."),
    (1, {"TERM": "xterm-256color"}, "no picture: this terminal (TERM=xterm-256color) offers neither kitty graphics"),
]


@pytest.mark.parametrize(
    ("post", "environment", "why"),
    [
        *(MORE if SOAK else ()),
        (1, {"TERM": "xterm-kitty", "TMUX": "x,1,0"}, "no picture: tmux does not offer sixel graphics here"),
        (
            1,
            {"TERM": "xterm-256color"},
            "no picture: this terminal (TERM=xterm-256color) offers neither kitty graphics",
        ),
        (2, {"TERM": "xterm-kitty"}, "no picture of the photo: it cannot be decoded"),
        (
            3,
            {"TERM": "xterm-kitty"},
            "no picture of the photo: the file is not stored, and the message has no preview.",
        ),
    ],
)
def test_where_nothing_is_drawn_a_line_says_why(desk: Desk, post: int, environment: dict[str, str], why: str) -> None:
    screen = desk.on_terminal("show", f"NightBridge/{post}", "--picture", **environment)
    assert why in " ".join(screen.replace("\r\n", " ").split())
    assert "\x1b_Ga=T" not in screen
    assert "\x1b]0;" not in screen


def test_a_pipe_and_json_get_no_picture(desk: Desk) -> None:
    done = desk.do("show", "NightBridge/1", "--picture")
    assert (done.err, "\x1b" in done.out) == ("no picture: the output is not a terminal.\n", False)
    done = desk.do("show", "NightBridge/1", "--picture", "--json")
    assert done.err == "no picture: JSON output has none.\n"

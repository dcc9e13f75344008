"""Names of exported files: ours alone, valid everywhere, and telling whose bytes they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.export.media_names import ENDINGS, ending, find_digits, name_file

_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{at}" for name in ("com", "lpt") for at in range(10))}
_RUN = {
    "exe",
    "bat",
    "cmd",
    "com",
    "scr",
    "msi",
    "js",
    "vbs",
    "ps1",
    "sh",
    "apk",
    "jar",
    "html",
    "htm",
    "svg",
    "lnk",
    "url",
}
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
KINDS = ["photo", "document", "video"]
NUMBERS = st.integers(1, 2**53)


@given(st.tuples(NUMBERS, NUMBERS, st.integers(0, 999)), HASHES, st.sampled_from(KINDS), st.none() | st.text())
def test_a_name_is_valid_on_every_system_whatever_the_mime_type(
    place: tuple[int, int, int], sha256: str, kind: str, mime: str | None
) -> None:
    name = name_file(*place, sha256=sha256, kind=kind, mime=mime)
    assert re.fullmatch(r"[0-9]+/[0-9]+-[0-9]+-[0-9a-f]{16}\.[0-9a-z]+", name)
    assert max(map(len, name.split("/"))) <= 143  # as eCryptfs has it
    assert not _RESERVED & {part.partition(".")[0] for part in name.split("/")}
    digits = find_digits(name)
    assert digits is not None
    assert sha256.startswith(digits)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, 9), HASHES), unique_by=lambda one: one[:3], max_size=20))
def test_no_two_attachments_share_a_name(slots: list[tuple[int, int, int, str]]) -> None:
    names = [
        name_file(channel, message, slot, sha256=sha256, kind="photo", mime=None).lower()
        for channel, message, slot, sha256 in slots
    ]
    assert len(set(names)) == len(slots)


@pytest.mark.parametrize(
    ("kind", "mime", "found"),
    [
        ("photo", None, "jpg"),
        ("photo", "image/jpeg", "jpg"),
        ("document", "IMAGE/PNG; charset=x", "png"),
        ("document", "application/x-msdownload", "bin"),
        ("document", "text/html", "bin"),
        ("document", "image/svg+xml", "bin"),
        ("document", "application/vnd.android.package-archive", "bin"),
        ("document", "../../etc/passwd", "bin"),
        ("document", "image/jpeg\0.exe", "bin"),
        ("document", None, "bin"),
    ],
)
def test_an_ending_comes_from_the_list_alone(kind: str, mime: str | None, found: str) -> None:
    assert ending(kind, mime) == found


def test_no_ending_is_one_that_is_run_or_interpreted() -> None:
    assert not _RUN & set(ENDINGS.values())


@pytest.mark.parametrize(
    "name", ["a.jpg", "1/../2-0-0123456789abcdef.jpg", "1/2-0-0123456789abcdef.jpg/x", "1/2-0-short.jpg"]
)
def test_other_names_are_not_ours(name: str) -> None:
    assert find_digits(name) is None

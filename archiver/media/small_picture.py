"""A small copy of a picture, decoded and encoded again by another process within limits (`shrink_picture`)."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any, BinaryIO, Final, Literal

import orjson

from archiver.errors import Error
from archiver.media.decode_picture import environment
from archiver.media.shrink_picture import SECONDS

MOST_WAIT: Final = 2.0 * SECONDS
"""Seconds after which the process is ended, regardless of its processor time."""


class NoPicture(Error):
    """A picture cannot be shown; the text says why, as a phrase."""


def can_decode() -> bool:
    """Whether the library that decodes pictures is installed."""
    return find_spec("PIL") is not None


def shrink(
    source: BinaryIO | bytes, kind: Literal["png", "indexed"], most: tuple[int, int], *, seconds: float = MOST_WAIT
) -> dict[str, Any]:
    """The answer of `shrink_picture.main` for an open file or its bytes. Raises NoPicture."""
    given: dict[str, Any] = {"input": source} if isinstance(source, bytes) else {"stdin": source}
    try:
        done = subprocess.run(  # noqa: S603 our own module
            [sys.executable, "-m", "archiver.media.shrink_picture", kind, *map(str, most)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env=environment(),
            start_new_session=True,
            **given,
        )
    except subprocess.TimeoutExpired:
        raise NoPicture(f"decoding took longer than {seconds:g} s") from None
    if done.returncode:
        raise NoPicture("the decoder crashed")
    answer: dict[str, Any] = orjson.loads(done.stdout)
    if "reason" in answer:
        raise NoPicture(str(answer["reason"]))
    return answer

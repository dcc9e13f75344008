"""The process that hashes pictures: started by `picture_process`, one picture at a time.

Requests and answers are lines of JSON on stdin and stdout.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from archiver.media.decode_picture import TooManyPixels, decode, restrain

_MEMORY: Final = 3 << 29
"""Bytes of address space."""
_DRAFT: Final = 256
"""JPEGs are decoded at a fraction of their size, at least so large: four times as fast, and the hash is the same."""
_FLATTEST: Final = 3.0
"""Standard deviation of the brightness (0 to 255) below which a picture shows next to nothing."""
_BALANCE: Final = range(20, 45)
"""Number of bits set in the hash of a picture with structure: half of them, since the median decides."""
SHOWS_NOTHING: Final = frozenset({"nearly one colour", "too little structure"})
"""Reasons that hold for every size of a picture."""


class _NoHashError(Exception):
    """There is no hash that could be compared; the message says why."""


def main() -> None:
    """Answer requests until stdin ends."""
    _prepare()
    for line in sys.stdin.buffer:
        answer = _answer(json.loads(line))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _prepare() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would take memory of its own
    os.nice(19)
    with contextlib.suppress(OSError):  # if memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    restrain(_MEMORY)


def _answer(request: dict[str, Any]) -> dict[str, object]:
    """`{path}`: of a picture; `{raw, key}`: a message's bytes, and whose tiny picture in it is meant."""
    try:
        if "path" in request:
            with open(request["path"], "rb") as file:  # noqa: PTH123
                return {"hash": hash_picture(file)}
        return {"hash": hash_picture(io.BytesIO(_read_preview(base64.b64decode(request["raw"]), request["key"])))}
    except _NoHashError as exc:
        return {"hash": None, "reason": str(exc)}
    except TooManyPixels as exc:
        return {"hash": None, "reason": f"too large: {exc}"}
    except FileNotFoundError:
        return {"hash": None, "reason": None}  # it was moved away meanwhile
    except MemoryError:
        return {"hash": None, "reason": "too large"}
    except Exception as exc:  # noqa: BLE001 - decoders fail in any way; their words quote the picture
        return {"hash": None, "reason": f"cannot be decoded ({type(exc).__name__})"}


def _read_preview(raw: bytes, key: str) -> bytes:
    from archiver.convert.stored import read_payload
    from archiver.convert.thumbnails import read_previews

    found = read_previews(read_payload(raw)).get(key)
    if found is None or found.jpeg is None:
        raise _NoHashError("no preview in the message")
    return found.jpeg


def hash_picture(file: Any) -> int:
    """The perceptual hash of a picture. Raises _NoHashError, TooManyPixels, or what the decoder raises."""
    import imagehash
    from PIL.Image import Resampling

    grey = decode(file, (_DRAFT, _DRAFT)).convert("L")
    shown = grey.resize((_DRAFT, _DRAFT), Resampling.BOX, reducing_gap=2.0)
    if _spread(shown) < _FLATTEST:
        raise _NoHashError("nearly one colour")
    value = int(str(imagehash.phash(shown)), 16)
    if value.bit_count() not in _BALANCE:
        raise _NoHashError("too little structure")
    return value


def _spread(grey: Any) -> float:
    from PIL import ImageStat

    return float(ImageStat.Stat(grey).stddev[0])


if __name__ == "__main__":
    main()

"""The process that makes a picture small: started for one picture, which it reads from stdin.

Arguments: `png` or `indexed`, and the largest width and height. The answer is one JSON object.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import sys
from contextlib import suppress
from typing import Any, Final

from archiver.media.decode_picture import TooManyPixels, decode, restrain

MOST_BYTES: Final = 64 << 20
"""Bytes of the largest file that is decoded."""
SECONDS: Final = 10
"""Processor time of one picture."""
_MEMORY: Final = 2 << 30
_COLOURS: Final = 128


def main() -> None:
    """Shrink the picture on stdin."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    restrain(_MEMORY)
    kind, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        answer = {"reason": "its file is too large"} if len(data) > MOST_BYTES else shrink(data, kind, (width, height))
    except TooManyPixels as exc:
        answer = {"reason": f"it has {exc}"}
    except MemoryError:
        answer = {"reason": "it takes too much memory"}
    except Exception as exc:  # noqa: BLE001 - decoders fail in any way; their words quote the picture
        answer = {"reason": f"it cannot be decoded ({type(exc).__name__})"}
    sys.stdout.write(json.dumps(answer))


def shrink(data: bytes, kind: str, most: tuple[int, int]) -> dict[str, Any]:
    """The first frame of a picture, shrunk to `most` unless it is smaller. Raises what `decode` raises."""
    from PIL.Image import Resampling

    shown = decode(io.BytesIO(data), most).convert("RGB")
    shown.thumbnail(most, Resampling.LANCZOS, reducing_gap=2.0)
    return _indexed(shown) if kind == "indexed" else _png(shown)


def _png(shown: Any) -> dict[str, Any]:
    file = io.BytesIO()
    shown.save(file, "PNG")
    return {"png": base64.b64encode(file.getvalue()).decode()}


def _indexed(shown: Any) -> dict[str, Any]:
    few = shown.quantize(_COLOURS)
    palette = few.getpalette()
    return {
        "width": few.width,
        "height": few.height,
        "palette": [palette[at : at + 3] for at in range(0, len(palette), 3)],
        "pixels": base64.b64encode(few.tobytes()).decode(),
    }


if __name__ == "__main__":
    main()

"""The process that makes a picture small: started for one picture, which it reads from stdin.

Pictures come from strangers and decoders are written in C: a broken one can only end this process, which can write no
file and has limits of time, memory and pixels. Arguments: `png` or `indexed`, and the largest width and height. The
answer is one JSON object.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import sys
from contextlib import suppress
from typing import Any, Final

from archiver.media.picture_worker import MOST_PIXELS

MOST_BYTES: Final = 64 << 20
"""Bytes of the largest file that is decoded."""
SECONDS: Final = 10
_MEMORY: Final = 2 << 30
_COLOURS: Final = 128
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def main() -> None:
    """Shrink the picture on stdin."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kind, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        answer = {"reason": "its file is too large"} if len(data) > MOST_BYTES else shrink(data, kind, (width, height))
    except MemoryError:
        answer = {"reason": "it takes too much memory"}
    except Exception as exc:  # noqa: BLE001 - decoders fail in any way; their words quote the picture
        answer = {"reason": f"it cannot be decoded ({type(exc).__name__})"}
    sys.stdout.write(json.dumps(answer))


def shrink(data: bytes, kind: str, most: tuple[int, int]) -> dict[str, Any]:
    """The first frame of a picture, at most so large; a smaller one keeps its size. Raises what the decoder raises."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own limit is asked before anything is decoded
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            return {"reason": f"it has {picture.width:,} by {picture.height:,} pixels"}
        picture.draft("RGB", most)
        shown = ImageOps.exif_transpose(picture)
        if "A" in shown.getbands() or "transparency" in shown.info:
            layer = shown.convert("RGBA")
            shown = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        shown = shown.convert("RGB")
        shown.thumbnail(most, Image.Resampling.LANCZOS, reducing_gap=2.0)
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

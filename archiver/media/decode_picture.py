"""Decoding pictures in a process of its own: what `picture_worker` and `shrink_picture` have in common.

Pictures come from strangers, and decoders are written in C: a broken one must only end its own process, which can write
no file and has limits of memory and pixels.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

MOST_PIXELS: Final = 50_000_000
"""Pixels of the largest picture that is decoded; photos of Telegram have at most 6,553,600."""
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")


class TooManyPixels(Exception):
    """A picture is larger than MOST_PIXELS; nothing was decoded. The message gives its width and height."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width:,} by {height:,} pixels")


def environment() -> dict[str, str]:
    """The environment for such a process: it finds our modules, and sees none of our settings."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    root = str(Path(__file__).parents[2])
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH"))))}


def restrain(memory: int) -> None:
    """Limit this process: bytes of address space, no file written, no core file."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def decode(file: Any, size: tuple[int, int]) -> Any:
    """The first frame of a picture, upright, on white where it is transparent, as an image of Pillow.

    `size`: JPEGs may be decoded at a fraction of their size, but not smaller than this. Raises TooManyPixels, or what
    the decoder raises.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    with Image.open(file, formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise TooManyPixels(picture.width, picture.height)
        picture.draft("RGB", size)
        upright = ImageOps.exif_transpose(picture)
    if "A" not in upright.getbands() and "transparency" not in upright.info:
        return upright
    layer = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)

"""Made-up photographs, and what happens to pictures that are passed on. Needs Pillow."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Picture = Any


def photograph(seed: int, size: tuple[int, int] = (640, 480)) -> Picture:
    """Clouds of colour at all scales, as photographs have them, with some plain shapes in front."""
    rng = random.Random(seed)
    width, height = size
    made = Image.new("RGB", size, tuple(rng.randrange(40, 215) for _ in range(3)))
    for across, share in ((3, 0.45), (7, 0.3), (16, 0.2), (40, 0.12), (110, 0.08)):
        down = max(2, across * height // width)
        clouds = Image.frombytes("RGB", (across, down), rng.randbytes(across * down * 3))
        made = Image.blend(made, clouds.resize(size, Image.Resampling.BICUBIC), share)
    draw = ImageDraw.Draw(made)
    for _ in range(rng.randrange(2, 7)):
        x, y, radius = rng.randrange(width), rng.randrange(height), rng.randrange(20, 170) * width // 640
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        box = (x - radius, y - radius * rng.random(), x + radius, y + radius)
        shape(box, fill=tuple(rng.randrange(256) for _ in range(3)))
    return made.filter(ImageFilter.GaussianBlur(1))


def encode(picture: Picture, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _crop(picture: Picture, share: float) -> Picture:
    width, height = picture.size
    left, top = int(width * share), int(height * share)
    return picture.crop((left, top, width - left, height - top))


def _mark(picture: Picture) -> Picture:
    marked = picture.copy()
    ImageDraw.Draw(marked).text((400, 430), "@channel_name", fill="white", font_size=28)
    return marked


PASSED_ON: Mapping[str, Callable[[Picture], bytes]] = {
    "compressed again": lambda one: encode(one, quality=30),
    "smaller": lambda one: encode(one.resize((320, 240), Image.Resampling.LANCZOS), quality=75),
    "larger": lambda one: encode(one.resize((1280, 960), Image.Resampling.BICUBIC), quality=90),
    "another format": lambda one: encode(one, "WEBP", quality=50),
    "grey": lambda one: encode(one.convert("L"), quality=80),
    "darker": lambda one: encode(ImageEnhance.Brightness(one).enhance(0.75), quality=80),
    "more contrast": lambda one: encode(ImageEnhance.Contrast(one).enhance(1.2), quality=80),
    "cut at the edges": lambda one: encode(_crop(one, 0.01), quality=80),
    "marked with a name": lambda one: encode(_mark(one), quality=80),
}
"""Ways in which the same picture comes back."""

"""Pictures: what a decoder makes of them (a small one of our own, for there may be no library)."""

from __future__ import annotations

import importlib.util
import io
from typing import Any

import pytest
from telethon.utils import stripped_photo_to_jpg

from tests.doubles.telegram.pictures import Scene, jpeg, stripped

SCENES = [Scene(f"scene {number}") for number in range(12)]
pillow = pytest.mark.skipif(importlib.util.find_spec("PIL") is None, reason="Pillow is not installed")


@pytest.mark.parametrize(("width", "height", "size"), [(1280, 853, 100_000), (320, 213, 1540), (800, 533, 3332)])
def test_a_picture_has_as_many_bytes_as_it_is_said_to_have(width: int, height: int, size: int) -> None:
    pictures = [jpeg(scene.name, width, height, size, scene) for scene in SCENES]
    assert {len(picture) for picture in pictures} == {size}
    assert all(picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9") for picture in pictures)
    assert len(set(pictures)) == len(SCENES)


@pillow
def test_a_library_opens_pictures_and_stripped_thumbnails() -> None:
    scene = SCENES[0]
    whole = opened(jpeg("a", 1280, 853, 100_000, scene))
    small = opened(bytes(stripped_photo_to_jpg(stripped(scene, 1280, 853))))
    assert (whole.size, small.size) == ((1280, 853), (40, 27))
    low, high = whole.getextrema()
    assert high - low > 100
    differences = [abs(a - b) for a, b in zip(coarse(whole), coarse(small), strict=True)]
    assert max(differences) <= 20


@pillow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_pictures_of_one_scene_look_alike_and_those_of_others_do_not(scene: Scene) -> None:
    whole = opened(jpeg("a", 1280, 853, 48_000, scene))
    variants = [(320, 213, scene), (1280, 853, Scene(scene.name, step=14)), (1280, 853, Scene(scene.name, crop=0.005))]
    for width, height, variant in variants:
        assert distance(whole, opened(jpeg("b", width, height, 20_000, variant))) <= 6
    stranger = opened(jpeg("c", 1280, 853, 48_000, Scene(scene.name + " elsewhere")))
    assert distance(whole, stranger) > 12


def opened(data: bytes) -> Any:
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def coarse(picture: Any) -> list[int]:
    from PIL import Image

    return list(picture.convert("L").resize((3, 2), Image.Resampling.BOX).tobytes())


def distance(one: Any, two: Any) -> int:
    """Bits of a difference hash."""
    return sum(a != b for a, b in zip(bits(one), bits(two), strict=True))


def bits(picture: Any) -> list[bool]:
    from PIL import Image

    grey = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    values = list(grey.tobytes())
    return [values[9 * y + x] < values[9 * y + x + 1] for y in range(8) for x in range(8)]

"""Worlds of files: `photos:10000:100000` is @photos, `files:64,64@4` is @files with documents of so many megabytes."""

from __future__ import annotations

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.pictures import Scene
from tests.doubles.telegram.world import World

_START = 1_639_600_000  # 2021-12-15
_SCENES = 97
_PHOTO_BYTES = 100_000
_MIB = 1 << 20


def add_photos(world: World, spec: str) -> Channel:
    """`N` photos, or `N:BYTES`, or `N:BYTES@DC`: each of its own bytes, and every 97th shows the same."""
    count, _, rest = spec.partition(":")
    size, _, dc = rest.partition("@")
    channel = world.add_channel("Photos", "photos", date=_START)
    for number in range(int(count)):
        scene = Scene(f"scene {number % _SCENES}")
        photo = world.media.photo(size=int(size or _PHOTO_BYTES), dc=int(dc or 2), scene=scene)
        channel.post(f"photo {number}", media=photo, date=_START + number)
    return channel


def add_files(world: World, spec: str) -> Channel:
    """Documents of so many megabytes, each `MB` or `MB@DC`, with `,` between."""
    channel = world.add_channel("Files", "files", date=_START)
    for number, item in enumerate(spec.split(",")):
        megabytes, _, dc = item.partition("@")
        document = world.media.document(
            f"part-{number}.bin", "application/octet-stream", round(float(megabytes) * _MIB), dc=int(dc or 2)
        )
        channel.post(f"file {number}", media=document, date=_START + number)
    return channel

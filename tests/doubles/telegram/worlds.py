"""Worlds by name: small, demo, big:N, many:N, photos:N, files:MB,MB@DC, or a JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.doubles.telegram.big import add_big
from tests.doubles.telegram.demo import demo
from tests.doubles.telegram.file_worlds import add_files, add_photos
from tests.doubles.telegram.many import add_many
from tests.doubles.telegram.world import World

_START = 1_639_600_000  # 2021-12-15


def small(world: World, _: int) -> None:
    """Three little channels: alpha and beta are public, gamma is private."""
    alpha = world.add_channel("Alpha", "alpha", about="The first", date=_START)
    for number in range(1, 31):
        media = world.media.photo() if number % 5 == 0 else None
        alpha.post(f"alpha {number}", media=media, date=_START + number * 60, views=number)
    alpha.edit(5, text="alpha 4, corrected", date=_START + 4000)
    alpha.delete(9, 10)
    beta = world.add_channel("Beta", "beta", megagroup=True, date=_START)
    for number in range(1, 6):
        beta.post(f"beta {number}", date=_START + number * 60)
    gamma = world.add_channel("Gamma", "gamma", date=_START)
    gamma.private = True
    gamma.post("gamma 1", date=_START + 60)


def empty(_: World, __: int) -> None:
    """No channel at all: the control lines may make some."""


WORLDS: dict[str, Callable[[World, int], None]] = {"small": small, "demo": demo, "empty": empty}


def load(world: World, spec: str, seed: int) -> None:
    if spec in WORLDS:
        WORLDS[spec](world, seed)
    elif spec.startswith("big:"):
        add_big(world, int(spec.removeprefix("big:")), seed=seed)
    elif spec.startswith("many:"):
        add_many(world, int(spec.removeprefix("many:")))
    elif spec.startswith("photos:"):
        add_photos(world, spec.removeprefix("photos:"))
    elif spec.startswith("files:"):
        add_files(world, spec.removeprefix("files:"))
    else:
        from_json(world, json.loads(Path(spec).read_text(encoding="utf-8")))


def from_json(world: World, data: dict[str, Any]) -> None:
    """{"channels": [{"title", "username", "about", "megagroup", "messages": [{"text", "date", "media", ...}]}]}

    A message may be {"delete": [ids]} or {"edit": id, "text": ...} instead; `media` names a builder of media.py.
    """
    for item in data["channels"]:
        messages = item.pop("messages", [])
        channel = world.add_channel(item.pop("title"), item.pop("username", None), **item)
        for message in messages:
            if "delete" in message:
                channel.delete(*message["delete"])
            elif "edit" in message:
                channel.edit(message.pop("edit"), **message)
            else:
                kind = message.pop("media", None)
                channel.post(**message, media=getattr(world.media, kind)() if kind else None)

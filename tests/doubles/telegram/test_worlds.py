"""The worlds that the program serves: the same for the same seed, and with everything in them that they promise."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.doubles.telegram import truth
from tests.doubles.telegram.rich import rich
from tests.doubles.telegram.world import World
from tests.doubles.telegram.worlds import load


def _world(spec: str, seed: int = 1) -> World:
    world = World()
    load(world, spec, seed)
    return world


@pytest.mark.parametrize("spec", ["small", "demo", "big:500"])
def test_a_world_is_the_same_for_the_same_seed(spec: str) -> None:
    assert list(truth.lines(_world(spec))) == list(truth.lines(_world(spec)))


def test_seeds_differ() -> None:
    assert list(truth.lines(_world("demo", 1))) != list(truth.lines(_world("demo", 2)))


def test_the_demo_holds_what_it_promises() -> None:
    rows = list(truth.lines(_world("demo")))
    live = [r for r in rows if not r.get("deleted")]
    assert 1_100 < len(live) < 1_300
    assert {r["channel"] for r in live} == {"nahrain_desk", "zarechye_news", "atlas_desk"}
    kinds = Counter(r["media"] for r in live)
    assert {"photo", "video", "voice", "document", "poll", "geo", "webpage", "round", "sticker"} <= kinds.keys()
    assert {"ChannelCreate", "PinMessage", "ChatEditTitle"} <= {r["action"] for r in live}
    assert sum(bool(r["grouped_id"]) for r in live) >= 20
    assert sum(bool(r["edit_date"]) for r in live) >= 30
    assert len(rows) - len(live) >= 30
    assert any(r["fwd_from"] for r in live)
    assert any(r["reactions"] for r in live)
    texts = "\n".join(r["text"] for r in live)
    for word in (
        "رتل دعم لوجستي",
        "بالديوانية",
        "والديوانية",
        "للديوانية",
        "Колонна",
        "Ещё",
        "onvoi logistique",
        "convoy",
    ):
        assert word in texts
    for sample in ("\x1b[31m", "\u202e", "👨‍👩‍👧‍👦", "=cmd|"):
        assert sample in texts
    assert max(len(r["text"]) for r in live) == 4096


def test_the_demo_has_messages_on_both_sides_of_midnight_in_baghdad() -> None:
    dates = {r["date"] for r in truth.lines(_world("demo")) if "date" in r}
    for day, hour in ((15, 20), (16, 20)):
        assert int(datetime(2021, 12, day, hour, 59, tzinfo=UTC).timestamp()) in dates
        assert int(datetime(2021, 12, day, hour + 1, 1, tzinfo=UTC).timestamp()) in dates


@pytest.mark.parametrize("spec", ["demo", "big:500"])
def test_dates_never_go_back(spec: str) -> None:
    for channel in _world(spec).channels.values():
        dates = [channel.posts[i].date for i in channel.ids]
        assert dates == sorted(dates)


def test_a_big_world_has_the_mixture_of_a_real_one() -> None:
    channel = _world("big:4000").channel("big")
    rows = [truth.row(channel, i) for i in channel.ids]
    assert len(rows) == 4000
    assert 0.03 < len(channel.deleted) / channel.last_id < 0.07
    assert 0.04 < sum(r["kind"] == "service" for r in rows) / 4000 < 0.08
    assert 0.2 < sum(r["media"] is not None for r in rows) / 4000 < 0.3
    assert any(r["grouped_id"] for r in rows)
    assert any(r["fwd_from"] for r in rows)
    lengths = [len(r["text"].encode()) for r in rows if r["text"]]
    assert 200 < sum(lengths) / len(lengths) < 400
    post = channel.posts[channel.ids[100]]
    assert bytes(post) == bytes(post.message)


def test_a_big_world_can_still_change() -> None:
    channel = _world("big:200").channel("big")
    edited = next(i for i in channel.ids if not channel.posts[i].is_service)
    channel.edit(edited, text="changed")
    assert channel.posts[edited].message.message == "changed"
    new = channel.post("new")
    assert new.id == channel.last_id == 1 + max(channel.ids[:-1])


def test_entities_are_counted_in_utf16_units() -> None:
    made = rich("👨‍👩‍👧‍👦 ", ("bold", "é😀"), " ", ("link", "x", "https://example.org"))
    bold, link = made["entities"]
    assert (bold.offset, bold.length) == (12, 3)
    assert (link.offset, link.url) == (16, "https://example.org")

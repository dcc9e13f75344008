from __future__ import annotations

import re
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.view.tailed import last_event
from archiver.model.entities import button_urls
from archiver.model.iso_time import iso
from archiver.model.row import (
    FLAGS,
    KEYS,
    MEDIA_KEYS,
    NESTED,
    SCHEMA_VERSION,
    ChannelName,
    StoredMedia,
    StoredMessage,
    build_row,
    permalink,
    to_json,
)

BRIDGE = ChannelName(1001, "NightBridge", "bridge", "Night Bridge")
PLAIN = StoredMessage(
    channel_id=1001,
    message_id=7,
    kind="message",
    date=1639612800,
    edit_date=None,
    text="",
    entities=None,
    sender=None,
    post_author=None,
    reply_to=None,
    fwd_from=None,
    grouped_id=None,
    views=None,
    forwards=None,
    replies=None,
    reactions=None,
    action=None,
    media_kind=None,
    markup=None,
    extra=None,
    origin="history",
    first_seen=1640000000,
    last_seen=1640000000,
    missing_since=None,
    revisions=0,
    payload_sha256=b"\x01" * 32,
    layer=229,
)
PHOTO = StoredMedia(
    "photo",
    "5368324170671202286",
    "image/jpeg",
    81920,
    1280,
    720,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    "not downloaded",
    None,
)


def parsed(message: StoredMessage, media: tuple[StoredMedia, ...] = ()) -> dict[str, object]:
    found = orjson.loads(to_json(build_row(BRIDGE, message, media)))
    assert isinstance(found, dict)
    return found


def test_every_key_is_there_in_the_documented_order() -> None:
    assert tuple(parsed(PLAIN)) == KEYS
    documented = re.findall(r"^\| (`.*?) \|", (Path(__file__).parents[2] / "docs/rows.md").read_text(), re.MULTILINE)
    assert [name for cell in documented for name in re.findall(r"`(\w+)`", cell)] == list(KEYS)
    assert SCHEMA_VERSION == 1


def test_absent_values_are_null_and_empty_lists_are_lists() -> None:
    row = parsed(PLAIN)
    assert [key for key in KEYS if row[key] == []] == ["entities", "reactions", "media", "hashtags", "links"]
    assert {key for key in KEYS if row[key] is None} == {
        *("edit_date", "sender", "post_author", "reply_to", "fwd_from", "grouped_id", "views", "forwards", "replies"),
        *(
            "missing_since",
            "action",
            "restriction",
            "via_bot",
            "markup",
            "fact_check",
            "effect",
            "boosts",
            "paid",
            "rich",
        ),
        "extra",
        "annotations",
    }
    assert [key for key in KEYS if row[key] is False] == list(FLAGS)
    assert row["text"] == ""
    assert row["date"] == "2021-12-16T00:00:00Z"
    assert row["payload_sha256"] == "01" * 32


def test_media_has_all_its_keys_and_ids_stay_exact() -> None:
    [photo] = parsed(PLAIN, (PHOTO,))["media"]  # type: ignore[misc]
    assert tuple(photo) == MEDIA_KEYS
    assert photo["id"] == "5368324170671202286"
    assert photo["extra"] is None
    poll = PHOTO._replace(kind="poll", extra='{"answers":[{"text":"yes","voters":3}]}')
    [shown] = parsed(PLAIN, (poll,))["media"]  # type: ignore[misc]
    assert shown["extra"] == {"answers": [{"text": "yes", "voters": 3}]}


def test_entities_are_cut_in_utf16_units() -> None:
    text = "👍🏽 #мост see t.me/a and here"
    marks = [
        {"type": "hashtag", "offset": 5, "length": 5},
        {"type": "url", "offset": 15, "length": 6},
        {"type": "text_url", "offset": 26, "length": 4, "url": "https://example.org/x"},
    ]
    row = parsed(PLAIN._replace(text=text, entities=orjson.dumps(marks).decode()))
    assert row["hashtags"] == ["мост"]
    assert row["links"] == ["t.me/a", "https://example.org/x"]
    assert row["entities"] == marks


def test_links_come_from_text_web_page_and_buttons_each_once() -> None:
    page = PHOTO._replace(kind="webpage", url="https://example.org/page")
    markup = (
        '[[{"text":"go","type":"url","url":"https://example.org/go"},{"text":"page","url":"https://example.org/page"}]]'
    )
    row = parsed(PLAIN._replace(markup=markup), (page,))
    assert row["links"] == ["https://example.org/page", "https://example.org/go"]


def test_service_message_shows_what_happened() -> None:
    row = parsed(PLAIN._replace(kind="service", action='{"type":"pin_message"}'))
    assert (row["kind"], row["action"]) == ("service", {"type": "pin_message"})


def test_unreadable_object_does_not_look_like_an_empty_post() -> None:
    row = parsed(PLAIN._replace(kind="stub", extra='{"constructor":"0badf00d"}'))
    assert (row["kind"], row["action"]) == ("message", {"type": "unreadable", "layer": 229, "constructor": "0badf00d"})


def test_permalink_and_name_without_a_username() -> None:
    private = BRIDGE._replace(username=None)
    assert permalink(private, 7) == "https://t.me/c/1001/7"
    assert private.name == "bridge"
    assert private._replace(alias=None).name == "1001"


@given(st.text(), st.lists(st.tuples(st.integers(-3, 60), st.integers(-3, 60)), max_size=5))
def test_any_text_with_any_entities_survives_json(text: str, places: list[tuple[int, int]]) -> None:
    marks = [{"type": kind, "offset": at, "length": long} for at, long in places for kind in ("url", "hashtag")]
    row = parsed(PLAIN._replace(text=text, entities=orjson.dumps(marks).decode(), post_author=text))
    assert (row["text"], row["post_author"]) == (text, text)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_markup_of_any_shape_is_searched_for_urls(markup: object) -> None:
    assert all(isinstance(url, str) and url for url in button_urls(markup))


def test_nested_keys_are_keys() -> None:
    assert set(NESTED) < set(KEYS)


def test_times_beyond_the_calendar_are_null() -> None:
    assert iso(None) is None
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(2**62) is None


def test_what_is_rare_has_a_key_of_its_own_or_stands_in_extra() -> None:
    extra = (
        '{"edit_hide":true,"invert_media":true,"from_boosts_applied":3,"effect":"5104841245755180586","factcheck":'
        '{"_":"FactCheck","need_check":true,"country":"DE","text":{"text":"old","entities":[]},"hash":"77"},'
        '"paid_message_stars":250,"rich_text":"Words","rich":{"blocks":[],"part":true},"ttl_period":86400}'
    )
    reasons = '[{"platform":"android-all","reason":"porn","text":"Not shown."}]'
    row = parsed(PLAIN._replace(extra=extra, restriction=reasons, noforwards=1, via_bot_id=42))
    assert (row["edit_hidden"], row["boosts"], row["effect"]) == (True, 3, "5104841245755180586")
    assert row["fact_check"] == {
        "text": "old", "entities": [], "country": "DE", "needs_check": True, "hash": "77",
    }  # fmt: skip
    assert row["paid"] == {"message_stars": 250, "suggested_post_stars": False, "suggested_post_ton": False}
    assert row["rich"] == {"text": "Words", "blocks": [], "rtl": False, "part": True}
    assert row["extra"] == {"invert_media": True, "ttl_period": 86400}
    assert row["restriction"] == [{"platform": "android-all", "reason": "porn", "text": "Not shown."}]
    assert row["via_bot"] == {"type": "user", "id": 42, "name": None, "username": None}
    assert (row["noforwards"], row["pinned"]) == (True, False)


def test_fact_check_of_which_only_the_hash_came_has_no_text() -> None:
    row = parsed(PLAIN._replace(extra='{"factcheck":{"_":"FactCheck","hash":"77"}}'))
    assert row["fact_check"] == {"text": None, "entities": [], "country": None, "needs_check": False, "hash": "77"}
    assert row["extra"] is None


def test_the_last_event_has_the_time_at_which_it_was_noticed() -> None:
    edited = PLAIN._replace(revisions=1, edit_date=1_643_650_000, first_seen=1_700_000_000)
    assert last_event(edited, 1_700_000_060) == ("edited", 1_700_000_060)
    assert last_event(edited._replace(missing_since=1_700_000_090), 1_700_000_060) == ("deleted", 1_700_000_090)
    assert last_event(edited._replace(revisions=0), None) == ("new", 1_700_000_000)

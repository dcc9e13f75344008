"""Home, channel and message as a person reads them, in a channel with gaps, albums, edits and deletions."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest

from tests.integration.page_rig import Browser, opened
from tests.sample import CHANNEL, NOW, OTHER, build, index, make_message, photo

__all__ = ["opened"]

ARABIC = "أغلق جسر الليل\nBBC reported first\n#بغداد"
FORWARD = '{"from_id": {"type": "channel", "id": 1001}, "channel_post": 7, "date": "2021-12-16T00:07:00Z"}'
LAST = 400
GONE = 200


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    # 21 to 29 do not exist, 301 to 349 are not fetched; an album lies across the end of a page.
    ids = [one for one in range(1, LAST + 1) if not (20 < one < 30 or 300 < one < 350)]
    messages = [
        make_message(one, f"bridge text {one}", grouped_id="77" if 98 <= one <= 104 else None, media=[photo()])
        for one in ids
    ]
    messages[0] = replace(messages[0], reply_to='{"reply_to_msg_id": 3}')
    sql = [
        f"UPDATE message SET missing_since = {NOW}, missing_how = 'audit' WHERE message_id = {GONE}",
        f"INSERT INTO absence VALUES (1001, {GONE}, {NOW}, 'audit', {NOW - 60}, NULL)",
    ]
    build(directory, messages, covered=[(1, 300), (350, LAST)], sql=sql)
    other = [make_message(5, ARABIC, channel_id=1002, fwd_from=FORWARD)]
    build(
        directory,
        other,
        channel=OTHER,
        covered=[(1, 5)],
        sql=["UPDATE message SET lang = 'ar' WHERE channel_id = 1002"],
    )
    index(directory, [*messages, *other])
    return directory


def ids_on(html: str) -> list[int]:
    return [int(one) for one in re.findall(r'id="m([0-9]+)"', html)]


def links(html: str, rel: str) -> list[str]:
    found = html5lib.parse(html, namespaceHTMLElements=False).iter("a")
    return [one.attrib["href"].partition("#")[0] for one in found if one.attrib.get("rel") == rel]


def test_home_names_every_channel_and_how_complete_it_is(opened: Browser) -> None:
    text = opened.get("/").text
    assert "Night Bridge" in text
    assert f"@{CHANNEL.username}" in text
    assert re.search(r"Night Bridge @NightBridge 341 1 87\.8 %", text), text


def test_reading_earlier_from_the_newest_shows_each_message_once_and_every_album_whole(opened: Browser) -> None:
    seen: list[int] = []
    path = "/c/NightBridge"
    for _ in range(10):
        html = opened.get(path).html
        shown = ids_on(html)
        assert len({98, 104} & set(shown)) != 1
        seen = shown + seen
        if not (earlier := links(html, "prev")):
            break
        path = earlier[0]
    assert seen == [one for one in range(1, LAST + 1) if not (20 < one < 30 or 300 < one < 350)]


def test_reading_later_from_the_first_shows_the_same(opened: Browser) -> None:
    seen: list[int] = []
    path = "/c/NightBridge?around=1"
    for _ in range(10):
        html = opened.get(path).html
        seen += ids_on(html)
        if not (later := links(html, "next")):
            break
        path = later[0]
    assert seen == [one for one in range(1, LAST + 1) if not (20 < one < 30 or 300 < one < 350)]


def test_a_jump_lands_amid_its_neighbours_and_leads_both_ways(opened: Browser) -> None:
    html = opened.get("/c/NightBridge?around=150").html
    shown = ids_on(html)
    assert shown[0] < 120
    assert shown[-1] > 180
    assert links(html, "prev")
    assert links(html, "next")
    assert html.count('aria-current="true"') == 1


def test_a_jump_to_an_id_that_is_not_held_lands_next_to_it(opened: Browser) -> None:
    shown = ids_on(opened.get("/c/NightBridge?around=325").html)
    assert {300, 350} <= set(shown)


def test_gaps_are_drawn_where_they_are_with_what_is_known(opened: Browser) -> None:
    html = opened.get("/c/NightBridge?around=25").html
    before, _, after = html.partition('data-state="absent"')
    assert ids_on(before)[-1] == 20
    assert ids_on(after)[0] == 30
    assert "21–29" in after
    html = opened.get("/c/NightBridge?around=320").html
    assert re.search(r"301–349\s+not fetched yet", opened.get("/c/NightBridge?around=320").text)
    assert ids_on(html.partition('data-state="not fetched"')[2])[0] == 350


def test_days_are_those_of_the_zone(opened: Browser) -> None:
    # Message 180 was posted at 03:00 in UTC.
    assert "Wed 15 Dec 2021" in opened.get("/c/NightBridge?around=180&tz=America/New_York").text
    assert "Wed 15 Dec 2021" not in opened.get("/c/NightBridge?around=180&tz=Asia/Baghdad").text
    assert '<time datetime="2021-12-16T03:00:00Z" title="2021-12-16 03:00:00 UTC">06:00</time>' in (
        opened.get("/c/NightBridge?around=180&tz=Asia/Baghdad").html
    )
    shown = ids_on(opened.get("/c/NightBridge?on=2021-12-16&tz=-03:00").html)
    assert shown[0] == 180
    assert opened.get("/c/NightBridge?tz=Nowhere/City").status == 400


def test_deleted_messages_stay_and_say_so(opened: Browser) -> None:
    text = opened.get(f"/c/NightBridge/{GONE}").text
    assert "deleted or no longer visible: between" in text
    assert "bridge text 200" in text
    assert "verified now" in text


def test_right_to_left_texts_run_from_right_to_left_line_by_line(opened: Browser) -> None:
    html = opened.get("/c/jisr_news/5").html
    assert '<div class="text" lang="ar" dir="rtl">' in html
    assert re.search(r'dir="auto">BBC reported first', html)
    assert "<bdi>جسر الليل</bdi>" in html


def test_forwards_and_replies_lead_to_the_archived_copy(opened: Browser) -> None:
    assert '<a href="/c/NightBridge/7">' in opened.get("/c/jisr_news/5").html
    html = opened.get("/c/NightBridge/1").html
    assert '<a href="/c/NightBridge/3">' in html
    assert "bridge text 3" in html


def test_what_is_not_held_is_explained(opened: Browser) -> None:
    answer = opened.get("/c/NightBridge/25")
    assert answer.status == 404
    assert "the channel had no such message" in answer.text
    assert "not fetched yet" in opened.get("/c/NightBridge/310").text
    assert "highest known id" in opened.get("/c/NightBridge/4000").text
    assert opened.get("/c/Nobody").status == 404


def test_other_formats_have_the_same_messages(opened: Browser) -> None:
    shown = ids_on(opened.get("/c/NightBridge?around=150").html)
    answered = opened.get("/c/NightBridge.json?around=150")
    assert answered.headers["Content-Type"] == "application/json"
    assert [row["message_id"] for row in answered.json["rows"]] == shown
    table = list(csv.DictReader(io.StringIO(opened.get("/c/NightBridge.csv?around=150").body.decode("utf-8-sig"))))
    assert [row["message_id"] for row in table] == [str(one) for one in shown]
    one = opened.get("/c/NightBridge/1.json").json
    assert one["rows"][0]["text"] == "bridge text 1"
    assert len(one["history"]["versions"]) == 1
    assert opened.get("/c/Nobody.json").json["error"]


def test_a_view_of_a_hundred_messages_is_small(opened: Browser) -> None:
    assert len(opened.get("/c/NightBridge").body) < 100_000


def test_french_is_spoken_to_those_who_ask_for_it(opened: Browser) -> None:
    assert '<html lang="fr" dir="ltr">' in opened.get("/", Accept_Language="fr-CH, fr;q=0.9, en;q=0.8").html
    chosen = opened.get("/display?language=fr&tz=Europe/Paris&back=/c/NightBridge%3Faround%3D5")
    assert chosen.headers["Location"] == "/c/NightBridge?around=5"
    assert len(chosen.headers.get_all("Set-Cookie")) == 2


def test_calendars_count_what_is_held_by_days_of_the_zone(opened: Browser) -> None:
    html = opened.get("/c/NightBridge?around=1").html
    assert "Dec 2021: 342 messages" in opened.get("/c/NightBridge?around=1").text
    assert re.search(r'on=2021-12-16">16</a> <span class="quiet">342<', html)
    html = opened.get("/c/NightBridge?around=1&tz=-03:00").html
    assert re.search(r'on=2021-12-15&amp;tz=-03%3A00">15</a> <span class="quiet">170<', html)
    assert opened.get("/c/NightBridge/calendar.json").json["months"] == {"2021-12": 342}
    assert 'on=2021-12">Dec</a> <span>342</span>' in opened.get("/c/NightBridge/calendar").html


def test_the_newest_post_is_one_link_away_from_both_ends_of_every_page(opened: Browser) -> None:
    newest = opened.get("/c/NightBridge").html
    last = ids_on(newest)[-1]
    navs = re.findall(r'<nav class="paging".*?</nav>', newest, re.DOTALL)
    assert [f'<a href="#m{last}">Newest</a>' in nav for nav in navs] == [True, True]
    assert f'id="m{last}"' in newest
    older = opened.get(f"/c/NightBridge?before={last - 100}").html
    navs = re.findall(r'<nav class="paging".*?</nav>', older, re.DOTALL)
    assert ['<a href="/c/NightBridge#end">Newest</a>' in nav for nav in navs] == [True, True]
    assert newest.index(f'id="m{last}"') < newest.index('id="end"')

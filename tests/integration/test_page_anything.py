"""Whatever is asked of the page, and whatever an archive holds, it answers; where it cannot, it says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.model.record import Media
from tests.integration.page_asked import AskedPage, asked_page
from tests.integration.page_world import make_world
from tests.sample import build, index, make_message
from tests.tiers import examples

NUMBERS = ["0", "-1", "1", "4", "9" * 10, "2147483648", "9223372036854775808", "9" * 400, "9" * 5000, "1e9", "٣", "²"]
ODD = ["\0", "\ud800", "\udcff", "é" * 300, "\u202e", " ", "..", "%", "'\"><", "\n", "(((", "OR", '"', "a:b", "*", "-"]
WORDS = ["bridge", "NightBridge", "jisr_news", "t.me/jisr_news/5", "photo", "edited", "2021-12", "7d", "newest", "UTC"]
FIELDS = [
    *("q", "c", "since", "until", "on", "tz", "lang", "media", "kind", "state", "sort", "engine", "fuzzy", "expand"),
    *("after", "before", "around", "copies", "counts", "file", "v", "token", "language", "back", "limit", "save"),
]
PATHS = ["", "search", "c", "changes", "queries", "alerts", "health", "help", "media", "calendar", "newer", "preview"]
FORMATS = ["", ".json", ".csv", ".atom", ".html"]
VALUES = st.one_of(st.sampled_from([*NUMBERS, *ODD, *WORDS]), st.text(max_size=30), st.integers().map(str))
VIEWS = """/ /search /c/NightBridge /c/1002 /c/NightBridge/1 /c/jisr_news/media /changes /queries /alerts/mine /health
    /help/query /c/NightBridge/newer /c/1001/calendar /display /channels"""
KNOWN = st.sampled_from(VIEWS.split())
MADE = st.lists(st.sampled_from([*PATHS, *NUMBERS, *ODD, *WORDS]) | st.text(max_size=9), max_size=5)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedPage]:
    with asked_page(make_world(tmp_path_factory.mktemp("archive"))) as found:
        yield found


def quoted(text: str) -> str:
    return quote(text, safe="/", errors="surrogatepass")


@settings(max_examples=examples(60))
@given(
    KNOWN | MADE.map(lambda parts: f"/{quoted('/'.join(parts))}"),
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), max_size=4),
)
def test_no_address_makes_the_page_fail(asked: AskedPage, path: str, form: str, fields: list[tuple[str, str]]) -> None:
    answer = asked.get(f"{path}{form}?{urlencode(fields, errors='surrogatepass')}")
    assert answer.status in (200, 303, 400, 404, 414), answer
    if answer.status in (400, 404) and not path.startswith("/static"):
        said = answer.json["error"] if form == ".json" and "json" in answer.headers["content-type"] else answer.text
        assert said.strip()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_out_of_all_range_is_just_not_there(asked: AskedPage, number: str) -> None:
    for path in (
        *(f"/c/NightBridge/{number}", f"/c/{number}", f"/c/{number}/{number}", f"/preview/{number}/{number}/{number}"),
        *(f"/c/NightBridge?{name}={number}" for name in ("around", "before", "after", "on")),
        *(
            f"/changes?before={number}",
            f"/c/NightBridge/media?before={number}",
            f"/c/NightBridge/newer.json?after={number}",
        ),
        *(f"/search?q=bridge&after={number}", f"/search?q=views:>{number}", f"/search?q=date:{number}"),
    ):
        assert asked.get(quote(path, safe="/?=&:>")).status in (200, 303, 400, 404, 414), path


HUGE = 10**30
HELD: list[dict[str, Any]] = [
    {"reply_to": f'{{"reply_to_msg_id": {HUGE}}}'},
    {"reply_to": f'{{"reply_to_msg_id": 1, "reply_to_peer_id": {{"type": "channel", "id": {HUGE}}}}}'},
    {"reply_to": f'{{"reply_to_msg_id": -{HUGE}, "quote_text": "x"}}'},
    {"reply_to": '{"reply_to_peer_id": {"type": "channel"}, "reply_to_msg_id": 1}'},
    {"reply_to": '{"type": "story"}'},
    {"fwd_from": f'{{"from_id": {{"type": "channel", "id": {HUGE}}}, "channel_post": {HUGE}, "date": {HUGE}}}'},
    {"fwd_from": '{"from_id": {"type": "channel", "id": 1001}, "channel_post": -1}'},
    {"entities": f'[{{"type": "bold", "offset": {HUGE}, "length": {HUGE}}}, {{"type": "x", "offset": 0}}]'},
    {"entities": f'[{{"type": "formatted_date", "offset": 0, "length": 1, "date": {HUGE}}}]'},
    {"reactions": f'[{{"reaction": null, "count": {HUGE}}}, {{"count": null}}]'},
    {"action": f'{{"type": "{HUGE}", "title": {HUGE}}}', "kind": "service"},
    {"markup": '[[{"text": "x"}], []]'},
    {"views": 2**63 - 1, "forwards": 2**63 - 1, "replies": 2**63 - 1},
    {"date": datetime(1, 1, 1, tzinfo=UTC)},
    {"date": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
    {"edit_date": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
    {"media": [Media(slot=0, kind="video", id="1", size=2**63 - 1, width=2**62, height=2**62, duration=2**62)]},
    {"media": [Media(slot=0, kind="poll", title="x", extra=f'{{"answers": [{{"voters": {HUGE}}}]}}')]},
    {"grouped_id": str(HUGE), "sender": f'{{"id": {HUGE}}}', "post_author": "\u202ex"},
    {"restriction": f'[{{"platform": null, "reason": {HUGE}}}]'},
    {"media": [Media(slot=0, kind="<i>%(x)s %", id="2", title="<i>"), Media(slot=1, kind="<i>%d", file_name="<i>")]},
]  # fmt: skip


def test_nothing_that_an_archive_holds_makes_the_page_fail(tmp_path: Path) -> None:
    messages = [make_message(number, f"word {number}", **more) for number, more in enumerate(HELD, 1)]
    build(tmp_path, messages, covered=[(1, len(HELD))])
    index(tmp_path, messages)
    with asked_page(tmp_path) as page:
        places = ["", "/media", "/calendar", *(f"/{number}" for number in range(1, len(HELD) + 1))]
        for place in [*(f"/c/NightBridge{one}" for one in places), "/search?q=word", "/", "/changes"]:
            path, _, query = place.partition("?")
            for form in ("", ".json") if place[-1:].isdigit() else ("", ".json", ".csv", ".atom"):
                answer = page.get(f"{path}{form}?{query}")
                assert answer.status in (200, 404), (path, form, answer)
                assert answer.status == 200 or form
                assert form or "<i>" not in answer.html


def test_a_thread_is_shown_from_its_beginning_and_one_that_goes_round_ends(tmp_path: Path) -> None:
    answered = {2: 1, 3: 2, 4: 3, 6: 7, 7: 6}
    headers = {number: f'{{"reply_to_msg_id": {other}}}' for number, other in answered.items()}
    messages = [make_message(number, f"word {number}", reply_to=headers.get(number)) for number in range(1, 8)]
    build(tmp_path, messages, covered=[(1, 7)])
    with asked_page(tmp_path) as page:
        html = page.get("/c/NightBridge/4").html
        thread = html.partition('id="thread"')[2].partition("</ol>")[0]
        assert [f"word {number}" for number in (1, 2, 3)] == re.findall("word [0-9]", thread)
        assert page.get("/c/NightBridge/6").status == 200

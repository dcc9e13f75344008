"""A page stays small whatever one message holds, and what is not on it is on another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from html import unescape

import orjson
import pytest

from archiver.model.record import Media, Message
from archiver.web.shown_versions import MOST
from tests.integration.page_asked import AskedPage, asked_page
from tests.sample import NOW, OTHER, build, connect, entities, index, make_message

KINDS = ["bold", "italic", "url", "hashtag", "mention", "code", "spoiler", "underline", "strike", "blockquote"]
LONG_LINKS = [
    {"type": "text_url", "offset": at * 40, "length": 30, "url": f"https://x.test/{'x' * 1000}"} for at in range(100)
]
HUGE = {
    1: ("слово 😀 <&> " * 315, entities(*((KINDS[at % 10], at * 40, 30) for at in range(100)))),
    2: ("a link under words " * 215, orjson.dumps(LONG_LINKS).decode()),
    3: ("\u202e" * 4096, None),
    4: ("\n" * 4096, None),
    5: ("<&" * 2048, None),
    6: ("versions", None),
    7: ("counters", None),
    8: ("deletions", None),
}  # fmt: skip
VERSIONS, COUNTERS, DELETIONS = 60, 5_000, 300
ARABIC = "أغلق جسر الليل اليوم بعد قصف عنيف طال محيط المدينة وأطرافها الشرقية "
RICH = 130
"""Posts as they come in reality, with everything that a post may have."""


def rich_post(number: int) -> Message:
    reply = {"reply_to_msg_id": number - 1, "quote_text": ARABIC * 4}
    origin = {"from_id": {"type": "channel", "id": 1700000000}, "channel_post": number, "name": ARABIC}
    preview = Media(slot=0, kind="webpage", id=str(number), title=ARABIC * 2, url=f"https://x.test/{'x' * 120}")
    reactions = [{"reaction": "👍", "count": 123456 - at} for at in range(12)]
    return make_message(
        number,
        (ARABIC * 60)[: 4096 if number % 10 == 0 else 300],
        channel_id=1002,
        reply_to=orjson.dumps(reply).decode() if number > 1 else None,
        fwd_from=orjson.dumps(origin).decode(),
        reactions=orjson.dumps(reactions).decode(),
        media=(preview,),
        entities=entities(*((KINDS[at % 7], at * 25, 20) for at in range(10))),
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedPage]:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, text, entities=marks) for number, (text, marks) in HUGE.items()]
    build(directory, messages, covered=[(1, len(HUGE))])
    index(directory, messages)
    rich = [rich_post(number) for number in range(1, RICH + 1)]
    build(directory, rich, channel=OTHER, covered=[(1, RICH)])
    conn = connect(directory)
    conn.execute("BEGIN")
    for number in range(1, VERSIONS + 1):
        text = f"[version {number}] {'слово' * (700 if number < 30 else 1)}"
        digest = sha256(text.encode()).digest()
        row = (1001, 6, number, text, "[]", NOW + number, NOW + number, NOW + number + 1, digest, digest, 229, b"")
        conn.execute(
            "INSERT INTO revision (channel_id, message_id, revision, text, media, first_seen, last_seen, replaced_at,"
            " content_hash, payload_sha256, layer, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    conn.execute("UPDATE message SET revisions = ? WHERE message_id = 6", (VERSIONS,))
    counters = [(1001, 7, NOW + 60 * at, at * at, at) for at in range(COUNTERS)]
    conn.executemany("INSERT INTO counter VALUES (?, ?, ?, ?, ?, NULL, NULL)", counters)
    absences = [(1001, 8, NOW + 10 * at + 5, "audit", NOW + 10 * at, NOW + 10 * at + 7) for at in range(DELETIONS)]
    conn.executemany("INSERT INTO absence VALUES (?, ?, ?, ?, ?, ?)", absences)
    conn.execute("COMMIT")
    conn.close()
    with asked_page(directory) as found:
        yield found


def test_every_page_stays_below_150_kb(asked: AskedPage) -> None:
    views = [*(f"/c/NightBridge/{number}" for number in HUGE), "/c/NightBridge", "/search?q=a", "/changes"]
    sizes = {view: len(asked.get(view).body) for view in views}
    assert {view: size for view, size in sizes.items() if size >= 150_000} == {}


def test_pages_of_long_posts_are_shorter_and_leave_none_out(asked: AskedPage) -> None:
    shown: list[int] = []
    where: str | None = "/c/1002?after=0"
    while where is not None:
        answer = asked.get(where)
        assert len(answer.body) < 150_000
        ids = [int(one) for one in re.findall(r'<article class="post" id="m([0-9]+)"', answer.html)]
        assert len(ids) > 3
        shown += ids
        later = re.search(r'<a rel="next"[^>]*href="([^"]*after=[0-9]+)', answer.html)
        where = unescape(later[1]) if later else None
    assert shown == list(range(1, RICH + 1))


def test_a_page_that_is_too_long_all_the_same_is_made_shorter(
    asked: AskedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.reading.channel_page.BUDGET", 10_000_000)
    html = asked.get("/c/1002?around=60").html
    assert len(html.encode()) < 150_000
    assert 'id="m60"' in html


def test_older_versions_are_on_further_pages(asked: AskedPage) -> None:
    shown = 0
    where: str | None = "/c/NightBridge/6"
    while where is not None:
        html = asked.get(where).html
        items = re.findall(r"<li>\n<p>", html)
        assert 1 <= len(items) <= MOST
        assert len(html.encode()) < 150_000
        shown += len(items)
        older = re.search(r'<a href="([^"]*before=[0-9]+[^"]*)#versions"', html)
        where = unescape(older[1]) if older else None
    assert shown == VERSIONS + 1


def test_what_is_left_out_is_counted(asked: AskedPage) -> None:
    assert "4850 earlier ones are not shown" in asked.get("/c/NightBridge/7").text
    assert "260 earlier ones are not shown" in asked.get("/c/NightBridge/8").text
    assert len(asked.get("/c/NightBridge/6.json").json["history"]["versions"]) == VERSIONS + 1

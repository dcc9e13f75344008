"""Changes, saved queries, feeds, health, help, and what is newer: as a person, a program and a feed reader see them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import feedparser
import html5lib
import pytest

from archiver.ids import ChannelId
from archiver.model.row import ChannelName
from archiver.web.targets import linked
from tests.integration.page_rig import TOKEN, Browser, opened, page
from tests.integration.page_world import make_world

__all__ = ["opened"]

VIEWS = (
    *("/", "/search", "/search?q=bridge", "/c/NightBridge", "/c/NightBridge/1", "/c/NightBridge/media"),
    *("/changes", "/queries", "/health", "/help/query", "/none"),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("archive"))


def test_changes_show_what_became_of_the_words(opened: Browser) -> None:
    html = opened.get("/changes").html
    assert re.search(r"<del>closed</del>\s*<ins>open</ins>", html)
    assert html.index("/c/NightBridge/4") < html.index("/c/NightBridge/1")
    assert "<del>" not in opened.get("/changes?kind=missing").html
    assert [one["kind"] for one in opened.get("/changes.json?kind=edited").json["changes"]] == ["edited"]
    assert opened.get("/changes?kind=nothing").status == 400
    assert "No changes noticed." in opened.get("/changes?until=2001").text


def test_versions_of_a_message_show_what_changed(opened: Browser) -> None:
    answer = opened.get("/c/NightBridge/1")
    assert re.search(r"<del>closed</del>\s*<ins>open</ins>", answer.html)
    assert "edited 1 time" in answer.text


def test_links_to_archived_posts_lead_to_their_copies(opened: Browser) -> None:
    html = opened.get("/c/NightBridge/3").html
    found = [one.attrib["href"] for one in html5lib.parse(html, namespaceHTMLElements=False).iter("a")]
    assert {"/c/jisr_news/5", "/search?q=hashtag:bridge", "/c/jisr_news#end"} <= set(found)


def test_what_is_not_archived_leads_to_where_it_may_be(opened: Browser) -> None:
    answer = opened.get("/c/NightBridge/99")
    assert answer.status == 404
    assert '<a href="https://t.me/NightBridge/99" rel="noreferrer noopener">' in answer.html
    assert '<a href="/c/NightBridge?around=99">' in answer.html
    assert opened.get("/c/NightBridge/99.json").json["error"].startswith("NightBridge/99 is not archived")


def test_a_message_shows_its_copies_replies_and_counters(opened: Browser) -> None:
    def copies(path: str) -> list[str]:
        part = opened.get(path).html.partition('id="copies"')[2].partition("</section>")[0]
        return re.findall(r'href="([^"]+)"', part)

    assert copies("/c/NightBridge/4") == ["/c/jisr_news/6"]
    assert copies("/c/jisr_news/6") == ["/c/NightBridge/4"]
    assert copies("/c/jisr_news/5") == ["/c/jisr_news/7"]
    assert copies("/c/jisr_news/8") == []
    html = opened.get("/c/jisr_news/8").html
    assert '<polyline points="0.0,62.0 500.0,5.5 1000.0,2.0"/>' in html
    assert re.search(r'<a href="/c/jisr_news/9"><bdi>9</bdi></a> <bdi>no</bdi>', html)


def test_a_message_can_be_cited_and_says_what_it_has_besides_text(opened: Browser) -> None:
    text = opened.get("/c/jisr_news/9").text
    assert re.search(r"@jisr_news .*, post 9, .*https://t.me/jisr_news/9.*SHA-256 of the payload [0-9a-f]{64}", text)
    assert 'title changed to "New name"' in opened.get("/c/jisr_news/10").text
    assert re.search(r"Yes \(3\) +No +3 votes", opened.get("/c/jisr_news/11").text)
    assert "[Open] https://example.org" in opened.get("/c/jisr_news/11").text


def test_links_in_hits_lead_to_the_archived_copies(opened: Browser) -> None:
    hit = opened.get("/search?q=see").html.partition('class="hits"')[2].partition("</article>")[0]
    for led in ("/c/jisr_news/5", "/c/jisr_news#end", "/search?q=hashtag:bridge"):
        assert f'<a href="{led}"><bdi>' in hit


def test_a_button_leads_to_the_archived_copy_or_out_or_nowhere() -> None:
    known = [ChannelName(ChannelId(1002), "jisr_news", None, "جسر الليل")]
    assert linked("t.me/jisr_news/5", known) == '<a href="/c/jisr_news/5"><bdi>t.me/jisr_news/5</bdi></a>'
    outside = '<a href="https://t.me/other/5" rel="noopener noreferrer nofollow"><bdi>https://t.me/other/5</bdi></a>'
    assert linked("https://t.me/other/5", known) == outside
    assert linked("javascript:alert(1)<b>", known) == "<bdi>javascript:alert(1)&lt;b&gt;</bdi>"


def test_saved_queries_lead_to_their_results_and_feeds(opened: Browser) -> None:
    html = opened.get("/queries").html
    assert "/search?q=bridge+-open" in html
    assert "Mine &lt;b&gt;" in html
    feed = feedparser.parse(opened.get("/alerts/mine.atom").body)
    assert not feed.bozo
    assert [entry.title.partition(":")[0] for entry in feed.entries] == [
        "NightBridge/4",
        "NightBridge/3",
        "NightBridge/2",
    ]
    assert opened.get("/alerts/none.atom").status == 404


@pytest.mark.parametrize("path", ["/c/NightBridge.atom", "/search.atom?q=bridge"])
def test_feeds_are_whole_whatever_is_in_a_text(opened: Browser, path: str) -> None:
    answer = opened.get(path)
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.body)
    assert not feed.bozo, feed.bozo_exception
    assert len(feed.entries) == 4
    assert len({entry.id for entry in feed.entries}) == 4
    assert all(entry.link.startswith("http://127.0.0.1:") for entry in feed.entries)
    assert b"<script" not in answer.body


def test_newer_messages_are_counted(opened: Browser) -> None:
    assert opened.get("/c/1001/newer.json?after=2").json["count"] == 2
    assert opened.get("/c/1001/newer.json?after=2", Accept_Language="fr").json["text"] == "2 nouveaux messages"
    assert opened.get("/c/1001/newer.json?after=4").json["count"] == 0


def test_health_names_what_is_not_mirrored(opened: Browser) -> None:
    text = opened.get("/health").text
    assert "banned since" in text
    assert "gone" in text
    assert opened.get("/health.json").json["channels"] == [{"channel": "jisr_news", "state": "banned", "error": None}]


def test_help_is_that_of_the_command_line(opened: Browser) -> None:
    html = opened.get("/help/query").html
    links = [
        one.attrib["href"]
        for one in html5lib.parse(html, namespaceHTMLElements=False).iter("a")
        if "href" in one.attrib
    ]
    examples = [one for one in links if one.startswith("/search?q=")]
    assert len(examples) > 40
    assert opened.get(examples[3]).status == 200


def test_every_view_is_a_page_with_a_name_a_language_and_a_way_past_its_top(opened: Browser) -> None:
    for path in VIEWS:
        parsed = html5lib.parse(opened.get(path).body, namespaceHTMLElements=False)
        assert parsed.attrib["lang"] == "en"
        assert parsed.find("head/title").text.strip()
        assert len(list(parsed.iter("h1"))) == 1, path
        ids = [one.attrib["id"] for one in parsed.iter() if "id" in one.attrib]
        assert len(ids) == len(set(ids)), path
        assert next(parsed.iter("a")).attrib["href"] == "#main"
        for field in parsed.iter("input"):
            named = field.attrib.get("type") == "hidden" or field.attrib.get("id") or "aria-label" in field.attrib
            assert named or any(field in list(label.iter()) for label in parsed.iter("label"))


def test_an_archive_that_goes_away_is_told(opened: Browser, directory: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(directory, copied)
    with page(copied) as browser:
        browser.admit()
        shutil.rmtree(copied)
        assert browser.get("/c/NightBridge").status in (200, 503)


def test_scripts_ask_with_the_token(opened: Browser) -> None:
    assert Browser(opened.serving).get("/c/1001.json", Authorization=f"Bearer {TOKEN}").json["rows"]

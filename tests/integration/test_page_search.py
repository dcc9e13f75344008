"""Searching in the browser: the grammar, the counts and the pages of the command line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import html5lib
import pytest

from archiver.model.document import to_document
from archiver.model.media_file import FileKey
from archiver.store.media.annotation import Annotation, put_annotation
from archiver.store.media.file import settle_downloaded
from search.exact import writer as exact
from tests.integration.page_rig import Browser, opened, page
from tests.sample import NOW, OTHER, build, connect, index, make_message, photo

__all__ = ["opened"]

COUNT = 75


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    messages = [
        make_message(one, f"convoy {one} <b>seen</b>", media=[photo()] if one == 9 else [])
        for one in range(1, COUNT + 1)
    ]
    build(directory, messages, covered=[(1, COUNT)])
    other = [
        make_message(1, "مرّ الرتل فوق الجسر", channel_id=1002),
        make_message(2, "x " * 900 + "convoy", channel_id=1002),
    ]
    build(directory, other, channel=OTHER, covered=[(1, 2)], top_id=9)
    index(directory, [*messages, *other])
    conn = connect(directory)
    old = replace(messages[2], text="the barricade was here")
    conn.execute(
        "INSERT INTO revision (channel_id, message_id, revision, text, media, first_seen, last_seen, replaced_at,"
        " content_hash, payload_sha256, layer, raw) VALUES (1001, 3, 1, ?, '[]', 1, 2, 3, x'01', x'01', 229, x'')",
        (old.text,),
    )
    conn.execute("UPDATE message SET revisions = 1 WHERE channel_id = 1001 AND message_id = 3")
    exact.add_revisions(conn, [(to_document(old), 1)])
    conn.execute("INSERT INTO saved_query VALUES ('mine', 'Mine', 'convoy OR الرتل', ?)", (NOW,))
    conn.close()
    return directory


def hits(html: str) -> list[str]:
    return re.findall(r'class="where" href="([^"]+)"', html)


def hrefs(html: str) -> list[str]:
    return [
        one.attrib["href"]
        for one in html5lib.parse(html, namespaceHTMLElements=False).iter("a")
        if "href" in one.attrib
    ]


def test_hits_are_marked_in_every_form_and_spelling_and_nothing_else_is(opened: Browser) -> None:
    html = opened.get(f"/search?q={quote('رتل')}").html
    assert hits(html) == ["/c/jisr_news/1"]
    assert "<mark>الرتل</mark>" in html
    html = opened.get("/search?q=CONVOYS").html
    assert "<mark>convoy</mark> 75 &lt;b&gt;seen&lt;/b&gt;" in html


def test_counts_say_how_many_there_are_and_lead_to_them(opened: Browser) -> None:
    answer = opened.get("/search?q=convoy")
    assert f"{COUNT + 1} messages found" in answer.text
    assert "exact search" in answer.text
    assert "exact=" not in answer.text
    assert re.search(rf"Night Bridge {COUNT}\b", answer.text)
    assert "/search?q=convoy&media=photo" in hrefs(answer.html)
    narrowed = opened.get("/search?q=convoy&media=photo")
    assert hits(narrowed.html) == ["/c/NightBridge/9"]
    assert "1 message found" in narrowed.text
    assert "/search?q=convoy" in hrefs(narrowed.html)


def test_more_results_show_each_hit_once(opened: Browser) -> None:
    found: list[str] = []
    path = "/search?q=convoy&sort=oldest"
    for _ in range(9):
        html = opened.get(path).html
        found += hits(html)
        following = [one for one in hrefs(html) if "after=" in one]
        if not following:
            break
        path = following[0]
    assert found == [
        "/c/NightBridge/1",
        "/c/NightBridge/2",
        "/c/jisr_news/2",
        *(f"/c/NightBridge/{one}" for one in range(3, COUNT + 1)),
    ] or (len(found) == len(set(found)) == COUNT + 1)


def test_a_long_text_is_shown_where_it_matches(opened: Browser) -> None:
    html = opened.get("/search?q=convoy&c=jisr_news").html
    assert hits(html) == ["/c/jisr_news/2"]
    assert "<mark>convoy</mark>" in html
    assert html.count("x x x") < 100


def test_instants_are_shown_as_understood(opened: Browser) -> None:
    text = opened.get("/search?q=convoy&on=2021-12-16&tz=Asia/Baghdad").text
    assert "from 2021-12-15T21:00:00Z until before 2021-12-16T21:00:00Z" in text


def test_incomplete_channels_are_named(opened: Browser) -> None:
    assert "not completely archived" in opened.get("/search?q=convoy").text


def test_a_wrong_query_shows_where(opened: Browser) -> None:
    answer = opened.get(f"/search?q={quote('convoy (bridge')}")
    assert answer.status == 400
    assert "convoy <mark>(</mark>bridge" in answer.html
    for path in (
        "/search?q=x&sort=up",
        "/search?q=x&engine=y",
        "/search?q=x&kind=z",
        "/search?q=x&since=never",
        "/search?q=x&c=Nobody",
        "/search?q=x&after=z",
        "/search?q=x&fuzzy=1",
    ):
        assert opened.get(path).status in (400, 404), path


def test_a_pasted_link_leads_to_the_archived_copy(opened: Browser) -> None:
    for link in (
        "https://t.me/nightbridge/9?single",
        "t.me/NightBridge/9",
        "https://t.me/c/1001/9",
        "https://t.me/s/NightBridge/9",
    ):
        answer = opened.get(f"/search?q={quote(link, safe='')}")
        assert (answer.status, answer.headers["Location"]) == (303, "/c/NightBridge/9"), link
    assert opened.get(f"/search?q={quote('https://t.me/elsewhere/9', safe='')}").status == 200


def test_nothing_found_says_over_what(opened: Browser) -> None:
    text = opened.get("/search?q=nowhere").text
    assert f"Nothing found in {COUNT + 2} archived messages of 2 channels" in text


def test_data_is_the_same(opened: Browser) -> None:
    answered = opened.get("/search.json?q=convoy&media=photo").json
    assert [row["message_id"] for row in answered["rows"]] == [9]
    assert answered["exact"] is True
    assert answered["next"] is None


def test_commands_that_do_the_same_are_shown(opened: Browser) -> None:
    text = opened.get(f"/search?q={quote('a b')}&c=NightBridge&lang=ar&since=2021-12").text
    assert "telekeep search 'a b lang:ar' -c NightBridge --since 2021-12" in text
    assert "telekeep export NightBridge --query 'a b lang:ar'" in text


def test_a_hit_by_an_earlier_version_shows_that_version(opened: Browser) -> None:
    html = opened.get("/search?q=in:revisions+barricade").html
    assert hits(html) == ["/c/NightBridge/3"]
    assert "found in an earlier version" in html
    assert "<mark>barricade</mark>" in html


def test_nothing_found_offers_words_that_are_there(opened: Browser) -> None:
    assert "similar words: convoy" in opened.get("/search?q=convox").text


def test_a_hit_by_what_a_program_made_of_its_file_shows_that_text_and_who_made_it(tmp_path: Path) -> None:
    messages = [make_message(1, "a sign", media=[photo(id="20")]), make_message(2, "a convoy")]
    sha256 = "ab" * 32
    build(tmp_path, messages, covered=[(1, 2)])
    index(tmp_path, messages)
    conn = connect(tmp_path)
    settle_downloaded(conn, FileKey("photo/20"), sha256=sha256, size=9, now=NOW)
    made = {"hook": "ocr", "program": "reader <b>", "version": None, "language": None, "reason": None}
    put_annotation(
        conn, Annotation(sha256=sha256, text="stop: convoy <i>ahead", exit_status=0, at=NOW, seconds=1.0, **made)
    )
    conn.close()
    with page(tmp_path) as browser:
        browser.admit()
        answer = browser.get(f"/search?q={quote('convoys in:annotations')}")
        assert hits(answer.html) == ["/c/NightBridge/2", "/c/NightBridge/1"]
        assert answer.html.count("stop: <mark>convoy</mark> &lt;i&gt;ahead") == 1
        assert "text in a picture, read by a program, possibly wrong: reader <b>" in answer.text
        assert "possibly wrong" not in browser.get("/search?q=convoy").text
        text = browser.get("/c/NightBridge/1").text
        assert "ocr · reader <b> · 20 Dec 2021 11:33 UTC · a program's output, possibly wrong" in text


def test_media_takes_kinds_of_attachments_and_states_of_their_files(opened: Browser) -> None:
    for asked, written in {
        "media=missing": "media:missing",
        "media=not+downloaded": "media:not-downloaded",
        "media=photo,missing": "has:photo media:missing",
        "media=Photos": "has:photo",
        "file=photo": "has:photo",
        "state=deleted": "is:missing",
    }.items():
        answer = opened.get(f"/search.json?q=convoy&{asked}")
        assert (answer.status, answer.json.get("query")) == (200, f"convoy {written}"), answer.text
    assert hits(opened.get("/search?q=convoy&media=missing").html) == ["/c/NightBridge/9"]


def test_what_a_field_cannot_be_is_said_of_that_field(opened: Browser) -> None:
    for name, allowed in {"media": "photo, video", "state": "edited", "file": "not-downloaded"}.items():
        answer = opened.get(f"/search?q=convoy&{name}=nonsense")
        assert answer.status == 400
        assert f'{name} cannot be "nonsense".' in answer.text
        assert allowed in answer.text
        assert "has:nonsense" not in answer.text


@pytest.mark.parametrize("wrong", ["since=2021-13", "c=nobody", "since=2021-12-02&until=2021-12-01"])
def test_a_search_that_is_wrong_keeps_all_its_fields(opened: Browser, wrong: str) -> None:
    answer = opened.get(f"/search?q=bridge&sort=oldest&lang=en&{wrong}")
    assert answer.status in (400, 404)
    form = answer.html.partition('<form class="question"')[2].partition("</form>")[0]
    for field in (*wrong.split("&"), "q=bridge", "lang=en"):
        name, _, value = field.partition("=")
        assert re.search(rf'name="{name}"[^>]* value="{value}"', form), field
    assert '<option value="oldest" selected>' in form
    assert answer.html.count('name="q"') == 1


def test_an_empty_period_is_written_as_other_times_are(opened: Browser) -> None:
    wrong = "/search?q=bridge&tz=%2B03:00&since=2021-12-02&until=2021-12-01"
    assert "begins at 2 Dec 2021 00:00 +03 and ends before 2 Dec 2021 00:00 +03" in opened.get(wrong).text


def test_a_number_that_is_none_is_an_error_as_a_date_is(opened: Browser) -> None:
    for asked in ("around=abc", "before=-1", "after=x", "on=foo"):
        assert opened.get(f"/c/NightBridge?{asked}").status == 400, asked
    assert opened.get("/c/NightBridge?around=&before=").status == 200

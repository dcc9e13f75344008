"""A page in another language says everything in it: also what was wrong, and what other parts of the program say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import quote

import polib
import pytest

from archiver.model.json_text import dump
from archiver.model.record import Media
from archiver.web.languages import DEFAULT, load_languages
from scripts.messages import WEB
from tests.integration.page_asked import AskedPage, asked_page
from tests.integration.page_world import make_world
from tests.sample import build, make_message

VIEWS = """
/ /search /search?q=bridge /search?q=bridge&on=2021-12-16 /search?q=nowhere /search?q=bridge+nowhere&c=jisr_news
/c/NightBridge /c/NightBridge?after=4 /c/NightBridge/1 /c/NightBridge/2 /c/NightBridge/4 /c/jisr_news /c/jisr_news/8
/c/jisr_news/10 /c/jisr_news/11 /c/jisr_news/8?copies=1 /c/NightBridge/media /c/NightBridge/calendar /changes
/changes?kind=state /queries /health /help/query
"""
WRONG = """
/none /c/none /c/none/1 /c/NightBridge/0 /c/NightBridge/99 /c/jisr_news/3000000000 /c/%2B4912345678 /c/a@b.c
/c/x%20y%20z /c/-100 /c/t.me%2Fjoinchat%2Fabc /media/00 /static/none /alerts/none /changes?kind=x
/c/NightBridge/media?kind=x /search?q=x&engine=meilisearch /search?q=x&engine=y /search?q=x&fuzzy=1 /search?q=x&c=none
/search?q=x&sort=y /search?q=x&kind=y /search?q=x&media=y /search?q=x&state=y /search?q=x&after=y
/search?q=x&since=2022&until=2021 /search?q=x&since=y /search?q=x&on=2021&since=2021 /search?q=x&since=2021-13
/search?q=x&since=9999 /c/NightBridge?on=y /c/NightBridge?tz=Mars/Olympus /c/NightBridge?tz=%2B99:00
/search?q=x&since=7x
"""
QUERIES = """
" () ( ) (a OR OR (a -(b a) "" a* *a a** x*y -- NOT OR AND lang:xx has:x is:x views:x views:1..0 views:9..1 date:
date:x on:2021-12-16T10:00 since:.. date:.. id:x from: nosuch:x query:none query:mine* domain:a/b domain:. url://
mime:x/y/z ext: filename:*x filename:- sha256:zz sha256:12 topic:x channel:none (in:revisions)OR(a) has:photo,video
since:>2021 hashtag:
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedPage]:
    with asked_page(make_world(tmp_path_factory.mktemp("archive"))) as found:
        yield found


def read(html: str) -> str:
    """The words of a page that are the program's: without citations, which are in English, and data."""
    html = re.sub(r'<dl class="cite">.*?</dl>|<pre.*?</pre>|<code.*?</code>|<title>', " ", html, flags=re.DOTALL)
    titles = " ".join(re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', html))
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html) + titles).split())


@cache
def list_english(code: str) -> list[str]:
    """The longest part of each sentence that the catalogue of a language translates."""
    found = []
    for entry in polib.pofile(str(WEB / f"locale/{code}.po")):
        longest = max(map(str.strip, re.split(r"\{[0-9]\}|%\(\w+\)[sd]", entry.msgid)), key=len)
        if len(longest.split()) > 1 and longest not in entry.msgstr:
            found.append(longest)
    return found


def find_english(said: str, code: str) -> list[str]:
    """The sentences in these words that the catalogue of a language has."""
    return [one for one in list_english(code) if one in said]


LANGUAGES = [code for code in load_languages() if code != DEFAULT]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_view_is_in_the_readers_language(asked: AskedPage, code: str) -> None:
    for view in VIEWS.split():
        answer = asked.get(view, accept_language=code)
        assert answer.status == 200, view
        assert f'<html lang="{code}" dir=' in answer.html
        assert find_english(said := read(answer.html), code) == [], (view, said)


@pytest.mark.parametrize("code", LANGUAGES)
def test_so_is_every_answer_to_what_is_wrong(asked: AskedPage, code: str) -> None:
    queries = [f"/search?q={quote(one)}" for one in QUERIES.split()]
    for address in [*WRONG.split(), *queries]:
        answer, (path, _, query) = asked.get(address, accept_language=code), address.partition("?")
        if answer.status == 200:
            continue
        said, english = read(answer.html), asked.get(f"{path}.json?{query}")
        assert find_english(said, code) == [], (address, said)
        if english.headers["content-type"] == "application/json":
            for sentence in filter(None, (english.json["error"], english.json["hint"])):
                assert sentence not in said, address


def test_numbers_and_times_of_attachments_are_the_readers(tmp_path: Path) -> None:
    kinds = {"poll": {"answers": [{"text": "A", "voters": 1211}]}, "giveaway": {"until_date": "2021-12-17T22:00:00Z"}}
    media = (Media(slot=slot, kind=kind, extra=dump(kinds[kind]).decode()) for slot, kind in enumerate(kinds))
    action = dump({"type": "group_call_scheduled", "schedule_date": "2021-12-18T22:00:00Z"}).decode()
    messages = [make_message(1, media=tuple(media)), make_message(2, kind="service", action=action)]
    with asked_page(build(tmp_path, messages, covered=[(1, 2)])) as asked:
        said = asked.get("/c/NightBridge?tz=Asia/Baghdad", accept_language="fr").html
    for words in ("A (1 211)", "18 déc. 2021 01:00 +03", "19 déc. 2021 01:00 +03"):
        assert words in unescape(re.sub("<[^>]*>", "", said))


def test_what_is_refused_before_the_page_is_said_in_the_browsers_language(asked: AskedPage) -> None:
    for headers in ({"host": "evil.test"}, {"origin": "http://evil.test"}):
        english, french = asked.get("/", **headers), asked.get("/", accept_language="fr", **headers)
        assert english.status == french.status > 400
        assert english.html != french.html
    assert "jeton" in asked.get("/", accept_language="fr", authorization="none").text

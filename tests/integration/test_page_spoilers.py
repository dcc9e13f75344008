"""What an author covered with a spoiler is covered in every view, in feeds and in HTML exports, until it is opened."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import html5lib
import orjson
import pytest

from archiver.model.media_file import blob_path
from archiver.model.record import Media
from tests.exporting import export_as
from tests.integration.page_rig import Browser, opened
from tests.integration.page_world import revision
from tests.sample import NOW, build, entities, index, make_message, photo

__all__ = ["opened"]

SECRET = "butler"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(2000)
HASH = sha256(JPEG).hexdigest()
MADE = "INSERT INTO annotation (sha256, hook, status, program, text, at, seconds, attempts)"
COVERED = [
    photo(id="1", extra='{"spoiler": true}'),
    Media(slot=1, kind="video", id="2", mime="video/mp4", size=2000, extra='{"spoiler": true}'),
    photo(2, id="3", extra='{"of": "video_cover"}'),
]


def spoiler(at: int) -> str:
    return entities(("spoiler", at, len(SECRET)))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_secrets(tmp_path_factory.mktemp("archive"))


def make_secrets(directory: Path) -> Path:
    quote = {"reply_to_msg_id": 1, "quote_text": f"the {SECRET}", "quote_entities": orjson.loads(spoiler(4))}
    messages = [
        make_message(1, f"the {SECRET} did it", entities=spoiler(4)),
        make_message(2, "what they saw", media=COVERED),
        make_message(3, f"the {SECRET} waited {'beside the bridge ' * 60}", entities=spoiler(4)),
        make_message(4, "so it was", reply_to=orjson.dumps(quote).decode(), reply_to_msg_id=1),
        make_message(5, "and so it was", reply_to='{"reply_to_msg_id": 1}', reply_to_msg_id=1),
        make_message(6, f"gone, said the {SECRET}", entities=spoiler(15)),
        make_message(7, f"again the {SECRET}", entities=spoiler(10)),
        make_message(8, "a film", media=COVERED[1:]),
    ]
    sql = [
        revision(1, NOW, f"a {SECRET} did it at noon"),
        f"UPDATE revision SET entities = '{spoiler(2)}'",
        revision(7, NOW + 1, messages[6].text),
        "UPDATE message SET revisions = 1 WHERE message_id IN (1, 7)",
        f"UPDATE message SET missing_since = {NOW + 5}, missing_how = 'audit' WHERE message_id = 6",
        f"INSERT INTO absence VALUES (1001, 6, {NOW + 5}, 'audit', {NOW - 60}, NULL)",
        f"UPDATE media SET sha256 = '{HASH}', status = 'downloaded', path = '{blob_path(HASH)}'",
        f"INSERT INTO blob VALUES ('{HASH}', {len(JPEG)}, {NOW}, {NOW}, 'present')",
        f"{MADE} VALUES ('{HASH}', 'ocr', 'done', 'p', 'a {SECRET}', {NOW}, 1, 1)",
    ]
    build(directory, messages, covered=[(1, 8)], sql=sql)
    index(directory, messages)
    path = directory / blob_path(HASH)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JPEG)
    return directory


def parse(page: bytes) -> Any:
    return html5lib.parse(page, namespaceHTMLElements=False, transport_encoding="utf-8")


def uncovered(element: Any) -> list[Any]:
    """The elements that are seen before anything is opened."""
    is_cover = "tk-spoiler" in element.attrib.get("class", "")
    is_closed = element.tag == "details"
    children = [] if is_cover else [one for one in element if not is_closed or one.tag == "summary"]
    return [] if is_cover else [element, *(found for one in children for found in uncovered(one))]


def seen_words(elements: list[Any]) -> str:
    texts = (
        f"{one.text or ''} {' '.join(child.tail or '' for child in one)}" for one in elements if one.tag != "details"
    )
    return " ".join(texts)


VIEWS = ["/c/NightBridge", *(f"/c/NightBridge/{one}" for one in range(1, 7)), "/changes"]
VIEWS += ["/c/NightBridge/media", "/c/NightBridge/media?kind=photo"]


@pytest.mark.parametrize("view", [*VIEWS, "/search?q=bridge", "/search?q=noon in:revisions", "/search?q=saw"])
def test_nothing_covered_is_seen_in_a_view(opened: Browser, view: str) -> None:
    answer = opened.get(view.replace(" ", "%20"))
    assert answer.status == 200
    seen = uncovered(parse(answer.body))
    assert SECRET not in seen_words(seen)
    assert [one.tag for one in seen if one.tag in ("img", "video")] == []


def test_it_is_there_to_be_opened_by_hand_and_by_keys(opened: Browser) -> None:
    html = opened.get("/c/NightBridge").html
    assert html.count('<details class="veil"><summary>') == 5
    assert f'tabindex="0" title="spoiler">{SECRET}</span>' in html
    html = opened.get("/c/NightBridge/1").html
    assert f'title="spoiler">{SECRET}</span> did it<del> at noon</del>' in html
    assert "<del>▒▒▒▒▒▒</del>" not in opened.get("/changes").html


def test_feeds_have_no_styles_and_so_no_spoilers(opened: Browser) -> None:
    for view in ("/c/NightBridge.atom", "/search.atom?q=bridge"):
        feed = opened.get(view).html
        assert "▒▒▒▒▒▒" in feed
        assert SECRET not in feed


def test_nor_is_anything_covered_seen_in_an_html_export(directory: Path, tmp_path: Path) -> None:
    places = {"media_places": lambda _: "a.jpg"}
    export_as("html", directory, tmp_path / "out", revisions=True, context=places)
    page = (tmp_path / "out/messages-0001.html").read_bytes()
    assert SECRET in page.decode()
    seen = uncovered(parse(page))
    assert SECRET not in seen_words(seen)
    assert [one.tag for one in seen if one.tag in ("img", "video")] == []
    assert page.count(b'class="veil"') == 7


def test_markdown_has_a_link_in_place_of_a_covered_picture(directory: Path, tmp_path: Path) -> None:
    export_as("markdown", directory, tmp_path / "out", context={"media_places": lambda _: "a.jpg"})
    written = (tmp_path / "out").read_text()
    assert ("[photo](<a.jpg>)" in written, "![" in written) == (True, False)

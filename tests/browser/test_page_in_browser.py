"""The page in a real Chromium: for everyone, by keys alone, without scripts, and against those who would abuse it.

`scripts/browser` installs what is needed; without it these tests are skipped, and say so.
"""

from __future__ import annotations

import http.server
import itertools
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.model.record import Media
from tests.integration.page_rig import TOKEN, Browser, page
from tests.integration.page_tongues import CHANNELS, make_tongues
from tests.integration.page_world import make_world
from tests.integration.test_page_spoilers import make_secrets
from tests.sample import build, entities, index, make_channel, make_message

AXE = Path(__file__).parents[2] / ".venv/axe/node_modules/axe-core/axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALONE = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP evil.test 127.0.0.1",
]
LOOKS = list(itertools.product([360, 800, 1280], ["light", "dark"], ["en", "fr", "ar"]))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = [
    *(
        "/",
        "/search",
        "/search?q=bridge",
        "/search?q=nowhere",
        "/c/NightBridge",
        "/c/NightBridge/1",
        "/c/NightBridge/2",
    ),
    *("/c/jisr_news/8", "/c/jisr_news/11", "/c/NightBridge/media", "/c/NightBridge/calendar", "/changes", "/queries"),
    *("/health", "/help/query", "/none"),
]
if CHROMIUM is None or not AXE.exists():
    pytest.skip("no Chromium or no axe-core here: scripts/browser installs them", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: scripts/browser installs it")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = started.chromium.launch(executable_path=CHROMIUM, args=[*ALONE, *sandbox])
        yield browser
        browser.close()


BROKEN_WORDS = """(() => {
    const broken = [];
    const look = (text, from, length) => {
        const range = document.createRange();
        range.setStart(text, from);
        range.setEnd(text, from + length);
        const lines = [...range.getClientRects()].filter(box => box.width).map(box => box.bottom);
        if (Math.max(...lines) - Math.min(...lines) > 4) broken.push(text.data.substr(from, length));
    };
    for (const cell of document.querySelectorAll("thead th, td time, .num")) {
        const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let text; text = walk.nextNode();)
            for (const word of text.data.matchAll(cell.matches("time") ? /\\S.*/g : /\\S+/g))
                look(text, word.index, word[0].length);
    }
    return broken;
})()"""
"""The words in headings of tables, the numbers, and the days and clocks of times that go on in a second line."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with page(make_world(tmp_path_factory.mktemp("archive"))) as browser:
        yield browser


@pytest.fixture(scope="module")
def tongues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with page(make_tongues(tmp_path_factory.mktemp("tongues"))) as browser:
        yield browser


def base(opened: Browser) -> str:
    return opened.serving.url.rstrip("/")


def tab(chromium: Any, opened: Browser, **options: Any) -> Any:
    """A tab of a browser that has opened the page."""
    found = chromium.new_context(**options).new_page()
    found.set_default_timeout(20_000)
    found.goto(f"{base(opened)}/?token={TOKEN}")
    return found


def assert_is_for_everyone(seen: Any, opened: Browser, view: str, width: int) -> None:
    """A view is for everyone, and fits."""
    seen.goto(base(opened) + view)
    for part in ("documentElement", "querySelector('main')"):  # which cuts off what does not fit
        assert seen.evaluate(f"document.{part}.scrollWidth") <= width, view
    assert seen.evaluate(BROKEN_WORDS) == [], view
    seen.evaluate(AXE.read_text(encoding="utf-8"))
    found = seen.evaluate(f"axe.run(document, {{runOnly: {RULES}, resultTypes: ['violations']}})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], view


@pytest.mark.parametrize(
    ("width", "colours", "locale"),
    [(1280, "light", "en"), (360, "dark", "fr"), (800, "light", "ar")],
    ids=["wide", "narrow", "between"],
)
def test_every_view_is_for_everyone_and_fits(
    chromium: Any, opened: Browser, width: int, colours: str, locale: str
) -> None:
    seen = tab(chromium, opened, viewport={"width": width, "height": 900}, color_scheme=colours, locale=locale)
    for view in VIEWS:
        assert_is_for_everyone(seen, opened, view, width)
    seen.context.close()


@pytest.mark.soak(only="every language, colour scheme and width takes minutes")
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_so_is_each_in_every_language_of_reader_and_message(
    chromium: Any, opened: Browser, tongues: Browser, look: tuple[int, str, str]
) -> None:
    width, colours, locale = look
    for archive in (opened, tongues):
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": colours, "locale": locale}
        seen = tab(chromium, archive, **options)
        names = [name for _, name, *_ in CHANNELS]
        further = [
            *(f"/c/{name}" for name in names),
            *(f"/c/{name}/{number}" for name in names for number in (1, 2, 12)),
        ]
        for view in VIEWS if archive is opened else [*further, "/search?q=convoy", "/changes", "/search?q=(a"]:
            assert_is_for_everyone(seen, archive, view, width)
        seen.context.close()


def focused(seen: Any) -> str:
    """The id of what has the focus, which is visible: in the window, with an outline."""
    found = seen.evaluate("""() => {
        const here = document.activeElement, box = here.getBoundingClientRect(), style = getComputedStyle(here);
        const shown = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
        return [here.id, shown && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
    }""")
    assert found[1], found
    return str(found[0])


def test_a_walk_by_keys_alone_in_a_narrow_window(chromium: Any, opened: Browser) -> None:
    seen = tab(
        chromium, opened, viewport={"width": 360, "height": 640}, permissions=["clipboard-read", "clipboard-write"]
    )
    press, copied = seen.keyboard.press, "navigator.clipboard.readText()"
    press("Tab")
    assert focused(seen) == ""  # the link to the content
    press("Enter")
    assert seen.evaluate("document.activeElement.id") == "main"
    press("/")
    seen.keyboard.type("bridge")
    with seen.expect_navigation():
        press("Enter")
    assert "q=bridge" in seen.url
    press("j")
    assert focused(seen) == "h1"
    press("n")
    assert focused(seen) == "h2"
    press("p")
    assert focused(seen) == "h1"
    press("y")
    seen.locator("#said:not(:empty)").wait_for()
    assert "SHA-256 of the payload" in seen.evaluate(copied)
    with seen.expect_navigation():
        press("o")
    assert seen.url.endswith("/c/NightBridge/4")
    for key, where in (("k", "/3"), ("k", "/2"), ("j", "/3"), ("u", "?around=3#m3")):
        with seen.expect_navigation():
            press(key)
        assert seen.url.endswith(f"/c/NightBridge{where}")
    russian = "new KeyboardEvent('keydown', {key: 'л', code: 'KeyK', bubbles: true})"
    seen.evaluate(f"document.activeElement.dispatchEvent({russian})")
    assert focused(seen) == "m2"
    press("k")
    press("c")
    seen.locator("#said:not(:empty)").wait_for()
    assert seen.evaluate(copied).endswith("/c/NightBridge/1")
    with seen.expect_navigation():
        press("r")
    assert seen.url.endswith("/c/NightBridge/1#versions")
    seen.locator(".cite button").nth(3).focus()
    assert focused(seen) == ""
    press("Enter")
    seen.locator("#said:not(:empty)").wait_for()
    assert "Telegram, 16 Dec. 2021" in seen.evaluate(copied)
    with seen.expect_navigation():
        press("u")
    press("g")
    press("d")
    assert focused(seen) == "on"
    press("Escape")
    with seen.expect_navigation():
        press("?")
    assert seen.url.endswith("/help/query#keys")
    seen.context.close()


def test_everything_works_without_scripts(chromium: Any, opened: Browser) -> None:
    seen = tab(chromium, opened, java_script_enabled=False)
    seen.fill("#q", "copy")
    with seen.expect_navigation():
        seen.press("#q", "Enter")
    assert seen.locator(".hit .where").count() == 3
    with seen.expect_navigation():
        seen.locator(".hit .where").first.click()
    assert "/c/jisr_news/" in seen.url
    seen.context.close()


def test_spoilers_are_opened_by_keys_without_scripts_and_kept_in_forced_colours(chromium: Any, tmp_path: Path) -> None:
    with page(make_secrets(tmp_path)) as opened:
        seen = tab(chromium, opened, java_script_enabled=False, forced_colors="active")
        seen.goto(f"{base(opened)}/c/NightBridge")
        words, picture = seen.locator(".tk-spoiler").first, seen.locator(".pictures .veil img").first
        look = "here => { const {color, backgroundColor} = getComputedStyle(here); return [color, backgroundColor]; }"
        shown, ground = words.evaluate(look)
        assert shown in (ground, "rgba(0, 0, 0, 0)")
        words.focus()
        assert words.evaluate(look)[0] != shown
        assert not picture.is_visible()
        seen.locator(".pictures .veil summary").first.press("Enter")
        assert picture.is_visible()
        seen.context.close()


def test_a_line_in_another_direction_stands_where_its_message_stands(chromium: Any, tmp_path: Path) -> None:
    build(tmp_path, [make_message(1, "رتل عبر الجسر الحديدي\nNews")], covered=[(1, 1)])
    with page(tmp_path) as opened:
        seen = tab(chromium, opened, viewport={"width": 1280, "height": 640})
        seen.goto(f"{base(opened)}/c/NightBridge/1")
        ends = """lines => lines.map(line => {
            const words = document.createRange();
            words.selectNodeContents(line);
            return words.getBoundingClientRect().right;
        })"""
        arabic, english = seen.locator(".text .tk-line").evaluate_all(ends)
        assert abs(arabic - english) < 2
        seen.context.close()


@pytest.mark.parametrize(("width", "locale"), [(360, "fr"), (800, "ar"), (800, "fr")])
def test_channels_fit_beside_what_only_imports_have(chromium: Any, tmp_path: Path, width: int, locale: str) -> None:
    imported = (
        "INSERT INTO import_source (at, channel_id, format, file_name, sha256, bytes, version)"
        " VALUES (1, 1001, 'desktop-json', 'result.json', '00', 1, '0')"
    )
    claimed = [
        imported,
        "UPDATE message SET layer = 0, origin = 'import' WHERE message_id > 2",
        "UPDATE channel SET last_sync_at = NULL",
    ]
    build(tmp_path, [make_message(one) for one in range(1, 5)], covered=[(1, 4)], sql=claimed)
    with page(tmp_path) as opened:
        seen = tab(chromium, opened, viewport={"width": width, "height": 640}, locale=locale)
        assert seen.locator("td.num .quiet").count() == 1
        if width > 640:  # narrower, the column of the last check is left out
            assert seen.locator("td .stamp").evaluate("never => never.getClientRects().length") == 1
        assert seen.evaluate("document.querySelector('main').scrollWidth") <= width
        seen.context.close()


HOSTILE = [
    "<script>alert(1)</script><img src=http://evil.test/x onerror=alert(1)><svg onload=alert(1)>%(x)s",
    "javascript:alert(1) \u202etxt.exe " + "ж" * 4000,
    "a" + "\u0489" * 2000 + "\0",
]


def strange_messages(text: str) -> list[dict[str, Any]]:
    """Messages with this text in every place that a channel, or an import, can fill."""
    quoted = orjson.dumps(text).decode()
    named: dict[str, Any] = {"title": text, "file_name": text, "url": text, "mime": text, "performer": text}
    return [
        {"text": text, "post_author": text},
        {"text": "link", "entities": entities(("text_url", 0, 4), url=text)},
        {"text": text, "entities": entities(("pre", 0, len(text)), language=text)},
        {"fwd_from": f'{{"from_name": {quoted}}}', "reply_to": f'{{"reply_to_msg_id": 1, "quote_text": {quoted}}}'},
        {
            "markup": f'[[{{"text": {quoted}, "url": {quoted}}}]]',
            "reactions": f'[{{"reaction": {quoted}, "count": 1}}]',
        },
        {"kind": "service", "action": f'{{"type": {quoted}, "title": {quoted}}}'},
        {"restriction": f'[{{"platform": {quoted}, "text": {quoted}}}]'},
        {"media": [Media(slot=at, kind=kind, id=str(at), size=1, **named) for at, kind in enumerate(("photo", text))]},
        {"media": [Media(slot=0, kind="poll", title=text, extra=f'{{"answers": [{{"text": {quoted}}}]}}')]},
    ]


def test_texts_of_strangers_run_nothing_load_nothing_and_fit(chromium: Any, tmp_path: Path) -> None:
    held = [one for text in HOSTILE for one in strange_messages(text)]
    messages = [make_message(at, **more) for at, more in enumerate(held, 1)]
    channel = make_channel(1001, username="x", title=HOSTILE[0] + HOSTILE[2].strip("\0"))
    build(tmp_path, messages, channel=channel, covered=[(1, len(held))])
    index(tmp_path, messages)
    with page(tmp_path) as opened:
        seen = tab(chromium, opened, viewport={"width": 360, "height": 640})
        said: list[str] = []
        seen.on("dialog", lambda one: said.append(one.message))
        seen.on("console", lambda one: said.append(one.text))
        seen.on("request", lambda one: said.append(one.url) if not one.url.startswith(base(opened)) else None)
        for view in ("/", "/c/x", "/c/x/media", "/c/x/1", "/c/x/2", "/search?q=alert", "/search?q=link"):
            assert seen.goto(base(opened) + view).status == 200
            assert seen.evaluate("document.documentElement.scrollWidth") <= 360, view
        assert said == []
        seen.context.close()


class _Stranger(http.server.BaseHTTPRequestHandler):
    """A site that tries to read the page of whoever visits it."""

    target = ""

    def do_GET(self) -> None:
        where = self.target
        body = f"""<!doctype html><iframe src="{where}/"></iframe><img src="{where}/static/icon.svg" id=i>
        <script>window.got=[];
        for (const mode of ["cors","no-cors"]) fetch("{where}/channels.json", {{mode, credentials:"include"}})
          .then((r) => r.text()).then((t) => got.push(t), () => got.push("refused"));
        </script>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_other_sites_read_nothing_not_even_by_rebinding(chromium: Any, opened: Browser) -> None:
    _Stranger.target = base(opened)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        seen = tab(chromium, opened)
        for host in ("127.0.0.1", "evil.test"):  # the first is the same site, on another port
            seen.goto(f"http://{host}:{server.server_address[1]}/")
            seen.wait_for_function("window.got.length === 2")
            assert "Night Bridge" not in "".join(seen.evaluate("window.got"))
            assert seen.evaluate("document.getElementById('i').naturalWidth") == 0
            assert all("Night Bridge" not in frame.content() for frame in seen.frames)
        answer = seen.goto(f"http://evil.test:{opened.serving.address.port}/c/NightBridge")
        assert answer.status == 421
        seen.context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Attacks on the page that were tried on it, and once worked."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.integration.page_rig import TOKEN, Browser, page
from tests.sample import build, index, make_message

MOST = 20


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(1, "the bridge \u202eegdirb eht")]
    title = "UPDATE channel SET title = '\u202e<b>&'"
    build(directory, messages, covered=[(1, 1)], sql=[title])
    index(directory, messages)
    with page(directory) as browser:
        yield browser.admit()


def connect(browser: Browser, sent: bytes) -> socket.socket:
    conn = socket.create_connection(("127.0.0.1", browser.serving.address.port), 30)
    conn.sendall(sent)
    return conn


def ended(conn: socket.socket) -> bool:
    """Whether the page closes it, sooner or later."""
    try:
        while conn.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("path", ["//evil.test/x", "///evil.test", "/%2Fevil.test/x"])
def test_no_link_of_a_refusal_leads_to_another_host(opened: Browser, path: str) -> None:
    for browser in (opened, Browser(opened.serving)):
        answer = browser.get(path)
        assert answer.status in (401, 404)
        led = re.findall(r'(?:href|value)="([^"]*)"', answer.html)
        assert [one for one in led if "evil" in one or one == "/"]
        assert not [one for one in led if one.startswith("//")]


def test_who_comes_from_elsewhere_goes_on_to_all_that_was_asked(opened: Browser) -> None:
    answer = Browser(opened.serving).get("/search?q=bridge&tz=UTC&token=wrong")
    assert answer.status == 401
    assert 'href="/search?q=bridge&amp;tz=UTC"' in answer.html
    assert "wrong" not in answer.html


@pytest.mark.parametrize("other", ['x={"a": 1}', "a b=1", "bad@x=2", 'x="', "\xe9=1", "=", ""])
def test_cookies_of_other_pages_on_this_host_lock_nobody_out(opened: Browser, other: str) -> None:
    assert opened.get("/healthz", Cookie=f"{other}; {opened.cookie}").status == 200
    assert opened.get("/", Cookie=f"{other}; {opened.cookie}").status == 200
    assert opened.get("/", Cookie=f"{opened.cookie}; {other}").status == 200
    assert opened.get("/", Cookie=f"{other}; {opened.cookie}0").status == 401


@pytest.mark.parametrize("path", [f"/preview/{9**40}/1/1", f"/preview/1001/{9**40}/1", f"/preview/1/1/{9**40}"])
def test_numbers_beyond_all_bounds_are_not_found(opened: Browser, path: str) -> None:
    assert opened.get(path).status in (200, 404)


def test_what_is_no_request_gets_the_headers_of_every_answer(opened: Browser) -> None:
    answer = opened.raw(b"nonsense\r\n\r\n").decode()
    assert answer.startswith("HTTP/1.1 400 ")
    for name in ("Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff", "no-store"):
        assert name in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nHost",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n0",
    ],
)
def test_who_asks_too_slowly_is_let_go(opened: Browser, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.web.connections.ASKING", 0.2)
    with connect(opened, sent) as conn:
        assert ended(conn)


def test_connections_that_ask_nothing_keep_nobody_out(opened: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.web.connections.MOST", MOST)
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(opened, b"GET / HTTP/1.1\r\n")) for _ in range(2 * MOST)]
        assert opened.get("/").status == 200
        assert all(ended(conn) for conn in idle[:MOST])


def test_who_reads_nothing_is_let_go(opened: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.web.connections.READING", 0.2)
    request = f"GET /static/page.css HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    with socket.socket() as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        conn.settimeout(30)
        conn.connect(("127.0.0.1", opened.serving.address.port))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            conn.sendall(request * 100_000)


@pytest.mark.parametrize("path", ["/c/NightBridge", "/c/NightBridge/1", "/c/NightBridge/media", "/search?q=%E2%80%AEx"])
def test_nothing_turns_the_title_of_a_tab_or_the_row_as_json(opened: Browser, path: str) -> None:
    answer = opened.get(path)
    [title] = re.findall("<title>(.*?)</title>", answer.html, re.DOTALL)
    assert "\u202e" not in title
    assert "⟨U+202E⟩" in title
    assert "search" in path or "&lt;b&gt;&amp;" in title
    assert "\u202e" not in "".join(re.findall("<pre.*?</pre>", answer.html, re.DOTALL))


def test_who_has_only_finished_asking_is_answered(opened: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.web.connections.ENDED", 60.0)
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    assert opened.raw(request * 3).count(b"HTTP/1.1 200 ") == 3


def test_questions_of_who_has_left_keep_nobody_waiting(opened: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.web.connections.ENDED", 0.1)
    begun, ended_by = threading.Semaphore(0), []

    async def think(*_: object) -> None:
        begun.release()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended_by.append("leaving")
            raise
        finally:
            begun.release()

    monkeypatch.setattr("archiver.web.views.search.find_hits", think)
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    with connect(opened, f"GET /search.json?q=bridge HTTP/1.1\r\n{head}".encode()):
        assert begun.acquire(timeout=30)
    assert begun.acquire(timeout=30)
    assert ended_by == ["leaving"]


def test_a_connection_stays_open_between_two_requests_until_the_next_one_is_slow(
    opened: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = http.client.HTTPConnection("127.0.0.1", opened.serving.address.port, timeout=30)
    with closing(conn):
        conn.connect()
        first = conn.sock
        for _ in range(3):
            conn.request("GET", "/healthz")
            assert conn.getresponse().read() == b"ok\n"
            assert conn.sock is first
            monkeypatch.setattr("archiver.web.connections.ASKING", 0.01)
            time.sleep(0.1)  # longer than a request may take to arrive
        first.sendall(b"GET /")
        assert ended(first)

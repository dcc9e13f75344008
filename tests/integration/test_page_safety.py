"""The page cannot be used against its reader: by other sites, other programs, or the texts in the archive."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from urllib.parse import quote

import html5lib
import pytest

from archiver.errors import NotFound, UsageError
from archiver.store.reading_pool import OutOfTime, ReadingPool
from tests.integration.page_rig import TOKEN, Browser, opened, page
from tests.sample import build, connect, entities, index, make_message

__all__ = ["opened"]

HOSTILE = "<script>alert(1)</script><svg onload=alert(1)> \"'><img src=x onerror=alert(1)> \u202efdp.exe {{7*7}} ${7*7}"
PATHS = ["/", "/c/NightBridge", "/c/NightBridge/1", "/static/page.css", "/healthz", "/nothing", "/c/NightBridge.json"]

ODD_PATHS = [
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static//etc/passwd",
    "/static/__init__.py",
    "/c/..%2f..%2fetc",
    "/c/NightBridge/..%2f1",
    "/c/%00/1",
    "/c/NightBridge/99999999999999999999",
    "/c/NightBridge/0",
    "/c/NightBridge?around=1'%20OR%201=1",
    "/c/NightBridge?before=-1",
    "/c/NightBridge?on=%00",
    "/c/%ff%fe",
    "/c/NightBridge?tz=../../etc/passwd",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    link = entities(("text_url", 0, 4), url="javascript:alert(1)")
    messages = [
        make_message(1, HOSTILE),
        make_message(2, "link to follow", entities=link),
        make_message(3, "x" * 4096),
    ]
    build(directory, messages, alias='night"><script>', covered=[(1, 3)])
    index(directory, messages)
    return directory


@pytest.fixture
def stranger(opened: Browser) -> Browser:
    return Browser(opened.serving)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "127.0.0.1.evil.test",
        "0.0.0.0",  # noqa: S104
        "192.168.0.1",
        "127.0.0.1@evil.test",
        "[::2]",
        "",
    ],
)
def test_another_host_name_is_refused_before_everything(opened: Browser, path: str, host: str) -> None:
    answer = opened.get(path, Host=host or None)
    assert answer.status == (421 if host else 400)  # HTTP/1.1 without Host is refused by the server itself
    assert b"Night Bridge" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:1234", "[::1]:8765", "archive.test", "archive.test.:80"])
def test_own_host_names_are_answered(opened: Browser, host: str) -> None:
    assert opened.get("/", Host=host).status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://127.0.0.1/c/NightBridge", 200), ("HTTPS://archive.test:443", 200), ("http://evil.test/", 421),
        ("http://127.0.0.1@evil.test/", 421), ("http:///c/NightBridge", 421), ("/http://evil.test/", 404),
        ("ftp://127.0.0.1/", 404),
    ],
)  # fmt: skip
def test_the_host_in_an_absolute_address_counts(opened: Browser, target: str, status: int) -> None:
    answer = opened.get(target)
    assert answer.status == status
    assert status != 421 or "evil" not in answer.html


def test_two_hosts_are_refused(opened: Browser) -> None:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
    assert opened.raw(request).split(b" ", 2)[1] in (b"400", b"421")


@pytest.mark.parametrize(
    "path", ["/", "/c/NightBridge", "/c/NightBridge.json", "/c/NightBridge/1", "/nothing", "/display"]
)
def test_nothing_is_shown_without_the_token(stranger: Browser, path: str) -> None:
    for headers in ({}, {"Cookie": f"telekeep-{stranger.serving.address.port}=0"}, {"Authorization": "Bearer no"}):
        answer = stranger.get(path, **headers)
        assert answer.status == 401
        assert "Night Bridge" not in answer.html
        assert answer.headers["Set-Cookie"] is None


def test_token_becomes_a_cookie_and_leaves_the_address(stranger: Browser) -> None:
    answer = stranger.get(f"/c/NightBridge?tz=UTC&token={TOKEN}&around=2")
    assert answer.status == 303
    assert answer.headers["Location"] == "/c/NightBridge?tz=UTC&around=2"
    name, _, attributes = answer.headers["Set-Cookie"].partition("; ")
    assert set(attributes.split("; ")) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert TOKEN not in name
    assert stranger.get("/", Cookie=name).status == 200
    assert stranger.get("/", Authorization=f"Bearer {TOKEN}").status == 200


def test_behind_tls_the_cookie_is_bound_to_it(stranger: Browser) -> None:
    answer = stranger.get(f"/?token={TOKEN}", X_Forwarded_Proto="https")
    assert answer.headers["Set-Cookie"].startswith("__Host-")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert stranger.get("/", Cookie=answer.headers["Set-Cookie"].partition(";")[0]).status == 200


def test_right_token_leads_to_no_other_host(stranger: Browser) -> None:
    for path in ("//evil.test/", "///evil.test", "/%2Fevil.test/", "/%5Cevil.test"):
        where = stranger.get(f"{path}?token={TOKEN}").headers["Location"]
        assert where.startswith("/")
        assert not where.startswith(("//", "/\\"))


def test_going_back_leads_to_no_other_host(opened: Browser) -> None:
    for back in (
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/\r\nX: y",
    ):
        where = opened.get(f"/display?back={quote(back)}&tz=UTC").headers["Location"]
        assert where.startswith("/")
        assert not where.startswith(("//", "/\\"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_only_reading_is_possible(opened: Browser, method: str) -> None:
    assert opened.get("/", method=method).status in (400, 405)


def test_other_sites_get_nothing_even_with_the_cookie(opened: Browser) -> None:
    for site in ("cross-site", "same-site"):
        for mode, kind in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("no-cors", "script")):
            answer = opened.get("/", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=kind)
            assert answer.status == 403
    assert opened.get("/", Origin="http://evil.test").status == 403
    assert opened.get("/", Origin="null").status == 403
    assert (
        opened.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document").status == 200
    )
    assert opened.get("/", Sec_Fetch_Site="none").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_all_but_its_own(opened: Browser, path: str) -> None:
    for browser in (opened, Browser(opened.serving)):
        headers = browser.get(path).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert {value for name, value in policy.items() if name.endswith("-src")} <= {"'none'", "'self'"}
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Server"] is None
        if not path.startswith("/static"):
            assert headers["Cache-Control"] == "private, no-store"


def test_texts_of_strangers_do_nothing(opened: Browser) -> None:
    for path in ("/", "/c/NightBridge", "/c/NightBridge/1", "/c/NightBridge/2"):
        body = opened.get(path).body
        for element in html5lib.parse(body, namespaceHTMLElements=False).iter():
            if element.tag == "script":
                assert element.attrib["src"].startswith("/static/page.js?v=")
                assert not element.text
            assert element.tag not in ("svg", "img", "iframe", "object", "embed", "style")
            for name, value in element.attrib.items():
                assert not name.startswith("on")
                assert name != "style"
                assert name not in ("href", "src", "action") or not value.startswith("javascript:")
    assert '<span class="tk-u" data-u="U+202E">' in opened.get("/c/NightBridge/1").html


@pytest.mark.parametrize("path", ODD_PATHS)
def test_no_address_leads_out_of_the_page_or_breaks_it(opened: Browser, path: str) -> None:
    answer = opened.get(path)
    assert answer.status in (200, 400, 404)
    assert b"root:" not in answer.body
    assert b"import" not in answer.body


def test_too_long_an_address_is_refused(opened: Browser) -> None:
    assert opened.get(f"/c/NightBridge?q={'a' * 9000}").status == 414


def test_failures_tell_the_log_where_but_not_what(
    opened: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("secret text of a message")

    monkeypatch.setattr("archiver.web.views.channel.list_posts", fail)
    with caplog.at_level(logging.DEBUG):
        answer = opened.get("/c/NightBridge?q=secretquery")
    assert answer.status == 500
    logged = caplog.text
    assert "ValueError at" in logged
    assert not [secret for secret in ("secret text", "secretquery", "NightBridge") if secret in logged]
    assert "secret text" not in answer.html


async def test_a_question_ends_when_its_time_is_over_and_the_next_is_answered(directory: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    async with ReadingPool.open(directory, size=1) as pool:
        with pytest.raises(OutOfTime, match=r"Narrow the search"):
            async with pool.reading(0.2) as conn:
                await conn.execute_fetchall(endless)
        async with pool.reading(5) as conn:
            [[count]] = await conn.execute_fetchall("SELECT count(*) FROM message")
        assert count == 3


async def test_a_step_of_sqlite_that_does_not_end_keeps_no_reader_waiting(directory: Path) -> None:
    awake, ended = threading.Event(), threading.Event()

    def nap() -> None:
        awake.wait(600)
        ended.set()

    async with ReadingPool.open(directory, size=1) as pool:
        async with pool.reading(5) as conn:
            await conn.create_function("nap", 0, nap)
        with pytest.raises(OutOfTime):
            async with pool.reading(0.1, strict=True) as conn:
                await conn.execute_fetchall("SELECT nap()")
        assert not ended.is_set(), "the reader was answered while the step went on"
        awake.set()
        async with pool.reading(5) as conn:
            [[count]] = await conn.execute_fetchall("SELECT count(*) FROM message")
        assert count == 3


async def test_readers_cannot_write(directory: Path) -> None:
    async with ReadingPool.open(directory, size=1) as pool, pool.reading(5) as conn:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await conn.execute("UPDATE message SET text = ''")


def test_fifty_readers_beside_a_writer_hold_no_lock_and_fail_nowhere(opened: Browser, directory: Path) -> None:
    failures: list[object] = []

    def ask() -> None:
        for path in ("/c/NightBridge", "/c/NightBridge/1", "/"):
            failures.extend({opened.get(path).status} - {200})

    readers = [threading.Thread(target=ask) for _ in range(50)]
    for reader in readers:
        reader.start()
    conn = connect(directory)
    conn.execute("PRAGMA busy_timeout = 0")
    for at in range(20):
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("UPDATE message SET views = ? WHERE message_id = 3", (at,))
        conn.execute("COMMIT")
    for reader in readers:
        reader.join(60)
    assert failures == []
    # An answer is read before its view has let go of the archive.
    conn.execute("PRAGMA busy_timeout = 60000")
    busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    conn.close()
    assert busy == 0


def test_without_an_archive_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no archive"), page(tmp_path / "none"):
        pass


def test_nothing_listens_for_others_without_a_host_name(directory: Path) -> None:
    from archiver.web.listening import check_reach, parse_listen

    for listen in ("0.0.0.0:8765", "[::]:8765", "192.168.1.5:80", "archive.lan:80"):
        with pytest.raises(UsageError, match="--host-name"):
            check_reach(parse_listen(listen), ())
        check_reach(parse_listen(listen), ("archive.lan",))
    for listen in ("127.0.0.1:8765", "localhost:1", "[::1]:8765", "127.9.9.9:0"):
        check_reach(parse_listen(listen), ())

"""Files in the page: by hash only, shown only where they can run nothing, whatever their sender calls them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from archiver.model.media_file import blob_path
from archiver.model.shown_media import SHOWN_TYPES, find_element
from archiver.web.blobs import BRANDS, SIGNS, parse_range, sniff
from tests.integration.page_rig import Browser, opened
from tests.sample import NOW, build, index, make_message, photo

__all__ = ["opened"]

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(2000)
FILES = {
    "picture": JPEG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "pdf": b"%PDF-1.7 /JavaScript",
    "polyglot": b"GIF89b<script>alert(1)</script>",
    "film": b"\x00\x00\x00\x18ftypisom" + bytes(500_000),
    "empty": b"",
}
HASHES = {name: sha256(data).hexdigest() for name, data in FILES.items()}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    messages = [
        make_message(1, "a picture", media=[photo()]),
        make_message(
            2, "a lie", media=[photo(id="12", kind="document", mime="image/png", file_name="<b>\u202egnp.html")]
        ),
        make_message(3, "none"),
    ]
    stored = [
        f"INSERT INTO blob VALUES ('{HASHES[name]}', {len(data)}, {NOW}, {NOW}, 'present')"
        for name, data in FILES.items()
    ]
    slots = [
        f"UPDATE media SET sha256 = '{HASHES['picture']}', status = 'downloaded' WHERE message_id = 1",
        f"UPDATE media SET sha256 = '{HASHES['html']}', status = 'downloaded' WHERE message_id = 2",
    ]
    build(directory, messages, covered=[(1, 3)], sql=[*stored, *slots])
    index(directory, messages)
    for name, data in FILES.items():
        path = directory / blob_path(HASHES[name])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (directory / "media" / "secret").write_bytes(b"secret")
    return directory


def test_a_picture_is_shown_as_what_its_bytes_are(opened: Browser) -> None:
    answer = opened.get(f"/media/{HASHES['picture']}")
    assert answer.body == JPEG
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] is None
    assert opened.get(f"/media/{HASHES['picture']}?save=1").headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["html", "svg", "pdf", "polyglot", "empty"])
def test_what_could_run_is_only_saved_and_in_a_sandbox(opened: Browser, name: str) -> None:
    headers = opened.get(f"/media/{HASHES[name]}").headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == f'attachment; filename="{HASHES[name]}"'
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_film_can_be_watched_from_the_middle(opened: Browser) -> None:
    path = f"/media/{HASHES['film']}"
    answer = opened.get(path, Range="bytes=100-199")
    assert (answer.status, len(answer.body)) == (206, 100)
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(FILES['film'])}"
    assert opened.get(path, Range="bytes=-5").body == FILES["film"][-5:]
    assert opened.get(path, Range="bytes=9999999-").status == 416
    assert opened.get(path).body == FILES["film"]
    assert opened.get(path, method="HEAD").headers["Content-Length"] == str(len(FILES["film"]))


@pytest.mark.parametrize(
    "path",
    [
        "/media/secret", "/media/..%2farchive.db", "/media/../archive.db", f"/media/{'0' * 64}", f"/media/{'A' * 64}",
        f"/media/{HASHES['picture']}/x", "/media/", "/media/%00", "/preview/1001/1/..", "/preview/x/1/1",
    ],
)  # fmt: skip
def test_nothing_but_stored_files_is_served(opened: Browser, path: str) -> None:
    answer = opened.get(path)
    assert answer.status == 404
    assert b"secret" not in answer.body.replace(b"/media/secret", b"")


def test_a_link_in_the_place_of_a_file_leads_nowhere(opened: Browser, directory: Path) -> None:
    path = directory / blob_path(HASHES["empty"])
    path.unlink()
    path.symlink_to("/etc/passwd")
    answer = opened.get(f"/media/{HASHES['empty']}")
    assert answer.status >= 400
    assert b"root:" not in answer.body


def test_a_damaged_file_is_not_shown(opened: Browser, directory: Path) -> None:
    (directory / blob_path(HASHES["pdf"])).write_bytes(b"\xff\xd8\xff other")
    assert "damaged" in opened.get(f"/media/{HASHES['pdf']}").text
    path = directory / blob_path(HASHES["svg"])
    assert opened.get(f"/media/{HASHES['svg']}").body == FILES["svg"]
    path.write_bytes(FILES["svg"][:-1] + b"!")
    answer = opened.get(f"/media/{HASHES['svg']}", Range="bytes=0-3")
    assert (answer.status >= 400, "damaged" in answer.text) == (True, True)


def test_a_file_that_is_lost_is_not_offered(opened: Browser, directory: Path) -> None:
    path = directory / blob_path(HASHES["html"])
    kept = path.read_bytes()
    path.unlink()
    html = opened.get("/c/NightBridge/2").html
    path.write_bytes(kept)
    assert f"/media/{HASHES['html']}" not in html
    assert "the stored copy is missing" in html


def test_messages_show_what_is_stored(opened: Browser) -> None:
    html = opened.get("/c/NightBridge/1").html
    assert f'<img src="/media/{HASHES["picture"]}"' in html
    html = opened.get("/c/NightBridge/2").html
    assert "<img" not in html
    assert f'href="/media/{HASHES["html"]}?save=1"' in html
    assert "&lt;b&gt;" in html


def test_the_grid_has_the_attachments_of_a_kind(opened: Browser) -> None:
    assert opened.get("/c/NightBridge/media").html.count("<li data-kind=") == 2
    assert opened.get("/c/NightBridge/media?kind=photo").html.count("<li data-kind=") == 1
    assert opened.get("/c/NightBridge/media?kind=nothing").status == 400


def test_nothing_of_it_is_for_strangers(opened: Browser) -> None:
    for path in (f"/media/{HASHES['picture']}", "/preview/1001/1/5368324170671202286", "/c/NightBridge/media"):
        assert Browser(opened.serving).get(path).status == 401


def test_types_are_those_of_the_first_bytes() -> None:
    assert sniff(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert sniff(b"XXXX\0\0\0\0WEBPVP8 ") is None
    assert sniff(b"<html>\xff\xd8\xff") is None
    assert sniff(b"") is None


def test_every_type_that_is_served_to_be_shown_is_one_that_exports_show() -> None:
    shown = frozenset().union(*SHOWN_TYPES.values())
    served = {sniff(bytes(at) + sign if at != 8 else b"RIFF" + bytes(4) + sign) for sign, at, _ in SIGNS}
    assert served <= shown
    assert {sniff(b"\0\0\0\x18ftyp" + brand) for brand in (*BRANDS, b"isom")} <= shown


@pytest.mark.parametrize(
    ("kind", "mime", "element"),
    [
        ("photo", None, "img"),
        ("image", "image/svg+xml", None),
        ("sticker", "image/webp", "img"),
        ("sticker", "video/webm", None),
        ("gif", "video/mp4", "video"),
        ("document", "image/png", None),
    ],
)
def test_a_file_is_shown_by_its_kind_and_its_type(kind: str, mime: str | None, element: str | None) -> None:
    assert find_element(kind, mime) == element


def test_parts_are_within_the_file() -> None:
    assert parse_range(None, 10) is None
    assert parse_range("bytes=0-0", 10) == (0, 1)
    assert parse_range("bytes=5-", 10) == (5, 10)
    assert parse_range("bytes=-3", 10) == (7, 10)
    assert parse_range("bytes=2-1000", 10) == (2, 10)
    assert parse_range("bytes=1-2,4-5", 10) is None
    for wrong in ("bytes=10-", "bytes=7-3"):
        with pytest.raises(ValueError, match="no such part"):
            parse_range(wrong, 10)

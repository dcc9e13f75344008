"""A file that another import, or Telegram, has otherwise: both are stored, named with size and SHA-256, and shown."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.cli.view.import_words import describe_imports
from archiver.cli.view.moments import Moments
from archiver.ids import ChannelId, MessageId
from archiver.model.iso_time import iso
from archiver.reading.imported_from import MessageImports, read_imports
from archiver.store.database import Database
from tests.capturing import START, archive, assert_sound, capture, captured, dump, export_of, rows
from tests.exporting import export_as
from tests.importing import CHANNEL_ID, entry, import_into
from tests.merging import merge
from tests.unit.test_import_dry_run import said

__all__ = ["archive"]

ONE, OTHER = b"a picture", b"no pictur"
"""As large as each other."""
CURRENT = "SELECT 1 FROM imported JOIN import_source USING (import_id) WHERE file_name = ? AND payload_sha256 = ?"


def photo(tmp_path: Path, data: bytes, name: str) -> dict[str, Any]:
    (tmp_path / name).write_bytes(data)
    return {"photo": name, "photo_file_size": len(data), "width": 3, "height": 4}


def imports_of(archive: Path) -> MessageImports:
    async def found() -> MessageImports:
        async with await Database.open_readonly(archive) as database:
            return await read_imports(database.connection, ChannelId(CHANNEL_ID), MessageId(1))

    return asyncio.run(found())


def others(archive: Path) -> list[Any]:
    return [(one["differs"] or {}).get("other", {}).get("file") for one in imports_of(archive).to_objects()]


def described(data: bytes, *, stored: bool = True) -> dict[str, Any]:
    return {"kind": "photo", "size": len(data), "sha256": hashlib.sha256(data).hexdigest() if stored else None}


def shown(size: int) -> types.MessageMediaPhoto:
    sizes = [types.PhotoSize("x", 3, 4, size)]
    photo = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), sizes, 2)
    return types.MessageMediaPhoto(photo=photo)


def stored(archive: Path, data: bytes) -> bool:
    digest = hashlib.sha256(data).hexdigest()
    file = archive / "media" / digest[:2] / digest[2:]
    return (digest, "present") in rows(archive, "SELECT sha256, state FROM blob") and file.read_bytes() == data


@pytest.mark.parametrize("other", [OTHER, OTHER + b" at all"], ids=["as large", "larger"])
def test_another_picture_of_a_second_export_is_stored_and_named(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], other: bytes
) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "a.jpg"))))
    second = export_of(tmp_path, entry(1, "a", **photo(tmp_path, other, "b.jpg")), name="second.json")
    planned = said(archive, second, capsys, dry=True)
    assert isinstance(planned, dict)
    counts = import_into(archive, second).counts
    assert (planned["differing"], counts.differing, counts.same, counts.files) == (1, 1, 0, 1)
    assert others(archive) == [None, {"held": described(ONE), "imported": described(other)}]
    assert stored(archive, ONE)
    assert stored(archive, other)
    [line] = describe_imports(imports_of(archive), Moments(UTC))
    digest = hashlib.sha256(other).hexdigest()
    assert line.startswith("second.json: file photo, ")
    assert f"SHA-256 {digest[:16]}… instead of photo, " in line
    assert_sound(archive)
    before = dump(archive)
    assert import_into(archive, second).counts.changes == 0
    assert dump(archive) == before


def test_the_picture_of_a_later_edit_is_current_and_the_one_before_is_named(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "a.jpg"))))
    edited = entry(1, "b", edited_unixtime=str(START + 999), **photo(tmp_path, OTHER, "b.jpg"))
    import_into(archive, export_of(tmp_path, edited, name="second.json"))
    digest = hashlib.sha256(OTHER).hexdigest()
    assert rows(archive, "SELECT sha256 FROM media WHERE message_id = 1") == [(digest,)]
    assert others(archive) == [{"held": described(OTHER), "imported": described(ONE)}, None]
    assert stored(archive, ONE)
    assert_sound(archive)


def test_the_same_picture_is_no_difference(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "a.jpg"))))
    again = export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "b.jpg")), name="second.json")
    assert import_into(archive, again).counts.differing == 0
    assert others(archive) == [None, None]


def test_an_export_with_a_file_of_another_size_than_telegram_showed_differs(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "a", media=shown(7))])
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "a.jpg"))))
    assert (outcome.counts.differing, outcome.counts.files) == (1, 1)
    [found] = others(archive)
    assert found == {"held": {"kind": "photo", "size": 7, "sha256": None}, "imported": described(ONE)}
    assert rows(archive, "SELECT sha256, status FROM media") == [(None, "not downloaded")]
    assert stored(archive, ONE)
    assert_sound(archive)


def test_an_export_without_the_file_that_telegram_showed_differs(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "a", media=shown(7))])
    path = export_of(tmp_path, entry(1, "a", edited_unixtime=str(START + 999)))
    assert import_into(archive, path).counts.differing == 1
    assert others(archive) == [{"held": {"kind": "photo", "size": 7, "sha256": None}, "imported": None}]


def test_a_file_where_telegram_showed_none_differs(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "a")])
    assert import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, ONE, "a.jpg")))).counts.differing
    assert others(archive) == [{"held": None, "imported": described(ONE)}]
    assert stored(archive, ONE)
    assert rows(archive, "SELECT count(*) FROM media") == [(0,)]
    assert_sound(archive)


def test_what_telegram_shows_later_otherwise_is_named_beside_the_import(archive: Path, tmp_path: Path) -> None:
    early = {"date_unixtime": str(START - 5), "date": "2021-12-16T00:00:00"}
    import_into(archive, export_of(tmp_path, entry(1, "a", **early, **photo(tmp_path, ONE, "a.jpg"))))
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo(tmp_path, OTHER, "b.jpg")), name="second.json"))
    capture(archive, [captured(1, "a", media=shown(7))])
    first, second = [one["differs"]["other"] for one in imports_of(archive).to_objects()]
    telegram = {"kind": "photo", "size": 7, "sha256": None}
    assert first == {
        "date": {"held": iso(START + 60), "imported": iso(START - 5)},
        "file": {"held": telegram, "imported": described(ONE)},
    }
    assert second == {"file": {"held": telegram, "imported": described(OTHER)}}
    assert stored(archive, ONE)
    assert stored(archive, OTHER)
    assert_sound(archive)


@pytest.mark.parametrize("step", ["claims into claims", "claims into captured", "captured into claims"])
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_merge_names_what_the_imports_of_each_archive_have_otherwise(
    archive: Path, tmp_path: Path, step: str, *, is_turned: bool
) -> None:
    def exported(name: str, chat: int) -> Path:
        forward = {"forwarded_from": name, "forwarded_from_id": f"channel{chat}"}
        size = photo(tmp_path, ONE[:chat], f"{name}.jpg")
        times = {"date_unixtime": str(START + 60 + chat)}
        return export_of(tmp_path, entry(1, "a", **times, **forward, **size), name=f"{name}.json")

    paths = [exported("one", 1), exported("two", 2)]
    theirs, ours = reversed(paths) if is_turned else paths
    for path, into, is_captured in (
        (theirs, tmp_path / "theirs", step.startswith("captured")),
        (ours, archive, step.endswith("captured")),
    ):
        import_into(into, path)
        if is_captured:
            capture(
                into,
                [
                    captured(
                        1,
                        "a",
                        fwd_from=types.MessageFwdHeader(
                            date=datetime.fromtimestamp(START, UTC), from_id=types.PeerChannel(9)
                        ),
                    )
                ],
            )
    asyncio.run(merge(tmp_path / "theirs", archive, now=2_000_000_000))
    assert_sound(archive)
    [(is_import, digest)] = rows(archive, "SELECT layer = 0, payload_sha256 FROM message")
    said = {one["file"]: (one["differs"] or {}).get("other", {}) for one in imports_of(archive).to_objects()}
    current = [one for one in paths if rows(archive, CURRENT, one.name, digest)]
    assert len(current) == is_import
    for one in paths:
        assert set(said[one.name]) == (set() if one in current else {"date", "fwd_from", "file"})
    held = {str(other["fwd_from"]["held"]["id"]) for other in said.values() if other}
    assert held == ({"9"} if not is_import else {"1" if current[0].stem == "one" else "2"})
    before = dump(archive)
    asyncio.run(merge(tmp_path / "theirs", archive, now=2_000_000_001))
    assert dump(archive) == before


@pytest.mark.parametrize("form", ["jsonl", "csv", "desktop-json"])
def test_other_values_of_imports_go_through_an_export_and_stay_beside_those_of_further_imports(
    archive: Path, tmp_path: Path, form: str
) -> None:
    def exported(name: str, chat: int, **more: Any) -> Path:
        forward = {"forwarded_from": name, **({"forwarded_from_id": f"channel{chat}"} if chat else {})}
        return export_of(tmp_path, entry(1, "a", **forward, **more), name=f"{name}.json")

    import_into(archive, exported("one", 1))
    import_into(archive, exported("two", 2, date_unixtime=str(START + 99)))

    def others(path: Path) -> Any:
        export_as("jsonl", path, tmp_path / "rows.jsonl")
        extra = json.loads((tmp_path / "rows.jsonl").read_text(encoding="utf-8"))["extra"]
        return extra["other_in_imports"], extra["other_values"]

    forward = {"from_id": {"type": "channel", "id": 2}}
    said = {"date": [iso(START + 99)], "fwd_from": [forward]}
    assert others(archive) == (["date", "fwd_from"], said)
    export_as(form, archive, tmp_path / "out")
    another = tmp_path / "another"
    import_into(another, tmp_path / "out")
    assert others(another) == (["date", "fwd_from"], said)
    import_into(another, exported("three", 3))
    more = {**said, "fwd_from": [forward, {"from_id": {"type": "channel", "id": 3}}]}
    assert others(another) == (["date", "fwd_from"], more)
    assert_sound(another)

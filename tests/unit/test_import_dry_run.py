"""A dry run says what the import then does, figure for figure, also where the file has an id again and again."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import pytest

from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.invocation import Invocation
from archiver.errors import UsageError
from config.settings import ArchiveSettings, Settings
from tests.capturing import archive, capture, captured, export_of
from tests.desktop_pages import DesktopPages
from tests.desktop_random import RandomDesktop
from tests.desktop_read import WINTER
from tests.importing import chat, entry, import_into, write_json
from tests.tiers import examples
from tests.unit.test_import_hostile import ROW

__all__ = ["archive"]

NOT_COMPARED = ("dry_run", "files", "channels")
OF_CHANNELS = ("channel_id", "new", "same", "filled", "differing", "revisions", "replaced", "missing", "corrected")
OF_CHANNELS_TOO = ("dated", "sources", "other_dates", "attached", "repeated", "compared", "reworded", "flaws")


def said(
    archive: Path, path: Path, capsys: pytest.CaptureFixture[str], *, dry: bool, zone: str | None = None
) -> dict[str, Any] | str:
    """What `import --json` says but for what only an import knows, or its error."""
    invocation = Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))])
    capsys.readouterr()
    try:
        asyncio.run(run_import(invocation, ImportOrder(path, "1001", zone, is_dry_run=dry, shape="json")))
    except UsageError as exc:
        return str(exc).replace("would be", "was")
    found = json.loads(capsys.readouterr().out)
    channels = [{key: one[key] for key in (*OF_CHANNELS, *OF_CHANNELS_TOO)} for one in found["channels"]]
    return {key: value for key, value in found.items() if key not in NOT_COMPARED} | {"channels": channels}


def differences(planned: Any, done: Any) -> dict[str, Any]:
    """The figures that differ, of all chats and of each."""
    if isinstance(planned, str) or isinstance(done, str):
        return {} if planned == done else {"error": (planned, done)}
    whole = {key: (planned[key], done[key]) for key in planned if key != "channels" and planned[key] != done[key]}
    for one, other in zip(planned["channels"], done["channels"], strict=True):
        whole |= {f"of {one['channel_id']}: {key}": (one[key], other[key]) for key in one if one[key] != other[key]}
    return whole


def expect_equal(
    archive: Path, path: Path, capsys: pytest.CaptureFixture[str], zone: str | None = None, why: object = ""
) -> dict[str, Any]:
    """What both say; fails if they differ."""
    planned = said(archive, path, capsys, dry=True, zone=zone)
    done = said(archive, path, capsys, dry=False, zone=zone)
    assert differences(planned, done) == {}, why
    assert isinstance(done, dict), done
    return done


def repeating(random: Random) -> list[dict[str, Any]]:
    """Messages with few ids, so that most come again: the same, edited, with other words, dates or values."""
    found = []
    for _ in range(random.randrange(1, 30)):
        number = random.randrange(1, 9)
        more: dict[str, Any] = {}
        if random.random() < 0.3:
            more["edited_unixtime"] = str(1_700_000_000 + random.randrange(5))
        if random.random() < 0.2:
            more["author"] = random.choice("ab")
        if random.random() < 0.1:
            more["date_unixtime"] = str(1_639_612_800 + random.randrange(3))
        if random.random() < 0.2:
            more |= {"photo": f"photos/{random.choice(('none', 'a', 'b', 'c'))}.jpg", "width": 3, "height": 4}
        found.append(entry(number, f"{number} {random.choice('aaab')}", **more))
    return found


def test_a_dry_run_predicts_every_figure_of_files_with_repeats_edits_and_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(examples(24)):
        random = Random(seed)
        directory = Path(tempfile.mkdtemp(dir=tmp_path))
        archive = directory / "archive"
        (directory / "photos").mkdir()
        for name, size in (("a", 50), ("b", 50), ("c", 51)):
            (directory / "photos" / f"{name}.jpg").write_bytes(name.encode() * size)
        if random.random() < 0.3:
            capture(archive, [captured(number, f"{number} a") for number in (3, 2, 1)], proven=(1, 3))
        if random.random() < 0.4:
            import_into(archive, export_of(directory, *repeating(random), name="before.json"))
        listed = repeating(random)
        data = json.dumps(chat(listed), indent=random.choice((1, None))).encode()
        if random.random() < 0.3:
            data = data[: random.randrange(len(data) // 2, len(data))]
        if random.random() < 0.3:
            at = random.randrange(len(data) // 3, len(data))
            data = data[:at] + random.choice((b'"', b"}", b"\xff", b"")) + data[at + 1 :]
        if random.random() < 0.3:  # joined, as people join what they exported in parts
            data += b"\n" + json.dumps(chat(repeating(random)), indent=1).encode()
        path = directory / "result.json"
        path.write_bytes(data)
        for _ in range(2):
            planned = said(archive, path, capsys, dry=True)
            assert differences(planned, said(archive, path, capsys, dry=False)) == {}, seed


def test_a_dry_run_predicts_whatever_desktop_may_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "archive"
    for seed in range(examples(16)):
        random = RandomDesktop(seed)
        path = tmp_path / "result.json"
        path.write_bytes(random.write(random.messages(25)))
        planned = said(archive, path, capsys, dry=True)
        assert differences(planned, said(archive, path, capsys, dry=False)) == {}, seed


def test_without_an_archive_a_repeated_id_is_new_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = export_of(tmp_path, entry(1, "a"), entry(2, "b"), entry(1, "a"), entry(1, "c"), entry(2, "b"))
    done = expect_equal(tmp_path / "archive", path, capsys)
    assert (done["new"], done["same"], done["differing"], done["revisions"]) == (2, 2, 1, 1)


def test_chats_of_one_channel_in_a_file_are_counted_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chats = [chat([entry(1, "a"), entry(2, "b")]), chat([entry(2, "b"), entry(3, "c")])]
    path = write_json(tmp_path / "all.json", {"chats": {"list": chats}})
    assert expect_equal(tmp_path / "archive", path, capsys)["new"] == 3


def test_repeats_in_rows_of_mixed_channels_are_counted_as_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = [ROW | {"message_id": 1 + at % 3, "text": f"{at % 4}"} for at in range(12)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in listed))
    assert expect_equal(tmp_path / "archive", path, capsys)["new"] == 3


def test_repeats_in_pages_of_html_are_counted_as_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = DesktopPages("Talk", zone="Asia/Baghdad", in_file=3)
    for at in range(8):
        pages.add(1 + at % 4, WINTER + at % 4, by="Talk", text=f"words {at % 3}")
    pages.write(tmp_path / "html")
    assert expect_equal(tmp_path / "archive", tmp_path / "html", capsys, "Asia/Baghdad")["new"] == 4
    done = expect_equal(tmp_path / "archive", tmp_path / "html", capsys, "Europe/Moscow")
    assert done["same"] == 8


def test_a_file_of_another_size_than_said_is_named_before_it_is_imported(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"1234")
    path = export_of(tmp_path, entry(1, "a", photo="photos/a.jpg", photo_file_size=5, width=3, height=4))
    [channel] = expect_equal(archive, path, capsys)["channels"]
    assert [one["what"] for one in channel["flaws"]] == [
        "its file is not imported: its size differs from what the export says"
    ]

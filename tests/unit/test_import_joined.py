"""Several exports in one file, or with one name: told apart by their ids, else refused before anything is mixed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.invocation import Invocation
from archiver.errors import UsageError
from config.settings import ArchiveSettings, Settings
from tests.capturing import archive, rows
from tests.desktop_pages import DesktopPages
from tests.importing import chat, entry, messages_of, read_all
from tests.unit.test_import_hostile import HEAD, TAIL, ZONE

__all__ = ["archive"]

OURS = chat([entry(at, f"ours {at}") for at in (1, 2, 3)])
LATER = chat([entry(at, f"ours {at}") for at in (4, 5)])
OTHER = chat([entry(at, f"other {at}", date_unixtime=str(1_700_000_000 + at)) for at in (1, 2, 3)], id=1002)
HELD = "SELECT channel_id, count(*) FROM message GROUP BY 1 ORDER BY 1"


def nameless(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "id"}


def joined(path: Path, *chats: dict[str, Any], as_account: bool = False) -> Path:
    """These exports in one file, one after the other, or as those of an account."""
    whole = [{"about": "", "chats": {"list": list(chats)}}] if as_account else list(chats)
    path.write_text("\n".join(json.dumps(one, indent=1) for one in whole), encoding="utf-8")
    return path


def imported(archive: Path, path: Path, channel: str | None = None) -> int:
    order = ImportOrder(path, channel, None, is_dry_run=False, shape="people")
    return asyncio.run(run_import(Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))]), order))


@pytest.mark.parametrize("as_account", [False, True])
def test_chats_of_one_title_are_told_apart_by_their_ids(archive: Path, tmp_path: Path, *, as_account: bool) -> None:
    path = joined(tmp_path / "all.json", OURS, OTHER, LATER, as_account=as_account)
    assert imported(archive, path) == 0
    assert rows(archive, HELD) == [(1001, 5), (1002, 3)]


def test_the_requested_chat_is_imported_wherever_it_is(archive: Path, tmp_path: Path) -> None:
    assert imported(archive, joined(tmp_path / "all.json", OURS, OTHER, LATER), "1002") == 0
    assert rows(archive, HELD) == [(1002, 3)]
    with pytest.raises(UsageError, match="the export has no channel 1005"):
        imported(archive, joined(tmp_path / "all.json", OURS, OTHER), "1005")


def test_a_chat_without_an_id_does_not_affect_others_or_pass_for_one(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = joined(tmp_path / "all.json", OURS, nameless(OTHER), LATER, as_account=True)
    assert imported(archive, path) == 3
    assert '"Night Bridge" is left out: the export does not name its channel' in capsys.readouterr().err
    assert imported(archive, path, "1001") == 0
    assert rows(archive, HELD) == [(1001, 5)]


def test_damage_between_chats_is_named_once_for_each_kind(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here each line of messages without their chat seems to be a chat that lost its messages."""
    path = joined(tmp_path / "all.json", OURS)
    path.write_text(path.read_text() + "\n".join(json.dumps({"id": at, "type": "message"}) for at in range(1000)))
    assert imported(archive, path) == 3
    [line] = [one for one in capsys.readouterr().err.splitlines() if "has no `messages`" in one]
    assert "(1,000 times: byte " in line


def test_html_without_a_zone_and_a_channel_asks_for_both_at_once(archive: Path, tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, 1_625_000_000, text="a")
    path = pages.write(tmp_path / "pages")
    with pytest.raises(UsageError, match=r"--tz .*--channel"):
        imported(archive, path)
    with pytest.raises(UsageError) as zone:
        imported(archive, path, "1001")
    assert "--channel" not in str(zone.value)


@pytest.mark.parametrize("second", [OTHER, LATER], ids=["another channel", "perhaps the same"])
def test_several_chats_without_ids_are_refused_before_anything_is_written(
    archive: Path, tmp_path: Path, second: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="2 of its chats have no id"):
        imported(archive, joined(tmp_path / "all.json", nameless(OURS), nameless(second)), "1001")
    assert not archive.exists()


@pytest.mark.parametrize("title", ["Night Bridge", "Renamed"])
def test_of_several_chats_without_ids_the_one_with_the_title_of_the_channel_is_imported(
    archive: Path, tmp_path: Path, title: str
) -> None:
    """As in an account's file of 2018."""
    assert imported(archive, joined(tmp_path / "a.json", {**LATER, "name": title})) == 0
    path = joined(tmp_path / "all.json", nameless({**OTHER, "name": "Other"}), nameless(OURS), as_account=True)
    if title == "Renamed":
        with pytest.raises(UsageError, match="2 of its chats have no id"):
            imported(archive, path, "1001")
    else:
        assert imported(archive, path, "1001") == 0
    assert rows(archive, HELD) == [(1001, 5 if title == "Night Bridge" else 2)]


def test_an_export_without_an_id_and_of_the_same_title_is_compared_by_its_messages(
    archive: Path, tmp_path: Path
) -> None:
    ours = joined(tmp_path / "a.json", nameless(OURS))
    assert imported(archive, ours, "1001") == 0
    with pytest.raises(UsageError, match="it may be another channel"):
        imported(archive, joined(tmp_path / "b.json", nameless(OTHER)), "1001")
    assert [imported(archive, one, "1001") for one in (joined(tmp_path / "c.json", nameless(LATER)), ours)] == [0, 0]
    assert rows(archive, HELD) == [(1001, 5)]


def test_pages_of_another_chat_are_named_and_not_mixed_in(tmp_path: Path) -> None:
    date = b'<div class="pull_right date details" title="13.01.2022 10:11:12 UTC+03:00">10:11</div>'
    for number, title in ((b"", b"A  B"), (b"2", b"Other")):
        post = b'<div class="message default clearfix" id="message%b7">\n<div class="body">\n%b</div></div>\n'
        page = HEAD.replace(b"A  B", title) + post % (number, date) + TAIL
        (tmp_path / f"messages{number.decode()}.html").write_bytes(page)
    found = read_all(tmp_path, ZONE)
    assert [one.message.message_id for one in messages_of(found)] == [7]
    assert any('of another chat, "Other"' in str(one) for one in found)

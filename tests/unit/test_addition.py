"""What `telekeep add` says of a channel that the archive has already."""

from __future__ import annotations

from dataclasses import replace

from archiver.cli.view.addition import describe_addition
from archiver.cli.view.moments import Moments
from archiver.ids import ChannelId
from archiver.store.channels.channel import Mirrored

IMPORTED = Mirrored(
    channel_id=ChannelId(1001),
    alias=None,
    username=None,
    title="Night Bridge",
    megagroup=False,
    added_at=0,
    window_start=None,
    state="removed",
    state_reason="import",
    generation=0,
    pts=None,
    top_id=0,
    floor_id=None,
    server_count=None,
    last_sync_at=None,
    imported_only=True,
)


def test_a_name_that_an_export_lacks_or_has_otherwise_is_no_rename() -> None:
    added = replace(IMPORTED, state="active", username="bridge", imported_only=False)
    said = "@bridge (Night Bridge): added; what was imported is kept"
    assert describe_addition(IMPORTED, added, Moments()) == f"{said}."
    misnamed = replace(IMPORTED, username="brigde", title="Night")
    calls = "the import calls it @brigde; the import has the title Night"
    assert describe_addition(misnamed, added, Moments()) == f"{said}; {calls}."


def test_a_mirrored_channel_that_got_a_name_was_renamed() -> None:
    before = replace(IMPORTED, state="active", imported_only=False, pts=7)
    said = describe_addition(before, replace(before, username="bridge"), Moments())
    assert said == "@bridge (Night Bridge): already mirrored; renamed from no username to @bridge."

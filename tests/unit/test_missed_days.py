"""Service messages of Telegram Desktop's HTML have a day and no time: a range of dates that misses them names them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archiver.cli.commands.export import run as run_export
from archiver.cli.commands.exporting import ExportSelection
from archiver.cli.commands.search import run as run_search
from archiver.cli.export_plan import ExportPlan
from archiver.cli.invocation import Invocation
from archiver.cli.search_options import SearchOptions
from archiver.compose.read_archive import When
from archiver.export.formats.registry import FORMATS
from config.settings import ArchiveSettings, Settings
from tests.desktop_pages import DesktopPages
from tests.desktop_read import WINTER
from tests.importing import import_into

NOTE = "1 service message from HTML has a day in this range, but no time, and is left out: 1001/1"
ZONE = "America/New_York"


@pytest.fixture
def invocation(tmp_path: Path) -> Invocation:
    """An archive of a page of 10 January with a service message, then one post, and one of the day after."""
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.service(1, WINTER, "Channel &laquo;News&raquo; created")
    pages.add(2, WINTER + 60, text="a post")
    pages.service(3, WINTER + 86_400, "Voice chat (65 seconds)")
    import_into(tmp_path / "archive", pages.write(tmp_path), "1001", zone=ZoneInfo("Europe/Berlin"))
    return Invocation(checked=[Settings(archive=ArchiveSettings(dir=tmp_path / "archive"))])


@pytest.mark.parametrize(
    ("query", "when", "found", "is_missed"),
    [
        ("*", When(on="2024-01-10", tz="UTC"), {1, 2}, False),
        ("*", When(on="2024-01-10", tz=ZONE), {2, 3}, True),
        ("on:2024-01-10", When(tz=ZONE), {2, 3}, True),
        ("post", When(on="2024-01-10", tz=ZONE), {2}, False),
        ("*", When(since="2024-01-10", tz=ZONE), {2, 3}, True),
        ("*", When(since="2024-01-10T01:00", tz=ZONE), {2, 3}, False),
    ],
)
def test_a_search_names_what_its_dates_miss(
    invocation: Invocation,
    capsys: pytest.CaptureFixture[str],
    query: str,
    when: When,
    found: set[int],
    *,
    is_missed: bool,
) -> None:
    assert asyncio.run(run_search(invocation, query, SearchOptions(when=when, shape="jsonl"))) == 0
    printed = capsys.readouterr()
    assert {json.loads(line)["message_id"] for line in printed.out.splitlines()} == found
    assert (NOTE in printed.err) == is_missed


def test_an_export_names_what_its_dates_miss(
    invocation: Invocation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for zone, is_missed in (("UTC", False), (ZONE, True)):
        selection = ExportSelection(channels=[], query=None, glossary=None, when=When(on="2024-01-10", tz=zone))
        plan = ExportPlan(form=FORMATS["jsonl"], out=str(tmp_path / "day.jsonl"), force=True)
        assert asyncio.run(run_export(invocation, selection, plan)) == 0
        assert (NOTE in capsys.readouterr().err) == is_missed

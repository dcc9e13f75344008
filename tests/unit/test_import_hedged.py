"""What rests on an import alone is said so: in searches, gaps, changes, manifests, citations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from archiver.cli.commands.search import run as run_search
from archiver.cli.invocation import Invocation
from archiver.cli.search_options import SearchOptions
from archiver.compose.read_archive import When
from config.settings import ArchiveSettings, Settings
from tests.capturing import archive, capture, captured, export_of
from tests.exporting import export_as
from tests.importing import entry, import_into

__all__ = ["archive"]


def found(archive: Path, capfd: pytest.CaptureFixture[str], document: Literal["markdown", "atom"] | None) -> str:
    options = SearchOptions(when=When(None, None, None, "UTC"), document=document)
    assert (
        asyncio.run(run_search(Invocation(checked=[Settings(archive=ArchiveSettings(dir=archive))]), "*", options)) == 0
    )
    return capfd.readouterr().out


def test_a_search_says_of_imports_what_the_export_of_the_same_format_says(
    archive: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capture(archive, [captured(2, "as Telegram shows it")], proven=(1, 2))
    for number in (1, 2):
        said = (entry(1, "never seen"), entry(2, f"other words {number}"))
        import_into(archive, export_of(tmp_path, *said, name=f"{number}.json"))
    for document in ("markdown", "atom"):
        export_as(document, archive, tmp_path / f"all.{document}")
        exported = (tmp_path / f"all.{document}").read_text("utf-8")
        searched = found(archive, capfd, document)
        for words in (
            "2 other contents in imports",
            "imported from a file: telekeep did not see this post",
            "if it was posted as the file says",
        ):
            assert exported.replace("\\", "").count(words) == searched.replace("\\", "").count(words) == 1, words
        assert "edited" not in searched
    [line] = [one for one in found(archive, capfd, None).splitlines() if "never seen" in one]
    assert line.endswith(", if it was posted as the import says]")

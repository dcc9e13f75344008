"""Exports for readers say in the files themselves what telekeep did not see, and what is not complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json
from tests.sample import build, make_message

NOT_SEEN = "telekeep did not see this post"
ALONE = "known only from imports: what is missing is not known"


def said(out: Path) -> str:
    return "".join(one.read_text() for one in sorted(out.parent.rglob("*")) if one.is_file() and one.suffix != ".json")


@pytest.mark.parametrize("name", ["html", "markdown", "atom"])
def test_a_post_that_only_an_import_has_is_marked_in_the_file(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "archive"
    import_into(archive, write_json(tmp_path / "result.json", chat([entry(1, "one"), entry(2, "two")])))
    export_as(name, archive, tmp_path / "out" / "all")
    text = said(tmp_path / "out" / "all")
    assert (text.count(NOT_SEEN), text.count(ALONE)) == (2, 1)


@pytest.mark.parametrize("name", ["html", "markdown", "atom"])
def test_a_file_says_that_it_is_not_complete_and_nothing_if_it_is(tmp_path: Path, name: str) -> None:
    for made, covered, told in (("holes", [(1, 2)], 1), ("whole", [(1, 5)], 0)):
        archive = build(tmp_path / made, [make_message(1, "one"), make_message(5, "five")], covered=covered)
        export_as(name, archive, tmp_path / f"{made}-out" / "all")
        text = said(tmp_path / f"{made}-out" / "all")
        assert (text.count("not complete: Night Bridge: 2 of 5 ids not fetched"), text.count(NOT_SEEN)) == (told, 0)


def test_rows_for_programs_have_no_further_key(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    import_into(archive, write_json(tmp_path / "result.json", chat([entry(1, "one")])))
    for name in ("jsonl", "csv", "desktop-json"):
        export_as(name, archive, tmp_path / name / "all", revisions=True)
        assert '"imported"' not in said(tmp_path / name / "all")

from __future__ import annotations

import csv
from pathlib import Path

import orjson
import pytest

from archiver.export.verify import check
from tests.exporting import export_as
from tests.sample import NOW, build, entities, make_message


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    revision = (
        "INSERT INTO revision (channel_id, message_id, revision, text, entities, media, first_seen, last_seen,"  # noqa: S608
        f" replaced_at, raw, layer, payload_sha256, content_hash) SELECT channel_id, message_id, 1, 'first <b>',"
        f" '{entities(('bold', 0, 5))}', '[]', first_seen, last_seen, {NOW + 60}, raw, layer, payload_sha256,"
        " content_hash FROM message WHERE message_id = 1"
    )
    messages = [make_message(1, "second"), make_message(2, "never edited")]
    counted = "UPDATE message SET revisions = 1 WHERE message_id = 1"
    return build(tmp_path / "archive", messages, covered=[(1, 2)], sql=[revision, counted])


def test_json_lines_have_the_earlier_contents(archive: Path, tmp_path: Path) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl", revisions=True)
    first, second = [orjson.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    [version] = first["versions"]
    assert (version["revision"], version["text"], first["text"]) == (1, "first <b>", "second")
    assert version["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    assert second["versions"] == []
    assert orjson.loads((tmp_path / "manifest.json").read_bytes())["options"]["revisions"] is True
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_csv_has_a_column_for_them(archive: Path, tmp_path: Path) -> None:
    export_as("csv", archive, tmp_path / "all.csv", revisions=True)
    with (tmp_path / "all.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert orjson.loads(first["versions"])[0]["text"] == "first <b>"
    assert second["versions"] == "[]"


@pytest.mark.parametrize("name", ["html", "markdown", "atom", "desktop-json"])
def test_formats_for_reading_show_them(archive: Path, tmp_path: Path, name: str) -> None:
    for revisions in (False, True):
        out = tmp_path / f"{revisions}" / "out"
        export_as(name, archive, out, revisions=revisions)
        written = b"".join(path.read_bytes() for path in (out.glob("messages*") if out.is_dir() else [out]))
        shown = {"html": b"first</strong> &lt;b&gt;", "markdown": b"first** &lt;b>", "atom": b"first&lt;/strong&gt;"}
        assert (shown.get(name, b'"first <b>"') in written) == revisions
        manifest = (out if out.is_dir() else out.parent) / "manifest.json"
        assert not [one.fault for one in check(manifest) if one.fault]


def test_without_the_option_rows_are_as_always(archive: Path, tmp_path: Path) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    assert b'"versions"' not in (tmp_path / "all.jsonl").read_bytes()

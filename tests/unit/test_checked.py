"""Settings that were checked before are what a new check makes of them, or they are not used."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.accounts import account_settings
from config.checked import encode_defaults, load_checked
from config.errors import SettingsError
from config.load import load_settings
from config.paths import user_cache_path

TEXT = """
[archive]
dir = "archive"
[telegram]
api_id = 4711
api_hash = "hush-hush"
proxy = "socks5://me:hush@127.0.0.1:9"
[telegram.server]
host = "127.0.0.1"
[[telegram.server.dcs]]
dc = 4
host = "::1"
[telegram.accounts.second]
takeout = true
[meilisearch]
urls = ["http://127.0.0.1:7700", "http://127.0.0.1:7701"]
search_key_file = "key"
[service]
poll_interval = "5m"
[display]
tz = "Asia/Baghdad"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("hush-key\n")
    path = tmp_path / "telekeep.toml"
    path.write_text(TEXT)
    return path


def kept_beside(file: Path) -> Path:
    return file.with_name(".telekeep.toml.checked")


def flat(value: Any) -> Any:
    """All that a section says, for comparing, without secrets."""
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return [flat(one) for one in value]
    if isinstance(value, dict):
        return {name: flat(one) for name, one in value.items()}
    names = getattr(type(value), "model_fields", None) or (vars(value) if hasattr(value, "__dict__") else None)
    if names is None or isinstance(value, Path | str | int):
        return value
    return {name: flat(getattr(value, name)) for name in names if name not in ("addresses", "centres", "api_id")}


def test_what_was_kept_is_what_a_check_says(file: Path) -> None:
    first, second, checked = load_checked(file), load_checked(file), load_settings(file)
    assert type(first) is type(checked)
    assert type(second) is not type(checked), "the second was read from what the first left"
    assert flat(second) == flat(first) == flat(checked)
    assert second.meilisearch.addresses == checked.meilisearch.addresses
    assert flat(second.telegram.server.centres) == flat(checked.telegram.server.centres)  # type: ignore[union-attr]


def test_secrets_of_the_checked_file_are_read_without_another_check(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_checked(file)
    monkeypatch.setattr("config.checked._check", lambda _: pytest.fail("checked again"))
    settings = load_checked(file)
    for name in ("default", "second"):
        account = account_settings(settings, name)
        assert (account.api_id, account.api_hash and account.api_hash.get_secret_value()) == (4711, "hush-hush")


@pytest.mark.parametrize("change", ["file", "environment"])
def test_a_secret_that_was_changed_since_is_the_one_that_is_used(
    file: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    load_checked(file)
    settings = load_checked(file)
    if change == "file":
        file.write_text(TEXT.replace("hush-hush", "new-hush"))
    else:
        monkeypatch.setenv("TELEKEEP_TELEGRAM__API_HASH", "new-hush")
    api_hash = account_settings(settings, "default").api_hash
    assert api_hash is not None
    assert api_hash.get_secret_value() == "new-hush"


def test_no_secret_is_kept_and_only_the_owner_may_read(file: Path) -> None:
    load_checked(file)
    kept = kept_beside(file)
    assert not any(secret in kept.read_text() for secret in ("hush", "4711"))
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "hush" not in repr(load_checked(file))


def test_a_changed_file_variable_or_place_is_checked_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_checked(file)
    file.write_text(TEXT.replace("Asia/Baghdad", "Europe/Kyiv"))
    assert load_checked(file).display.tz == "Europe/Kyiv"
    monkeypatch.setenv("TELEKEEP_DISPLAY__TZ", "Asia/Tehran")
    assert load_checked(file).display.tz == "Asia/Tehran"
    monkeypatch.setenv("TELEKEEP_DISPLAY__TZ", "Nowhere/Town")
    with pytest.raises(SettingsError, match=r"display\.tz"):
        load_checked(file)
    monkeypatch.delenv("TELEKEEP_DISPLAY__TZ")
    monkeypatch.setenv("TELEKEEP_TYPO", "1")
    with pytest.raises(SettingsError, match="TELEKEEP_TYPO"):
        load_checked(file)


@pytest.mark.parametrize("text", ["", "{}", "[]", "\0", '{"made_of": "x", "settings": {}}'])
def test_what_does_not_fit_is_made_again(file: Path, text: str) -> None:
    kept = kept_beside(file)
    kept.write_text(text)
    kept.chmod(0o600)
    assert load_checked(file).display.tz == "Asia/Baghdad"


def test_what_others_may_read_is_not_believed(file: Path) -> None:
    load_checked(file)
    kept = kept_beside(file)
    kept.write_text(kept.read_text().replace("Asia/Baghdad", "Europe/Kyiv"))
    kept.chmod(0o644)
    assert load_checked(file).display.tz == "Asia/Baghdad"


def test_a_file_of_another_kind_is_never_replaced(file: Path, tmp_path: Path) -> None:
    kept = kept_beside(file)
    kept.write_text("my notes")
    load_checked(file)
    assert kept.read_text() == "my notes"
    kept.unlink()
    (tmp_path / "other").write_text("{}")
    kept.symlink_to(tmp_path / "other")
    load_checked(file)
    assert (tmp_path / "other").read_text() == "{}"
    kept.unlink()
    kept.mkdir()
    assert load_checked(file).display.tz == "Asia/Baghdad"


def test_nothing_is_kept_of_an_address_with_a_password(file: Path) -> None:
    file.write_text(TEXT.replace("http://127.0.0.1:7700", "http://me:hush@127.0.0.1:7700"))
    load_checked(file)
    assert not kept_beside(file).exists()


def test_a_secret_whose_file_is_gone_is_missed_when_it_is_asked_for(file: Path, tmp_path: Path) -> None:
    load_checked(file)
    assert json.loads(kept_beside(file).read_text())["settings"]
    (tmp_path / "key").unlink()
    found = load_checked(file)
    assert found.display.tz == "Asia/Baghdad"
    with pytest.raises(SettingsError, match="search_key_file"):
        found.meilisearch.search_key.get_secret_value()  # type: ignore[union-attr]


WRITE = """run: python -c 'from config.accounts import account_settings
from config.checked import *; print(encode_defaults(), end="")' > config/defaults.json"""


def test_stored_defaults_are_those_of_a_check() -> None:
    stored = (Path(__file__).parents[2] / "config/defaults.json").read_text(encoding="utf-8")
    assert stored == encode_defaults(), WRITE


@pytest.mark.parametrize("directory", [None, "", "here", "~/there", "/absolute"])
def test_without_a_file_the_defaults_are_what_a_check_says(
    directory: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    if directory is not None:
        monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", directory)
    assert isinstance(load_checked(None), SimpleNamespace)
    assert flat(load_checked(None)) == flat(load_settings())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without a file; where its settings are kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", "here")
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_ID", "4711")
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_HASH", "hush-hush")
    return user_cache_path() / "settings"


def test_settings_from_the_environment_alone_are_validated_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = load_checked(None), load_checked(None)
    assert type(second) is not type(first), "the second was read from what the first left"
    assert flat(second) == flat(first) == flat(load_settings())
    [kept] = cache.iterdir()
    assert not any(secret in kept.read_text() for secret in ("hush", "4711"))
    assert (kept.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_HASH", "new-hush")
    for _ in range(2):
        assert load_checked(None).telegram.api_hash.get_secret_value() == "new-hush"  # type: ignore[union-attr]
    with monkeypatch.context() as unable:
        unable.setattr("config.load.load_settings", None)
        assert load_checked(None).telegram.api_hash.get_secret_value() == "new-hush", "not checked again"  # type: ignore[union-attr]
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_ID", "no number")
    with pytest.raises(SettingsError, match="api_id"):
        load_checked(None)
    assert list(cache.iterdir()) == [kept], "the latest check is kept, whatever the values"


def test_another_archive_does_not_cause_another_validation(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_checked(None)
    for directory in ("there", "~/archive", ""):
        monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", directory)
        expected = load_settings().archive.dir
        with monkeypatch.context() as unable:
            unable.setattr("config.load.load_settings", None)
            assert load_checked(None).archive.dir == expected
    assert len(list(cache.iterdir())) == 1


def test_only_the_latest_environments_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(parents=True)
    (cache / "notes").write_text("mine")
    for number in range(40):
        monkeypatch.setenv("XDG_DATA_HOME", str(cache / f"data-{number}"))
        load_checked(None)
    assert len(list(cache.iterdir())) == 33
    assert (cache / "notes").read_text() == "mine"


def test_a_working_directory_that_was_deleted_is_no_hindrance(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert flat(load_checked(file)) == flat(load_settings(file))


@pytest.mark.parametrize(
    ("name", "value"),
    [("TELEKEEP_DISPLAY__TZ", "Asia/Baghdad"), ("TELEKEEP_FOO", ""), ("TELEKEEP_ARCHIVE__DIR", "\0x")],
)
def test_whatever_else_is_set_is_checked(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.environ", {**os.environ, name: value})
    if name.endswith("TZ"):
        assert load_checked(None).display.tz == value
    else:
        with pytest.raises(SettingsError):
            load_checked(None)

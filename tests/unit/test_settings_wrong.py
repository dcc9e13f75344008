"""Every setting with every kind of value that it cannot have: one line in our words, never a library's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.errors import SettingsError
from config.fields import ANY, setting_names
from config.load import load_settings

IN_FILE = (
    '"x"', '""', '" "', '"1"', '"\\u0000"', '"~nobody-here/x"', '"🦊"', f'"{"z" * 300}"', "3", "-3", "1.5", "nan",
    "inf", "true", "99999999999999999999", "1979-05-27", "10:00:00", "[]", '["a", 1]', "[1]", "[true]", "[[]]", "[{}]",
    "[{a = 1}]", "{}", "{a = 1}", "{a = {b = [1]}}",
)  # fmt: skip
IN_ENVIRONMENT = (
    "x", " ", "3", "-3", "1.5", "true", "nan", "1e999", "0x10", "١", "9" * 400, "~nobody-here/x", "\udcff", "null",
    '"q"', "[]", "{}", "[1,2]", '{"a":1}', '[{"a":1}]', '{"dc":"x"}', '{"a"', "[",
)  # fmt: skip
THEIRS = re.compile(
    r"[Ii]nput should|[Vv]alue error|[Aa]ssertion|[Pp]ydantic|ValidationError|type=|_error|[Ee]rrno|\bNone\b|\bTrue\b"
    r"|<class|PosixPath|datetime|codec|decod|Expecting|JSON|\bstr\b|\bdict\b|tuple|\bint\b|integer|embedded null"
    r"|timedelta|nable to"
)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def sections() -> Iterator[str]:
    """Every setting and every section above one."""
    for name in setting_names():
        parts = name.replace(ANY, "acc").split(".")
        yield from (".".join(parts[:size]) for size in range(1, len(parts) + 1))


def complaint() -> str | None:
    try:
        load_settings()
    except SettingsError as error:
        return str(error)
    return None


def assert_in_our_words(said: str | None, where: str) -> None:
    if said is not None:
        assert not THEIRS.search(said), (where, said)
        assert "\n" not in said, (where, said)
        assert len(said) < 500, (where, said)


@pytest.mark.parametrize("name", list(dict.fromkeys(sections())))
def test_wrong_value_in_the_file_is_said_in_our_words(name: str, tmp_path: Path) -> None:
    section, _, key = name.rpartition(".")
    said = []
    for value in IN_FILE:
        (tmp_path / "telekeep.toml").write_text((f"[{section}]\n" if section else "") + f"{key} = {value}\n", "utf-8")
        said.append(complaint())
        assert_in_our_words(said[-1], f"{name} = {value}")
        # Where to begin is missing beside it, too.
        assert said[-1] is None or key in said[-1] or "telegram.server.host is missing" in said[-1]
    assert any(said)


@pytest.mark.parametrize("name", list(setting_names()))
def test_wrong_value_in_a_variable_is_said_in_our_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "TELEKEEP_" + name.replace(ANY, "acc").upper().replace(".", "__")
    for value in IN_ENVIRONMENT:
        monkeypatch.setenv(variable, value)
        assert_in_our_words(complaint(), f"{variable}={value!r}")


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"\xef\xbb\xbf[archive]\n",
        b"a = [",
        b"[a\n",
        b"a.b = 1\n[a]\n",
        b'x = """',
        b"\x00",
        b"[archive]\ndir='a'\ndir='b'",
    ],
)
def test_file_that_cannot_be_read_is_said_in_our_words(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "telekeep.toml").write_bytes(text)
    said = complaint()
    assert said is not None
    assert_in_our_words(said, repr(text))


def test_value_is_shown_as_the_file_has_it(tmp_path: Path) -> None:
    shown = {"1979-05-27": "1979-05-27", "true": "true", '["a", 1]': '["a", 1]', "{a = true}": '{"a": true}'}
    for value, wanted in shown.items():
        (tmp_path / "telekeep.toml").write_text(f"[meilisearch]\nindex = {value}\n", "utf-8")
        with suppress(SettingsError):
            load_settings()
        assert f"cannot be {wanted}; allowed" in (complaint() or "").replace('"1979-05-27"', "1979-05-27")


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "telekeep.toml").write_text("[media]\nbla = 1\ndownload = 'sometimes'\nblub = 'a secret'\n")
    said = complaint()
    assert said is not None
    assert said.startswith("media.bla in telekeep.toml is not a setting.")
    assert "Also to fix: media.download, media.blub." in said
    assert "secret" not in said


def test_many_wrong_settings_are_named_in_part_and_counted(tmp_path: Path) -> None:
    wrong = "".join(f"wrong_{number}{'x' * 80} = 1\n" for number in range(9))
    (tmp_path / "telekeep.toml").write_text(f"[media]\n{wrong}")
    said = complaint()
    assert_in_our_words(said, "many")
    assert said is not None
    assert said.endswith(" and 3 more.")


@pytest.mark.parametrize("wrong", ["[media]\nbla = 1", "[telegram]\nbla = 1", "[media.hooks]\nbla = 1"])
def test_the_section_of_a_wrong_setting_is_not_suggested_in_its_place(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "telekeep.toml").write_text(wrong)
    said = complaint()
    assert said is not None
    assert "Did you mean" not in said
    assert "`telekeep help settings` lists them all." in said

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from config.accounts import account_names, account_settings, session_path
from config.errors import SettingsError
from config.fields import setting_names
from config.files import describe_sources, remark_on_access
from config.load import load_settings
from config.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "docs/telekeep.example.toml"
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("TELEKEEP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "some.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_example_in_the_documents_loads_and_names_every_setting() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.telegram.api_id == 12345
    text = EXAMPLE.read_text()
    for name in setting_names():
        assert name.rpartition(".")[2] in text, name


def test_defaults_need_no_file() -> None:
    settings = load_settings()
    assert settings.telegram.requests_per_second == 1.0
    assert settings.meilisearch.index == "messages"
    assert settings.media.max_size == 20_000_000
    assert settings.service.listen == "127.0.0.1:9464"
    assert settings.archive.dir.name == "telekeep"


def test_environment_overrides_the_file_key_by_key(
    file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_ID", "2")
    monkeypatch.setenv("TELEKEEP_TELEGRAM__SERVER__HOST", "127.0.0.1")
    settings = load_settings(file("[telegram]\napi_id = 1\nrequests_per_second = 0\n[telegram.server]\nport = 8443\n"))
    assert settings.telegram.api_id == 2
    assert settings.telegram.requests_per_second == 0
    assert settings.telegram.server is not None
    assert (settings.telegram.server.host, settings.telegram.server.port) == ("127.0.0.1", 8443)


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", "")
    assert load_settings().archive.dir.name == "telekeep"


def test_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(path: Path, number: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[telegram]\napi_id = {number}\n")
        return path

    put(tmp_path / "config/telekeep/telekeep.toml", 1)
    assert load_settings().telegram.api_id == 1
    put(tmp_path / "telekeep.toml", 2)
    assert load_settings().telegram.api_id == 2
    monkeypatch.setenv("TELEKEEP_CONFIG", str(put(tmp_path / "third.toml", 3)))
    assert load_settings().telegram.api_id == 3
    assert load_settings(put(tmp_path / "fourth.toml", 4)).telegram.api_id == 4


def test_paths_in_a_file_count_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/key").write_text(f"{SECRET}\n")
    path = tmp_path / "etc/t.toml"
    path.write_text(
        '[archive]\ndir = "data"\n[telegram]\napi_hash_file = "key"\n'
        '[telegram.server]\nhost = "h"\npublic_key = "k.pem"\n'
    )
    settings = load_settings(path)
    assert settings.archive.dir == tmp_path / "etc/data"
    assert settings.telegram.api_hash is not None
    assert settings.telegram.api_hash.get_secret_value() == SECRET
    assert settings.telegram.server is not None
    assert settings.telegram.server.public_key == tmp_path / "etc/k.pem"


def test_sizes_and_times_take_units(file: Callable[[str], Path]) -> None:
    settings = load_settings(
        file('[media]\nmax_size = "1.5 GB"\n[service]\npoll_interval = "5m"\naudit_interval = 90\n')
    )
    assert settings.media.max_size == 1_500_000_000
    assert settings.service.poll_interval == timedelta(minutes=5)
    assert settings.service.audit_interval == timedelta(seconds=90)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("0.2", 0.2), ("0.5m", 30), ("7d", 604_800)])
def test_times_in_the_environment_are_seconds_where_no_unit_is_given(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    monkeypatch.setenv("TELEKEEP_SERVICE__POLL_INTERVAL", text)
    assert load_settings().service.poll_interval == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0", "-1", "5 s", "1e3", "nan", "9" * 400, "9" * 400 + "d", "9999999999d", "5x"])
def test_invalid_duration_is_rejected(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TELEKEEP_SERVICE__POLL_INTERVAL", text)
    with pytest.raises(SettingsError, match="seconds above 0"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[telegram]\napi_idd = 3", r"telegram\.api_idd in .*some\.toml .*Did you mean telegram\.api_id\?"),
        ("[telegam]\napi_id = 3", r"Did you mean telegram\?"),
        ("[telegram.server]\nhots = 'h'", r"telegram\.server\.hots .*telegram\.server\.host\?"),
        ("[telegram.server]\nport = 1", r"telegram\.server\.host is missing"),
        ("[telegram]\napi_id = 'x'", r"telegram\.api_id in .*some\.toml is not valid .*; allowed: a whole number"),
        ("[telegram]\nrequests_per_second = -1", "from 0 .no pacing. to 1000"),
        ("telegram = 3", r"the section \[telegram\]"),
        ("[archive]\ndir = ''", "a directory"),
        ("[media]\ndownload = 'some'", '"none", "photos" or "all"'),
        ("[media]\nmax_size = '20XB'", "20MB"),
        ("[media]\nmax_size = '1,5 GB'", r"cannot be '1,5 GB'; allowed: bytes, or a text with a unit"),
        ("[media]\nmax_size = true", "20MB"),
        ("[media]\nvideo = '20MB or so'", r"media\.video in .* cannot be .*; \"0\": never"),
        ("[media]\nvideos = '20MB'", r"Did you mean media\.video\?"),
        ("[media]\nquota = -1", "50GB"),
        ("[media]\nmin_free = 'none'", "stay free on the disk"),
        ("[media]\nthumbnails = 'perhaps'", "true or false"),
        ("[service]\npoll_interval = '0s'", "above 0"),
        ("[service]\nlisten = 'nowhere'", "an address and a port"),
        ("[telegram]\napi_hash_file = 'none'", "cannot read the file given by api_hash_file"),
        ("a =", "is not valid TOML"),
    ],
)
def test_errors_are_one_line(file: Callable[[str], Path], text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings(file(text))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TELEKEEP_TELEGRAM__API_IDD", "Did you mean TELEKEEP_TELEGRAM__API_ID"),
        ("TELEKEEP_TELEGRAM", "is not a setting"),
        ("TELEKEEP_ARCHIVE_DIR", "Did you mean TELEKEEP_ARCHIVE__DIR"),
        ("TELEKEEP_TZ", r"Did you mean TELEKEEP_DISPLAY__TZ\?"),
        ("TELEKEEP_FOO", "so it would have no effect. `telekeep help settings` lists them all"),
    ],
)
def test_unknown_variable_is_an_error_that_names_the_nearest(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=said):
        load_settings()


def test_wrong_variable_is_named_as_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__API_ID", "many")
    with pytest.raises(SettingsError, match=r"in \$TELEKEEP_TELEGRAM__API_ID is not valid"):
        load_settings()


@pytest.mark.parametrize(
    "text", ["[telegram]\napi_hash = {secret = 'hush'}", "[telegram]\nproxy = 'ftp://u:hush@host'"]
)
def test_secrets_are_never_shown(file: Callable[[str], Path], text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(file(text))
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "typed", [f"'{SECRET}'", SECRET, f"1{SECRET}", f"['{SECRET}']", f"{{x = '{SECRET}'}}", f"'{SECRET}", "-4711"]
)
@pytest.mark.parametrize("section", ["telegram", "telegram.accounts.second"])
def test_what_was_typed_as_api_id_is_never_shown(file: Callable[[str], Path], section: str, typed: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(file(f"[{section}]\napi_id = {typed}\n"))
    assert not any(secret in str(raised.value) for secret in (SECRET, "4711"))
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("name", ["TELEKEEP_TELEGRAM__API_ID", "TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__API_ID"])
@pytest.mark.parametrize("typed", [SECRET, f'{{"a": "{SECRET}"}}', f"0x{SECRET}"])
def test_what_was_set_as_api_id_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str, typed: str) -> None:
    monkeypatch.setenv(name, typed)
    with pytest.raises(SettingsError, match=rf"in \${name} is not valid .* a whole number") as raised:
        load_settings()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("number", ["0", "2147483648", "99999999999999999999"])
def test_number_that_no_api_id_can_be_is_refused(file: Callable[[str], Path], number: str) -> None:
    with pytest.raises(SettingsError, match="not the api_hash"):
        load_settings(file(f"[telegram]\napi_id = {number}\n"))


def test_secrets_do_not_show_in_the_settings(file: Callable[[str], Path]) -> None:
    settings = load_settings(file(f"[telegram]\napi_hash = '{SECRET}'\nproxy = 'socks5://u:{SECRET}@host:1'\n"))
    assert SECRET not in repr(settings)


def test_secret_and_secret_file_cannot_both_be_set(file: Callable[[str], Path]) -> None:
    with pytest.raises(SettingsError, match="both set"):
        load_settings(file(f"[telegram]\napi_hash = '{SECRET}'\napi_hash_file = 'x'\n"))


def test_file_that_was_asked_for_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml, which --config names\. Check the path"):
        load_settings(tmp_path / "none.toml")
    monkeypatch.setenv("TELEKEEP_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml, which TELEKEEP_CONFIG names"):
        load_settings()


def test_every_setting_says_what_is_allowed() -> None:
    def walk(model: type) -> None:
        for name, field in model.model_fields.items():  # type: ignore[attr-defined]
            assert field.description, name
            if hasattr(field.annotation, "model_fields"):
                walk(field.annotation)

    walk(Settings)


ACCOUNTS = f"""
[telegram]
api_id = 1
api_hash = "{SECRET}"
proxy = "socks5://u:hush@shared:1080"
requests_per_second = 2
[telegram.accounts.second]
requests_per_second = 0
[telegram.accounts.Third-1]
proxy = "mtproxy://own:443/00"
api_id = 3
api_hash = "own"
[telegram.accounts.open]
proxy = "direct"
"""


def proxy_of(settings: Settings, name: str) -> str | None:
    proxy = account_settings(settings, name).proxy
    return proxy.get_secret_value() if proxy else None


def test_account_inherits_what_it_does_not_set_and_goes_direct_only_when_it_says_so(
    file: Callable[[str], Path],
) -> None:
    settings = load_settings(file(ACCOUNTS))
    assert account_names(settings) == ["default", "second", "Third-1", "open"]
    shared = "socks5://u:hush@shared:1080"
    expected = {"default": shared, "second": shared, "Third-1": "mtproxy://own:443/00", "open": None}
    assert {name: proxy_of(settings, name) for name in account_names(settings)} == expected
    assert [account_settings(settings, name).requests_per_second for name in expected] == [2, 0, 2, 2]
    assert [account_settings(settings, name).api_id for name in expected] == [1, 1, 3, 1]
    third = account_settings(settings, "Third-1")
    assert third.api_hash is not None
    assert third.api_hash.get_secret_value() == "own"
    assert "hush" not in repr(settings)
    assert "hush" not in repr(account_settings(settings, "second"))


def test_without_sections_there_is_the_one_account_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_ARCHIVE__DIR", str(tmp_path))
    settings = load_settings()
    assert account_names(settings) == ["default"]
    assert proxy_of(settings, "default") is None
    assert session_path(settings, "default") == tmp_path / "session"
    with pytest.raises(SettingsError, match=r'no account "second"; configured: default\.'):
        account_settings(settings, "second")


def test_environment_names_accounts_of_its_own_and_those_of_the_file(
    file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__ACCOUNTS__THIRD_1__PROXY", "http://env:1")
    monkeypatch.setenv("TELEKEEP_TELEGRAM__ACCOUNTS__FOURTH__PROXY", "direct")
    settings = load_settings(file(ACCOUNTS))
    assert account_names(settings) == ["default", "second", "Third-1", "open", "fourth"]
    assert proxy_of(settings, "Third-1") == "http://env:1"
    assert account_settings(settings, "Third-1").api_id == 3
    assert proxy_of(settings, "fourth") is None
    assert session_path(settings, "fourth").name == "session.fourth"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PRXY", "Did you mean TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY"),
        ("TELEKEEP_TELEGRAM__ACCOUNTS__SECOND", "is not a setting"),
        ("TELEKEEP_TELEGRAM__ACCOUNTS__A__B__PROXY", "is not a setting"),
        ("TELEKEEP_TELEGRAM__ACCOUNTS", "is not a setting"),
    ],
)
def test_unknown_variable_of_an_account_is_an_error(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "direct")
    with pytest.raises(SettingsError, match=said):
        load_settings()


def test_wrong_variable_of_an_account_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY", "ftp://u:hush@host")
    said = r"telegram\.accounts\.second\.proxy in \$TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY .*or .direct."
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings()
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[telegram.accounts.second]\nprxy = 'direct'", r"Did you mean telegram\.accounts\.second\.proxy\?"),
        ("[telegram.accounts.second]\nproxy = 'hush'", r"accounts\.second\.proxy .*allowed: socks5://"),
        ("[telegram.accounts.second]\nproxy = ''", r"accounts\.second\.proxy .*allowed: socks5://"),
        ("[telegram]\nproxy = 'direct'", r"telegram\.proxy .*allowed: socks5://"),
        ("[telegram.accounts.'a b']\nproxy = 'direct'", r'\[telegram\.accounts\] in .*"a b" is not a valid account'),
        ("[telegram.accounts.a_b]\n[telegram.accounts.A-b]", "a_b and A-b are the same"),
        ("[telegram.accounts.second]\napi_id = 3", r"\[telegram\.accounts\.second\] in .*set both api_id and api_hash"),
        ("[telegram.accounts.second]\nrequests_per_second = -1", "from 0 .no pacing. to 1000"),
        ("[telegram.accounts]\nsecond = 'hush'", "sections"),
        ("[telegram]\naccounts = 'hush'", "sections"),
    ],
)
def test_errors_of_an_account_are_one_line(file: Callable[[str], Path], text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings(file(text))
    assert "\n" not in str(raised.value)
    assert "hush" not in str(raised.value)


def test_hash_of_an_account_may_stand_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/key").write_text("own\n")
    path = tmp_path / "etc/t.toml"
    path.write_text('[telegram.accounts.second]\napi_id = 2\napi_hash_file = "key"\n')
    found = account_settings(load_settings(path), "second").api_hash
    assert found is not None
    assert found.get_secret_value() == "own"


DCS = """
[telegram.server]
host = "h"
public_key = "k.pem"
[[telegram.server.dcs]]
dc = 4
host = "::1"
port = 8444
public_key = "four.pem"
[[telegram.server.dcs]]
dc = 5
host = "five"
"""


def test_a_server_may_have_several_data_centres_each_with_a_key(file: Callable[[str], Path], tmp_path: Path) -> None:
    server = load_settings(file(DCS)).telegram.server
    assert server is not None
    assert [(one.dc, one.host, one.port) for one in server.centres] == [
        (2, "h", 443),
        (4, "::1", 8444),
        (5, "five", 443),
    ]
    assert server.dcs[0].public_key == tmp_path / "four.pem"


def test_data_centres_alone_will_do(file: Callable[[str], Path]) -> None:
    text = '[telegram.server]\ndc = 5\ndcs = [{dc = 1, host = "a"}, {dc = 5, host = "b"}]\n'
    server = load_settings(file(text)).telegram.server
    assert server is not None
    assert [one.dc for one in server.centres] == [5, 1]


def test_a_variable_names_data_centres_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_TELEGRAM__SERVER__DCS", "4=127.0.0.1:8444, 5=[::1]:8445")
    server = load_settings().telegram.server
    assert server is not None
    assert [(one.dc, one.host, one.port) for one in server.centres] == [(4, "127.0.0.1", 8444), (5, "::1", 8445)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[telegram.server]\ndcs = [{dc = 0, host = 'a'}]", r"telegram\.server\.dcs\.0\.dc"),
        ("[telegram.server]\ndcs = [{dc = 4}]", r"telegram\.server\.dcs\.0\.host is missing"),
        ("[telegram.server]\ndcs = '4=nowhere'", r"telegram\.server\.dcs.*sections \[\[telegram\.server\.dcs\]\]"),
        ("[telegram.server]\ndcs = [{dc = 4, host = 'a', prot = 5}]", r"prot"),
    ],
)
def test_errors_of_a_data_centre_are_explained(file: Callable[[str], Path], text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(file(text))


def test_display_is_checked_when_it_is_read(file: Callable[[str], Path]) -> None:
    display = load_settings(file('[display]\ntz = "+03:00"\npager = "off"\ncolor = "never"')).display
    assert (display.tz, display.pager, display.color) == ("+03:00", "off", "never")
    with pytest.raises(SettingsError, match=r"display\.tz .* cannot be 'Bagdad'; .*Did you mean Asia/Baghdad"):
        load_settings(file('[display]\ntz = "Bagdad"'))
    with pytest.raises(SettingsError, match=r"display\.color .* cannot be 'yes'; allowed: \"auto\", \"always\""):
        load_settings(file('[display]\ncolor = "yes"'))


def test_directory_in_place_of_the_file_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is a directory, not a settings file\. Name a file, such as .*telekeep"):
        load_settings(tmp_path)
    (tmp_path / "telekeep.toml").touch()
    with pytest.raises(SettingsError, match=r"Name the file in it: .*telekeep\.toml"):
        load_settings(tmp_path)


def test_sources_are_named_whether_there_is_a_file_or_not(tmp_path: Path) -> None:
    nothing = "No settings file was found: neither ./telekeep.toml nor"
    assert describe_sources() == f"{nothing} {tmp_path}/config/telekeep/telekeep.toml exists."
    (tmp_path / "telekeep.toml").touch()
    assert describe_sources() == "The settings are those of telekeep.toml."


OTHER_ACCOUNT = f"[telegram.accounts.other]\napi_id = 1\napi_hash = '{SECRET}'"


@pytest.mark.parametrize(
    ("text", "mode", "folder", "said"),
    [
        (f"[telegram]\napi_hash = '{SECRET}'", 0o644, 0o755, "api_hash"),
        (f"[meilisearch]\napi_key = '{SECRET}'", 0o604, 0o711, "api_key"),
        (OTHER_ACCOUNT, 0o644, 0o755, "api_hash"),
        (f"[telegram]\napi_hash = '{SECRET}'", 0o640, 0o755, None),
        (f"[telegram]\napi_hash = '{SECRET}'", 0o644, 0o700, None),
        ("[telegram]\napi_id = 1\n[archive]\ndir = 'a'", 0o644, 0o755, None),
    ],
)
def test_file_with_a_secret_that_others_can_read_gets_one_remark(
    text: str, mode: int, folder: int, said: str | None
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "some.toml")
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        path.parent.chmod(folder)
        told = remark_on_access(path)
    readable = f"{path} can be read by other users of this machine, and holds {said}."
    assert told == (f"{readable} Make it private: chmod 600 {path}" if said else None)

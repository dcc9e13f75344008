"""All settings with types, defaults and allowed values; errors quote the descriptions.

`config.load` reads the sources. Paths in a file are relative to that file, paths in the environment to the working
directory; `~` is the home directory.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from config.declare import REQUIRED, Secret, Section, section, setting
from config.kinds import choice, duration, flag, number, path, secret, size, text, texts, whole
from config.paths import expand_home, user_data_path
from config.zones import ZoneError, find_zone

DIRECT = "direct"
"""Value of an account's `proxy` that means no proxy, even if [telegram] has one."""

HistoryPace: TypeAlias = Literal["gentle", "normal"]


def _centres(value: Any) -> Any:
    """Parse "4=127.0.0.1:8444, 5=[::1]:8445", since environment variables cannot hold lists; a list is kept."""
    if not isinstance(value, str):
        return value
    parts = [
        re.fullmatch(r"(\d+)=\[?([^\s\]]+?)\]?:(\d+)", part) for part in re.split(r"[\s,]+", value.strip()) if part
    ]
    if None in parts:
        raise ValueError
    return [dict(zip(("dc", "host", "port"), part.groups(), strict=True)) for part in parts if part]


def _proxy(value: str) -> str:
    if not re.match("(socks5|http|mtproxy)://.", value):
        raise ValueError
    return value


def _own_proxy(value: str) -> str:
    return value if value == DIRECT else _proxy(value)


def _zone(value: Any) -> str:
    written = text()(value)
    try:
        find_zone(written)
    except ZoneError as exc:
        raise ValueError(exc.hint) from None
    return str(written)


def fold_account_name(name: str) -> str:
    """Fold an account name as environment variables do: case does not matter, and - is _."""
    return name.lower().replace("-", "_")


def _accounts(value: Any) -> Any:
    """Check the names of the accounts."""
    folded: dict[str, str] = {}
    for name in value if isinstance(value, dict) else ():
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            raise ValueError(
                f"{name[:40]!r} is not a valid account name; allowed: letters, digits, - and _, at most 32"
            )
        if other := folded.get(fold_account_name(name)):
            raise ValueError(f"the accounts {other} and {name} are the same in environment variables; rename one")
        folded[fold_account_name(name)] = name
    return value


_URL = text(r"https?://(?s:.*)")
_HOST = text()
_HOST_NAME = text(r"[A-Za-z0-9_.-]+", longest=253)
_PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"
_API_ID = "a whole number, the App api_id of https://my.telegram.org, not the api_hash"
_PACE = '"gentle" or "normal"'
_RATE = "a number from 0 (no pacing) to 1000"


class _SectionWithSecrets(Section):
    """A section whose secrets may be in separate files, given by `<key>_file`."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read the files."""
        values = dict(values)
        for key in [key.removesuffix("_file") for key in cls.declared if key.endswith("_file")]:
            file = values.get(f"{key}_file")
            if file is None:
                continue
            if values.get(key) is not None:
                raise ValueError(f"{key} and {key}_file are both set; set only one")
            try:
                values[key] = expand_home(file).read_text(encoding="utf-8").strip()
            except (OSError, ValueError, TypeError) as exc:
                why = getattr(exc, "strerror", None) or ("it is not UTF-8" if isinstance(exc, UnicodeError) else exc)
                why = "it is not a path" if isinstance(exc, TypeError) or "null" in str(why) else why
                raise ValueError(f"cannot read the file given by {key}_file: {why}") from exc
        return values


class ArchiveSettings(Section):
    """Location of the archive."""

    dir: Path = setting(path, user_data_path, "a directory; archive.db, media/ and the session are in it")


class DataCentreSettings(Section):
    """An additional data centre of a custom server; several entries may give addresses of the same one."""

    dc: int = setting(whole(1, 99), REQUIRED, "the number of the data centre, 1 to 99")
    host: str = setting(_HOST, REQUIRED, "a host name or an IP address")
    port: int = setting(whole(1, 65535), 443, "a port, 1 to 65535")
    public_key: Path | None = setting(path, None, "a PEM file with its own RSA public key")


class ServerSettings(Section):
    """A test data centre or a server of your own: where to connect first, and its other data centres."""

    dc: int = setting(whole(1, 99), 2, "the number of the data centre, 1 to 99")
    host: str | None = setting(_HOST, None, "a host name or an IP address")
    port: int = setting(whole(1, 65535), 443, "a port, 1 to 65535")
    public_key: Path | None = setting(path, None, "a PEM file with the server's RSA public key")
    dcs: tuple[DataCentreSettings, ...] = section(
        DataCentreSettings,
        (),
        'sections [[telegram.server.dcs]], or a text such as "4=127.0.0.1:8444"',
        shape="listed",
        kind=_centres,
    )

    def check(self) -> None:
        """Require an address."""
        if self.host is None and not self.dcs:
            raise ValueError("telegram.server.host is missing; set the address of the server")

    @property
    def centres(self) -> tuple[DataCentreSettings, ...]:
        """All configured data centres, the one to connect to first in front."""
        own = (DataCentreSettings(dc=self.dc, host=self.host, port=self.port),) if self.host else ()
        return own + tuple(sorted(self.dcs, key=lambda one: one.dc != self.dc))


class AccountOverrides(_SectionWithSecrets):
    """A named account; what is not set is inherited from [telegram], see `config.accounts`."""

    api_id: int | None = setting(whole(1, 2**31 - 1), None, _API_ID, hidden=True)
    """Not secret, but never shown: people put the api_hash here by mistake."""
    api_hash: Secret | None = setting(secret(), None, "the text that goes with api_id", hidden=True)
    api_hash_file: Path | None = setting(path, None, "a file with api_hash in it")
    proxy: Secret | None = setting(
        secret(_own_proxy), None, 'socks5://, http:// or mtproxy:// and an address, or "direct"', hidden=True
    )
    requests_per_second: float | None = setting(number(0, 1000), None, _RATE)
    pace: HistoryPace | None = setting(choice("gentle", "normal"), None, _PACE)
    takeout: bool | None = setting(flag, None, "true or false")

    def check(self) -> None:
        """Require both halves of a key, or neither."""
        if (self.api_id is None) != (self.api_hash is None):
            raise ValueError("set both api_id and api_hash, or neither to inherit them")


class TelegramSettings(_SectionWithSecrets):
    """Settings that all accounts share. Get api_id and api_hash from https://my.telegram.org."""

    api_id: int | None = setting(whole(1, 2**31 - 1), None, _API_ID, hidden=True)
    api_hash: Secret | None = setting(secret(), None, "the text that goes with api_id", hidden=True)
    api_hash_file: Path | None = setting(path, None, "a file with api_hash in it")
    proxy: Secret | None = setting(secret(_proxy), None, "socks5://, http:// or mtproxy:// and an address", hidden=True)
    requests_per_second: float = setting(number(0, 1000), 1.0, _RATE)
    pace: HistoryPace = setting(choice("gentle", "normal"), "gentle", _PACE)
    takeout: bool = setting(flag, False, "true or false")
    server: ServerSettings | None = section(ServerSettings, None, "the section [telegram.server]")
    accounts: dict[str, AccountOverrides] = section(
        AccountOverrides, dict, "sections [telegram.accounts.NAME]", shape="named", kind=_accounts
    )


class MeilisearchSettings(_SectionWithSecrets):
    """The Meilisearch servers, if any. The keys are valid for all of them."""

    url: str | None = setting(_URL, None, "an http:// or https:// address")
    urls: tuple[str, ...] | None = setting(
        texts(_URL, distinct=True), None, "a list of http:// or https:// addresses, each once"
    )
    index: str = setting(text("[A-Za-z0-9_-]{1,100}"), "messages", "letters, digits, - and _, at most 100")
    api_key: Secret | None = setting(secret(), None, "a key that may write the index", hidden=True)
    api_key_file: Path | None = setting(path, None, "a file with api_key in it")
    search_key: Secret | None = setting(secret(), None, "a key that may search the index", hidden=True)
    search_key_file: Path | None = setting(path, None, "a file with search_key in it")

    def check(self) -> None:
        """Refuse both url and urls."""
        if self.url is not None and self.urls is not None:
            raise ValueError("url and urls are both set; use url for one server, urls for several")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of the servers. Empty: the embedded engine answers all queries."""
        return self.urls or ((self.url,) if self.url else ())


class SearchSettings(Section):
    """Search options."""

    glossary: Path | None = setting(path, None, "a text file of equivalent spellings, one group a line")


class DisplaySettings(Section):
    """What a terminal shows, and how. Data in pipes and files does not depend on it, but for the default of --tz."""

    tz: str = setting(_zone, "UTC", 'a time zone such as "Asia/Baghdad", or an offset such as "+03:00"')
    pager: str | None = setting(text(longest=1000), None, 'a command such as "less -FRX", or "off"')
    color: Literal["auto", "always", "never"] = setting(
        choice("auto", "always", "never"), "auto", '"auto", "always" or "never"'
    )


class MediaSettings(Section):
    """Download of media files."""

    download: Literal["none", "photos", "all"] = setting(
        choice("none", "photos", "all"), "none", '"none", "photos" or "all"'
    )
    max_size: int = setting(size, 20_000_000, 'bytes, or a text with a unit such as "20MB" or "512KiB"')


class ServiceSettings(Section):
    """The long-running service, `telekeep run`."""

    listen: str = setting(
        text(rf"off|(\[[0-9a-fA-F:.]+\]|[\w.-]+):({_PORT})"),
        "127.0.0.1:9464",
        'an address and a port, as "127.0.0.1:9464", or "off"',
    )
    host_names: tuple[str, ...] = setting(
        texts(_HOST_NAME),
        (),
        "a list of host names without ports under which the status pages may be requested",
    )
    poll_interval: timedelta = setting(
        duration, timedelta(seconds=30), 'seconds above 0, or a text such as "30s", "5m" or "6h"'
    )
    # Between two audits of a channel's newest 200 ids; the newest 5,000 are audited every 7th time, all every 30th.
    audit_interval: timedelta = setting(
        duration, timedelta(hours=24), 'seconds above 0, or a text such as "30m", "6h" or "7d"'
    )


class Settings(Section):
    """All settings."""

    archive: ArchiveSettings = section(ArchiveSettings, ArchiveSettings, "the section [archive]")
    telegram: TelegramSettings = section(TelegramSettings, TelegramSettings, "the section [telegram]")
    meilisearch: MeilisearchSettings = section(MeilisearchSettings, MeilisearchSettings, "the section [meilisearch]")
    search: SearchSettings = section(SearchSettings, SearchSettings, "the section [search]")
    display: DisplaySettings = section(DisplaySettings, DisplaySettings, "the section [display]")
    media: MediaSettings = section(MediaSettings, MediaSettings, "the section [media]")
    service: ServiceSettings = section(ServiceSettings, ServiceSettings, "the section [service]")

"""Every setting, its type, its default and what is allowed: the text of `description` is what an error says.

Sources and their order are in `config.load`. Paths in a file count from that file, paths in the environment from the
working directory; `~` is the home directory.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config.paths import expand, expand_home

APPLICATION = "telekeep"
DIRECT = "direct"
"""An account's `proxy` that means none, where [telegram] has one."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: Any) -> Any:
    """30, "30", "30s", "5m", "6h", "7d" as a timedelta; the environment knows no numbers but as text."""
    if isinstance(value, str) and (parts := re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", value, re.ASCII)):
        return timedelta(seconds=float(parts[1]) * _UNITS[parts[2] or "s"])
    return value


def _addresses(value: Any) -> Any:
    """A list, or a text with commas or spaces between: the environment knows no lists."""
    return [part for part in re.split(r"[\s,]+", value) if part] if isinstance(value, str) else value


def _centres(value: Any) -> Any:
    """A list, or a text as "4=127.0.0.1:8444, 5=[::1]:8445": the environment knows no lists."""
    if not isinstance(value, str):
        return value
    parts = [
        re.fullmatch(r"(\d+)=\[?([^\s\]]+?)\]?:(\d+)", part) for part in re.split(r"[\s,]+", value.strip()) if part
    ]
    return [dict(zip(("dc", "host", "port"), part.groups(), strict=True)) if part else None for part in parts]


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or len({url.rstrip("/").lower() for url in value}) < len(value):
        raise ValueError
    return value


def _proxy(value: SecretStr) -> SecretStr:
    if not re.match("(socks5|http|mtproxy)://.", value.get_secret_value()):
        raise ValueError
    return value


def _own_proxy(value: SecretStr) -> SecretStr:
    return value if value.get_secret_value() == DIRECT else _proxy(value)


def fold_name(name: str) -> str:
    """An account's name as the environment can write it: variables have neither lower case nor -."""
    return name.lower().replace("-", "_")


def _account_names(value: dict[str, Any]) -> dict[str, Any]:
    folded: dict[str, str] = {}
    for name in value:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
            raise ValueError(
                f"{name[:40]!r} cannot be an account's name; allowed: letters, digits, - and _, at most 32"
            )
        if other := folded.get(fold_name(name)):
            raise ValueError(f"the accounts {other} and {name} cannot be told apart in the environment; rename one")
        folded[fold_name(name)] = name
    return value


Url = Annotated[str, Field(pattern=r"^https?://")]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=253)]
AnyPath = Annotated[Path, BeforeValidator(expand)]
Pace = Literal["gentle", "normal"]
Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
ApiId = Annotated[
    int | None,
    Field(
        gt=0,
        lt=2**31,
        repr=False,
        description="a whole number, the App api_id of https://my.telegram.org, not the api_hash",
    ),
]
"""Never shown (`repr`), though no secret: people put the api_hash here by mistake."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _SectionWithSecrets(_Section):
    """A section whose secrets may stand in files of their own, named by `<key>_file`."""

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for key in [key.removesuffix("_file") for key in cls.model_fields if key.endswith("_file")]:
            path = values.get(f"{key}_file")
            if path is None:
                continue
            if values.get(key) is not None:
                raise ValueError(f"{key} and {key}_file are both set; one of them is enough")
            try:
                values[key] = expand_home(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError, TypeError) as exc:
                why = getattr(exc, "strerror", None) or ("it is not UTF-8" if isinstance(exc, UnicodeError) else exc)
                why = "it is no path" if isinstance(exc, TypeError) or "null" in str(why) else why
                raise ValueError(f"the file that {key}_file names cannot be read: {why}") from exc
        return values


class Archive(_Section):
    """Where everything is kept."""

    dir: AnyPath = Field(
        default_factory=lambda: platformdirs.user_data_path(APPLICATION),
        description="a directory; archive.db, media/ and the session are in it",
    )


class DataCentre(_Section):
    """One more data centre of such a server; one may be named with several addresses."""

    dc: int = Field(ge=1, le=99, description="the number of the data centre, 1 to 99")
    host: str = Field(min_length=1, description="a host name or an IP address")
    port: int = Field(default=443, ge=1, le=65535, description="a port, 1 to 65535")
    public_key: AnyPath | None = Field(default=None, description="a PEM file with its own RSA public key")


class Server(_Section):
    """A test data centre, or a server of one's own: where to begin, and the other data centres that are named."""

    dc: int = Field(default=2, ge=1, le=99, description="the number of the data centre, 1 to 99")
    host: str | None = Field(default=None, min_length=1, description="a host name or an IP address")
    port: int = Field(default=443, ge=1, le=65535, description="a port, 1 to 65535")
    public_key: AnyPath | None = Field(default=None, description="a PEM file with the server's RSA public key")
    dcs: Annotated[tuple[DataCentre, ...], NoDecode, BeforeValidator(_centres)] = Field(
        default=(), description='sections [[telegram.server.dcs]], or a text such as "4=127.0.0.1:8444"'
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Server:
        if self.host is None and not self.dcs:
            raise ValueError("telegram.server.host is missing; it says where the server is")
        return self

    @property
    def centres(self) -> tuple[DataCentre, ...]:
        """All that are named, where to begin first."""
        own = (DataCentre(dc=self.dc, host=self.host, port=self.port),) if self.host else ()
        return own + tuple(sorted(self.dcs, key=lambda one: one.dc != self.dc))


class Account(_SectionWithSecrets):
    """What a named account has of its own; what is not set is inherited from [telegram], see `config.accounts`."""

    api_id: ApiId = None
    api_hash: SecretStr | None = Field(default=None, min_length=1, description="the text that goes with api_id")
    api_hash_file: AnyPath | None = Field(default=None, description="a file with api_hash in it")
    proxy: Annotated[SecretStr, AfterValidator(_own_proxy)] | None = Field(
        default=None, description='socks5://, http:// or mtproxy:// and an address, or "direct"'
    )
    requests_per_second: float | None = Field(
        default=None, ge=0, le=1000, allow_inf_nan=False, description="a number from 0 (no pacing) to 1000"
    )
    pace: Pace | None = Field(default=None, description='"gentle" or "normal"')
    takeout: bool | None = Field(default=None, description="true or false")

    @model_validator(mode="after")
    def _both_or_neither(self) -> Account:
        if (self.api_id is None) != (self.api_hash is None):
            raise ValueError("api_id and api_hash go together; set both, or neither to inherit them")
        return self


class Telegram(_SectionWithSecrets):
    """What all accounts share: https://my.telegram.org gives api_id and api_hash."""

    api_id: ApiId = None
    api_hash: SecretStr | None = Field(default=None, min_length=1, description="the text that goes with api_id")
    api_hash_file: AnyPath | None = Field(default=None, description="a file with api_hash in it")
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(
        default=None, description="socks5://, http:// or mtproxy:// and an address"
    )
    requests_per_second: float = Field(
        default=1.0, ge=0, le=1000, allow_inf_nan=False, description="a number from 0 (no pacing) to 1000"
    )
    pace: Pace = Field(default="gentle", description='"gentle" or "normal"')
    takeout: bool = Field(default=False, description="true or false")
    server: Server | None = Field(default=None, description="the section [telegram.server]")
    accounts: Annotated[dict[str, Account], AfterValidator(_account_names)] = Field(
        default_factory=dict, description="sections [telegram.accounts.NAME]"
    )


class Meilisearch(_SectionWithSecrets):
    """The Meilisearch servers, where there are any. The keys open all of them."""

    url: Url | None = Field(default=None, description="an http:// or https:// address")
    urls: Annotated[tuple[Url, ...], NoDecode, BeforeValidator(_addresses), AfterValidator(_each_once)] | None = Field(
        default=None, description="a list of http:// or https:// addresses, each once"
    )
    index: str = Field(
        default="messages", pattern=r"^[A-Za-z0-9_-]{1,100}$", description="letters, digits, - and _, at most 100"
    )
    api_key: SecretStr | None = Field(default=None, min_length=1, description="a key that may write the index")
    api_key_file: AnyPath | None = Field(default=None, description="a file with api_key in it")
    search_key: SecretStr | None = Field(default=None, min_length=1, description="a key that may search the index")
    search_key_file: AnyPath | None = Field(default=None, description="a file with search_key in it")

    @model_validator(mode="after")
    def _one_way(self) -> Meilisearch:
        if self.url is not None and self.urls is not None:
            raise ValueError("url and urls are both set; url is for one server, urls for several")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of the servers; none: the embedded engine answers everything."""
        return self.urls or ((self.url,) if self.url else ())


class Search(_Section):
    """How messages are found."""

    glossary: AnyPath | None = Field(default=None, description="a text file of equivalent spellings, one group a line")


class Media(_Section):
    """Which files are fetched."""

    download: Literal["none", "photos", "all"] = Field(default="none", description='"none", "photos" or "all"')
    max_size: ByteSize = Field(
        default=ByteSize(20_000_000), ge=0, description='bytes, or a text with a unit such as "20MB" or "512KiB"'
    )


_PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"


class Service(_Section):
    """What `telekeep run` does."""

    listen: str = Field(
        default="127.0.0.1:9464",
        pattern=rf"^(off|(\[[0-9a-fA-F:.]+\]|[\w.-]+):({_PORT}))$",
        description='an address and a port, as "127.0.0.1:9464", or "off"',
    )
    host_names: Annotated[tuple[HostName, ...], NoDecode, BeforeValidator(_addresses)] = Field(
        default=(), description="a list of host names without ports, under which the pages may be asked for"
    )
    poll_interval: Duration = Field(
        default=timedelta(seconds=30), description='seconds above 0, or a text such as "30s", "5m" or "6h"'
    )
    # Between two audits of a channel's newest 200 ids; 5,000 are audited 7 times, all 30 times less often.
    audit_interval: Duration = Field(
        default=timedelta(hours=24), description='seconds above 0, or a text such as "30m", "6h" or "7d"'
    )


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix="TELEKEEP_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    archive: Archive = Field(default_factory=Archive, description="the section [archive]")
    telegram: Telegram = Field(default_factory=Telegram, description="the section [telegram]")
    meilisearch: Meilisearch = Field(default_factory=Meilisearch, description="the section [meilisearch]")
    search: Search = Field(default_factory=Search, description="the section [search]")
    media: Media = Field(default_factory=Media, description="the section [media]")
    service: Service = Field(default_factory=Service, description="the section [service]")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given counts and nothing else: `config.load` reads the environment, and how it spells names."""
        return (init_settings,)

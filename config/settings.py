"""All settings with types, defaults and allowed values; errors quote the text of `description`.

`config.load` reads the sources. Paths in a file are relative to that file, paths in the environment to the working
directory; `~` is the home directory.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config.hooks import HookSettings
from config.kinds import (
    AnyPath,
    ApiId,
    Duration,
    HostName,
    Url,
    check_account_names,
    check_own_proxy,
    check_proxy,
    check_zone,
    parse_centres,
    require_each_once,
    split_list,
    to_octets,
)
from config.names import HistoryPace
from config.paths import expand_home, user_data_path
from config.sizes import LARGEST


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _SectionWithSecrets(_Section):
    """A section whose secrets may be in separate files, given by `<key>_file`."""

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
                raise ValueError(f"{key} and {key}_file are both set; set only one")
            try:
                values[key] = expand_home(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError, TypeError) as exc:
                why = getattr(exc, "strerror", None) or ("it is not UTF-8" if isinstance(exc, UnicodeError) else exc)
                why = "it is not a path" if isinstance(exc, TypeError) or "null" in str(why) else why
                raise ValueError(f"cannot read the file given by {key}_file: {why}") from exc
        return values


class ArchiveSettings(_Section):
    """Location of the archive."""

    dir: AnyPath = Field(
        default_factory=user_data_path,
        description="a directory; archive.db, media/ and the session are in it",
    )


class DataCentreSettings(_Section):
    """An additional data centre of a custom server; several entries may give addresses of the same one."""

    dc: int = Field(ge=1, le=99, description="the number of the data centre, 1 to 99")
    host: str = Field(min_length=1, description="a host name or an IP address")
    port: int = Field(default=443, ge=1, le=65535, description="a port, 1 to 65535")
    public_key: AnyPath | None = Field(default=None, description="a PEM file with its own RSA public key")


class ServerSettings(_Section):
    """A test data centre or a server of your own: where to connect first, and its other data centres."""

    dc: int = Field(default=2, ge=1, le=99, description="the number of the data centre, 1 to 99")
    host: str | None = Field(default=None, min_length=1, description="a host name or an IP address")
    port: int = Field(default=443, ge=1, le=65535, description="a port, 1 to 65535")
    public_key: AnyPath | None = Field(default=None, description="a PEM file with the server's RSA public key")
    dcs: Annotated[tuple[DataCentreSettings, ...], NoDecode, BeforeValidator(parse_centres)] = Field(
        default=(), description='sections [[telegram.server.dcs]], or a text such as "4=127.0.0.1:8444"'
    )

    @model_validator(mode="after")
    def _require_address(self) -> ServerSettings:
        if self.host is None and not self.dcs:
            raise ValueError("telegram.server.host is missing; set the address of the server")
        return self

    @property
    def centres(self) -> tuple[DataCentreSettings, ...]:
        """All configured data centres, the one to connect to first in front."""
        own = (DataCentreSettings(dc=self.dc, host=self.host, port=self.port),) if self.host else ()
        return own + tuple(sorted(self.dcs, key=lambda one: one.dc != self.dc))


class AccountOverrides(_SectionWithSecrets):
    """A named account; settings it lacks are inherited from [telegram], see `config.accounts`."""

    api_id: ApiId = None
    api_hash: SecretStr | None = Field(default=None, min_length=1, description="the text that belongs to api_id")
    api_hash_file: AnyPath | None = Field(default=None, description="a file with api_hash in it")
    proxy: Annotated[SecretStr, AfterValidator(check_own_proxy)] | None = Field(
        default=None, description='socks5://, http:// or mtproxy:// and an address, or "direct"'
    )
    requests_per_second: float | None = Field(
        default=None, ge=0, le=1000, allow_inf_nan=False, description="a number from 0 (no pacing) to 1000"
    )
    pace: HistoryPace | None = Field(default=None, description='"gentle" or "normal"')
    takeout: bool | None = Field(default=None, description="true or false")

    @model_validator(mode="after")
    def _both_or_neither(self) -> AccountOverrides:
        if (self.api_id is None) != (self.api_hash is None):
            raise ValueError("set both api_id and api_hash, or neither to inherit them")
        return self


class TelegramSettings(_SectionWithSecrets):
    """Settings that all accounts share. Get api_id and api_hash from https://my.telegram.org."""

    api_id: ApiId = None
    api_hash: SecretStr | None = Field(default=None, min_length=1, description="the text that belongs to api_id")
    api_hash_file: AnyPath | None = Field(default=None, description="a file with api_hash in it")
    proxy: Annotated[SecretStr, AfterValidator(check_proxy)] | None = Field(
        default=None, description="socks5://, http:// or mtproxy:// and an address"
    )
    requests_per_second: float = Field(
        default=1.0, ge=0, le=1000, allow_inf_nan=False, description="a number from 0 (no pacing) to 1000"
    )
    pace: HistoryPace = Field(default="gentle", description='"gentle" or "normal"')
    takeout: bool = Field(default=False, description="true or false")
    server: ServerSettings | None = Field(default=None, description="the section [telegram.server]")
    accounts: Annotated[dict[str, AccountOverrides], AfterValidator(check_account_names)] = Field(
        default_factory=dict, description="sections [telegram.accounts.NAME]"
    )


class MeilisearchSettings(_SectionWithSecrets):
    """The Meilisearch servers, if any. The keys are valid for all of them."""

    url: Url | None = Field(default=None, description="an http:// or https:// address")
    urls: (
        Annotated[tuple[Url, ...], NoDecode, BeforeValidator(split_list), AfterValidator(require_each_once)] | None
    ) = Field(default=None, description="a list of http:// or https:// addresses, each once")
    index: str = Field(
        default="messages", pattern=r"^[A-Za-z0-9_-]{1,100}$", description="letters, digits, - and _, at most 100"
    )
    api_key: SecretStr | None = Field(default=None, min_length=1, description="a key that may write the index")
    api_key_file: AnyPath | None = Field(default=None, description="a file with api_key in it")
    search_key: SecretStr | None = Field(default=None, min_length=1, description="a key that may search the index")
    search_key_file: AnyPath | None = Field(default=None, description="a file with search_key in it")

    @model_validator(mode="after")
    def _url_or_urls(self) -> MeilisearchSettings:
        if self.url is not None and self.urls is not None:
            raise ValueError("url and urls are both set; use url for one server, urls for several")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of the servers. Empty: the embedded engine answers all queries."""
        return self.urls or ((self.url,) if self.url else ())


class SearchSettings(_Section):
    """Search options."""

    glossary: AnyPath | None = Field(
        default=None, description="a text file of equivalent spellings, one group per line"
    )


class DisplaySettings(_Section):
    """What a terminal shows, and how. Data in pipes and files does not depend on it, but for the default of --tz."""

    tz: Annotated[str, AfterValidator(check_zone)] = Field(
        default="UTC", description='a time zone such as "Asia/Baghdad", or an offset such as "+03:00"'
    )
    pager: str | None = Field(
        default=None, min_length=1, max_length=1000, description='a command such as "less -FRX", or "off"'
    )
    color: Literal["auto", "always", "never"] = Field(default="auto", description='"auto", "always" or "never"')


_Size = Annotated[int, BeforeValidator(to_octets), Field(ge=0, le=LARGEST)]
_CAP = 'bytes, or a text with a unit such as "200MB"; "0": never'


class MediaSettings(_Section):
    """Which files behind the messages are fetched. A channel may want others: `telekeep media policy`."""

    download: Literal["none", "photos", "all"] = Field(default="none", description='"none", "photos" or "all"')
    max_size: _Size = Field(default=20_000_000, description='bytes, or a text with a unit such as "20MB" or "512KiB"')
    # The largest size of a kind, where it is not max_size.
    photo: _Size | None = Field(default=None, description=_CAP)
    video: _Size | None = Field(default=None, description=_CAP)
    round: _Size | None = Field(default=None, description=_CAP)
    voice: _Size | None = Field(default=None, description=_CAP)
    audio: _Size | None = Field(default=None, description=_CAP)
    gif: _Size | None = Field(default=None, description=_CAP)
    sticker: _Size | None = Field(default=None, description=_CAP)
    image: _Size | None = Field(default=None, description=_CAP)
    document: _Size | None = Field(default=None, description=_CAP)
    thumbnails: bool = Field(default=True, description="true or false")
    quota: _Size | None = Field(
        default=None, description='bytes that the files of one channel may take, or a text such as "50GB"'
    )
    protected: bool = Field(default=False, description="true or false")
    min_free: _Size = Field(
        default=2_000_000_000, description='bytes that stay free on the disk, or a text such as "2GB"'
    )
    hooks: HookSettings = Field(default_factory=HookSettings, description="the section [media.hooks]")


_PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"


class ServiceSettings(_Section):
    """The long-running service, `telekeep run`."""

    listen: str = Field(
        default="127.0.0.1:9464",
        pattern=rf"^(off|(\[[0-9a-fA-F:.]+\]|[\w.-]+):({_PORT}))$",
        description='an address and a port, as "127.0.0.1:9464", or "off"',
    )
    host_names: Annotated[tuple[HostName, ...], NoDecode, BeforeValidator(split_list)] = Field(
        default=(), description="a list of host names without ports under which the status pages may be requested"
    )
    poll_interval: Duration = Field(
        default=timedelta(seconds=30), description='seconds above 0, or a text such as "30s", "5m" or "6h"'
    )
    # Between two audits of a channel's newest 200 ids; the newest 5,000 are audited every 7th time, all every 30th.
    audit_interval: Duration = Field(
        default=timedelta(hours=24), description='seconds above 0, or a text such as "30m", "6h" or "7d"'
    )


class WebSettings(_Section):
    """The page to read and search the archive, `telekeep serve`."""

    listen: str = Field(
        default="127.0.0.1:8765",
        pattern=rf"^(\[[0-9a-fA-F:.]+\]|[\w.-]+):({_PORT})$",
        description='an address and a port, as "127.0.0.1:8765"',
    )
    host_names: Annotated[tuple[HostName, ...], NoDecode, BeforeValidator(split_list)] = Field(
        default=(), description="a list of host names without ports under which the page may be requested"
    )


class ExportSettings(_Section):
    """Exports."""

    pseudonym_key: AnyPath | None = Field(
        default=None, description="a file for the key of --pseudonymise; it is made on first use"
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

    archive: ArchiveSettings = Field(default_factory=ArchiveSettings, description="the section [archive]")
    telegram: TelegramSettings = Field(default_factory=TelegramSettings, description="the section [telegram]")
    meilisearch: MeilisearchSettings = Field(
        default_factory=MeilisearchSettings, description="the section [meilisearch]"
    )
    search: SearchSettings = Field(default_factory=SearchSettings, description="the section [search]")
    display: DisplaySettings = Field(default_factory=DisplaySettings, description="the section [display]")
    media: MediaSettings = Field(default_factory=MediaSettings, description="the section [media]")
    service: ServiceSettings = Field(default_factory=ServiceSettings, description="the section [service]")
    export: ExportSettings = Field(default_factory=ExportSettings, description="the section [export]")
    web: WebSettings = Field(default_factory=WebSettings, description="the section [web]")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the values passed in: `config.load` reads the environment, to fix the spelling of account names."""
        return (init_settings,)

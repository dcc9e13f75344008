"""Templates to HTML: one environment for each language, all values escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from archiver.model.row import ChannelName
from archiver.version import version
from archiver.web.assets import Assets
from archiver.web.languages import Language
from archiver.web.texts import text_html, visible


class Renderer:
    """Renders templates in any of the languages."""

    def __init__(self, languages: Mapping[str, Language], assets: Assets) -> None:
        self._environments = {code: _environment(language, assets) for code, language in languages.items()}
        self._names = {code: language.name for code, language in languages.items()}

    def render(self, template: str, code: str, values: Mapping[str, Any]) -> str:
        """The page in this language."""
        chosen = self._environments[code]
        return chosen.get_template(template).render({"language": code, "languages": self._names, **values})


def _environment(language: Language, assets: Assets) -> Environment:
    made = Environment(
        loader=PackageLoader("archiver.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(language.texts, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        asset=assets.url, version=version(), channel_url=channel_url, message_url=message_url, link=link
    )
    made.filters.update(shown=visible, text_html=text_html)
    return made


def channel_url(channel: ChannelName) -> str:
    """The address of a channel's view: by its name where that is plain, else by its id."""
    plain = channel.name.isascii() and channel.name.replace("_", "").replace("-", "").isalnum()
    return f"/c/{channel.name if plain else channel.channel_id}"


def message_url(channel: ChannelName, message_id: int) -> str:
    """The address of a message's view."""
    return f"{channel_url(channel)}/{message_id}"


def link(path: str, fields: Mapping[str, Any] | None = None, **changed: Any) -> Markup:
    """A path with a query: these fields, some of them changed; empty ones are left out."""
    kept = {**(fields or {}), **changed}
    query = urlencode([(name, value) for name, value in kept.items() if value not in (None, "")])
    return Markup("{}").format(f"{quote(path, safe='/-_.~@')}{'?' if query else ''}{query}")

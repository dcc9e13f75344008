"""Templates to HTML: one environment for each language, all values escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader

from archiver.duration import on_a_clock
from archiver.formatting.spoilers import veiled
from archiver.model.difference import name_changed
from archiver.version import version
from archiver.web.addresses import channel_url, link, message_url
from archiver.web.assets import Assets
from archiver.web.languages import Language, name_language
from archiver.web.targets import linked
from archiver.web.texts import (
    bare,
    commands_html,
    direction,
    language_direction,
    plain,
    said_html,
    text_html,
    unturned,
    visible,
)


class Renderer:
    """Renders templates in any of the languages."""

    def __init__(self, languages: Mapping[str, Language], assets: Assets) -> None:
        self._environments = {code: _environment(language, assets) for code, language in languages.items()}
        self._names = {code: language.name for code, language in languages.items()}

    def render(self, template: str, code: str, values: Mapping[str, Any]) -> str:
        """The page in this language."""
        chosen = self._environments[code]
        return chosen.get_template(template).render(
            {"language": code, "direction": language_direction(code), "languages": self._names, **values}
        )


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
        asset=assets.url,
        version=version(),
        channel_url=channel_url,
        message_url=message_url,
        link=link,
        colon=language.texts.pgettext("punctuation", ": "),
        name_language=name_language,
        say=language.sentences.say,
        term=language.term,
        name_changed=name_changed,
    )
    made.filters.update(
        shown=visible,
        linked=linked,
        plain=plain,
        text_html=text_html,
        unturned=unturned,
        said=lambda text: said_html(language.sentences.list_parts(str(text)), language=language.code),
        bare=bare,
        veiled=veiled,
        commands=commands_html,
        direction=direction,
        played=on_a_clock,
    )
    return made

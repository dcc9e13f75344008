"""The languages of the page: English, and one catalogue (locale/*.po) for each other."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Mapping
from importlib import resources
from typing import Final, NamedTuple

import polib

from archiver.web.sentences import CONTEXT, Sentences

DEFAULT: Final = "en"
NAMES: Final = {"en": "English", "fr": "Français", "ar": "العربية"}
"""The name of each in itself; a language without a name here is shown by its code."""
_TEXTS: Final = {
    "ar": "العربية",
    "az": "azərbaycanca",
    "be": "беларуская",
    "bg": "български",
    "ckb": "کوردی",
    "cs": "čeština",
    "de": "Deutsch",
    "el": "ελληνικά",
    "en": "English",
    "es": "español",
    "fa": "فارسی",
    "fr": "français",
    "he": "עברית",
    "hi": "हिन्दी",
    "hy": "հայերեն",
    "id": "Bahasa Indonesia",
    "it": "italiano",
    "ja": "日本語",
    "ka": "ქართული",
    "kk": "қазақша",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "polski",
    "ps": "پښتو",
    "pt": "português",
    "ro": "română",
    "ru": "русский",
    "sr": "српски",
    "sv": "svenska",
    "tr": "Türkçe",
    "uk": "українська",
    "ur": "اردو",
    "uz": "oʻzbekcha",
    "vi": "Tiếng Việt",
    "zh": "中文",
}
"""The name in itself of each language in which messages often are."""
_ENGLISH: Final = {
    "round": "video message",
    "voice": "voice message",
    "gif": "GIF",
    "geo": "location",
    "geo live": "live location",
    "webpage": "web page",
    "todo": "checklist",
}
"""Words of the data that have a more usual name."""
_RANGE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{1,3})?))?\s*")


class Language(NamedTuple):
    """A language of the page."""

    code: str
    name: str
    texts: gettext.NullTranslations
    sentences: Sentences

    def term(self, word: object) -> str:
        """A word of the data, such as a state; itself, if the catalogue does not have it.

        Templates must not translate data with `_`, which takes what it returns for HTML.
        """
        if not word:
            return ""
        words = str(word)
        return _ENGLISH.get(words, words) if self.code == DEFAULT else self.texts.gettext(words)


def name_language(code: str) -> str:
    """The name of a language of messages in itself, or its code."""
    return _TEXTS.get(code, code)


def load_languages() -> dict[str, Language]:
    """All languages by code, the default first."""
    found: dict[str, Language] = {}
    said: set[str] = set()
    folder = resources.files("archiver.web.locale")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        code, dot, kind = file.name.partition(".")
        if dot and kind == "po":
            catalogue = polib.pofile(file.read_text(encoding="utf-8"))
            texts = gettext.GNUTranslations(io.BytesIO(catalogue.to_binary()))
            sentences = {one.msgid: one.msgstr for one in catalogue if one.msgctxt == CONTEXT and one.msgstr}
            found[code] = _language(code, texts, sentences)
            said.update(sentences)
    english = _language(DEFAULT, gettext.NullTranslations(), {one: one for one in sorted(said)})
    return {DEFAULT: english, **found}


def _language(code: str, texts: gettext.NullTranslations, sentences: Mapping[str, str]) -> Language:
    return Language(code, NAMES.get(code, code), texts, Sentences(texts, sentences))


def choose_language(known: Mapping[str, Language], *, chosen: str, accepted: str) -> Language:
    """The one that a person chose, else the best of `Accept-Language`, else English."""
    if chosen in known:
        return known[chosen]
    ranges = [found for part in accepted[:500].split(",") if (found := _RANGE.fullmatch(part)) is not None]
    ranked = sorted(((-float(one[2] or 1), one[1].lower()) for one in ranges), key=lambda one: one[0])
    return next((known[code] for weight, code in ranked if weight < 0 and code in known), known[DEFAULT])

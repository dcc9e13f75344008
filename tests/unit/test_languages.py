"""Every text of the page is translated in every catalogue, and says the same data."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

from archiver.web.languages import DEFAULT, choose_language, load_languages
from scripts.messages import WEB, list_messages

CATALOGUES = sorted((WEB / "locale").glob("*.po"))


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|\{[0-9]\}|`[^`]*`", text))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogue_has_all_texts_and_no_others(path: Path) -> None:
    entries = {(entry.msgctxt, entry.msgid): entry for entry in polib.pofile(str(path))}
    wanted = {(one.context, one.text): one for one in list_messages()}
    assert sorted(map(str, wanted.keys() ^ entries.keys())) == [], "run: python scripts/messages.py and translate"
    for key, entry in entries.items():
        said = list(entry.msgstr_plural.values()) if wanted[key].plural else [entry.msgstr]
        assert all(said), f"{key} is not translated"
        assert entry.msgid_plural == (wanted[key].plural or "")
        for text in said:
            wanted_fields = fields(entry.msgid)
            may_lack = (
                [one for one in wanted_fields if one not in ("%(n)s", "%(num)s")] if len(said) > 2 else wanted_fields
            )
            assert fields(text) in (wanted_fields, may_lack), key
            assert "<" not in text


def test_texts_are_found_in_templates_and_code() -> None:
    found = {one.text for one in list_messages()}
    assert {"Search the archive", "%(n)s newer message", "between %(begin)s and %(end)s", "Jan"} <= found


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        ("", "", "en"), ("fr", "en", "fr"), ("xx", "fr", "fr"), ("", "de, fr;q=0.5, en;q=0.4", "fr"),
        ("", "en, fr", "en"), ("", "fr;q=0", "en"), ("", "\0;;q=x,,", "en"),
        ("../..", "fr-CA", "fr"), ("", "fr;q=2", "en"),
    ],
)  # fmt: skip
def test_language_is_the_chosen_one_or_the_browsers(chosen: str, accepted: str, expected: str) -> None:
    assert choose_language(load_languages(), chosen=chosen, accepted=accepted).code == expected


def test_templates_translate_no_data_as_if_it_were_html() -> None:
    for template in (WEB / "templates").glob("*.*"):
        assert re.findall(r"(?<![\w.])_\((?![\"'])[^)]*", template.read_text(encoding="utf-8")) == [], template.name


def test_english_needs_no_catalogue() -> None:
    assert load_languages()[DEFAULT].texts.gettext("Search") == "Search"

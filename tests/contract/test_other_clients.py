"""What docs/meilisearch.md tells other programs to ask is answered, on the double or a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.contract.desks import MeiliDesk, Place, meili_desk
from tests.contract.test_engine import NOON, post, where

__all__ = ["where"]

pytestmark = pytest.mark.meilisearch

PAGE = Path(__file__).parents[2] / "docs/meilisearch.md"
SHA = "9f86d081" + "0" * 56
MESSAGES = [
    post(1, "The bridge is closed tonight", lang="en", channel_title="Night Bridge", channel_username="night"),
    post(2, "A bridge", lang="en", channel_title="Night Bridge", media=("photo",), is_missing=True),
    post(4, "A bridge by night", channel_title="Night Bridge", file_states=("downloaded",), file_hashes=(SHA,)),
    post(3, "The road to the bridge is open", lang="en", channel_title="Night Bridge"),
]


def examples() -> list[dict[str, Any]]:
    found = re.findall(r"^ask '(.+)'$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [orjson.loads(body) for body in found]


@pytest.fixture
async def filled(tmp_path: Path, where: Place) -> Any:
    async with meili_desk(tmp_path, where) as made:
        await made.write(MESSAGES)
        yield made


def ask(where: Place, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {where.key}"} if where.key else {}
    answer = requests.post(f"{where.url}/indexes/{where.index}/search", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, (body, answer.text)
    found: dict[str, Any] = answer.json()
    return found


async def test_every_example_of_the_page_is_answered(filled: MeiliDesk, where: Place) -> None:
    assert len(examples()) >= 4
    for body in examples():
        assert ask(where, body)["hits"], body


async def test_another_client_reads_filters_and_counts_in_words(filled: MeiliDesk, where: Place) -> None:
    (hit,) = ask(where, {"q": "bridge", "filter": "is_missing = true"})["hits"]
    assert (hit["text"], hit["channel_title"], hit["media"]) == ("A bridge", "Night Bridge", ["photo"])
    assert hit["day"] == "2024-05-01", NOON
    assert not [name for name in hit if name.startswith("words_")]
    counted = ask(where, {"q": "", "facets": ["channel_title", "month"]})["facetDistribution"]
    assert counted == {"channel_title": {"Night Bridge": 4}, "month": {"2024-05": 4}}
    marked = ask(where, {"q": "closed", "attributesToHighlight": ["text"]})["hits"][0]["_formatted"]["text"]
    assert "<em>closed</em>" in marked


TEXTS = {
    "ru": ["Колонна двигалась по мостам", "дети играли во дворе"],
    "uk": ["діти повернулися до шкіл"],
    "en": ["the minister went to three cities", "the city is near"],
    "fr": ["ils ont pris la fuite"],
    "de": ["Häuser brennen", "STRASSE gesperrt"],
    "ar": ["والجسور مغلقة", "للانتخابات البرلمانية", "عام 2021"],
    "he": ["ובירושלים נערכה הפגנה"],
    "fa": ["سخنگو گفت"],
    "zh": ["美國總統訪問"],
}
RAW: tuple[tuple[str, list[str]], ...] = (
    ("мост", ["Колонна двигалась по мостам"]),
    ("двигаться", ["Колонна двигалась по мостам"]),
    ("ребёнок", ["дети играли во дворе"]),
    ("школа", ["діти повернулися до шкіл"]),
    ("go", ["the minister went to three cities"]),
    ("city", ["the city is near", "the minister went to three cities"]),
    ('"city"', ["the city is near"]),
    ('"three city"', []),
    ("prendre", ["ils ont pris la fuite"]),
    ("Haus", ["Häuser brennen"]),
    ("straße", ["STRASSE gesperrt"]),
    ("جسر", ["والجسور مغلقة"]),
    ("انتخابات", ["للانتخابات البرلمانية"]),
    ("٢٠٢١", ["عام 2021"]),
    ("ירושלים", ["ובירושלים נערכה הפגנה"]),
    ("گفتن", ["سخنگو گفت"]),
    ("总统", ["美國總統訪問"]),
)


async def test_a_question_as_typed_finds_other_forms_and_spellings_and_in_quotes_only_its_own(
    filled: MeiliDesk, where: Place
) -> None:
    texts = [(text, lang) for lang, some in TEXTS.items() for text in some]
    await filled.write([post(at, text, lang=lang) for at, (text, lang) in enumerate(texts, 10)])
    for query, wanted in RAW:
        found = ask(where, {"q": query, "attributesToRetrieve": ["text"], "filter": "message_id >= 10"})["hits"]
        assert sorted(hit["text"] for hit in found) == sorted(wanted), query

"""The calls of other clients (`client_calls.http`), put to the double or a real server with our documents."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.contract.desks import MeiliDesk, Place, meili_desk
from tests.contract.test_engine import post, where

__all__ = ["where"]

pytestmark = pytest.mark.meilisearch

FILE = Path(__file__).with_name("client_calls.http")
_NIGHT = {"lang": "en", "channel_title": "Night Bridge", "channel_username": "night"}
MESSAGES = [
    post(1, "The bridge is closed tonight", **_NIGHT),
    post(2, "A bridge", **_NIGHT, media=("photo",), is_missing=True),
    post(3, "The road to the bridge is open", **_NIGHT),
    post(4, "Nothing else", **_NIGHT, is_forwarded=True),
    post(5, "والجسور مغلقة الليلة", lang="ar", channel_title="Jisr"),
    post(6, "школа закрыта, дети дома", lang="ru", channel_title="Школа"),
]


@dataclass
class Recorded:
    """A request, and what its answer should have."""

    title: str
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 200
    only_real: bool = False
    expected: list[tuple[str, str, str]] = field(default_factory=list)


def recorded() -> Iterator[Recorded]:
    for part in FILE.read_text("utf-8").split("\n### ")[1:]:
        title, first, *lines = part.strip().splitlines()
        call = Recorded(title)
        call.method, call.path = first.split(" ", 1)
        for line in lines:
            if found := re.fullmatch(r"# expect (.+?) ([=~]) (.+)", line):
                call.expected.append((found[1], found[2], found[3]))
            elif line.startswith("# status "):
                call.status = int(line.split()[-1])
            elif line == "# real":
                call.only_real = True
            elif line.startswith("{"):
                call.body = line
            elif line:
                name, value = line.split(": ", 1)
                call.headers[name] = value
        yield call


@pytest.fixture
async def filled(tmp_path: Path, where: Place) -> Any:
    async with meili_desk(tmp_path, where) as made:
        await made.write(MESSAGES)
        yield made


def values(answer: Any, path: str) -> list[Any]:
    found = [answer]
    for name in path.split("."):
        if name == "*":
            found = [one for some in found for one in some]
        else:
            found = [one[int(name)] if isinstance(one, list) else one.get(name) for one in found]
    return found


def send(where: Place, call: Recorded) -> requests.Response:
    headers = {"Content-Type": "application/json", **call.headers}
    if where.key:
        headers["Authorization"] = f"Bearer {where.key}"
    url = where.url + call.path.replace("{index}", where.index)
    body = call.body.replace("{index}", where.index).encode() or None
    return requests.request(call.method, url, data=body, headers=headers, timeout=30)


async def test_every_recorded_call_is_answered_as_its_client_expects(filled: MeiliDesk, where: Place) -> None:
    calls = [call for call in recorded() if "MEILI_URL" in os.environ or not call.only_real]
    assert len(calls) >= 10
    for call in calls:
        answer = send(where, call)
        assert answer.status_code == call.status, (call.title, answer.text)
        for path, sign, wanted in call.expected:
            found = values(answer.json(), path.replace("{index}", where.index))
            if sign == "~":
                assert all(orjson.loads(wanted) in one for one in found), (call.title, path, found)
            else:
                assert found == [orjson.loads(wanted)], (call.title, path, answer.json())


@pytest.mark.soak(only="a minute long")
async def test_people_who_type_letter_by_letter_see_no_error(filled: MeiliDesk, where: Place) -> None:
    """Every beginning of every text is asked for, in all ways that the clients have: by 12 queries a call."""
    await filled.write([post(at, one.text, lang=one.lang) for at in range(100, 1100) for one in [MESSAGES[at % 6]]])
    for message in MESSAGES:
        asked = [message.text[:size] for size in range(1, len(message.text) + 1)]
        for at in range(0, len(asked), 12):
            queries = [
                {"indexUid": where.index, "q": one, "facets": ["channel_title", "lang"], "limit": 21,
                 "attributesToHighlight": ["*"], "matchingStrategy": ["last", "all", "frequency"][len(one) % 3]}
                for one in asked[at : at + 12]
            ]  # fmt: skip
            call = Recorded("letters", "POST", "/multi-search", body=orjson.dumps({"queries": queries}).decode())
            answer = send(where, call)
            assert answer.status_code == 200, answer.text
            for one, result in zip(asked[at : at + 12], answer.json()["results"], strict=True):
                assert result["estimatedTotalHits"] > 0, one

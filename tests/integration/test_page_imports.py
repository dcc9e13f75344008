"""The page about channels that only imports know: what they are called, and what nobody knows of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.importing import chat, entry, import_into, write_json
from tests.integration.page_asked import AskedPage, asked_page
from tests.sample import OTHER, build, index, make_message

UNKNOWN = {"en": "what is missing is not known", "fr": "on ne sait pas ce qui manque", "ar": "ولا يُعرف ما ينقصها"}
IMPORTED = {"en": "imported", "fr": "importé", "ar": "مستوردة"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedPage]:
    """An export that lacks three posts, beside a mirrored channel of which a post was deleted."""
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, "bridge", channel_id=1002) for number in (1, 2)]
    build(
        directory,
        messages,
        channel=OTHER,
        covered=[(1, 2)],
        sql=["UPDATE message SET missing_since = 1650000000 WHERE message_id = 2"],
    )
    index(directory, messages)
    import_into(directory, write_json(directory / "result.json", chat([entry(1, "a bridge"), entry(5, "closed")])))
    with asked_page(directory) as found:
        yield found


def read(asked: AskedPage, path: str, code: str = "en") -> str:
    """The words of the page between its head and its foot."""
    html = asked.get(path, accept_language=code).html
    main = re.sub(r"<[^>]*>", " ", html.partition("<main")[2].partition("</main>")[0])
    return " ".join(unescape(main).split())


@pytest.mark.parametrize("code", ["en", "fr", "ar"])
def test_an_imported_channel_is_called_so_wherever_it_is_shown(asked: AskedPage, code: str) -> None:
    shown = [read(asked, path, code) for path in ("/", "/c/1001", "/search?q=bridge&c=1001")]
    assert [IMPORTED[code] in one for one in shown[:2]] == [True, True]
    assert [UNKNOWN[code] in one for one in shown] == [False, True, True]
    assert not re.search("removed|retiré|أُزيلت", " ".join([*shown, read(asked, "/changes", code)]))


def test_archived_messages_are_counted_as_in_status(asked: AskedPage) -> None:
    html = asked.get("/").html
    cells = {
        name: re.findall(r'<td class="num[^"]*">([^<]*)</td>', row)
        for row in html.split("<tr>")
        for name in re.findall(r'href="/c/([^"#]+)', row)[:1]
    }
    assert cells == {"jisr_news": ["1", "1", "all"], "1001": ["2", "0", "–"]}


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2021-12-15", "No message of that day is archived; the next one is of 16 Dec 2021 ."),
        ("2021-12-17", "No message of that day or later is archived."),
        ("2021-12-16", None),
        ("2021", None),
    ],
)
def test_another_day_than_the_one_asked_for_is_named(asked: AskedPage, day: str, said: str | None) -> None:
    text = read(asked, f"/c/jisr_news?on={day}")
    assert said in text if said else "No message of that day" not in text


def test_an_archive_without_mirrored_channels_names_none_that_fail(tmp_path: Path) -> None:
    import_into(tmp_path / "archive", write_json(tmp_path / "result.json", chat([entry(1, "one")])))
    with asked_page(tmp_path / "archive") as found:
        assert "No channel is mirrored." in read(found, "/health")
        assert "None of 0" not in read(found, "/health")

"""What an import adds to an archive: nothing is lost, nothing overwritten, whatever the order and however often."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.imports import import_page
from archiver.model.iso_time import iso
from archiver.reading.imported_from import read_imports
from archiver.store.database import Database
from tests.capturing import START, archive, assert_sound, capture, captured, dump, export_of, rows
from tests.importing import CHANNEL_ID, entry, import_into
from tests.tiers import examples

__all__ = ["archive"]
NEWEST = "SELECT first_seen, last_seen, origin, layer, revisions, text, missing_since FROM message WHERE message_id = ?"


def test_a_channel_that_only_an_import_knows_is_kept_and_claims_nothing(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, entry(1, "Bridge closed"), entry(3, "Bridge open", reactions=[{"type": "emoji"}]))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.messages, outcome.flaws) == (2, 2, {})
    newest = START + 180
    assert rows(archive, NEWEST, 1) == [(newest, newest, "import", 0, 0, "Bridge closed", None)]
    state = "SELECT state, imported_only, pts, top_id, title, username FROM channel"
    assert rows(archive, state) == [("removed", 1, None, 0, "Night Bridge", None)]
    assert rows(archive, "SELECT method, lo, hi, count FROM capture") == [("import", None, None, 2)]
    source = "SELECT format, file_name, sha256, bytes, newest, finished_at IS NULL FROM import_source"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    assert rows(archive, source) == [("desktop-json", "result.json", digest, size, newest, 0)]
    assert rows(archive, "SELECT count(*) FROM coverage") == [(0,)]
    assert_sound(archive)


def test_the_same_file_again_changes_nothing(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 8)))
    import_into(archive, path)
    before = dump(archive)
    again = import_into(archive, path)
    assert (again.counts.same, again.counts.changes, again.was_finished) == (7, 0, True)
    assert dump(archive) == before
    assert rows(archive, "SELECT count(*) FROM capture") == [(1,)]


def test_killed_after_any_page_and_run_again_the_archive_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.imports.gather_pages.PAGE", 2)
    path = export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 8)), entry(3, "twice, and other words"))
    import_into(tmp_path / "whole", path)
    expected = dump(tmp_path / "whole")
    assert [row[1:3] for row in expected["revision"]] == [(3, 1)]
    real = import_page.store_page
    for survives in (0, 2, 3):
        archive = tmp_path / f"killed {survives}"
        left = [survives]

        def killed(*given: Any, left: list[int] = left, **more: Any) -> Any:
            left[0] -= 1
            stored = real(*given, **more)
            if left[0] < 0:
                raise KeyboardInterrupt  # before the transaction is committed
            return stored

        monkeypatch.setattr("archiver.imports.store_pages.store_page", killed)
        with pytest.raises(KeyboardInterrupt):
            import_into(archive, path)
        monkeypatch.setattr("archiver.imports.store_pages.store_page", real)
        import_into(archive, path)
        assert dump(archive) == expected
    assert_sound(archive)


def test_what_was_captured_is_never_overwritten_and_other_words_become_a_revision(
    archive: Path, tmp_path: Path
) -> None:
    capture(archive, [captured(3, "as Telegram shows it"), captured(2, "same words"), captured(1, "")])
    before = rows(archive, "SELECT * FROM message ORDER BY message_id")
    path = export_of(
        tmp_path,
        entry(1, ""),
        entry(2, " same words\n"),
        entry(3, "as it was", edited_unixtime=str(START + 999), author="Desk"),
    )
    outcome = import_into(archive, path)
    assert (outcome.counts.same, outcome.counts.differing, outcome.counts.revisions) == (2, 1, 1)
    after = rows(archive, "SELECT * FROM message ORDER BY message_id")
    assert after[:2] == before[:2]
    assert rows(archive, "SELECT text, layer, message_id FROM revision") == [("as it was", 0, 3)]
    [(differs,)] = rows(archive, "SELECT differs FROM imported WHERE message_id = 3")
    assert json.loads(differs) == {"text": True}
    assert rows(archive, "SELECT text, post_author, layer, revisions FROM message WHERE message_id = 3") == [
        ("as Telegram shows it", None, 229, 1)
    ]
    assert_sound(archive)
    state = dump(archive)
    assert import_into(archive, path).counts.changes == 0
    assert dump(archive) == state


def test_other_values_are_kept_beside(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(1, "words", post_author="Desk")])
    path = export_of(tmp_path, entry(1, "words", author="Other", date_unixtime="5"))
    assert import_into(archive, path).counts.differing == 1

    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            return (await read_imports(database.connection, CHANNEL_ID, 1)).to_objects()

    [one] = asyncio.run(found())
    assert one["differs"]["other"] == {
        "date": {"held": iso(START + 60), "imported": "1970-01-01T00:00:05Z"},
        "post_author": {"held": "Desk", "imported": "Other"},
    }
    assert rows(archive, "SELECT date, post_author FROM message") == [(START + 60, "Desk")]
    assert_sound(archive)


@pytest.mark.parametrize(
    ("one", "two", "name"),
    [
        ({"forwarded_from": "Nadia"}, {"forwarded_from": "Omar"}, "fwd_name"),
        ({"forwarded_from_id": "channel7"}, {"forwarded_from_id": "channel8"}, "fwd_from"),
        (
            {"type": "service", "action": "create_channel", "title": "Nadia"},
            {"type": "service", "action": "create_channel", "title": "Omar"},
            "title",
        ),
    ],
)
def test_other_forwards_and_titles_of_two_exports_are_kept_beside(
    archive: Path, tmp_path: Path, one: dict[str, Any], two: dict[str, Any], name: str
) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "", **one), name="a.json"))
    assert import_into(archive, export_of(tmp_path, entry(1, "", **two), name="b.json")).counts.differing == 1
    [found] = rows(archive, "SELECT differs FROM imported WHERE differs IS NOT NULL")
    assert list(orjson.loads(found[0])["other"]) == [name]
    assert_sound(archive)


def test_an_export_that_knows_more_fills_what_an_earlier_one_left_empty(archive: Path, tmp_path: Path) -> None:
    import_into(archive, export_of(tmp_path, entry(1, "words"), name="a.json"))
    more = entry(
        1,
        ["words"],
        text_entities=[{"type": "bold", "text": "words"}],
        edited_unixtime=str(START + 100),
        photo="(File not included.)",
        width=3,
        height=4,
        forwarded_from="Other",
    )
    outcome = import_into(archive, export_of(tmp_path, more, name="b.json"))
    assert outcome.counts.filled == 1
    [(edited, marks, origin, raw)] = rows(archive, "SELECT edit_date, entities, fwd_from, raw FROM message")
    assert (edited, json.loads(marks)[0]["type"], json.loads(origin)) == (START + 100, "bold", {"from_name": "Other"})
    assert "photo" not in json.loads(raw)
    assert rows(archive, "SELECT kind, width FROM media") == [("photo", 3)]
    assert_sound(archive)


def test_of_two_exports_the_later_text_is_current_whatever_the_order(tmp_path: Path) -> None:
    old = export_of(tmp_path, entry(1, "a"), entry(2, "as it was", author="Desk"), name="old.json")
    edited = entry(2, "as it is", edited_unixtime=str(START + 999))
    new = export_of(tmp_path, entry(1, "a"), edited, entry(3, "c"), name="new.json")
    for order in ((old, new), (new, old)):
        archive = tmp_path / order[0].stem
        outcomes = [import_into(archive, path) for path in order]
        assert (outcomes[1].counts.differing, outcomes[1].counts.revisions) == (1, 1)
        assert rows(archive, "SELECT text, post_author, revisions FROM message WHERE message_id = 2") == [
            ("as it is", "Desk", 1)
        ]
        assert rows(archive, "SELECT message_id, text, edit_date FROM revision") == [(2, "as it was", None)]
        assert rows(archive, "SELECT first_seen, last_seen FROM message WHERE message_id = 1") == [
            (START + 120, START + 180)
        ]
        assert_sound(archive)
        before = dump(archive)
        assert [import_into(archive, path).counts.changes for path in order] == [0, 0]
        assert dump(archive) == before


CLAIMS = st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 3), st.integers(1, 4))


@settings(max_examples=examples(6), deadline=None)
@given(claims=st.lists(CLAIMS, min_size=2, max_size=4), data=st.data())
def test_any_order_of_importing_exports_gives_the_same_contents(
    claims: list[tuple[str, int | None, int]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for at, (text, edited, newest) in enumerate(claims):
            more = {} if edited is None else {"edited_unixtime": str(START + 100 + edited)}
            last = entry(9, "last", date_unixtime=str(START + 1000 * newest + at))
            paths.append(export_of(Path(folder), entry(1, text, **more), last, name=f"{at}.json"))
        found = []
        for name, order in (("a", paths), ("b", data.draw(st.permutations(paths)))):
            archive = Path(folder) / name
            for path in order:
                import_into(archive, path)
            contents = "SELECT text, coalesce(edit_date, 0), first_seen FROM message WHERE message_id = 1"
            words = "SELECT text FROM message WHERE message_id = 1 UNION SELECT text FROM revision ORDER BY 1"
            found.append((rows(archive, contents), rows(archive, words)))
            assert_sound(archive)
        assert found[0] == found[1]

"""`--pseudonymise users`: no name, id, address or number of a person is in any format, and offsets stay right."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.compose.pseudonyms import open_pseudonyms
from archiver.errors import UsageError
from archiver.export.pseudonyms.key import expect_apart, read_key
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.links import PersonLinks
from archiver.export.pseudonyms.replacing import Span, merge, move_entities, replace_spans
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.export.pseudonyms.texts import PersonTexts
from archiver.export.verify import check
from archiver.formatting.ranges import list_ranges
from archiver.model.json_text import dump
from archiver.model.record import Media
from archiver.model.row import Row
from archiver.store.database import Database
from tests.exporting import append_as, export_as
from tests.sample import OTHER, build, make_message

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY)
LINKS = PersonLinks(NAMES, frozenset({"nightbridge", "jisr_news"}))
TEXTS = PersonTexts(NAMES, LINKS)
USER = 7_001_002_003
TEXT = "😀 secretly @SecretUser wrote to Secret Person, see t.me/SecretUser or secret@mail.example, +49 151 2345 6789"


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def mark(kind: str, words: str, within: str = TEXT, **more: Any) -> dict[str, Any]:
    at = within.index(words)
    return {"type": kind, "offset": utf16(within[:at]), "length": utf16(words), **more}


MARKS = [
    mark("bold", "wrote to Secret Person"),
    mark("mention", "@SecretUser"),
    mark("mention_name", "Secret Person", user_id=USER),
    mark("url", "t.me/SecretUser"),
    mark("email", "secret@mail.example"),
    mark("phone", "+49 151 2345 6789"),
    mark("text_url", "secretly", url="tg://user?id=7001002003"),
    mark("italic", "see"),
]
PERSON = {"type": "user", "id": USER, "name": "Secret Person", "username": "SecretUser"}
CONTACT = {
    "first_name": "Secret",
    "last_name": "Person",
    "phone_number": "4915123456789",
    "vcard": "BEGIN:VCARD Secret",
}
ACTION = {"type": "chat_add_user", "users": [USER, USER + 1], "inviter_id": USER, "peer": {"type": "user", "id": USER}}
BLOCKS = [
    {
        "_": "PageBlockParagraph",
        "text": {
            "_": "TextConcat",
            "texts": [
                {"_": "TextPlain", "text": "by "},
                {"_": "TextMentionName", "text": {"_": "TextPlain", "text": "Secret Person"}, "user_id": USER},
                {"_": "TextEmail", "text": {"_": "TextPlain", "text": "write me"}, "email": "secret@mail.example"},
                {"_": "TextMention", "text": {"_": "TextPlain", "text": "@SecretUser"}},
            ],
        },
    },
    {"_": "PageBlockAuthorDate", "author": {"_": "TextPlain", "text": "Secret Author"}},
]
EXTRA = {
    "rich": {"blocks": BLOCKS},
    "rich_text": "by Secret Personwrite me@SecretUser\nSecret Author",
    "from_rank": "Secret Rank",
    "saved_peer_id": {"type": "user", "id": USER},
}
MEDIA = (
    Media(slot=0, kind="contact", title="Secret Person", extra=dump({**CONTACT, "user_id": USER}).decode()),
    Media(
        slot=1,
        kind="webpage",
        url="https://t.me/SecretUser",
        title="Secret Person",
        extra=dump({"type": "telegram_user", "description": "Secret bio", "author": "Secret Author"}).decode(),
    ),
    Media(
        slot=2,
        kind="poll",
        title="Who is @SecretUser?",
        extra=dump(
            {
                "answers": [{"text": "@SecretUser", "entities": [], "added_by": {"type": "user", "id": USER}}],
                "question_entities": [mark("mention", "@SecretUser", "Who is @SecretUser?")],
            }
        ).decode(),
    ),
    Media(slot=3, kind="giveaway_results", extra=dump({"winners": [USER], "winners_count": 1}).decode()),
)
REPLY = {
    "reply_to_msg_id": 1,
    "quote_text": "said @SecretUser",
    "quote_entities": [mark("mention", "@SecretUser", "said @SecretUser")],
    "quote_offset": 12,
    "reply_from": {"from_name": "Secret Person", "date": "2021-12-16T00:00:00Z"},
}
MARKUP = [
    [
        {"text": "Ask @SecretUser", "type": "user_profile", "user_id": USER},
        {"text": "go", "type": "url", "url": "https://t.me/SecretUser?start"},
        {"text": "vote", "type": "callback", "data": "NzAwMTAwMjAwMw=="},
    ]
]
FACT = {"text": {"text": "by @SecretUser", "entities": []}, "country": "DE", "need_check": False, "hash": "1"}
SECRET = re.compile(r"secret(?!ly)|7001002003|7001002004|15123456789|151 2345|NzAwMTAwMjAwMw", re.IGNORECASE)
KEPT = ("secretly", "Night Bridge", "wrote to", "jisr_news")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    def text(value: object) -> str:
        return dump(value).decode()

    messages = [
        make_message(
            1,
            TEXT,
            entities=text(MARKS),
            sender=text(PERSON),
            post_author="Secret Person",
            fwd_from=text({"from_id": {"type": "user", "id": USER}, "name": "Secret Person", "username": "SecretUser"}),
            reply_to=text(REPLY),
            media=MEDIA,
            markup=text(MARKUP),
            extra=text({**EXTRA, "factcheck": FACT}),
        ),
        make_message(2, "joined", kind="service", action=text(ACTION), sender=text(PERSON)),
        make_message(3, "from a channel: @jisr_news and t.me/jisr_news", fwd_from=text({"from_name": "Secret Person"})),
        make_message(4, "", extra=text(EXTRA)),
        make_message(
            5,
            "kept",
            fwd_from=text(
                {"from_id": {"type": "channel", "id": 1002}, "name": "The Channel", "post_author": "Secret P"}
            ),
            sender=text({"type": "channel", "id": 1002, "name": "The Channel", "username": "jisr_news"}),
        ),
    ]
    before = text([mark("mention", "@SecretUser", "by @SecretUser before")])
    revision = (
        "INSERT INTO revision (channel_id, message_id, revision, text, entities, media, first_seen, last_seen,"  # noqa: S608
        f" replaced_at, raw, layer, payload_sha256, content_hash) SELECT channel_id, message_id, 1,"
        f" 'by @SecretUser before', '{before}', '[]', first_seen, last_seen, first_seen, raw, layer, payload_sha256,"
        " content_hash FROM message WHERE message_id = 3"
    )
    counted = "UPDATE message SET revisions = 1 WHERE message_id = 3"
    build(tmp_path / "archive", messages, covered=[(1, 5)], sql=[revision, counted])
    return build(tmp_path / "archive", [make_message(1, "other", channel_id=1002)], channel=OTHER)


def open_rows(archive: Path, key: Path, place: Path) -> PseudonymousRows:
    async def run() -> PseudonymousRows:
        async with await Database.open_readonly(archive) as database:
            return await open_pseudonyms(database.connection, key, archive=archive, place=place)

    return asyncio.run(run())


def written(out: Path) -> str:
    files = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out, *out.parent.glob("*.json")]
    return "".join(path.read_bytes().decode() for path in files)


@pytest.mark.parametrize("name", ["jsonl", "csv", "html", "desktop-json", "markdown", "atom"])
def test_no_format_has_anything_of_a_person(archive: Path, tmp_path: Path, name: str) -> None:
    persons = open_rows(archive, tmp_path / "apart.key", tmp_path / "out/all")
    out = tmp_path / "out" / "all"
    more = {"prepare": persons.row, "options": persons.options}
    export_as(name, archive, tmp_path / "plain" / "all", revisions=True)
    assert SECRET.search(written(tmp_path / "plain" / "all"))
    export_as(name, archive, out, revisions=True, job=more)
    said = written(out)
    assert SECRET.findall(said) == []
    assert not [word for word in KEPT if word.replace("_", "\\_") not in said and word not in said]
    manifest = (out if out.is_dir() else out.parent) / "manifest.json"
    assert not [one.fault for one in check(manifest) if one.fault]
    told = orjson.loads(manifest.read_bytes())["options"]["pseudonymised"]
    assert told == {
        "what": "users",
        "method": "HMAC-SHA256",
        "key_fingerprint": persons.names.fingerprint,
        "anonymous": False,
    }
    key = (tmp_path / "apart.key").read_text().strip()
    assert key not in said
    assert bytes.fromhex(key).hex() not in said


def rows_of(archive: Path, out: Path, key: bytes = KEY) -> list[dict[str, Any]]:
    persons = PseudonymousRows(Pseudonyms(key), ["NightBridge", "jisr_news"])
    export_as("jsonl", archive, out, job={"prepare": persons.row, "options": persons.options})
    rows = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    return [row for row in rows if row["channel_id"] == 1001]


def test_the_same_person_is_the_same_everywhere_and_in_every_export(archive: Path, tmp_path: Path) -> None:
    first, second, *_ = rows_of(archive, tmp_path / "one.jsonl")
    assert rows_of(archive, tmp_path / "two.jsonl")[0] == first
    sender = first["sender"]
    assert sender["type"] == "user"
    assert 2**52 <= sender["id"] < 2**53
    assert second["sender"] == sender
    assert second["action"]["users"][0] == second["action"]["inviter_id"] == sender["id"]
    assert first["fwd_from"]["from_id"]["id"] == first["media"][0]["extra"]["user_id"] == sender["id"]
    assert f"@{sender['username']}" in first["text"]
    assert sender["name"] in first["text"]
    assert sender["name"] in first["rich"]["text"]
    assert first["payload_sha256"] is None
    assert rows_of(archive, tmp_path / "three.jsonl", bytes(32))[0]["sender"]["id"] != sender["id"]


def test_channels_are_no_persons(archive: Path, tmp_path: Path) -> None:
    rows = rows_of(archive, tmp_path / "one.jsonl")
    third, fifth = rows[2], rows[4]
    assert third["text"] == "from a channel: @jisr_news and t.me/jisr_news"
    assert fifth["sender"] == {"type": "channel", "id": 1002, "name": "The Channel", "username": "jisr_news"}
    assert (fifth["fwd_from"]["from_id"], fifth["fwd_from"]["name"]) == ({"type": "channel", "id": 1002}, "The Channel")


def test_entities_mark_the_same_words_as_before(archive: Path, tmp_path: Path) -> None:
    row = rows_of(archive, tmp_path / "one.jsonl")[0]
    marked = {one.kind: row["text"][one.start : one.end] for one in list_ranges(row["text"], row["entities"])}
    person, username = row["sender"]["name"], row["sender"]["username"]
    assert marked["bold"] == f"wrote to {person}"
    assert (marked["mention_name"], marked["mention"]) == (person, f"@{username}")
    assert (marked["text_url"], marked["italic"]) == ("secretly", "see")
    assert marked["url"] == f"pseudonym:{username}"
    assert marked["email"].endswith("@pseudonym.invalid")
    assert marked["phone"].startswith("phone-")


def test_a_series_goes_on_with_the_same_key_only(archive: Path, tmp_path: Path) -> None:
    def job(key: bytes) -> dict[str, Any]:
        persons = PseudonymousRows(Pseudonyms(key), ["jisr_news"])
        return {"prepare": persons.row, "options": persons.options}

    out = tmp_path / "series/all.jsonl"
    append_as("jsonl", archive, out, job=job(KEY))
    assert append_as("jsonl", archive, out, job=job(KEY)).unchanged
    for other in (job(bytes(32)), {}):
        with pytest.raises(UsageError, match=r"other options \(pseudonymised"):
            append_as("jsonl", archive, out, job=other)


def test_the_key_is_private_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    before = os.umask(0)
    try:
        made = read_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (read_key(path), len(made)) == (made, 32)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="can be read by others") as refused:
        read_key(path)
    assert made.hex() not in f"{refused.value} {refused.value.hint}"
    path.chmod(0o600)
    path.write_text("something else")
    with pytest.raises(UsageError, match="is not a key file"):
        read_key(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(UsageError, match="cannot be used"):
        read_key(tmp_path / "link")
    with pytest.raises(UsageError, match="cannot be used"):
        read_key(tmp_path / "nowhere" / "key")


def test_the_key_never_lies_in_the_directory_of_the_export(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for key, export in (("out/k", "out/all.jsonl"), ("out/deep/k", "out/all.jsonl"), ("out/k", "out")):
        with pytest.raises(UsageError, match="would lie in the directory of the export"):
            expect_apart(tmp_path / key, tmp_path / export)
    expect_apart(tmp_path / "k", tmp_path / "out/all.jsonl")


PERSONS = ("t.me/jane_doe", "https://t.me/jane_doe/12", "tg://resolve?domain=jane_doe&post=12",
           "https://www.t.me/jane_doe?x=1", "HTTP://T.ME/Jane_Doe", "jane_doe.t.me", "t.me/s/jane_doe",
           "https://telegram.me/@jane_doe", "tg://resolve?domain=jane_doe", "tg:resolve?domain=jane_doe",
           "tg://user?id=7001002003", "tg://openmessage?user_id=7001002003", "mailto:jane@x.example?subject=a",
           "tel:+4915123456789", "t.me/+4915123456789", "https://wa.me/4915123456789", "t.me/contact/abcdefgh",
           "https://api.whatsapp.com/send?phone=4915123456789", "tg://resolve?phone=4915123456789")  # fmt: skip
OTHERS = ("https://example.org/@jane_doe", "t.me/NightBridge", "t.me/nightbridge/12", "t.me/c/12/3",
          "t.me/+AAAAAEkk2WdoDrB4-Q8-gg", "https://t.me/joinchat/AAAAAEkk", "t.me/addstickers/x_set", "t.me/durov_bot",
          "https://xn--/", "http://[", "", "tg://", "tg://resolve?domain=jisr_news", "t.me", "javascript:alert(1)",
          "tg://user?id=x", "https://notmet.me/jane_doe")  # fmt: skip


def test_links_to_persons_lead_nowhere_and_others_stay() -> None:
    for link in PERSONS:
        made = LINKS.rewrite(link)
        assert re.match(r"pseudonym:(p_|person-|phone-|contact-)|mailto:[a-z2-7]{12}@pseudonym.invalid$", made), link
        assert not re.search("jane|7001002003|4915123", made), link
    assert [link for link in OTHERS if LINKS.rewrite(link) != link] == []


LOOKS = {
    "ask @jane_doe, or not": True,
    "ask @NightBridge": False,
    "ask @helpful_bot": False,
    "(jane.doe+x@mail.example.org)": True,
    "see https://t.me/jane_doe.": True,
    "see t.me/jane_doe/12 there": True,
    "see t.me/NightBridge/12 there": False,
    "write to jane_doe.t.me.": True,
    "tg:resolve?domain=jane_doe": True,
    "https://t.me:443/jane_doe": True,
    "t.me/NightBridge,t.me/jane_doe": True,
    "by @NightBridge/@jane_doe": True,
    "_@jane_doe_": True,
    "＠jane_doe": True,
    "https://api.whatsapp.com/send?phone=9647701234567": True,
    "https://web.telegram.org/k/#@jane_doe": True,
    "https://web.telegram.org/k/#-1001": False,
    "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fjane_doe&text=x": True,
    "https://t.me/share/url?url=https%3A%2F%2Fexample.org": False,
    "call +964 770 123 4567 now": True,
    "2 + 2222222 = 3": False,
    "a @ b, @ab, @1abc": False,
}


@pytest.mark.parametrize("text", LOOKS)
def test_persons_are_found_by_how_they_look(text: str) -> None:
    made = TEXTS.plain(text)
    assert (made != text) == LOOKS[text]
    assert made == text or not re.search("jane|9647701", made)


SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text("ab😀", max_size=4)), max_size=5)


@given(st.text("xyz😀é", max_size=20), SPANS, st.integers(-3, 25), st.integers(-3, 25))
@example("😀😀", [(1, 2, "abc")], 2, 2)
def test_a_range_outside_of_what_is_replaced_marks_the_same_text(
    text: str, spans: list[tuple[int, int, str]], offset: int, length: int
) -> None:
    merged = merge([Span(min(a, b, len(text)), min(max(a, b), len(text)), word) for a, b, word in spans])
    assert all(one.end <= two.start for one, two in pairwise(merged))
    made = replace_spans(text, merged)
    entity = {"type": "bold", "offset": offset, "length": length}
    [moved] = move_entities(text, [entity, *()], merged)
    for one in list_ranges(text, [entity]):
        if not any(span.start < one.end and one.start < span.end for span in merged):
            assert [made[a.start : a.end] for a in list_ranges(made, [moved])] == [text[one.start : one.end]]


MARK_KEYS = st.sampled_from(["type", "offset", "length", "url", "user_id"])
MARK_VALUES = st.one_of(st.integers(), st.text(), st.none(), st.sampled_from(["mention", "mention_name", "url"]))


@given(st.text(), st.lists(st.dictionaries(MARK_KEYS, MARK_VALUES)))
def test_hostile_entities_harm_nothing(text: str, marks: list[dict[str, Any]]) -> None:
    made, moved = TEXTS.rewrite(text, marks)
    assert isinstance(made, str)
    assert len(moved) == len(marks)


NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "id", "_", "text", "user_id", "users", "from_id", "name", "username", "author",
                             "entities", "data", "url", "phone", "peer", "title"]), inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(NESTED)
def test_nested_values_of_any_shape_are_rewritten_without_fail(value: Any) -> None:
    row = dict.fromkeys(
        ("sender", "reply_to", "fwd_from", "restriction", "markup", "fact_check", "annotations", "rich")
    )
    full: Row = {**row, "text": "", "entities": "[]", "post_author": None, "links": "[]", "media": "[]"}
    full |= {"action": orjson.dumps(value).decode(), "extra": orjson.dumps({"kept": value}).decode()}
    made = PseudonymousRows(NAMES, []).row(full)
    assert orjson.loads(made["action"]) is not object


def test_a_query_that_names_a_person_is_not_in_the_manifest() -> None:
    persons = PseudonymousRows(NAMES, [])
    assert persons.query("from:jane") == persons.query("from:jane") != persons.query("from:joan")
    assert "jane" not in persons.query("from:jane")


@pytest.mark.parametrize("name", ["html", "markdown", "atom", "jsonl", "csv"])
def test_nor_is_it_in_the_files(archive: Path, tmp_path: Path, name: str) -> None:
    persons = PseudonymousRows(NAMES, [])
    query = 'from:"Secret Person"'
    more = {"query": query, "query_instead": persons.query(query)}
    export_as(name, archive, tmp_path / "out" / "all", job={"prepare": persons.row}, **more)
    said = written(tmp_path / "out" / "all")
    assert SECRET.search(said) is None
    assert persons.query(query) in said


def test_sqlite_has_raw_payloads_and_is_refused() -> None:
    from archiver.cli.export_plan import plan_export

    with pytest.raises(UsageError, match="cannot be used with sqlite"):
        plan_export(
            out="x.db", format_name=None, fields=None, ids_only=False, partition=None, revisions=False, excel=False,
            force=False, pseudonymise=True, dry_run=False, shape="people",
        )  # fmt: skip

"""Persons in texts, links and nested values get pseudonyms, and what marks a text goes with its words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.export.pseudonyms.disguise import undisguise
from archiver.export.pseudonyms.links import PersonLinks
from archiver.export.pseudonyms.replacing import Replacement, merge, move_entities, replace_spans
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.export.pseudonyms.texts import PersonTexts
from archiver.formatting.ranges import list_ranges
from archiver.model.row import Row
from tests.persons import NAMES

LINKS = PersonLinks(NAMES, frozenset({"nightbridge", "jisr_news"}))
TEXTS = PersonTexts(NAMES, LINKS)
PERSONS = ("t.me/jane_doe", "https://t.me/jane_doe/12", "tg://resolve?domain=jane_doe&post=12",
           "https://www.t.me/jane_doe?x=1", "HTTP://T.ME/Jane_Doe", "jane_doe.t.me", "t.me/s/jane_doe",
           "https://telegram.me/@jane_doe", "tg://resolve?domain=jane_doe", "tg:resolve?domain=jane_doe",
           "tg://user?id=7001002003", "tg://openmessage?user_id=7001002003", "mailto:jane@x.example?subject=a",
           "tel:+4915123456789", "t.me/+4915123456789", "https://wa.me/4915123456789", "t.me/contact/abcdefgh",
           "https://api.whatsapp.com/send?phone=4915123456789", "tg://resolve?phone=4915123456789",
           "https://web.telegram.org/k/#?tgaddr=tg%3A%2F%2Fresolve%3Fdomain%3Djane_doe")  # fmt: skip
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


WITHIN = {
    "https://web.archive.org/web/2021/https://t.me/{}/12": "https://web.archive.org/web/2021/https://t.me/{}/12",
    "https://www.google.com/url?q=https%3A%2F%2Ft.me%2F{}": "https://www.google.com/url?q=pseudonym:{}",
    "https://x.example/?by=%40{}": "https://x.example/?by=@{}",
}


@pytest.mark.parametrize("link", WITHIN)
def test_a_link_within_another_names_no_person(link: str) -> None:
    assert TEXTS.address(link.format("jane_doe")) == WITHIN[link].format(NAMES.username("jane_doe"))
    assert TEXTS.address(link.format("NightBridge")) == link.format("NightBridge")


def test_a_phone_number_is_the_same_in_all_digits() -> None:
    assert NAMES.phone("+٩٦٤٧٧٠١٢٣٤٥٦٧") == NAMES.phone("+9647701234567")


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
    "للتواصل@jane_doe": True,
    "联系@jane_doe谢谢": True,
    "قناة t.me/jane_doe، ثم": True,
    "看https://t.me/jane_doe联系": True,
    "看https://t.me/NightBridge联系": False,
    "电话+9647701234567联系": True,
    "هاتف +٩٦٤ ٧٧٠ ١٢٣ ٤٥٦٧": True,
    "邮箱jane@mail.example请在今天晚上之前把所有的材料发送到这个邮箱谢谢大家的配合与支持": True,
    "https://web.archive.org/web/2021/https://t.me/jane_doe/12": True,
    "https://web.archive.org/web/2021/https://t.me/NightBridge/12": False,
    "a @ b, @ab, @1abc": False,
}


@pytest.mark.parametrize("text", LOOKS)
def test_persons_are_found_by_how_they_look(text: str) -> None:
    made = TEXTS.plain(text)
    assert (made != text) == LOOKS[text]
    assert made == text or not re.search("jane|9647701|٧٧٠", made)


CUT = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200f", "\u2066", "\ufe0f", "\u0336"]
DISGUISED = (
    *("@{0}", "x@{0}", "Hello.@{0}", "by/@{0}", "#tag@{0}", "{0}@ عربي", "[at]{0}", "[at] {0}", "@[{0}]", "@ {0}"),
    *("@**{0}**", "﹫{0}", "t me/{0}", "t•me/{0}", "tdotme/{0}"),
    *("Tel: 0770 1234567", "тел.: 0770 1234567", "هاتف: 07701234567", "电话：07701234567"),
    *("t[.]me/{0}", "t . me / {0}", "t. me/{0}", "t(dot)me/{0}", "t dot me/{0}", "t.me[/]{0}", "hxxps://t[.]me/{0}"),
    *("https[:]//t[.]me/s/{0}", r"t\.me\/{0}", "t,me/{0}", "t。me/{0}", "t．me／{0}", "telegram [.] me/{0}"),
    *("t.me//{0}", "➕{1}", "+(964) 7701234567"),
    *("{0}[.]t[.]me", "https://t.me./{0}", "t.me/boost/{0}", "tg://resolve?DOMAIN=%40{0}", "https://webk.telegram.org/#@{0}"),
    *("https://x.example/?to=tg%3A%2F%2Fresolve%3Fdomain%3D{0}", "intent://resolve?domain={0}#Intent;scheme=tg;end"),
    *("https://x.example/https%253A%252F%252Ft.me%252F{0}", "https://fragment.com/username/{0}", "tonsite://{0}.t.me"),
    *("signal.me/#p/+{1}", "https://signal.me/#eu/{0}", "sgnl://signal.me/#p/+{1}", "viber://chat?number=%2B{1}"),
    *("whatsapp://send?phone={1}", "wa[.]me/{1}", "web.whatsapp.com/send?phone={1}", "wa.me/message/{0}", "t.me/m/{0}"),
    *("tel:{1}", "Viber: {1}", "00{1}", "{1}+", "+ {1}", "x+{1}", "+964/770-1234567", "+964–770 1234567"),
    *("tg://USER?ID={1}", "https://x.example/?u=tg%3A%2F%2Fuser%3Fid%3D{1}", "https://x.example/?u=https%3A%2F%2Fwa.me%2F{1}"),
    *("{0}[at]mail[dot]example", "{0} (at) mail (dot) example", "{0}@mail[.]example", r"@jane\_doe", "@jane%5Fdoe"),
    *("+964.7701234567", r"{0}\[at\]mail\[.\]example"),
    *("@𝐣𝐚𝐧𝐞_𝐝𝐨𝐞", "＠ｊａｎｅ＿ｄｏｅ", "@ⓙⓐⓝⓔ_ⓓⓞⓔ"),
    *(f"@ja{one}ne_{one}doe" for one in CUT),
    *(f"t.{one}me/jane{one}_doe +964{one}7701234567" for one in CUT),
)  # fmt: skip


@pytest.mark.parametrize("text", DISGUISED)
def test_persons_are_found_in_disguise(text: str) -> None:
    for around in ("{}", "see {} now", "عن{}، ثم"):
        made = TEXTS.plain(around.format(text.format("jane_doe", "9647701234567")))
        letters = unicodedata.normalize("NFKC", "".join(one for one in made if one.isalnum() or one == "_"))
        assert not re.search("jane|doe|7701234567", letters), made


@pytest.mark.parametrize(
    "text", ["@ja\u200bne_doe", "t[.]me/jane_doe", r"x@jane\_doe", "＠ｊａｎｅ＿ｄｏｅ", "jane_doe@"]
)
def test_a_disguised_person_is_the_same_person(text: str) -> None:
    assert re.fullmatch(f"(?:x?@|pseudonym:|){NAMES.username('jane_doe')}@?", TEXTS.plain(text))


OTHERS_IN_TEXT = (
    "can't. me/them; don t. me", "1 000 000 + 2 000 000 = 3 000 000, 10 000 000+ views, +15 %, 5 000 000 000 000",
    "00:15 2021-12-16 20:00 +0300, UTC+03:00, 0.001234567890", "https://unpkg.com/react@latest/umd",
    "https://example.org/@jane_doe/12", "https://www.google.com/maps/@33.3152,44.3661,12z", "lunch @ Berlin, a @ b",
    "x@nightbridge t[.]me/nightbridge t . me / nightbridge nightbridge[.]t.me @night\u200bbridge",
    "https://x.example/?q=iraq+2021-12-16+attack&u=https%3A%2F%2Ft.me%2Fnightbridge", "whatsapp://send?text=hi",
    "signal: 2 of 3; tel: none; tel. 5; at 10:20 2021-12-16 1234; Номер: 1234567890; https://chat.whatsapp.com/AbCdEfGh1234567890ab",
    "lunch (at) Berlin, met [at] Aleppo. Then (at) Mosul (north)", "IMO: 9811000, 1 000 000 000 + 2 = x",
    "Signal: 2021-12-16 10:20, тел. 16.12.2021, هاتف: ٢٠٢١/١٢/١٦, 电话：2021-12-16 10",
    "+33.315200, +44.366100", "00 2021-12-16 10, +350 12/5/2021, 12.12.2021 18+, 2021-12-16 20+",
    "👩‍👩‍👧 ❤️ Ⓐ ｗｉｄｅ：４５６ (.) [at] 5",
)  # fmt: skip


@pytest.mark.parametrize("text", OTHERS_IN_TEXT)
def test_what_is_no_person_stays(text: str) -> None:
    assert TEXTS.plain(text) == text


def test_a_date_after_a_number_is_not_part_of_it() -> None:
    for number in ("+12345678", "+964 770 123", "001234567890", "Tel: 0770 123 4567"):
        made = TEXTS.plain(f"{number} 1.1.2021, {number} 2021-12-16")
        assert re.fullmatch(r"(Tel: )?(phone-\w{12}) 1\.1\.2021, (Tel: )?\2 2021-12-16", made), made


@given(st.text(st.sampled_from("t.me/j_+1@%40[](){} \u200bｔ＠dotahxp\\𝐣"), max_size=40))
def test_what_stands_around_a_disguise_keeps_its_place(text: str) -> None:
    made = undisguise(text)
    whole = [made.written(at, at + 1) for at in range(len(made.text))]
    assert all(0 <= start < end <= len(text) for start, end in whole)
    assert all(one[1] <= two[0] or one == two for one, two in pairwise(whole))
    same = [at for at, (start, end) in enumerate(whole) if end - start == 1 and text[start] not in "ｔ＠𝐣"]
    assert all(made.text[at] == text[whole[at][0]] for at in same)


SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text("ab😀", max_size=4)), max_size=5)


@given(st.text("xyz😀é", max_size=20), SPANS, st.integers(-3, 25), st.integers(-3, 25))
@example("😀😀", [(1, 2, "abc")], 2, 2)
def test_a_range_outside_of_what_is_replaced_marks_the_same_text(
    text: str, spans: list[tuple[int, int, str]], offset: int, length: int
) -> None:
    merged = merge([Replacement(min(a, b, len(text)), min(max(a, b), len(text)), word) for a, b, word in spans])
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
    full["hashtags"] = '["tag@jane_doe"]'
    full |= {"action": orjson.dumps(value).decode(), "extra": orjson.dumps({"kept": value}).decode()}
    made = PseudonymousRows(NAMES, []).row(full)
    assert PseudonymousRows(NAMES, []).row(full) == made
    assert orjson.loads(str(made["hashtags"])) == [f"tag@{NAMES.username('jane_doe')}"]

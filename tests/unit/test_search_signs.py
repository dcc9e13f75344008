"""Hosts, links, numbers, tags and model names have one spelling, whatever people type."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.query.filters import Context
from search.query.parse import parse
from search.query.tags import link_needles, tag_value
from search.show.highlight import highlight
from search.text.hosts import link_host, plain_host, plain_link
from search.text.marks import written_hashtags, written_links, written_names
from search.text.numbers import group, grouped_numbers, ungrouped
from search.words.designations import is_continued, is_model, read_model, spellings

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("WWW.XN--E1AFMKFD.XN--P1AI.", "пример.рф"),
        ("ПРИМЕР.рф", "пример.рф"),
        ("straße.de", "straße.de"),
        ("xn--strae-oqa.de", "straße.de"),
        ("strasse.de", "strasse.de"),
        ("می‌خواهم.ایران", "می‌خواهم.ایران"),
        ("例え。テスト", "例え.テスト"),
        ("xn--i-7iq.ws", "i❤.ws"),
        ("www.com", "www.com"),
        ("foo_bar.example.org", "foo_bar.example.org"),
        ("xn--a", "xn--a"),
        ("xn--999999999", "xn--999999999"),
        ("..", ""),
    ],
)
def test_a_host_has_one_spelling(typed: str, host: str) -> None:
    assert plain_host(typed) == host


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("https://example.org/a%20b?x=1", "example.org/a+b?x=1"),
        ("HTTP://user@Example.org:8080", "example.org:8080/"),
        ("example.org?x=1", "example.org/?x=1"),
        ("//www.x.org:443/a", "x.org/a"),
        ("https://ru.wikipedia.org/wiki/%D0%9A%D0%B8%D0%B5%D0%B2", "ru.wikipedia.org/wiki/киев"),
        ("https://x.org/%E9t%E9", "x.org/%e9t%e9"),
        ("tg://resolve?domain=X&post=5", "tg://resolve?domain=x&post=5"),
        ("mailto:A@b.org", "mailto:a@b.org"),
        ("localhost:8080/a", "localhost:8080/a"),
    ],
)
def test_a_link_has_one_spelling(typed: str, link: str) -> None:
    assert plain_link(typed) == link


@example("O¨")
@given(st.text(max_size=40))
def test_any_text_is_read_as_a_host_and_a_link(text: str) -> None:
    assert not {" ", "\0", '"', "\ud800"} & set(tag_value("domain", plain_host(text)))
    assert not {" ", "\0", '"', "\ud800"} & set(tag_value("url", text))
    assert isinstance(link_host(text), str)
    assert all(needle.value for needle in link_needles(f"https://x.org/{text}", prefix=False))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,000 people, 2 500 homes and 10,00,000 rupees", ["1000", "2500", "1000000"]),
        ("١٬٠٠٠ شخص", ["1000"]),
        ("超过10,000人", ["10000"]),
        ("1 000 000.", ["1000000"]),
        ("1.5 and 12,5 and 1,0001 and a1,000", []),
        ("in 2022 100 people on 2021-05-01", []),
        ("+964 770 123 4567", []),
        ("1,000.50", ["1000"]),
    ],
)
def test_grouped_digits_are_one_number(text: str, numbers: list[str]) -> None:
    assert grouped_numbers(text) == numbers


@given(st.integers(1000, 10**15), st.sampled_from([",", "\u00a0", "\u202f", "٬", ".", " ", "'"]))
def test_every_way_to_group_digits_gives_the_number_back(number: int, sign: str) -> None:
    groups = group(str(number))
    assert groups is not None
    assert ungrouped(sign.join(groups)) == str(number)
    assert grouped_numbers(f"some {sign.join(groups)} people") == [str(number)]


def test_tags_names_and_links_are_found_where_they_stand() -> None:
    text = "#5 (#2021) #mosul@atlas C#5 example.org/#top &#39; #می‌خواهم $BTC $100 US$BTC"
    assert list(written_hashtags(text)) == ["5", "2021", "mosul@atlas", "می‌خواهم", "$BTC"]
    assert list(written_names("@atlas_desk press@atlas.org (@jane_roe) x.org/@medium @ab")) == [
        "atlas_desk",
        "jane_roe",
    ]
    links = list(written_links("see https://x.org/a_(b). (https://y.org/c) www.z.org, t.me/atlas/5! not.me/x"))
    assert links == ["https://x.org/a_(b)", "https://y.org/c", "www.z.org", "t.me/atlas/5"]


def test_a_model_name_is_continued_by_letters_and_never_by_a_digit() -> None:
    assert [is_model(text) for text in ("Ту-95", "F16", "2С19", "Ту-22М3", "Ту-95МС", "9-11", "95", "word")] == [
        True, True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert all(is_continued("95", term) for term in ("95мс", "95мсм"))
    assert not any(is_continued("95", term) for term in ("95", "950", "950м", "9мс", "95мсмсмсмсм"))
    model = read_model("T-72")
    assert model is not None
    assert set(spellings(model)) == {"t 72", "t72", "т 72", "т72"}


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("Ту-95", "борт Ту-95МС сел", ["Ту-95МС"]),
        ("T-72", "a Т-72Б3 burns", ["Т-72Б3"]),
        ("leopard 2", "ein Leopard 2A6", ["Leopard 2A6"]),
        ("东风-41", "一枚東風-41A导弹", ["東風-41A"]),
        ("1000", "some 1,000 people", ["1,000"]),
        ("1,000", "1 000 человек", ["1 000"]),
        ("#mosul", "see #Mosul@atlas", ["Mosul"]),
    ],
)
def test_matches_are_marked(question: str, text: str, found: list[str]) -> None:
    spans = highlight(parse(question, Context(now=NOW)), text)
    assert [text[start:end] for start, end in spans] == found


@pytest.mark.parametrize("after", [")", ").", ".)"])
def test_a_link_ends_before_any_number_of_signs(after: str) -> None:
    assert written_links(f"https://example.org/a_(b){after * 100_000}") == ["https://example.org/a_(b)"]

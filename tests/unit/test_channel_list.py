"""Lists of channels as offices write them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archiver.address.list_text import decode_list
from archiver.address.listed import parse_list

NAMES = st.from_regex(r"[A-Za-z][a-z0-9_]{4,20}", fullmatch=True).filter(lambda name: not name.endswith("_"))
ADDRESSES = NAMES.flatmap(
    lambda name: st.sampled_from([f"@{name}", f"https://t.me/{name}", f"t.me/s/{name}", f"http://telegram.me/{name}/5"])
)
TITLES = st.text("Атлас деск الأخبار 新闻 News,.!?()&-–", max_size=20).filter(lambda title: '"' not in title)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@a_one\n\n# all\n  t.me/b_two  # the second\r\n", ["@a_one", "t.me/b_two"]),
        ("channel,title\n@a_one,One\n", ["@a_one"]),
        ('"@a_one","the ""first"", of all"\n', ["@a_one"]),
        ("a_one;One;1\nb_two\tTwo\n", ["a_one", "b_two"]),
        ("@a_one, @b_two\nt.me/c_three @d_four\n", ["@a_one", "@b_two", "t.me/c_three", "@d_four"]),
        ("@a_one,a title with @b_two\n", ["@a_one"]),
        ("https://web.telegram.org/k/#@a_one\nb_two#three\n", ["https://web.telegram.org/k/#@a_one", "b_two"]),
        (" , ,\n#\n---\n", []),
        ("@a_one\r@b_two\r", ["@a_one", "@b_two"]),
        ("sep=;\r\nlink;x\r\n@a_one;1\r\n", ["@a_one"]),
        ("1;Atlas, the desk;https://t.me/atlas;@editor\n2;Beta;https://t.me/beta;@editor\n", 2 * ["https://t.me/"]),
        ("1;atlas_desk;Atlas\n2;beta_desk;Beta\n", ["atlas_desk", "beta_desk"]),
        ("Title,Name\nAtlas Desk,atlas_desk\n", ["atlas_desk"]),
        ('القناة,ملاحظات\n@atlas,"خبر، مهم\n ثان"\n@beta_two,x\n', ["@atlas", "@beta_two"]),
        ("№;Название;Ссылка\n1;Атлас;t.me/atlas\n", ["t.me/atlas"]),
        ("序号\t频道\t备注\n1\t@atlas\t好 #тег\n", ["@atlas"]),
        ("@a_one，@b_two、@c_three\n@d_four؛ @e_five\n", ["@a_one", "@b_two", "@c_three", "@d_four", "@e_five"]),
        ("@a_one,https://t.me/a_one,-1001234567\n", ["https://t.me/a_one"]),
        ("https://t.me/a_one - Atlas Desk\nBeta: https://t.me/b_two\n", ["https://t.me/a_one", "https://t.me/b_two"]),
        ("[Atlas](https://t.me/a_one)\n", ["https://t.me/a_one"]),
        ('=HYPERLINK("https://t.me/a_one";"Atlas")\n<a href="https://t.me/b_two">B</a>\n', 2 * ["https://t.me/"]),
        ("Ärger;Κανάλι\nΆτλας;https://t.me/a_one\n", ["https://t.me/a_one"]),
        ("Channel: @a_one\nКанал: @b_two\n@c_three\x1a", ["@a_one", "@b_two", "@c_three"]),
        (
            "Atlas Desk (@a_one)\nBeta – @b_two\n📌 @c_three\n✅ t.me/d_four\n",
            ["(@a_one)", "@b_two", "@c_three", "t.me/"],
        ),
        ("| link | title |\n|---|---|\n| @a_one | One |\n", ["@a_one"]),
    ],
)
def test_each_line_gives_its_channels(text: str, words: list[str]) -> None:
    found = parse_list(text)
    assert not found.refused
    assert len(found.channels) == len(words)
    assert all(one.text.startswith(word) for one, word in zip(found.channels, words, strict=True))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("@a_one\neditor@example.org\n", 2, "an e-mail address"),
        ("@a_one\n+380 44 123 4567\n", 2, "a phone number"),
        ("\n\nhttps://example.org/x\n@a_one\n", 3, "another site"),
        ("t.me/+AbCdEf012345\n@a_one\n", 1, "an invite link"),
        ("a_one, b_two, c_three\n", 1, "one channel or several"),
        ("@a_one\nAtlas Desk\n", 2, "those have no spaces"),
        ("@a_one\nAtlas (contact: @editor)\n", 2, "more than a channel's name"),
        ("Title;Link\nAtlas;@a_one\nGamma;\n", 3, "no channel in this line"),
        ('"@a_one";"two\nlines"\ntwo words;\n', 3, "no spaces"),
    ],
)
def test_entries_that_are_not_channels_are_reported_with_their_line(text: str, line: int, said: str) -> None:
    [refused] = parse_list(text).refused
    assert refused.line == line
    assert said in str(refused.error)


def test_a_heading_that_could_be_a_channel_is_reported_and_alone_it_is_one() -> None:
    found = parse_list("channel\n@a_one\n")
    assert ([one.text for one in found.channels], found.heading and found.heading.line) == (["@a_one"], 1)
    assert [one.text for one in parse_list("channel\n").channels] == ["channel"]
    assert [one.text for one in parse_list("@channel\n@a_one\n").channels] == ["@channel", "@a_one"]
    assert parse_list("Ссылка\n@a_one\n").heading is None


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.lists(st.tuples(ADDRESSES, TITLES), min_size=1, max_size=6), st.sampled_from([";", "\t", ","]), st.booleans())
def test_a_table_gives_its_addresses_in_each_encoding(
    encoding: str, rows: list[tuple[str, str]], separator: str, titles_first: bool
) -> None:
    quoted = [(address, f'"{title}"') for address, title in rows]
    lines = [separator.join(reversed(row) if titles_first else row) for row in quoted]
    text = "\r\n".join([separator.join(("Название", "Ссылка") if titles_first else ("Ссылка", "Название")), *lines])
    found = parse_list(decode_list(text.encode(encoding)))
    assert [one.text for one in found.channels] == [address for address, _ in rows]
    assert [one.line for one in found.channels] == list(range(2, len(rows) + 2))
    assert not found.refused


@given(
    ADDRESSES,
    st.sampled_from(["\u200b", "\u2068", "\ufeff", "\u00a0", " ", "\u200e", "“", "<", "- ", "1. "]),
    st.sampled_from(["\u200b", "\u2069", "\u00a0", " ", ".", ",", "”", ">", "!", "。"]),
)
def test_marks_around_an_address_change_nothing(address: str, before: str, after: str) -> None:
    from archiver.address import parse_address

    found = parse_list(f"@first_one\n{before}{address}{after}\n")
    assert [parse_address(one.text) for one in found.channels[1:]] == [parse_address(address)]


@given(st.text(max_size=200))
def test_no_line_with_content_is_dropped_silently(text: str) -> None:
    assume("\0" not in text)
    found = parse_list(text)
    said = {one.line for one in (*found.channels, *found.refused)}
    lines = text.replace("\r\n", "\n").count("\n") + 1
    assert all(1 <= line <= max(lines, len(text.splitlines())) for line in said)
    plain = "\n".join(line for line in text.splitlines() if "#" not in line and '"' not in line)
    found = parse_list(plain)
    said = {one.line for one in (*found.channels, *found.refused)}
    for number, line in enumerate(plain.split("\n"), 1):
        if any(char.isalnum() for char in line) and number > 1:
            assert number in said


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_of_something(data: bytes) -> None:
    text = decode_list(data)
    found = parse_list(text)
    assert all(1 <= one.line <= len(text.splitlines()) + 1 for one in (*found.channels, *found.refused))

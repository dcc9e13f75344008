from __future__ import annotations

import pytest

from archiver.cli.commands.channel_list import parse_list


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@a_one\n\n# all\n  t.me/b_two  # the second\r\n", ["@a_one", "t.me/b_two"]),
        ("channel,title\n@a_one,One\n", ["@a_one"]),
        ("channel\n@a_one\n", ["channel", "@a_one"]),
        ('"@a_one","the ""first"", of all"\n', ["@a_one"]),
        ("a_one;One;1\nb_two\tTwo\n", ["a_one", "b_two"]),
        ("@a_one, @b_two\nt.me/c_three @d_four\n", ["@a_one", "@b_two", "t.me/c_three", "@d_four"]),
        ("@a_one,a title with @b_two\n", ["@a_one"]),
        ("https://web.telegram.org/k/#@a_one\nb_two#three\n", ["https://web.telegram.org/k/#@a_one", "b_two"]),
        (" , ,\n#\n", []),
    ],
)
def test_each_line_gives_its_channels(text: str, words: list[str]) -> None:
    assert list(parse_list(text)) == words

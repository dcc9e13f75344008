from __future__ import annotations

import re
import time
from typing import Any

import html5lib
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from archiver.formatting.html_writer import HtmlTargets, to_html
from archiver.formatting.markdown_writer import escape_markdown, to_markdown
from archiver.formatting.safe_url import clean_url
from archiver.formatting.spans import BLOCKS, LINKS, STYLES, Span, plain_text, read_spans
from archiver.formatting.terminal_writer import to_lines
from archiver.formatting.visible import find_direction, line_direction, possible
from archiver.web.targets import linked
from tests.tiers import examples

HOSTILE_URLS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://example.com/%0aalert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://example.com/1",
    "file:///etc/passwd",
    "tg://proxy?server=1",
    "view-source:https://example.com",
    "//evil.example/x",
    "/messages.html",
    "../x",
    "#top",
    "?q=1",
    "https://",
    "https:///x",
    "https:evil.example",
    "http://[::1",
    "http://a:99999999/",
    "https://exa\u202emple.com",
    "https://example.com\\@evil.example",
    "https://example.com/\x00",
    "mailto:",
    "mailto://x",
    "",
    "x" * 9000,
]

texts = st.text(
    st.one_of(
        st.sampled_from("ab Zя中ع😀\n\n  \t*_`[]()<>&\"'#+-=.!|~\\:/1\u202e\u200f\u2066\x00\x07\r\ud800，。“"),
        st.characters(),
    ),
    max_size=60,
)
details = st.fixed_dictionaries(
    {},
    optional={
        "url": st.one_of(st.sampled_from([*HOSTILE_URLS, "https://example.com/a?b=1&copy=2"]), st.text(max_size=20)),
        "language": st.text(max_size=10),
        "collapsed": st.booleans(),
        "old_text": st.text(max_size=10),
        "document_id": st.text(max_size=10),
        "user_id": st.integers(),
        "date": st.one_of(st.integers(), st.text(max_size=5), st.just("2026-01-31T10:00:00Z")),
    },
)
numbers = st.one_of(st.integers(-5, 70), st.none(), st.booleans(), st.text(max_size=2), st.integers())
marks = st.builds(
    lambda kind, offset, length, more: {**more, "type": kind, "offset": offset, "length": length},
    st.one_of(st.sampled_from(sorted(BLOCKS | LINKS | STYLES)), st.text(max_size=5), st.none()),
    numbers,
    numbers,
    details,
)
mark_lists = st.lists(st.one_of(marks, marks, st.none(), st.integers()), max_size=12)


def read_html(html: str) -> Any:
    """The document as html5lib reads it, which follows the WHATWG's algorithm as browsers do."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(f"<!DOCTYPE html><meta charset=utf-8><title>x</title><body><main>{html}</main>")
    serious = [error for error in parser.errors if error[1] != "invalid-codepoint"]
    assert serious == []
    return tree.find("body/main")


def read_markdown(source: str) -> str:
    """The letters that a CommonMark reader shows."""
    tokens = MarkdownIt("commonmark").enable("strikethrough").parse(source)
    return "\n\n".join(_shown(tokens))


def _shown(tokens: list[Token]) -> list[str]:
    assert not [token for token in tokens if token.type in ("html_block", "heading_open", "hr", "code_block")]
    return [_letters(token) for token in tokens if token.type in ("inline", "fence")]


def _letters(token: Token) -> str:
    if token.type == "fence":
        return token.content
    found = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            found.append(child.content)
        elif child.type in ("hardbreak", "softbreak"):
            found.append("\n")
    return "".join(found)


@given(texts, mark_lists)
@settings(max_examples=examples(400))
def test_a_tree_has_the_letters_of_its_text_whatever_its_entities_claim(text: str, entities: list[Any]) -> None:
    assert plain_text(read_spans(text, entities)) == text


@given(texts, mark_lists)
@settings(max_examples=examples(400))
def test_html_is_well_formed_inert_and_has_the_letters_of_the_text(text: str, entities: list[Any]) -> None:
    tree = read_html(to_html(text, entities))
    assert "".join(tree.itertext()) == possible(text)
    for element in tree.iter():
        assert element.tag in ALLOWED
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
        if element.tag == "a":
            assert re.match(r"(?:https?://[^/]|mailto:[^/]|tel:[^/])", element.attrib["href"])
            assert element.attrib["rel"] == "noopener noreferrer nofollow"
            assert not [inner for inner in element.iter("a") if inner is not element]


ALLOWED = frozenset(
    "main div blockquote pre code span a bdi strong em u s mark ins del time".split()  # noqa: SIM905
)


@given(texts, mark_lists)
@settings(max_examples=examples(600))
@example("a\n\n\nb", [])
@example("1. a\n- b\n# c\n===\n> d", [])
@example("*a* _b_ `c` [d](e) <f> &amp; \\ ~~g~~ |h|", [])
@example("    code\n\ttab", [])
@example("中文，“强调”文", [{"type": "bold", "offset": 3, "length": 4}])
@example("a&copy;b", [{"type": "text_url", "offset": 0, "length": 8, "url": "https://example.com/?a=1&copy=2"}])
@example("https://example.com/a_b*c", [{"type": "url", "offset": 0, "length": 25}])
def test_markdown_reads_back_as_the_same_letters(text: str, entities: list[Any]) -> None:
    shown = read_markdown(to_markdown(text, entities))
    assert shown.replace("\n", "") == possible(text).replace("\n", "")


@given(texts)
@settings(max_examples=examples(300))
def test_markdown_without_entities_keeps_every_line(text: str) -> None:
    assert read_markdown(to_markdown(text)) == possible(text).rstrip("\n")


@given(texts)
def test_a_title_in_markdown_is_one_line_of_the_same_words(text: str) -> None:
    shown = read_markdown(f"# x {escape_markdown(text)} x".replace("# ", "", 1))
    assert shown.split() == ["x", *possible(" ".join(text.split())).split(), "x"]


@given(texts, mark_lists)
def test_a_terminal_shows_every_letter_of_the_text(text: str, entities: list[Any]) -> None:
    lines = to_lines(text, entities)
    assert "".join(run.text for line in lines for run in line.runs) == text.replace("\n", "")


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_url_is_not_followed(url: str) -> None:
    assert clean_url(url) is None


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("HTTPS://Example.com", "HTTPS://Example.com"),
        ("example.com/x", "http://example.com/x"),
        ("example.com:8080/x", "http://example.com:8080/x"),
        ("t.me/channel/1", "https://t.me/channel/1"),
        ("https://пример.рф/п?к=1", "https://пример.рф/п?к=1"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ('https://example.com/"><script>', "https://example.com/%22%3E%3Cscript%3E"),
    ],
)
def test_an_ordinary_url_is_followed(url: str, followed: str) -> None:
    assert clean_url(url) == followed


def one(text: str, *marked: tuple[str, int, int]) -> str:
    return to_html(text, [{"type": kind, "offset": offset, "length": length} for kind, offset, length in marked])


def test_offsets_count_utf16_units() -> None:
    assert "😀<strong>b</strong>c" in one("😀bc", ("bold", 2, 1))


def test_a_range_that_splits_a_surrogate_pair_takes_the_whole_character() -> None:
    assert "a<strong>😀</strong>b" in one("a😀b", ("bold", 2, 1))
    assert "a<strong>😀</strong>b" in one("a😀b", ("bold", 1, 1))


def test_crossing_spans_are_closed_and_opened_again() -> None:
    assert "<strong>a<em>b</em></strong><em>c</em>" in one("abc", ("bold", 0, 2), ("italic", 1, 2))


def test_a_range_beyond_the_text_is_cut_and_one_outside_is_dropped() -> None:
    assert "a<strong>b</strong>" in one("ab", ("bold", 1, 99), ("italic", 5, 2), ("italic", -3, 3), ("code", 0, -1))


def test_a_link_within_a_link_is_letters_only() -> None:
    html = to_html(
        "see https://a.example",
        [
            {"type": "text_url", "offset": 0, "length": 21, "url": "https://b.example/"},
            {"type": "url", "offset": 4, "length": 17},
        ],
    )
    assert html.count("<a ") == 1
    assert 'href="https://b.example/"' in html


def test_words_that_hide_their_host_name_it() -> None:
    def link(text: str, url: str) -> str:
        return to_html(text, [{"type": "text_url", "offset": 0, "length": len(text), "url": url}])

    assert 'data-host="evil.example"' in link("https://bank.example", "https://bank.example@evil.example/")
    assert "data-host" not in link("evil.example", "https://evil.example/")
    assert 'data-host="evil.example"' in link("bank", "HTTPS://bank.example@EVIL.example/")
    assert "xn--" in link("bank", "https://аррӏе.com/")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://bank.example@evil.example/", "evil.example"),
        ("https://bank.example:443@evil.example/x", "evil.example"),
        ("https://аррӏе.com/", "аррӏе.com xn--80ak6aa92e.com"),
        ("https://xn--80ak6aa92e.com/", None),
        ("https://президент.рф:80/", None),
        ("https://bank.example/@name?a=b@c", None),
    ],
)
def test_a_written_url_that_seems_to_lead_to_another_host_names_its_own(url: str, host: str | None) -> None:
    written = to_html(url, [{"type": "url", "offset": 0, "length": len(url)}])
    for html in (written, str(linked(url))):  # in a text, of a button
        assert re.findall('data-host="(.*?)"', html) == ([host] if host else [])


def test_a_refused_link_says_so_and_leads_nowhere() -> None:
    html = to_html("x", [{"type": "text_url", "offset": 0, "length": 1, "url": 'javascript:"><b>'}])
    assert "<a" not in html
    assert 'title="link that is not followed: javascript:&quot;&gt;&lt;b&gt;"' in html


def test_a_line_feed_behind_a_quote_makes_no_empty_line() -> None:
    html = one("a\nb\nc", ("blockquote", 2, 1))
    assert re.sub(r' (?:class|dir)="[^"]*"', "", html) == (
        "<div>a\n</div><blockquote><div>b\n</div></blockquote><div>c</div>"
    )


def test_a_code_block_keeps_its_language_if_that_is_one() -> None:
    def block(language: str) -> str:
        return to_html("x", [{"type": "pre", "offset": 0, "length": 1, "language": language}])

    assert '<code class="language-c++">x</code>' in block("c++")
    assert "<code>x</code>" in block('"><script>')


def test_overrides_stay_in_the_text_but_reorder_nothing() -> None:
    html = to_html("a\u202eb")
    assert 'a<span class="tk-u" data-u="U+202E">\u202e</span>b' in html


def test_a_line_in_two_directions_follows_the_text_and_not_its_first_word() -> None:
    assert find_direction("Telegram: این یک پیام است") == "rtl"
    assert 'dir="rtl">iPhone گران شد' in to_html("iPhone گران شد")
    assert 'dir="ltr">Слово עברית и ещё два' in to_html("Слово עברית и ещё два")
    assert 'dir="auto">10 000' not in to_html("این یک پیام است\n10 000")


def test_names_lead_into_the_page_if_it_has_a_place_for_them() -> None:
    targets = HtmlTargets(hashtag=lambda name: f"/search?q=hashtag:{name}", mention=lambda name: f"/c/{name}")
    entities = [{"type": "hashtag", "offset": 0, "length": 2}, {"type": "mention", "offset": 3, "length": 4}]
    html = to_html("#a @bcd", entities, targets=targets)
    assert 'href="/search?q=hashtag:a"' in html
    assert 'href="/c/bcd"' in html
    assert 'href="https://t.me/bcd"' in to_html("#a @bcd", entities)


def test_a_formatted_date_keeps_its_words_and_has_its_instant() -> None:
    def date(value: object) -> str:
        return to_html("soon", [{"type": "formatted_date", "offset": 0, "length": 4, "date": value}])

    assert '<time datetime="2021-12-16T00:00:00Z"' in date(1_639_612_800)
    assert '<time datetime="2026-01-31T10:00:00Z" title="2026-01-31T10:00:00Z">soon</time>' in date(
        "2026-01-31T10:00:00Z"
    )
    assert ">soon<" in date('"><script>')
    assert "<time" not in date(10**20) + date('"><script>')


def test_highlights_lie_over_entities_and_code() -> None:
    html = to_html("a bc d", [{"type": "code", "offset": 2, "length": 2}], highlights=[(2, 3), (5, 6)])
    assert "<code><mark>b</mark>c</code>" in html
    assert "<mark>d</mark>" in html


def test_entities_may_be_json_or_no_json() -> None:
    entities = orjson.dumps([{"type": "bold", "offset": 0, "length": 1}]).decode()
    assert "<strong>" in to_html("a", entities)
    assert to_html("a", "no JSON") == to_html("a") == to_html("a", "{}") == to_html("a", "null")


def test_ten_thousand_nested_entities_are_written_within_a_second() -> None:
    entities = [{"type": "bold", "offset": at, "length": 20_000 - 2 * at} for at in range(10_000)]
    assert plain_text(read_spans("x" * 20_000, entities)) == "x" * 20_000


@pytest.mark.parametrize("kind", [None, "code", "bold", "text_url", "url", "italic"])
def test_text_cannot_inject_tags_into_markdown_in_any_reader(kind: str | None) -> None:
    """GitHub's readers take a backslash or a backtick for a part of a URL, Python-Markdown none before `<`."""
    text = 'https://x.example/<img src=x onerror=alert(1)> {: onclick="alert(1)"} {{ x }} %%hidden%% ==marked=='
    entities = [] if kind is None else [{"type": kind, "offset": 18, "length": 28, "url": "https://y.example/<b>"}]
    written = to_markdown(text, entities)
    assert not re.search(r"<(?!/?(code|strong|em)>|https://)|(?<!\\){|%%|==", written), written
    assert read_markdown(written) == text


def test_markdown_uses_marks_where_they_are_marks_and_tags_elsewhere() -> None:
    bold = [{"type": "bold", "offset": 0, "length": 2}]
    assert to_markdown("ab c", bold) == "**ab** c"
    assert to_markdown("abc", bold) == "<strong>ab</strong>c"
    assert to_markdown("a\nb", [{"type": "pre", "offset": 0, "length": 3, "language": "sh"}]) == "```sh\na\nb\n```"
    assert to_markdown("a\nb", [{"type": "blockquote", "offset": 0, "length": 3}]) == "> a\\\n> b"


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("abcd", [("code", 0, 2), ("code", 2, 2)]),
        ("abcd", [("code", 0, 4), ("mention", 1, 2)]),
        ("ab`c", [("mention", 0, 3), ("code", 0, 2), ("code", 2, 2)]),
        ("a &amp;", [("mention", 3, 4)]),
        ("Thanks!@desk", [("mention", 7, 5)]),
        ("Thanks!@desk", [("unknown", 0, 12), ("mention", 7, 5)]),
        ("!@desk", [("bot_command", 0, 1), ("mention", 1, 5)]),
    ],
)
def test_markdown_keeps_the_letters_where_two_spans_meet(text: str, ranges: list[tuple[str, int, int]]) -> None:
    entities = [{"type": kind, "offset": offset, "length": length} for kind, offset, length in ranges]
    assert read_markdown(to_markdown(text, entities)) == text
    assert "<img" not in MarkdownIt().render(to_markdown(text, entities))


def test_spans_that_are_unknown_are_letters() -> None:
    assert read_spans("ab", [{"type": "unknown", "offset": 0, "length": 1}]) == ("ab",)
    assert not any(isinstance(node, Span) for node in read_spans("ab", [{"type": "x", "offset": 0, "length": 1}]))


@pytest.mark.parametrize("text", ["中/" + "中" * 20_000, "م.#" * 7_000, "a." * 10_000 + "/@", "\u202e" * 20_000 + "@"])
def test_the_direction_of_a_text_without_spaces_is_found_at_once(text: str) -> None:
    began = time.process_time()
    for whole in (None, "rtl"):
        line_direction(text, whole)
    find_direction(text)
    assert time.process_time() - began < 10  # minutes, if each letter looked at the whole text


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("https://example.org/abc", None),
        ("see://", "ltr"),
        ("example.org/abc #tag @name", None),
        ("example.org", "ltr"),
        ("خبر https://example.org/a/long/one here", "rtl"),
        ("#خبر news", "ltr"),
    ],
)
def test_addresses_and_names_have_no_say_in_the_direction(text: str, direction: str | None) -> None:
    assert find_direction(text) == direction

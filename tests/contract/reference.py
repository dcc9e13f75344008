"""The slow and obvious engine: looks at every document for every question, in plain Python.

It shares the folding, the forms and the ways to write a word with the engines under test (these have tests of their
own), but nothing else: every word is compared with every word, phrases are
looked for in lists, chains of a script without spaces as substrings, tags in the document's own fields.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from search.document import Document, Key
from search.engine.protocol import Question
from search.query.filters import HAS, NOT_MEDIA
from search.query.tree import (
    And,
    FileIs,
    Grouped,
    Has,
    InChannel,
    Is,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    PostedWithin,
    Prefix,
    Tag,
    Tail,
    Word,
)
from search.query.widen import widen
from search.text.hosts import plain_link
from search.text.normalize import fold
from search.words.forms import are_forms, bare_word
from search.words.separable import separable_verbs, split_verbs

CHAIN = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # South East Asia
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3021-\u3029\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Chinese characters, planes 2 and 3
)
"""Characters of scripts without spaces. https://www.unicode.org/Public/UCD/latest/ucd/Blocks.txt"""


class Reference:
    """Holds the documents and answers by trying each of them."""

    def __init__(self) -> None:
        self.documents: dict[Key, Document] = {}

    def upsert(self, documents: Iterable[Document]) -> None:
        """The last one of a message counts."""
        for document in documents:
            self.documents[document.key] = document

    def keys(self, question: Question) -> list[tuple[int, int, int]]:
        """(date, channel_id, message_id) of all hits in the order of the question (relevance: as newest)."""
        wide = widen(question.tree)
        found = [
            (document.date, *document.key)
            for document in self.documents.values()
            if (question.channels is None or document.channel_id in question.channels)
            and satisfies(document, PostedWithin(question.bounds))
            and satisfies(document, wide)
        ]
        return sorted(found, reverse=question.sort != "oldest")


def count_by(documents: Iterable[Document], name: str, zone: tzinfo) -> dict[str, int]:
    """How many of the documents have each value of a facet."""
    return dict(Counter(value for document in documents for value in _values(document, name, zone)))


def _values(document: Document, name: str, zone: tzinfo) -> Iterable[str]:
    posted = datetime.fromtimestamp(document.date, zone)
    match name:
        case "channel":
            return [str(document.channel_id)]
        case "day":
            return [posted.date().isoformat()]
        case "month":
            return [f"{posted:%Y-%m}"]
        case "media":
            return [kind for kind in HAS if kind not in {"media", "album", "file"} and _has(document, kind)]
        case "lang":
            return [document.lang or "unknown"]
        case "file":
            return set(document.file_states)
        case "fwd" if document.is_forwarded:
            return [str(origin) for origin in (document.fwd_channel_id or document.fwd_name,) if origin]
    return []


def satisfies(document: Document, node: Node) -> bool:
    """Whether the document satisfies the tree."""
    match node:
        case And(parts):
            return all(satisfies(document, part) for part in parts)
        case Or(parts):
            return any(satisfies(document, part) for part in parts)
        case Not(part):
            return not satisfies(document, part)
        case Grouped(number):
            return number in document.grouped_numbers()
        case Word() if node.inflected:
            return _has_form(document, node.inflected)
        case Word() if (tail := node.tail) is not None:
            return any(_ends_in_form(tail, field, document.lang) for field in _fields(document))
        case Word() if (model := node.model) is not None:
            return any(_ends_in_variant(model, field) for field in _fields(document))
        case Word(text) | Phrase(text) | Prefix(text):
            text = bare_word(text) if isinstance(node, Word) else text
            return any(_stands(text, field, prefix=isinstance(node, Prefix)) for field in _fields(document))
        case _:
            return _passes(document, node)


def _passes(document: Document, node: Node) -> bool:
    """Whether the document passes a filter."""
    match node:
        case Is(state):
            return bool(getattr(document, f"is_{state}"))
        case InChannel(ids):
            return document.channel_id in ids
        case PostedWithin(bounds):
            date = datetime.fromtimestamp(document.date, UTC)
            return (bounds.since is None or date >= bounds.since) and (bounds.until is None or date < bounds.until)
        case Number(field, low, high):
            number = document.message_id if field == "id" else getattr(document, field)
            return number is not None and (low is None or number >= low) and (high is None or number <= high)
        case Has(kind):
            return _has(document, kind)
        case FileIs(state):
            return any(one == state or (state == "missing" and one != "downloaded") for one in document.file_states)
        case Tag("sha256", digits):
            return any(_equal(one, digits, node) for one in document.file_hashes)
        case Tag():
            return _tagged(document, node)
    raise AssertionError(node)


def _fields(document: Document) -> Sequence[str]:
    return [document.text, *document.extra, document.file_name or ""]


def _units(text: str) -> list[tuple[str, bool]]:
    """Words, and the single characters of a chain; with each whether the chain goes on behind it."""
    found = []
    for word in fold(text).split():
        for piece in re.findall(f"{CHAIN}+|(?:(?!{CHAIN}).)+", word):
            if re.match(CHAIN, piece):
                found += [(char, at + 1 < len(piece)) for at, char in enumerate(piece)]
            else:
                found.append((piece, False))
    return found


def _stands(wanted: str, text: str, *, prefix: bool) -> bool:
    """Whether the units of the wanted text stand in the text one behind the other."""
    units, found = _units(wanted), _units(text)
    *firsts, (last, _) = units
    for at in range(len(found) - len(units) + 1):
        end, _ = found[at + len(units) - 1]
        if found[at : at + len(firsts)] == firsts and (end.startswith(last) if prefix else end == last):
            return True
    return False


def _has_form(document: Document, word: str) -> bool:
    units = [unit for field in _fields(document) for unit, _ in _units(field)]
    split = split_verbs(_fields(document), document.lang)
    return any(are_forms(word, unit, document.lang) for unit in units) or not set(split).isdisjoint(
        separable_verbs(word)
    )


def _ends_in_form(tail: Tail, text: str, lang: str | None) -> bool:
    """Whether any form of the last word stands behind what stands before it."""
    words = [unit for unit, _ in _units(text)]
    front = tail.front.split()
    return any(
        words[at : at + len(front)] == front and are_forms(tail.last, words[at + len(front)], lang)
        for at in range(len(words) - len(front))
    )


def _ends_in_variant(model: Tail, text: str) -> bool:
    """Whether the number, or a name of a variant, stands behind the letters."""
    words = [unit for unit, _ in _units(text)]
    *front, last = [unit for unit, _ in _units(f"{model.front} {model.last}")]
    return any(
        words[at : at + len(front)] == front
        and re.fullmatch(rf"{last}([^\W\d_]{{1,4}}\d{{0,2}}[^\W\d_]{{0,4}})?", words[at + len(front)])
        for at in range(len(words) - len(front))
    )


def _has(document: Document, kind: str) -> bool:
    match kind:
        case "link":
            return document.has_link
        case "album":
            return document.grouped_id is not None
        case "file":
            return "downloaded" in document.file_states
        case "media":
            return any(one not in NOT_MEDIA for one in document.media)
        case _:
            return bool((HAS[kind] or frozenset()) & set(document.media))


def _tagged(document: Document, tag: Tag) -> bool:
    match tag.field:
        case "from" | "fwd" | "filename":
            texts, username = {
                "from": ((document.author, document.sender_name), document.sender_username),
                "fwd": ((document.fwd_words, document.fwd_title), document.fwd_username),
                "filename": ((document.file_name,), None),
            }[tag.field]
            if username and _equal(f"@{username}".lower(), f"@{tag.value.lstrip('@')}".lower(), tag):
                return True
            named = not tag.value.startswith("@") or tag.field == "filename"
            return named and any(_stands(tag.value, text, prefix=tag.prefix) for text in texts if text)
        case "fwd_id":
            return str(document.fwd_id) == tag.value
        case "from_id":
            return str(document.sender_id) == tag.value
        case "topic":
            return str(document.topic_id) == tag.value
        case "hashtag" | "mention":
            names = document.all_hashtags() if tag.field == "hashtag" else document.all_mentions()
            return any(_equal(_tag_name(name), _tag_name(tag.value), tag) for name in names)
        case "domain":
            hosts = document.hosts_of(document.all_links())
            return any(_equal(host, tag.value, tag) or host.endswith(f".{tag.value}") for host in hosts)
        case "url":
            return any(_begins(plain_link(link), plain_link(tag.value), tag) for link in document.all_links())
        case "lang" if tag.value == "unknown":
            return document.lang is None
        case _:
            value = {"mime": document.mime, "ext": document.ext, "lang": document.lang}[tag.field]
            return value is not None and _equal(value, tag.value, tag)


def _tag_name(tag: str) -> str:
    return "$" * tag.startswith("$") + "@".join("_".join(fold(part).split()) for part in tag.split("@", 1))


def _begins(link: str, wanted: str, tag: Tag) -> bool:
    """Whether the link begins so; without a star a number at the end is whole."""
    if tag.prefix and "/" not in tag.value.rpartition("://")[2]:
        wanted = wanted.removesuffix("/")
    if not tag.prefix and wanted.count("/") > 1 and wanted.removesuffix("/") == link:
        return True
    whole = tag.prefix or not wanted[-1].isdigit()
    return link.startswith(wanted) and (whole or not link[len(wanted) :][:1].isalnum())


def _equal(value: str, wanted: str, tag: Tag) -> bool:
    return value.startswith(wanted) if tag.prefix else value == wanted

"""What the embedded engine stores of a document: a line of terms for FTS5, and flags for its row.

The line begins with the *tags*: terms with colons such as `:channel:123` or `:hashtag:word`, which no word of a text
can equal. The words of the text and of each further text follow, separated by `::` so that no phrase spans two texts,
and then the numbers whose digits are grouped in a text, without separators.
Properties that many messages share (photo, link, language) or that change without the content (edited, missing, pinned)
are flags of the row instead: a flag costs nothing, a term three bytes in each message that has it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from search.document import Document, extension
from search.exact.index_line import index_line
from search.flags import flags_of
from search.query.tags import LONGEST_LINK, domain_values, link_needles, may_be_username, tag_term, user_value
from search.query.tree import Tag
from search.text.hosts import link_host, read_usual_link
from search.text.normalize import Needle, index_text, needle
from search.text.numbers import grouped_term
from search.words.separable import may_be_german, split_verbs

_BREAK = " :: "
may_be_grouped = re.compile("[0-9] +[0-9][0-9]").search
"""Whether a line may contain numbers with grouped digits."""
_WORDS: Final = frozenset({"from", "fwd", "filename"})
"""Tags of several words, which can be searched separately."""


class Entry(NamedTuple):
    """A document as the engine stores it."""

    line: str
    """Terms, separated by spaces."""
    fingerprint: int
    """32-bit hash of the line and the attached files; changes with the content."""
    flags: int


def entry(document: Document) -> Entry:
    """Return the terms and flags of a document."""
    lines = list(map(index_line, document.texts()))
    if any(map(may_be_grouped, lines)):
        lines += map(grouped_term, document.grouped_numbers())
    line = f"{' '.join(_tags(document))} {_BREAK.join(lines)}"
    return Entry(line, fingerprint_of(line.encode(), document.file_ids), flags_of(document))


def fingerprint_of(line: bytes, file_ids: Sequence[str]) -> int:
    """Return the fingerprint of a line and the attached files."""
    if file_ids:  # not a term, but a new picture makes a new content
        line = b"\0".join((line, *map(str.encode, file_ids)))
    digest = blake2b(line, digest_size=4).digest()
    return int.from_bytes(digest, "big", signed=True)


def tag_needles(tag: Tag) -> list[Needle]:
    """Return the alternatives that match a tag of a query: adjacent terms, the last of which may be a prefix."""
    if tag.field == "url":
        return [Needle((f":url:{value}",), prefix) for value, prefix in link_needles(tag.value, prefix=tag.prefix)]
    if tag.field not in _WORDS:
        return [Needle((tag_term(tag.field, tag.value),), tag.prefix)]
    if tag.value.startswith("@") and tag.field != "filename":
        return [Needle((f":{tag.field}:{user_value(tag.value)}",), tag.prefix)]
    found = needle(tag.value, prefix=tag.prefix)
    words = [Needle(tuple(f":{tag.field}:{term}" for term in found.terms), found.prefix)] if found else []
    if tag.field == "filename" or not may_be_username(tag.value):
        return words
    return [*words, Needle((f":{tag.field}:{user_value(tag.value)}",), tag.prefix)]


def channel_term(channel_id: int) -> str:
    """Return the tag of a channel."""
    return f":channel:{channel_id}"


def _tags(document: Document) -> list[str]:
    """A list: a generator takes twice as long for the few tags of most messages."""
    tags = [channel_term(document.channel_id)]
    is_marked = document.may_have_marks()
    if is_marked:
        tags += [tag_term("hashtag", tag) for tag in document.all_hashtags()]
        tags += [tag_term("mention", name) for name in document.all_mentions()]
    if may_be_german(document.lang):
        tags += [f":verb:{verb}" for verb in split_verbs(document.texts(), document.lang)]
    if is_marked:
        tags += link_tags(document.all_links(), document.domains)
    if document.topic_id is not None:
        tags.append(f":topic:{document.topic_id}")
    if document.mime:
        tags.append(tag_term("mime", document.mime))
    if document.file_name:
        tags += file_name_tags(document.file_name)
    return tags + people_tags(document) if document.has_author or document.has_origin else tags


def link_tags(links: Collection[str], domains: Iterable[str] = ()) -> list[str]:
    """Return the tags of links, of their hosts, and of further hosts."""
    tags: list[str] = []
    hosts = dict.fromkeys(domains)
    for link in links:
        usual = read_usual_link(link) if len(link) <= LONGEST_LINK else None
        tags.append(tag_term("url", link) if usual is None else f":url:{usual[0]}")
        hosts[link_host(link) if usual is None else usual[1]] = None
    return tags + [f":domain:{value}" for host in hosts if host for value in domain_values(host)]


def file_name_tags(name: str) -> list[str]:
    """Return the tags of a file name."""
    ext = extension(name)
    return [*([tag_term("ext", ext)] if ext else ()), *_word_tags("filename", name)]


def people_tags(document: Document) -> list[str]:
    """Return the tags of the author and of the forward's origin."""
    tags: list[str] = []
    if document.has_author:
        tags += _names("from", document.author, document.sender_name, document.sender_username, document.sender_id)
    if document.has_origin:
        tags += _names("fwd", document.fwd_words, document.fwd_title, document.fwd_username, document.fwd_id)
    return tags


def _names(field: str, name: str | None, other: str | None, username: str | None, number: int | None) -> Iterator[str]:
    """Yield the words of two names with a term between them, so that no phrase spans both."""
    yield from _word_tags(field, name)
    if other or number is not None:
        yield f":{field}_id:{'' if number is None else number}"
    yield from _word_tags(field, other)
    if username:
        yield f":{field}:{user_value(username)}"


@lru_cache(maxsize=4096)
def _word_tags(field: str, text: str | None) -> Sequence[str]:
    return [f":{field}:{word}" for word in index_text(text).split()] if text else ()

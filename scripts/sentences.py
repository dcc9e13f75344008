"""List the sentences of other parts of the program that the page shows, for its catalogues: see scripts/messages.py.

A sentence is a text or f-string with a full stop or question mark at its end, in a module of SENTENCES; what has
none is in PHRASES. Its values are numbered: `{0} is not a channel.`
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from search.query.guide import sections

ROOT = Path(__file__).parents[1]
SENTENCES = (
    *("archiver/address/kinds.py", "archiver/address/links.py", "archiver/address/parse.py", "archiver/address/ref.py"),
    *("archiver/reading/find_channel.py", "archiver/reading/not_archived.py", "archiver/reading/former_names.py"),
    *("archiver/compose/named_channel.py", "archiver/compose/query.py", "archiver/compose/engine.py"),
    *("archiver/store/reading_pool.py", "archiver/store/faults.py"),
    *("archiver/web/problems.py", "archiver/web/finding.py", "archiver/web/blobs.py", "archiver/web/pictures.py"),
    *("archiver/web/views/changes.py", "archiver/web/views/media.py", "archiver/web/views/message.py"),
    *("archiver/web/views/queries.py", "search/engine/page.py", "search/exact/reader.py", "search/query/dates.py"),
    *("search/query/files.py", "search/query/filters.py", "search/query/grammar.py", "search/query/links.py"),
    *("config/zones.py", "search/query/parse.py", "search/query/peers.py", "search/query/scan.py"),
)
"""Modules whose errors and remarks the page shows."""
PHRASES = """
{0}: {1}
Use a whole number.
Write {0} or {1}.
Write {0} or {1} or {2}.
Did you mean {0} or {1}?
Did you mean {0} or {1} or {2}?
See `telekeep channels`, or add it: `telekeep add @name`.
Add one: `telekeep add @name`.
{0} is not archived: {1}
{0} is now {1} (noticed on {2}).
{0} is now {1}; until {2} or shortly before, the name was that of "{3}", now {4}.
{0} is now {1}; until {2} or shortly before, the name was that of "{3}", now {4}; its post {5} is {6}.
this is a post of {0}, now {1}, which was {2} until {3} or shortly before; {4} is now {5}, of which no post {6} is \
archived.
{0} ("{1}", without a username)
from {0} on
from {0} until before {1}
from {0} until before {1} (up to and including {2})
until before {0}
until before {0} (up to and including {1})
in the query: {0}
answered by Meilisearch
tolerating typos, so the number of hits is not exact
whose index still lacks {0} message
whose index still lacks {0} messages
whose index lacks {0} messages (`telekeep index verify` sends them again)
{0} of its hits left out: they are not in the archive
{0}; the embedded engine answers instead
{0}; the embedded engine answers instead, without tolerating typos
Meilisearch at {0}
Meilisearch at {0} did not answer: {1}
{0} is busy
{0} is out of space: {1}
{0} has no such index
{0} refused the request: {1} (HTTP {2})
the dates are in the future: from {0} on; it is now {1}
in transcripts and texts in pictures: {0} found; add in:annotations
in all channels, at any time: {0} found
in all channels: {0} found
at any time: {0} found
found separately: {0}
no archived message has {0}; messages with similar words: {1}
channel created as "{0}"
made from the group "{0}"
group created as "{0}"
title changed to "{0}"
photo of the channel changed
photo of the channel removed
pinned a message
history cleared
topic created: "{0}"
topic changed
live stream or video chat
live stream or video chat, {0}
live stream or video chat planned for {0}
time after which messages are deleted: never
time after which messages are deleted: {0}
{0} days
{0} h
{0} min
{0} h {1} min
members added
a member joined by an invite link
boosted the channel
giveaway begun
a member's request to join was accepted
a member left or was removed
the group became a supergroup
invited to a live stream or video chat
theme changed
background changed
answer added to a poll
answer removed from a poll
tasks added to a list
tasks of a list ticked or unticked
ownership of the channel passed on
giveaway results
winners count {0}, unclaimed count {1}
stars {0}
months {0}
boosts {0}
game score
gift code
gift premium
gift stars
gift ton
prize stars
star gift
star gift unique
paid messages price
suggested post approval
suggested post refund
suggested post success
no forwards toggle
phone call
it destroys itself after it was seen; such files are never kept
no message shows it any more
only channels that were removed or forbid saving still show it
several messages no longer show it; others are looked at later.
it has no small thumbnail
the server refuses a reference that it has just given.
{0} of {1} bytes are there
its channel cannot be read: {0}
it has {0} bytes; at most {1} are wanted
it has {0} bytes or more; at most {1} are wanted
the stored copy is damaged
the server refuses the file ({0}).
the message does not give the size of the file, and it is large.
the server sends the file too slowly or not at all.
the file reference expired before the hashes of its bytes came.
data centre {0} does not answer the request for the file.
its message announces {0} bytes, but the server's file has more.
its message announces {0} bytes, but the server's file ends after {1}.
service message
custom action
this version of telekeep cannot read this message; its payload is kept, and a newer version can
the stored copy is missing
Limits: {0} characters, {1} words, phrases and filters, {2} nested parentheses.
with an attachment of this kind: {0} (file: one whose file is stored in the archive)
in this state: {0} (deleted means deleted or no longer visible, as far as known)
with a file in this state: {0} (missing: the archive has no copy of it, for any reason)
{0}; also {1}
formatting only: {0}
{0} more differences
link under "{0}" changed: {1} -> {2}
link under "{0}" added: {1}
link under "{0}" removed: {1}
mention under "{0}" changed: {1} -> {2}
mention under "{0}" added: {1}
mention under "{0}" removed: {1}
button "{0}" changed: {1} -> {2}
button "{0}" added: {1}
button "{0}" removed: {1}
link {0}: under "{1}" instead of "{2}"
{0} added to "{1}"
{0} removed from "{1}"
button "{0}" renamed "{1}"
buttons rearranged: {0} -> {1}
{0}: spoiler set
{0}: spoiler removed
{0} replaced: {1} -> {2}
{0} replaced by {1}
{0} added
{0} removed
by {0}
spoiler
solution: {0}
until {0}
{0} vote
{0} votes
{0} star
{0} stars
for {0} star
for {0} stars
{0} {1} (smallest units)
{0} prize
{0} prizes
{0} month of premium
{0} months of premium
{0} winner
{0} winners
link that is not followed: {0}
user {0}
custom emoji {0}
was: {0}
the channel is private, or this account is banned from it.
the channel is closed to this account.
this account lacks the rights to read the channel.
this account is banned from the channel.
Telegram has banned the channel.
the channel no longer exists.
the channel is restricted for this account.
no channel has that username.
that is not a valid username.
the server does not accept this account's access hash for it.
the server does not accept the channel's pts.
the session is logged out.
the server does not know this session.
the server does not accept this session.
the session was ended from another device.
the session has expired.
the login was not finished.
the session was used in two places at once and is no longer valid.
the account was deleted.
the account was banned.
the account is frozen by the server.
the account is limited by the server for too many requests.
the server answered {0}.
the server cannot be reached or does not answer.
{0} cannot be reached or does not answer.
the server does not answer this request.
the connection is lost whenever this request is sent.
the server keeps failing ({0}).
the server did not answer with the channel.
the server refuses to list the state of channels.
the server shows no messages in it.
the server's list of events has no end.
the channel has been removed.
its history is older than the state the server reported; the outdated pages were not stored.
its updates cannot be fetched; only its newest messages were read.
"""
"""What has no full stop at its end, is put together, or is in other modules."""


def list_sentences() -> list[str]:
    """List the sentences and phrases, each once."""
    found = [text for path in SENTENCES for text in _of_module(ROOT / path)]
    return list(dict.fromkeys([*found, *PHRASES.strip("\n").splitlines(), *_of_guide(), *_of_kinds()]))


def _of_module(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(part) for node in ast.walk(tree) for part in _parts(node)}
    for node in ast.walk(tree):
        if (
            id(node) not in left_out
            and isinstance(node, ast.Constant | ast.JoinedStr)
            and _is_sentence(text := _template(node))
        ):
            yield text


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Documentation, and the parts of an f-string."""
    if isinstance(node, ast.Expr):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from node.values


def _template(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    numbers = iter(range(len(node.values)))
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}" for part in node.values
    )


def _is_sentence(text: str) -> bool:
    return text.endswith((".", "?")) and text[:1] not in " (" and " " in text and not set("\n\\") & set(text)


def _of_guide() -> Iterator[str]:
    for section in sections():
        yield section.title
        for text in (*(meaning for _, meaning in section.examples), *section.notes):
            meaning = text.partition("; also ")[0]
            if not meaning.startswith(
                ("Limits: ", "with an attachment of this kind", "in this state", "with a file in this s")
            ):
                yield meaning


def _of_kinds() -> Iterator[str]:
    """Kinds of things that are not channels: `a phone number`."""
    for path in SENTENCES[:3]:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and re.match(r"(a|an|the) [^.]+$", str(node.value))
                and len(node.value) < 50
            ):
                yield node.value

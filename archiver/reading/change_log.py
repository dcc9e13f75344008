"""What happened to archived messages and channels, newest first, each with a description. Schema: docs/changes.md."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import orjson

from archiver.ids import ChannelId
from archiver.model.difference import name_changed, say_differences
from archiver.model.imported import BY_IMPORT, IMPORTED
from archiver.model.row import ChannelName
from archiver.model.versions import Version, compared, list_versions
from archiver.reading.change import Change, ChangeKind, if_posted
from archiver.reading.imported_from import NO_IMPORTS, MessageImports, read_imports
from archiver.reading.word_diff import diff, excerpt, mark
from archiver.store.database import Connection, read
from archiver.store.imports.claimed import list_sole_claims
from archiver.store.imports.import_names import read_file_names
from archiver.store.messages.changes import (
    Described,
    Noticed,
    Source,
    StateChange,
    iter_noticed,
    list_described,
    list_state_changes,
    list_unseen,
)
from archiver.store.messages.history import Key, list_revisions
from archiver.store.messages.rows import get_messages
from search.query.dates import Bounds
from search.show.snippet import snippet

_SOURCES: dict[ChangeKind, Source] = {
    "edited": "revision",
    "differs": "revision",
    "missing": "absence",
    "returned": "return",
    "state": "state",
}
_MANY = 200
"""Revisions of a message above which only those near the change are read."""
_WIDTH = 80
"""Maximum characters of a text in a description."""


async def iter_changes(
    conn: Connection,
    kinds: Collection[ChangeKind],
    *,
    names: Mapping[ChannelId, ChannelName],
    bounds: Bounds,
    channels: Collection[int] | None = None,
) -> AsyncGenerator[Change, None]:
    """Yield the changes of these kinds noticed within the bounds, newest first. `channels` None: all channels."""
    sources: set[Source] = {_SOURCES.get(kind, "channel") for kind in kinds}
    if "count" in kinds:
        sources.add("count")
    since, until = bounds.since_unix, bounds.until_unix
    found = iter_noticed(conn, sorted(sources), since=since, until=until, channels=channels)
    async with aclosing(found) as chunks:
        async for chunk in chunks:
            for change in await _describe(conn, chunk, names):
                if change.kind in kinds:
                    yield change


async def _describe(conn: Connection, chunk: Sequence[Noticed], names: Mapping[ChannelId, ChannelName]) -> list[Change]:
    versions = await _list_versions(conn, [one for one in chunk if one.message_id])
    described = await read(
        conn, list_described, [(one.channel_id, one.number) for one in chunk if one.source == "channel"]
    )
    moves = await read(conn, list_state_changes, [one.number for one in chunk if one.source == "state"])
    claims = await read(conn, list_sole_claims, list(versions)) if versions else {}
    files = {one: await read(conn, read_file_names, ChannelId(one)) for one in {key[0] for key in claims}}
    unseen = await read(conn, list_unseen) if described else {}
    changes: list[Change] = []
    for one in chunk:
        channel = names[one.channel_id]
        if one.source == "revision":
            key = (one.channel_id, one.message_id)
            imports = await read_imports(conn, *key, names=files[key[0]]) if key in claims else NO_IMPORTS
            edited = _edited(one, channel, versions[key], imports)
            changes += [edited] if edited.changed else []  # two imports may have the same content
        elif one.source in ("absence", "return"):
            key = (one.channel_id, one.message_id)
            gone = _gone(one, channel, versions[key])
            if key in claims and claims[key].is_import:
                gone = _claimed(gone, versions[key][-1], await read_imports(conn, *key, names=files[key[0]]))
            changes.append(gone)
        elif one.source == "state":
            if moves[one.number].reason != BY_IMPORT:  # it was never mirrored, so nothing changed
                changes.append(_moved(one, channel, moves[one.number]))
        elif one.at <= unseen.get(one.channel_id, -1):
            continue  # only imports described it before
        elif before := described.get((one.channel_id, one.number - 1)):
            changes += _redescribed(one, channel, before, described[one.channel_id, one.number])
    return changes


async def _list_versions(conn: Connection, chunk: Sequence[Noticed]) -> dict[Key, list[Version]]:
    """List the versions of these messages; of a message with very many, only those near the change."""
    numbers: dict[Key, list[int]] = {}
    for one in chunk:
        numbers.setdefault((one.channel_id, one.message_id), []).extend(
            [one.number] if one.source == "revision" else []
        )
    held = await read(conn, get_messages, numbers)
    wanted = {}
    for key, listed in numbers.items():
        count = held[key][0].revisions
        last = max(listed, default=0) + 1
        wanted[key] = (1, count) if count <= _MANY else (min(listed, default=last), last)
    revisions = await read(conn, list_revisions, wanted)
    return {key: list_versions(*held[key], revisions[key]) for key in numbers}


def _edited(one: Noticed, channel: ChannelName, versions: Sequence[Version], imports: MessageImports) -> Change:
    old, new = _compare(one.number, versions)
    claimed = old if old.layer == IMPORTED else new
    origin = imports.origin_of(claimed.layer, claimed.payload_sha256)
    parts = say_differences(new.differences, text_changed=old.text != new.text)
    of_import = IMPORTED in (old.layer, new.layer)
    if old.text != new.text:
        parts.append(f"text: {mark(excerpt(diff(old.text, new.text)))}")
    said = "; ".join(parts) or f"{', '.join(name_changed(new.changed, ()))}: {_snippet(new.text)}"
    return Change(
        at=one.at,
        channel=channel,
        message_id=one.message_id,
        kind="differs" if of_import else "edited",
        description=said if origin is None else f"{_from_import(origin.file_name, new)}: {said}",
        old=old.text,
        new=new.text,
        changed=new.changed,
        revision=one.number,
        how="import" if of_import else None,
        differences=new.differences,
        entities=(old.entities, new.entities),
        media=(old.media, new.media) if "media" in new.changed else None,
        import_file=None if origin is None else origin.file_name,
        origin=imports.record_of(claimed.layer, claimed.payload_sha256),
    )


def _from_import(file: str, new: Version) -> str:
    """Which way an imported content is compared."""
    return f"from the import of {file} to {'the current content' if new.layer == IMPORTED else 'what Telegram showed'}"


def _compare(number: int, versions: Sequence[Version]) -> tuple[Version, Version]:
    """An earlier content and the next one that Telegram showed, else the current one: imports are not compared."""
    at = next(at for at, version in enumerate(versions) if version.revision == number)
    after = (version for version in versions[at + 1 :] if version.layer != IMPORTED)
    new = next(after, versions[-1])
    is_compared = new.base is not None and new.base.revision == number
    return versions[at], new if is_compared else compared(versions[at], new)


def _claimed(gone: Change, content: Version, imports: MessageImports) -> Change:
    """A deletion of a message that only an import has, with that import."""
    origin = imports.origin_of(content.layer, content.payload_sha256)
    file = "an export" if origin is None else origin.file_name
    last_seen = gone.last_seen if gone.how == "import" else None  # what telekeep never saw has none
    return replace(
        gone,
        import_file=file,
        origin=imports.record_of(content.layer, content.payload_sha256),
        description=f"{if_posted(file)}{gone.description}",
        last_seen=last_seen,
    )


def _gone(one: Noticed, channel: ChannelName, versions: Sequence[Version]) -> Change:
    gone = one.source == "absence"
    # The content when it was last seen, or when it returned.
    moment = one.last_seen if gone and one.last_seen is not None else one.at
    shown = [version for version in versions if version.layer != IMPORTED] or versions
    seen = [version for version in shown if version.first_seen <= moment] or shown
    text, media, entities = seen[-1].text, seen[-1].media, seen[-1].entities
    return Change(
        at=one.at,
        channel=channel,
        message_id=one.message_id,
        kind="missing" if gone else "returned",
        description=" ".join(filter(None, [_snippet(text), *(f"[{slot['kind']}]" for slot in media)])),
        old=text if gone else None,
        new=None if gone else text,
        entities=(entities if gone else (), () if gone else entities),
        last_seen=one.last_seen,
        how=one.how,
    )


def _moved(one: Noticed, channel: ChannelName, move: StateChange) -> Change:
    before = "imported" if move.before_reason == BY_IMPORT else move.before
    way = move.state if before == move.state else f"{before} -> {move.state}"
    return Change(
        at=one.at,
        channel=channel,
        message_id=None,
        kind="state",
        description=f"{way}: {move.reason}" if move.reason else way,
        old=before,
        new=move.state,
    )


def _redescribed(one: Noticed, channel: ChannelName, old: Described, new: Described) -> Iterator[Change]:
    for kind, before, after in _differences(old, new):
        if before == after:
            continue
        if kind == "about":
            description = mark(excerpt(diff(str(before or ""), str(after or ""))))
        else:
            description = f"{'none' if before is None else before} -> {'none' if after is None else after}"
        yield Change(
            at=one.at, channel=channel, message_id=None, kind=kind, description=description, old=before, new=after
        )


def _differences(old: Described, new: Described) -> Iterator[tuple[ChangeKind, str | int | None, str | int | None]]:
    """Yield kind, old and new value of everything a channel says about itself, whether or not it differs."""
    yield "renamed", _names(old), _names(new)
    yield "retitled", old.title, new.title
    # Both are known only after a full request: learning them for the first time is not a change.
    if old.about is not None or old.participants is not None:
        yield "about", old.about, new.about
    if old.participants is not None and new.participants is not None:
        yield "count", old.participants, new.participants
    yield "flags", _words(old.flags), _words(new.flags)
    yield "restriction", _reasons(old.restriction), _reasons(new.restriction)


def _names(channel: Described) -> str | None:
    names = dict.fromkeys([channel.username, *orjson.loads(channel.usernames)])
    return " ".join(f"@{name}" for name in names if name) or None


def _words(listed: str) -> str | None:
    return ", ".join(orjson.loads(listed)) or None


def _reasons(restriction: str | None) -> str | None:
    """Describe on which platforms the channel is restricted, and why."""
    if restriction is None:
        return None
    return ", ".join(f"{one['reason']} on {one['platform']}: {one['text']}" for one in orjson.loads(restriction))


def _snippet(text: str) -> str:
    piece = snippet(text, (), _WIDTH)
    return f"{piece.text} …" if piece.cut_after else piece.text

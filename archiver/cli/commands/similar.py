"""`telekeep similar`: other posts with the same file, the same bytes, or a picture that looks alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from archiver.cli import interrupted, output
from archiver.cli.arguments import MessageArgument
from archiver.cli.commands.addressed import get_message
from archiver.cli.invocation import Invocation
from archiver.cli.local_time import ZoneOption, local_time
from archiver.cli.pager import page
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.figures import count
from archiver.cli.view.heading import called
from archiver.cli.view.kinds import name_kind
from archiver.cli.view.moments import Moments
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.cli.view.similar import (
    describe_match,
    describe_scope,
    describe_unhashed,
    file_object,
    post_object,
    print_head,
    print_post,
)
from archiver.compose.read_archive import open_archive
from archiver.errors import UsageError
from archiver.model.iso_time import iso
from archiver.model.media_file import FILE_KINDS, FileKey
from archiver.model.row import ChannelName, StoredMedia, permalink
from archiver.reading.similar_posts import NEAR, SimilarPost, SimilarPosts, list_similar_posts, list_stored_since
from archiver.store.database import Database, read
from archiver.store.media.picture import MOST_BITS, PictureHash, count_known, count_pictures
from archiver.store.messages.rows import HeldMessage, get_messages, list_names, snapshot

EXIT_STATUS = {
    0: "found others",
    1: "no other post found; the last line says what was compared",
    2: "wrong usage, or the message is not archived",
}


_MOST_HASHED = 10
"""Files of the message that are hashed at once; it has rarely more than one."""


class _Options(NamedTuple):
    bits: int
    limit: int
    shape: Shape
    moments: Moments


class _Answer(NamedTuple):
    channel: ChannelName
    held: HeldMessage
    found: SimilarPosts
    shown: Sequence[tuple[SimilarPost, ChannelName, HeldMessage]]


def command(
    context: CommandContext,
    address: MessageArgument,
    *,
    bits: Annotated[
        int, Option("--bits", min=0, metavar="N", help=f"How many of the 64 bits may differ, 0 to {MOST_BITS}.")
    ] = NEAR,
    limit: Annotated[int, Option("-n", min=0, metavar="N", help="Maximum number of results; 0 = no limit.")] = 50,
    tz: ZoneOption = None,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
) -> int:
    """List posts of all channels that show the same file or a similar picture, the earliest first.

    \b
    Examples:
      telekeep similar @channel/123
      telekeep similar @channel/123 --bits 3 --json
      telekeep similar https://t.me/channel/123 --jsonl | jq -r .permalink

    \b
    same file    the same photo or document on Telegram, as in forwards; known for every archived message
    same bytes   another file with the same SHA-256; known for files that have been stored
    N bits away  a picture whose perceptual hash differs in N of 64 bits: resized, recompressed, cropped at the edges

    `telekeep run` and `telekeep media hash` compute the hashes: from the stored file, else from the stored thumbnail,
    else from the tiny preview in the message ("by its tiny preview": less certain). If the message's own picture is
    stored and its file has no hash yet, this command computes that one for this answer. A video is compared by its
    thumbnail. In a pipe: date, address, match, link, text, title of the channel, separated by tabs. See docs/media.md.
    """
    if bits > MOST_BITS:
        raise UsageError(f"--bits is at most {MOST_BITS}.", hint="Pictures further apart are rarely the same.")
    options = _Options(bits, limit, choose_shape(json=json, jsonl=jsonl), local_time(context.obj, tz))
    return interrupted.run(run(context.obj, address, options))


async def run(invocation: Invocation, address: str, options: _Options) -> int:
    """List the posts. Returns the exit status."""
    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        conn = database.connection
        async with snapshot(conn):
            channel, held = await get_message(database, address, options.moments)
            message = held[0]
            key = channel.channel_id, message.message_id
            fresh = await _hash_stored(database, held[1])
            files, similar = await read(conn, list_similar_posts, *key, held[1], bits=options.bits, fresh=fresh)
            found = SimilarPosts(files, similar, await read(conn, count_pictures), await read(conn, count_known))
            posts = found.posts[: options.limit or None]
            names = {one.channel_id: one for one in await read(conn, list_names)}
            messages = await read(conn, get_messages, [(one.channel_id, one.message_id) for one in posts])
    shown = [(one, names[one.channel_id], messages[one.channel_id, one.message_id]) for one in posts]
    answer = _Answer(channel, held, found, shown)
    with page():
        _print(answer, options)
    _note(answer)
    return 0 if found.posts else 1


async def _hash_stored(database: Database, media: Sequence[StoredMedia]) -> dict[FileKey, PictureHash]:
    """Hash the message's own files if they were stored since its previews were hashed."""
    from archiver.media.blob_store import BlobStore
    from archiver.media.hash_pictures import hash_stored
    from archiver.media.picture_process import can_read_pictures

    pictures = await read(database.connection, list_stored_since, media)
    if not pictures or not can_read_pictures():
        return {}
    return await hash_stored(BlobStore(database.path.parent), pictures[:_MOST_HASHED])


def _print(answer: _Answer, options: _Options) -> None:
    if options.shape == "json":
        output.json(_to_object(answer, options))
    elif options.shape == "jsonl":
        for one in answer.shown:
            output.jsonl(post_object(*one))
    elif output.is_terminal():
        console = output.console()
        print_head(console, answer.channel, answer.held[0].message_id, answer.found)
        for one in answer.shown:
            print_post(console, *one, options.moments)
    else:
        for post, channel, held in answer.shown:
            address = f"{channel.name}/{post.message_id}"
            link = permalink(channel, post.message_id)
            output.tsv(iso(post.date), address, describe_match(post.match), link, held[0].text, channel.title)


def _to_object(answer: _Answer, options: _Options) -> dict[str, object]:
    channel, message = answer.channel, answer.held[0]
    pictures = answer.found.pictures
    return {
        "channel_id": channel.channel_id,
        "channel": channel.name,
        "message_id": message.message_id,
        "permalink": permalink(channel, message.message_id),
        "date": iso(message.date),
        "files": [file_object(file) for file in answer.found.files],
        "max_bits": options.bits,
        "pictures": pictures.pictures,
        "hashed": pictures.hashed,
        "unsuitable": pictures.unsuitable,
        "known_files": answer.found.known,
        "found": len(answer.found.posts),
        "posts": [post_object(*post) for post in answer.shown],
    }


def _describe_none(media: Sequence[StoredMedia]) -> str:
    """Say that there is no file, or only one that nothing is known of, as in an import that came without it."""
    if kind := next((one.kind for one in media if one.kind in FILE_KINDS), None):
        return f"the file of the message's {name_kind(kind)} is not known, so there is nothing to compare."
    return "the message has no file to compare."


def _note(answer: _Answer) -> None:
    """Say on stderr how many there are, and what was compared."""
    found, date = answer.found, answer.held[0].date
    if not found.files:
        output.note(_describe_none(answer.held[1]))
        return
    for line in describe_unhashed(found, f"{called(answer.channel)}/{answer.held[0].message_id}"):
        output.note(line)
    earlier = sum(post.date < date for post in found.posts)
    more = "" if len(answer.shown) == len(found.posts) else f", the first {len(answer.shown)} shown (-n 0 shows all)"
    result = f"{describe_others(len(found.posts), earlier)}{more}" if found.posts else "no other post found"
    output.note(f"{result}. {describe_scope(found)}")


def describe_others(posts: int, earlier: int) -> str:
    """How many posts were found, and how many of them are earlier: `1 other post, an earlier one`."""
    if posts == 1:
        return f"1 other post, {'an earlier one' if earlier else 'not an earlier one'}"
    share = {0: "none of them", posts: "all of them"}.get(earlier, f"{earlier:,} of them")
    return f"{count(posts, 'other post')}, {share} earlier"

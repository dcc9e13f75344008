"""Posts that show the same file or picture: in words, as TSV cells and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view.figures import count, number
from archiver.cli.view.heading import called, heading, wrap_prose
from archiver.cli.view.kinds import name_kind
from archiver.cli.view.message_origins import beginning
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import text_width
from archiver.ids import MessageId
from archiver.media.picture_process import INSTALL, can_read_pictures
from archiver.model.imported import IMPORTED
from archiver.model.iso_time import iso
from archiver.model.row import ChannelName, permalink
from archiver.reading.similar_posts import ComparedFile, Match, SimilarPost, SimilarPosts
from archiver.store.messages.rows import HeldMessage

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

POST_KEYS = (
    "channel_id", "channel", "message_id", "permalink", "date", "match", "bits", "by", "media", "text", "missing_since",
    "imported",
)  # fmt: skip
_STYLES = {"same file": "bold green", "same bytes": "bold green", "similar picture": "yellow"}
_SHOWN_BY = {"file": "", "thumbnail": ", by its thumbnail", "preview": ", by its tiny preview"}


def post_object(post: SimilarPost, channel: ChannelName, held: HeldMessage) -> dict[str, object]:
    """A post as JSON, with POST_KEYS."""
    return {
        "channel_id": post.channel_id,
        "channel": channel.name,
        "message_id": post.message_id,
        "permalink": permalink(channel, post.message_id),
        "date": iso(post.date),
        "match": post.match.kind,
        "bits": post.match.bits,
        "by": post.match.by,
        "media": post.media,
        "text": held[0].text,
        "missing_since": iso(held[0].missing_since),
        "imported": held[0].layer == IMPORTED,
    }


def file_object(file: ComparedFile) -> dict[str, object]:
    """A file of the message that was asked about, as JSON."""
    picture = file.picture
    return {
        "media": file.kind,
        "id": file.key.partition("/")[2],
        "sha256": file.status.sha256,
        "hash": None if picture is None or picture.hash is None else f"{picture.hash:016x}",
        "by": None if picture is None else picture.source,
        "reason": None if picture is None else picture.reason,
    }


def describe_match(match: Match) -> str:
    """`same file`, `3 bits away, by its tiny preview`."""
    if match.bits is None:
        return match.kind
    return f"{count(match.bits, 'bit')} away{_SHOWN_BY[match.by or 'file']}"


def print_head(console: Console, channel: ChannelName, message_id: MessageId, found: SimilarPosts) -> None:
    """Print which message was asked about, and its files."""
    columns = text_width(console.width)
    for line in heading(channel.title, f"{called(channel)}/{message_id}", columns):
        console.print(line, soft_wrap=True)
    for file in found.files:
        for line in _wrapped(describe_file(file), columns, "dim"):
            console.print(line, soft_wrap=True)
    console.print()


def print_post(console: Console, post: SimilarPost, channel: ChannelName, held: HeldMessage, moments: Moments) -> None:
    """Print a post: when, where, how alike, and the beginning of its text."""
    from rich.text import Text

    columns = text_width(console.width)
    head = Text(f"{moments.at(post.date)}  ", style="dim")
    head.append(isolate(terminal_safe(f"{called(channel)}/{post.message_id}")), style="not dim cyan")
    head.append("  ").append(describe_match(post.match), style=f"not dim {_STYLES[post.match.kind]}")
    if held[0].missing_since is not None:
        doubt = ", if it was posted as the import says" if held[0].layer == IMPORTED else ""
        head.append(f"  deleted{doubt}", style="not dim bold red")
    for line in wrap_prose(head, columns):
        console.print(line, soft_wrap=True)
    if text := beginning(held[0].text):
        for line in _wrapped(text, columns, ""):
            console.print(line, soft_wrap=True)


def describe_file(file: ComparedFile) -> str:
    """`photo, stored, picture compared by its file`."""
    stored = file.status.status if file.status.sha256 is None else f"SHA-256 {file.status.sha256[:16]}…"
    parts = [name_kind(file.kind), stored]
    if file.is_picture and file.picture is not None and file.picture.hash is not None:
        parts.append(f"picture compared by its {file.picture.source}")
    return ", ".join(parts)


def describe_scope(found: SimilarPosts) -> str:
    """What was compared, and what could not be."""
    seen, known = found.pictures, found.known
    parts = [f"Compared: the same file among all archived messages, the same bytes among {count(known, 'known file')}"]
    if any(file.is_picture for file in found.files):
        compared = f"similar pictures among {number(seen.hashed)} of {count(seen.pictures, 'picture')}"
        parts.append(f"{compared}{_describe_rest(found)}")
    # Where the message's own picture has no hash, another line says so.
    is_hashed = any(file.picture is not None and file.picture.hash is not None for file in found.files)
    hint = f" {_how_to_hash()}" if is_hashed and _count_rest(found) else ""
    return f"{', '.join(parts)}.{hint}"


def describe_unhashed(found: SimilarPosts, address: str) -> Iterator[str]:
    """Why pictures of the message itself could not be compared, and what helps. `address`: of the message."""
    for file in found.files:
        if file.is_stored_since and file.picture is not None and file.picture.hash is not None:
            what = f"the {name_kind(file.kind)} was compared by its {file.picture.source}, although its file is stored."
            yield f"{what} {_how_to_hash()}"
        if not file.is_picture or (file.picture is not None and file.picture.hash is not None):
            continue
        what = " yet" if file.picture is None else f" ({file.picture.reason})"
        hints = " ".join(_list_hints(file, address))
        yield f"the {name_kind(file.kind)} has no hash{what}: similar pictures were not searched for. {hints}".rstrip()


def _list_hints(file: ComparedFile, address: str) -> Iterator[str]:
    """What gets a file its hash: a stored one needs no fetching, and one that was looked at no second look."""
    if file.is_fetchable:
        needs = "" if can_read_pictures() else f" (to compare it, install Pillow and imagehash: {INSTALL})"
        yield f"`telekeep media fetch {address}` fetches the {name_kind(file.kind)}{needs}."
        if file.picture is None and can_read_pictures():
            yield "Without it, `telekeep media hash` hashes the tiny preview in the message, if there is one."
    elif file.picture is None:
        yield _how_to_hash()


def _how_to_hash() -> str:
    if can_read_pictures():
        return "`telekeep media hash` computes missing hashes."
    return f"Install Pillow and imagehash ({INSTALL}), then run `telekeep media hash`."


def _count_rest(found: SimilarPosts) -> int:
    return found.pictures.pictures - found.pictures.hashed - found.pictures.unsuitable


def _describe_rest(found: SimilarPosts) -> str:
    seen, rest = found.pictures, _count_rest(found)
    parts = [f"{number(rest)} not hashed yet"] if rest else []
    parts += [f"{number(seen.unsuitable)} that cannot be compared"] if seen.unsuitable else []
    return f" ({', '.join(parts)})" if parts else ""


def _wrapped(words: str, columns: int, style: str) -> Iterator[Text]:
    from rich.text import Text

    for line in wrap_prose(Text(isolate(terminal_safe(words)), style=style), columns - 2):
        yield Text.assemble("  ", line)

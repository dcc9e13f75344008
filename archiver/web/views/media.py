"""The attachments of a channel as a grid."""

from __future__ import annotations

from typing import Final

from archiver.errors import UsageError
from archiver.model.media_file import FILE_KINDS
from archiver.store.database import read
from archiver.store.media.media_list import list_media
from archiver.web.lookup import find_channel
from archiver.web.pictures import list_attachments, read_pictures
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer

KINDS: Final = ("photo", "video", "round", "voice", "audio", "gif", "document", "image", "sticker")
_PAGE: Final = 60
_SECONDS: Final = 5.0
_END: Final = 2**31


async def show_media(site: Site, asked: Asked) -> ViewAnswer:
    """The attachments of `?kind=`, newest first, below `?before=ID`."""
    wanted = asked.words("kind")
    if wrong := [kind for kind in wanted if kind not in FILE_KINDS]:
        raise UsageError(f'kind cannot be "{wrong[0][:40]}".', hint=f"Kinds: {', '.join(KINDS)}.")
    async with site.reading(_SECONDS) as conn:
        found = await find_channel(conn, asked.parts["channel"])
        listed = await read(
            conn,
            list_media,
            found.name.channel_id,
            before=asked.number("before") or _END,
            kinds=wanted or FILE_KINDS,
            limit=_PAGE,
        )
        shown = ((found.name.channel_id, one.message_id, one.media) for one in listed)
        pictures = await read_pictures(conn, shown, site.directory)
    slots = [(one.message_id, one.media) for one in listed]
    spoilers = {one.message_id for one in listed if one.is_spoiler}
    attachments = list_attachments(found.name.channel_id, slots, pictures, spoilers)
    return ViewAnswer(
        template="media.html",
        title=found.name.title,
        data={
            "media": [
                {"message_id": one.message_id, **one.media._asdict(), "imported": one.is_claimed} for one in listed
            ]
        },
        values={
            "channel": found.name,
            "attachments": list(zip(listed, attachments, strict=True)),
            "kinds": KINDS,
            "wanted": wanted,
            "next": listed[-1].message_id if len(listed) >= _PAGE else None,
        },
    )

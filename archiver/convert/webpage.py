"""Link previews. See https://core.telegram.org/constructor/webPage."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from archiver.convert.canonical import present, snake_name
from archiver.convert.files import add_document, add_photo
from archiver.convert.plain import plain
from archiver.convert.slots import Slots


def add_webpage(media: Any, slots: Slots, of: str | None) -> None:
    """Add the preview, and the picture or file that it shows."""
    page = media.webpage
    extra = present(
        force_large_media=media.force_large_media,
        force_small_media=media.force_small_media,
        manual=media.manual,
        safe=media.safe,
    )
    if type(page) is not types.WebPage:
        # Pending or empty: there is no preview yet, or never will be; that alone does not change the content.
        extra["state"] = snake_name(type(page).__name__, "WebPage")
        id_ = getattr(page, "id", None)
        slots.add("webpage", None, of, extra, id=None if id_ is None else str(id_), url=getattr(page, "url", None))
        return
    words = [word for word in (page.site_name, page.description, page.author) if word]
    extra |= present(
        site_name=page.site_name,
        description=page.description,
        author=page.author,
        type=page.type,
        display_url=page.display_url,
        duration=page.duration,
        embed_url=page.embed_url,
        embed_type=page.embed_type,
        embed_width=page.embed_width,
        embed_height=page.embed_height,
        has_large_media=page.has_large_media,
        video_cover_photo=page.video_cover_photo,
        # The article itself stays in the raw bytes: it is the site's text, not the channel's.
        instant_view=page.cached_page is not None,
        attributes=plain(page.attributes) if page.attributes else None,
    )
    slots.add(
        "webpage",
        [page.url, page.title],
        of,
        extra,
        id=str(page.id),
        url=page.url,
        title=page.title,
        search_text="\n".join(words) or None,
    )
    if page.photo is not None:
        slots.add_derived(add_photo, page.photo, "webpage")
    if page.document is not None:
        slots.add_derived(add_document, page.document, "webpage")

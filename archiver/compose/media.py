"""The files behind the messages, from the settings: what is wanted, and where the bytes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.model.media_file import FILE_KINDS, MediaPolicy

if TYPE_CHECKING:
    from config.settings import MediaSettings


def settings_policy(media: MediaSettings) -> MediaPolicy:
    """What the settings want of every channel that does not say otherwise."""
    caps = {kind: getattr(media, kind, None) for kind in FILE_KINDS}
    return MediaPolicy(
        download=media.download,
        max_size=int(media.max_size),
        caps={kind: int(cap) for kind, cap in caps.items() if cap is not None},
        thumbnails=media.thumbnails,
        quota=None if media.quota is None else int(media.quota),
        protected=media.protected,
    )

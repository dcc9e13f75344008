"""Which files are wanted, and if not, why. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, TypeAlias

from archiver.model.media_file import FileSlot, MediaPolicy, PolicyOverride

Reason: TypeAlias = Literal["self-destructing", "protected channel", "not wanted", "too big", "quota"]
"""Why a file is left out: what the sender, the channel and the policy say, in this order."""

THUMB_KINDS: Final = frozenset({"photo", "video", "round", "gif", "image"})
"""Kinds whose small thumbnail is fetched."""
_PICTURES: Final = frozenset({"photo", "image"})
"""Kinds whose own file serves as their picture."""
_SAME: Final = {"custom_emoji": "sticker"}
"""Kinds that follow another one's cap."""


def merge_policy(settings: MediaPolicy, override: PolicyOverride | None) -> MediaPolicy:
    """The policy of a channel: what it does not say itself is as in the settings; caps kind by kind."""
    if override is None:
        return settings
    return MediaPolicy(
        download=settings.download if override.download is None else override.download,
        max_size=settings.max_size if override.max_size is None else override.max_size,
        caps={**settings.caps, **(override.caps or {})},
        thumbnails=settings.thumbnails if override.thumbnails is None else override.thumbnails,
        quota=settings.quota if override.quota is None else override.quota,
        protected=settings.protected if override.protected is None else override.protected,
    )


def size_limit(policy: MediaPolicy, kind: str) -> int:
    """The largest size in bytes that files of a kind may have; 0: none is wanted."""
    if policy.download == "none" or (policy.download == "photos" and kind != "photo"):
        return 0
    return policy.caps.get(_SAME.get(kind, kind), policy.max_size)


def why_not(policy: MediaPolicy, slot: FileSlot, *, used: int = 0) -> Reason | None:
    """Why a file is not fetched; None: it is wanted. `used`: bytes that the channel's files take already.

    A file of unknown size is wanted: fetching it stops at the limit.
    """
    if slot.self_destructing:
        return "self-destructing"
    if slot.protected and not policy.protected:
        return "protected channel"
    limit = size_limit(policy, slot.kind)
    if limit == 0:
        return "not wanted"
    size = slot.size or 0
    if size > limit:
        return "too big"
    if policy.quota is not None and used + size > policy.quota:
        return "quota"
    return None


def wants_thumb(policy: MediaPolicy, slot: FileSlot) -> bool:
    """Whether the small thumbnail of a file is fetched: where anything is, unless the picture itself is."""
    if not policy.thumbnails or policy.download == "none" or slot.kind not in THUMB_KINDS or slot.self_destructing:
        return False
    if slot.protected and not policy.protected:
        return False
    return slot.kind not in _PICTURES or why_not(policy, slot) is not None


def asked_policy(policy: MediaPolicy, *, max_size: int | None = None) -> MediaPolicy:
    """The policy for files that somebody asked for by name: every kind, up to a size; protection and quota stay.

    Without `max_size` each kind may be as large as it ever may: the cap where it is larger than `max_size`.
    """
    if max_size is not None:
        return replace(policy, download="all", max_size=max_size, caps={}, thumbnails=False)
    caps = {kind: cap for kind, cap in policy.caps.items() if cap > policy.max_size}
    return replace(policy, download="all", caps=caps, thumbnails=False)


def has_room(free: int, size: int | None, *, min_free: int) -> bool:
    """Whether a file may be fetched: enough must stay free that mirroring is not endangered."""
    return free - (size or 0) >= min_free

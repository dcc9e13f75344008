"""A channel's media policy as it is typed: `photos`, or `all,video=200MB,document=0,quota=10GB`. Pure."""

from __future__ import annotations

from typing import Final

from archiver.errors import UsageError
from archiver.model.media_file import FILE_KINDS, Download, MediaPolicy, PolicyOverride
from config.sizes import parse_size, write_size

INHERIT: Final = "inherit"
DOWNLOADS: Final[tuple[Download, ...]] = ("none", "photos", "all")
CAP_KINDS: Final = tuple(kind for kind in FILE_KINDS if kind != "custom_emoji")
_FLAGS: Final = ("thumbnails", "protected")
_HINT: Final = "Write photos, or all,video=200MB,document=0,quota=10GB, or inherit, to follow [media]."


def parse_policy(text: str) -> PolicyOverride:
    """What a policy says; `inherit` says nothing. Raises UsageError."""
    words = [word.strip().lower() for word in text.split(",")]
    if words == [INHERIT]:
        return PolicyOverride()
    download: Download | None = None
    sizes: dict[str, int] = {}
    flags: dict[str, bool] = {}
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if at == 0 and not equals and name in DOWNLOADS:
            download = DOWNLOADS[DOWNLOADS.index(name)]
        elif equals and name in _FLAGS and value in ("yes", "no"):
            flags[name] = value == "yes"
        elif equals and (name in CAP_KINDS or name in ("max_size", "quota")):
            sizes[name] = read_size(value, name)
        else:
            raise UsageError(f'"{word[:40]}" is not part of a media policy.', hint=_HINT)
    caps = {kind: size for kind, size in sizes.items() if kind in CAP_KINDS}
    return PolicyOverride(
        download=download,
        max_size=sizes.get("max_size"),
        caps=caps or None,
        quota=sizes.get("quota"),
        thumbnails=flags.get("thumbnails"),
        protected=flags.get("protected"),
    )


def read_size(text: str, of: str) -> int:
    """A size typed for a setting. Raises UsageError."""
    try:
        return parse_size(text)
    except ValueError:
        raise UsageError(
            f'"{text[:40]}" is not a size ({of}).', hint='Write "200MB", "1.5GB" or "512KiB"; "0" means never.'
        ) from None


def write_override(override: PolicyOverride) -> str:
    """The override as `parse_policy` reads it."""
    words: list[str] = [override.download] if override.download else []
    sizes = {"max_size": override.max_size, **(override.caps or {}), "quota": override.quota}
    words += [f"{name}={write_size(size)}" for name, size in sizes.items() if size is not None]
    flags = {name: getattr(override, name) for name in _FLAGS}
    words += [f"{name}={'yes' if flag else 'no'}" for name, flag in flags.items() if flag is not None]
    return ",".join(words) or INHERIT


def write_policy(policy: MediaPolicy) -> str:
    """A whole policy as `parse_policy` reads it."""
    return write_override(
        PolicyOverride(
            download=policy.download,
            max_size=policy.max_size,
            caps=policy.caps,
            quota=policy.quota,
            thumbnails=policy.thumbnails,
            protected=policy.protected,
        )
    )

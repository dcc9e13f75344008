"""Files and policies in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.cli.view import figures
from archiver.model.iso_time import iso
from archiver.model.media_file import MediaPolicy
from archiver.store.media.media_policy import MediaRate

_KINDS = {"none": "nothing", "photos": "photos", "all": "all files"}


def describe_policy(policy: MediaPolicy) -> str:
    """`photos up to 20.0 MB`, `all files up to 20.0 MB, video 200 MB, no sticker, quota 50.0 GB`."""
    if policy.download == "none":
        return "nothing"
    said = [f"{_KINDS[policy.download]} up to {figures.size(policy.max_size)}"]
    said += [f"{kind} {figures.size(cap)}" if cap else f"no {kind}" for kind, cap in policy.caps.items()]
    said += [f"quota {figures.size(policy.quota)}"] if policy.quota is not None else []
    said += [] if policy.thumbnails else ["no thumbnails"]
    said += ["protected ones too"] if policy.protected else []
    return ", ".join(said)


def policy_object(policy: MediaPolicy) -> dict[str, Any]:
    """A policy as JSON; sizes in bytes."""
    return {
        "download": policy.download,
        "max_size": policy.max_size,
        "caps": dict(policy.caps),
        "quota": policy.quota,
        "thumbnails": policy.thumbnails,
        "protected": policy.protected,
    }


def count_files(files: int, size: int, unknown: int = 0) -> str:
    """`3 files, 41.5 MB`; `at least` where sizes are unknown."""
    least = "at least " if unknown and size else ""
    amount = f", {least}{figures.size(size)}" if size or not unknown else ", of unknown size"
    return f"{figures.count(files, 'file')}{amount if files else ''}"


def describe_rate(rate: MediaRate) -> str:
    """`1.2 MB/s, 3.4 files/s`."""
    return f"{figures.size(round(rate.bytes))}/s, {figures.rate(rate.files, 'files')}"


def list_rate_objects(rates: Mapping[str, MediaRate]) -> list[dict[str, Any]]:
    """Rates by account as JSON."""
    return [
        {
            "account": account,
            "at": iso(rate.at),
            "files_per_second": round(rate.files, 3),
            "bytes_per_second": round(rate.bytes),
        }
        for account, rate in rates.items()
    ]


def describe_free(free: int, min_free: int) -> str:
    """How many bytes are free on the disk, and what that means for downloads."""
    size, least = figures.size(free), figures.size(min_free)
    if free < min_free:
        return f"Free: {size}, less than media.min_free ({least}): no files are fetched; mirroring continues."
    return f"Free: {size}; {least} of it are kept free (media.min_free)."

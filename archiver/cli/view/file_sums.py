"""How many of the wanted files are stored, in one phrase, for `status` and `channels`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archiver.cli.view import figures
from archiver.compose.media import settings_policy
from archiver.ids import ChannelId
from archiver.media.policy import merge_policy, size_limit
from archiver.model.media_file import FILE_KINDS, FileState, MediaPolicy
from archiver.store.media.channel_files import MOST_WAITING, count_known, count_waiting
from archiver.store.media.file import has_files
from archiver.store.media.file_queue import measure_used
from archiver.store.media.media_policy import list_overrides

if TYPE_CHECKING:
    from archiver.store.database import Reader
    from archiver.store.media.blob_check import BlobSum
    from config.settings import Settings


_REMOVED: Final[frozenset[FileState]] = frozenset({"offloaded"})


@dataclass(frozen=True, slots=True)
class FileSum:
    """Files of one channel, or of several."""

    downloaded: int
    size: int
    """Bytes of the stored ones."""
    waiting: int
    """Wanted by the policy and not fetched yet; MOST_WAITING + 1 means more."""
    failed: int
    full: bool = False
    """Whether the quota leaves no room for more."""
    wants: bool = True
    """Whether the policy wants any file."""
    removed: int = 0
    """Wanted by the policy, once stored, and since removed or moved away."""

    def __add__(self, other: FileSum) -> FileSum:
        return FileSum(
            self.downloaded + other.downloaded,
            self.size + other.size,
            self.waiting + other.waiting,
            self.failed + other.failed,
            self.full or other.full,
            self.wants or other.wants,
            self.removed + other.removed,
        )

    @property
    def brief(self) -> str:
        """`25 of 90`; `25` where nothing else is wanted."""
        stored = figures.number(self.downloaded)
        return stored if self.downloaded == self._wanted else f"{stored} of {self._of}"

    def describe(self) -> str:
        """`25 of 90 wanted files stored (509 kB), 60 waiting, 5 failed`."""
        stored = f"{figures.number(self.downloaded)} of {self._of} wanted files stored ({figures.size(self.size)})"
        if self.downloaded == self._wanted:
            stored = f"all {figures.count(self.downloaded, 'wanted file')} stored ({figures.size(self.size)})"
        if not self.wants or self.full:
            stored = f"{figures.count(self.downloaded, 'file')} stored ({figures.size(self.size)})"
        elif not self._wanted:
            stored = "no wanted files in its messages"
        waiting = f"{_more(self.waiting)} waiting" if self.waiting else ""
        failed = f"{figures.number(self.failed)} failed" if self.failed else ""
        removed = f"{_more(self.removed)} offloaded" if self.removed else ""
        return ", ".join(filter(None, (stored, waiting, failed, removed, "quota reached" if self.full else "")))

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "downloaded": self.downloaded,
            "bytes": self.size,
            "waiting": min(self.waiting, MOST_WAITING),
            "waiting_is_more": self.waiting > MOST_WAITING,
            "failed": self.failed,
            "offloaded": min(self.removed, MOST_WAITING),
            "quota_reached": self.full,
        }

    @property
    def _wanted(self) -> int:
        return self.downloaded + self.waiting + self.failed + self.removed

    @property
    def _of(self) -> str:
        return (
            f"more than {figures.number(self._wanted - 1)}"
            if max(self.waiting, self.removed) > MOST_WAITING
            else figures.number(self._wanted)
        )


def describe_on_disk(shown: int, stored: BlobSum) -> str:
    """Disk usage of stored message files: `1 file, 67 bytes, for 3 files of messages, equal ones once`."""
    found = f"{figures.count(stored.files, 'file')}, {figures.size(stored.size)}"
    if shown == stored.files:
        return found
    once = ", equal ones once" if stored.files < shown else ""
    return f"{found}, for {figures.count(shown, 'file')} of messages{once}"


def read_file_sums(conn: Reader, channel_ids: Iterable[int], settings: Settings) -> Mapping[ChannelId, FileSum]:
    """Sum up the files of each channel that has stored files or wants any."""
    base, overrides, known = settings_policy(settings.media), list_overrides(conn), has_files(conn)
    if base.download == "none" and not overrides and not known:
        return {}
    policies = {ChannelId(one): merge_policy(base, overrides.get(ChannelId(one))) for one in channel_ids}
    sums = {one: _sum(conn, one, policy) for one, policy in policies.items() if known or policy.download != "none"}
    return {one: found for one, found in sums.items() if found.downloaded or policies[one].download != "none"}


def _sum(conn: Reader, channel_id: ChannelId, policy: MediaPolicy) -> FileSum:
    known, used = count_known(conn, channel_id), measure_used(conn, channel_id)
    full = policy.quota is not None and used >= policy.quota
    limits = {kind: limit for kind in FILE_KINDS if (limit := size_limit(policy, kind)) and not full}
    waiting = count_waiting(conn, channel_id, limits, protected=policy.protected)
    removed = count_waiting(conn, channel_id, limits, protected=policy.protected, states=_REMOVED)
    return FileSum(known.downloaded, used, waiting, known.failed, full, policy.download != "none", removed)


def _more(count: int) -> str:
    return f"more than {figures.number(MOST_WAITING)}" if count > MOST_WAITING else figures.number(count)

"""Let hooks make texts of stored files, one file at a time, and record each result at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from archiver.ids import ChannelId
from archiver.media.blob_store import BlobStore
from archiver.media.run_hook import HookLimits, HookResult, run_hook
from archiver.model.hooks import Hook, choose_suffix, retry_after
from archiver.model.language import name_language
from archiver.pacing.tasks import unless_stopped
from archiver.store.database import Database
from archiver.store.media.annotation import Annotation, Unannotated, find_attempts, list_unannotated, put_annotation

_PAGE: Final = 50
_VERSION_LIMITS: Final = HookLimits(seconds=20, output=10_000)
_LONGEST_VERSION: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRules:
    """What applies to every hook."""

    limits: HookLimits
    attempts: int
    """How often a file is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """What a hook did with one file."""

    hook: Hook
    file: Unannotated
    result: HookResult


class Unseen(NamedTuple):
    """How many stored files a hook has not seen."""

    untried: int
    missing: int
    """Those that are recorded as stored, but are not there."""


class Annotator:
    """Runs the hooks on all files that they have not seen."""

    def __init__(
        self,
        database: Database,
        hooks: Sequence[Hook],
        rules: HookRules,
        *,
        channels: Collection[ChannelId] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._hooks = hooks
        self._rules = rules
        self._channels = channels
        self._now = now
        self._blobs = BlobStore(database.path.parent)
        self._versions: dict[str, str | None] = {}
        self.absent: dict[str, str] = {}
        """Why a hook's program cannot be started, by the hook's name."""

    async def run(self, stop: asyncio.Event) -> AsyncGenerator[Annotated, None]:
        """Yield each result once it is recorded, until nothing is left or `stop` is set.

        A file that fails now is not tried again by the same call.
        """
        for hook in self._hooks:
            self.absent.pop(hook.name, None)
            seen: set[str] = set()
            while page := await self._list_next(hook, seen):
                for file in page:
                    seen.add(file.sha256)
                    result = await unless_stopped(self._run(hook, file), stop)
                    if result is None:
                        return
                    if result.absent:
                        self.absent[hook.name] = result.reason or "it cannot be started"
                        break
                    await self._record(hook, file, result)
                    yield Annotated(hook=hook, file=file, result=result)
                if hook.name in self.absent:
                    break

    async def count_unseen(self, hook: Hook) -> Unseen:
        """How many files the hook has not seen; while its program cannot be started, none is looked for."""
        left = await self._database.read(
            list_unannotated, hook.name, hook.kinds, now=0, attempts=0, channels=self._channels, limit=-1
        )
        looked = [] if hook.name in self.absent else left
        missing = await asyncio.to_thread(lambda: sum(not self._blobs.has_regular(one.sha256) for one in looked))
        return Unseen(len(left) - missing, missing)

    async def _list_next(self, hook: Hook, seen: Collection[str]) -> list[Unannotated]:
        """The next files that are there; those that are not wait until they are found again."""
        found = await self._database.read(
            list_unannotated,
            hook.name,
            hook.kinds,
            now=self._now(),
            attempts=self._rules.attempts,
            channels=self._channels,
            limit=_PAGE + len(seen),
        )
        return [one for one in found if one.sha256 not in seen and self._blobs.has_regular(one.sha256)]

    async def _run(self, hook: Hook, file: Unannotated) -> HookResult:
        if hook.name not in self._versions:
            self._versions[hook.name] = await _ask_version(hook)
        suffix = choose_suffix(file.kind, file.mime)
        return await run_hook(hook.command, self._blobs.path(file.sha256), suffix=suffix, limits=self._rules.limits)

    async def _record(self, hook: Hook, file: Unannotated, result: HookResult) -> None:
        now = int(self._now())
        attempts = 1 + await self._database.read(find_attempts, file.sha256, hook.name)
        made = Annotation(
            sha256=file.sha256,
            hook=hook.name,
            program=hook.program,
            version=self._versions.get(hook.name),
            language=name_language(result.text) or None if result.text else None,
            text=result.text,
            reason=result.reason,
            exit_status=result.exit_status,
            at=now,
            seconds=round(result.seconds, 3),
        )
        retry_at = None if result.text is not None else now + retry_after(attempts)
        await self._database.write(put_annotation, made, retry_at=retry_at)


async def _ask_version(hook: Hook) -> str | None:
    """The first line that its command for the version prints."""
    if hook.version is None:
        return None
    result = await run_hook(hook.version, Path("/dev/null"), suffix="", limits=_VERSION_LIMITS)
    lines = (result.text or "").splitlines()
    printable = "".join(char for char in lines[0] if char.isprintable()) if lines else ""
    return printable[:_LONGEST_VERSION] or None

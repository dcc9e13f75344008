"""The process that decodes pictures (`picture_worker`), as its parent sees it: ended when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from importlib.util import find_spec
from typing import Any, Final, Self

import orjson

from archiver.errors import UsageError, install_command
from archiver.media.decode_picture import environment
from archiver.pacing.tasks import finish

SECONDS: Final = 20.0
"""What one picture may take; the largest photos take a tenth of a second."""
_START: Final = 60.0
"""What the first answer may take in addition, for which libraries are loaded."""
_LONGEST_ANSWER: Final = 10_000
INSTALL: Final = install_command("media")
_NEEDED: Final = ("PIL", "imagehash")


class NoPictureLibrary(UsageError):
    """The libraries that read pictures are not installed."""


def expect_picture_library() -> None:
    """Raise NoPictureLibrary unless pictures can be decoded."""
    if not can_read_pictures():
        raise NoPictureLibrary(
            "pictures can only be compared with Pillow and imagehash, which are not installed.",
            hint=f"Install them: {INSTALL}.",
        )


def can_read_pictures() -> bool:
    """Whether the libraries that decode pictures are installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


class PictureProcess:
    """Computes hashes in another process, which is started when first asked."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.end()

    async def ask(self, request: dict[str, str]) -> tuple[int | None, str | None]:
        """The hash, or None and why there is none; (None, None): there is no such file."""
        limit = self._seconds if self._process else self._seconds + _START
        try:
            answer = await asyncio.wait_for(self._exchange(request), limit)
        except TimeoutError:
            await self.end()
            return None, f"took longer than {self._seconds:g} s"
        except BaseException:
            await self.end()
            raise
        if answer is None:
            await self.end()
            return None, "the decoder crashed"
        return answer.get("hash"), answer.get("reason")

    async def end(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await finish(asyncio.ensure_future(process.communicate()))  # closes its pipes, too

    async def _exchange(self, request: dict[str, str]) -> dict[str, Any] | None:
        process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(orjson.dumps(request) + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        except (ConnectionError, ValueError):  # it has ended, or printed something else
            return None
        return orjson.loads(line) if line.endswith(b"}\n") else None

    async def _start(self) -> asyncio.subprocess.Process:
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "archiver.media.picture_worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LONGEST_ANSWER,
                env=environment(),
                start_new_session=True,
            )
        )
        try:
            self._process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._process = await starting  # so that it is ended like any other
            raise
        return self._process

"""`run --serve`: the page as a process of its own, so that its readers cost the mirror neither time nor its life."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from archiver.cli import output
from archiver.cli.commands.opening import expect_page
from archiver.pacing.tasks import cancel_all

_STARTS_WITHIN: Final = 60.0
_STOPS_WITHIN: Final = 3.0
_CODE: Final = """
import ctypes, contextlib, runpy, sys
with contextlib.suppress(OSError, AttributeError):
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG: if the service is killed, the page ends too, also a stopped one
runpy.run_module("archiver", run_name="__main__", alter_sys=True)
"""


@asynccontextmanager
async def serving_page(config: Path | None, *, wanted: bool) -> AsyncIterator[None]:
    """Serve the page at web.listen; if that fails, report it and continue without it."""
    if not wanted:
        yield
        return
    expect_page()
    from archiver.web.job_control import stop_and_continue_with

    options = [] if config is None else ["--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _CODE, "-q", *options, "serve"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
        start_new_session=True,  # see archiver.web.priority
    )
    stop_and_continue_with(process.pid)
    watching = asyncio.create_task(_watch(process), name="page")
    try:
        yield
    finally:
        await cancel_all([watching])
        await _end(process)


async def _watch(process: asyncio.subprocess.Process) -> None:
    """Report where the page is once it answers, and that it has stopped."""
    assert process.stdout is not None
    address = b""
    with suppress(TimeoutError):
        address = await asyncio.wait_for(process.stdout.readline(), _STARTS_WITHIN)
    if address:
        # A journal must not have the token.
        url = address.decode().strip()
        where = url if output.is_terminal(sys.stderr) else f"{url.partition('?')[0]} (telekeep open)"
        output.note(f"the page is open: {where}", to_copy=True)
    await process.wait()
    output.warn("the page has stopped; mirroring continues. `telekeep serve` starts it again.")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

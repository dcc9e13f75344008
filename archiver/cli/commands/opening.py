"""Open the page at a place: in the server that is already running, or else in one started for it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from archiver.cli import output
from archiver.errors import UsageError, install_command

if TYPE_CHECKING:
    from archiver.cli.search_options import SearchOptions
    from config.settings import Settings


async def open_page(settings: Settings, path: str) -> int:
    """Open the page at this path, which begins with a slash. Returns the exit status."""
    expect_page()
    from archiver.cli.view.page_words import TerminalWords
    from archiver.web.admission import make_token
    from archiver.web.announced import find_open_page
    from archiver.web.listening import parse_listen
    from archiver.web.priority import step_back
    from archiver.web.serving import serve_page

    if (page := find_open_page(settings.archive.dir)) is not None:
        show(page.at(path))
        return 0
    step_back()
    listen = parse_listen(settings.web.listen)
    async with serve_page(
        settings, listen, host_names=settings.web.host_names, token=make_token(), words=TerminalWords()
    ) as serving:
        output.note("serving the page; press Ctrl-C to stop.")
        show(serving.page.at(path))
        await asyncio.shield(serving.task)
    return 0


async def open_search(settings: Settings, query: str, options: SearchOptions) -> int:
    """Open the page at this search. Returns the exit status."""
    when = options.when
    fields = {
        "q": query,
        "c": ",".join(options.channels),
        "since": when.since,
        "until": when.until,
        "on": when.on,
        "tz": when.tz,
        "sort": options.sort,
        "engine": "" if options.engine == "auto" else options.engine,
        "fuzzy": "1" if options.fuzzy else "",
        "expand": "1" if options.glossary is not None else "",
    }
    return await open_page(settings, f"/search?{urlencode([one for one in fields.items() if one[1]])}")


def expect_page() -> None:
    """Raise UsageError if the libraries of the page are not installed."""
    try:
        import archiver.web.serving  # noqa: F401
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"the page needs the package {exc.name}, which is not installed.",
            hint=f"Install it: {install_command('web')}.",
        ) from None


def show(url: str) -> None:
    """Open the address in the person's browser; over ssh, in a pipe or without a screen print it."""
    if not (has_screen() and output.is_terminal()):
        output.line(url)
        sys.stdout.flush()
        return
    import webbrowser

    if webbrowser.open(url):
        output.note("opened in your browser.")
    else:
        output.line(url)
        sys.stdout.flush()


def has_screen() -> bool:
    """Whether a browser that is started here is seen by the person who types."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

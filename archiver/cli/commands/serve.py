"""`telekeep serve`: the page to read and search the archive."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.commands.opening import expect_page
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option

EXIT_STATUS = {
    2: "wrong usage, there is no archive, or the address is in use",
    130: "stopped by Ctrl-C or SIGTERM",
}


def command(
    context: CommandContext,
    *,
    listen: Annotated[
        str | None, Option("--listen", metavar="HOST:PORT", help="Default: [web] listen, 127.0.0.1:8765.")
    ] = None,
    host_name: Annotated[
        list[str] | None,
        Option("--host-name", metavar="NAME", help="Also answer under this host name (repeatable)."),
    ] = None,
    token_file: Annotated[
        Path | None,
        Option("--token-file", metavar="FILE", help="Keep the token in this file, so that it survives a restart."),
    ] = None,
) -> int:
    """Serve a page to read and search the archive, until stopped.

    \b
    Examples:
      telekeep serve
      telekeep serve --listen 127.0.0.1:9000
      telekeep serve --listen 0.0.0.0:8765 --host-name archive.lan --token-file page.token

    Prints the address to open. Its token is exchanged for a cookie, so only browsers that opened this address can read
    the archive. The page is read-only: `telekeep run` and `telekeep sync` can work at the same time. It loads nothing
    from elsewhere and works without JavaScript. To reach it from other machines, put a TLS proxy in front of it and
    pass the name that browsers use as --host-name. Needs the extra "web": pip install '.[web]' in the clone.
    """
    from archiver.web.priority import run_apart

    ended = run_apart()
    if ended is not None:
        return ended
    return interrupted.run(run(context.obj, listen, tuple(host_name or ()), token_file))


async def run(invocation: Invocation, listen: str | None, host_names: tuple[str, ...], token_file: Path | None) -> int:
    """Serve until interrupted."""
    expect_page()
    from archiver.cli.view.page_words import TerminalWords
    from archiver.compose.read_archive import open_archive
    from archiver.service.monitoring.http_server import is_loopback
    from archiver.web.admission import make_token, read_token
    from archiver.web.listening import parse_listen
    from archiver.web.priority import step_back
    from archiver.web.serving import serve_page

    settings = invocation.checked_settings()
    address = parse_listen(listen or settings.web.listen)
    names = (*settings.web.host_names, *host_names)
    async with open_archive(settings.archive.dir, remarks=output):
        pass  # says what is wrong with it, if anything
    step_back()
    token = make_token() if token_file is None else read_token(token_file)
    async with serve_page(settings, address, host_names=names, token=token, words=TerminalWords()) as serving:
        output.note("serving the page; press Ctrl-C to stop. Open this address:")
        output.line(serving.page.at("/"))
        sys.stdout.flush()
        if not is_loopback(serving.address.text):
            output.warn("other machines can reach the page, unencrypted: put a TLS proxy in front of it.")
        await asyncio.shield(serving.task)
    return 0

"""`telekeep`: the table of commands, the exit statuses, and what becomes of an error.

Each command is a module of its own, imported when it is asked for, so that `--help` and `--version` answer at once.
Such a module has `command(context, ...)`, which returns the exit status, and `EXIT_STATUS`, which says when it
returns which. A new command is one file and one line in COMMANDS.

    0 done or found · 1 nothing found · 2 usage or failure · 3 partly done · 4 login needed
    5 flood wait · 6 integrity failure · 130 interrupted
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

PROGRAM = "telekeep"

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "login": ("Mirror", "archiver.cli.login", "Log in with a code; the session stays on this machine."),
    "add": ("Mirror", "archiver.cli.add", "Choose channels to mirror."),
    "channels": ("Mirror", "archiver.cli.channels", "List the mirrored channels."),
    "remove": ("Mirror", "archiver.cli.remove", "Stop mirroring a channel; its archive stays."),
    "accounts": ("Mirror", "archiver.cli.accounts", "List the accounts, and how they are."),
    "move": ("Mirror", "archiver.cli.move", "Let another account read a channel."),
    "sync": ("Mirror", "archiver.cli.sync", "Fetch what is missing and what is new, then exit."),
    "run": ("Mirror", "archiver.cli.run", "Mirror every added channel from now on, until stopped."),
    "search": ("Find", "archiver.cli.search", "Find messages in the archive."),
    "query": ("Find", "archiver.cli.query", "Keep queries by a name: save, list, remove."),
    "show": ("Find", "archiver.cli.show", "Show one message with all that is known of it."),
    "history": ("Find", "archiver.cli.history", "Show what became of one message: edits, deletion, return."),
    "changes": ("Find", "archiver.cli.changes", "List what was edited, deleted or renamed, newest first."),
    "gaps": ("Find", "archiver.cli.gaps", "List the ids of a channel that are missing, absent or not fetched."),
    "status": ("Find", "archiver.cli.status", "Show per channel what is held and how complete it is."),
    "health": ("Find", "archiver.cli.health", "Say by the exit status whether the service really mirrors."),
    "export": ("Keep", "archiver.cli.export", "Write a date range to a file, with a manifest."),
    "index": ("Keep", "archiver.cli.index", "Look after the Meilisearch index: status, rebuild, verify, keys."),
    "verify": ("Keep", "archiver.cli.verify", "Check the archive, or an export against its manifest."),
    "help": ("Help", "archiver.cli.help", "Show the help of a command; `help query`: how queries are written."),
}

_MARKED = re.compile(r"-(?:100[0-9]{1,13}|1[0-9]{12})(?:[/:][0-9]+)?")
_NUMBER = re.compile(r"-[0-9]+(?:[/:][0-9]+)?")

_GLOBAL_FLAGS = ("-q", "--quiet", "-v", "-vv", "--verbose", "--debug")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # What an import makes lasts; walking it at every 700 objects is a tenth of the time that a search takes.
    gc.set_threshold(50_000, 20, 100)
    try:
        signal.signal(signal.SIGTERM, lambda *_: _terminate(words))
        status = run(words)
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes one line on stderr and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if arguments in (["--version"], ["-V"]):
        from archiver.version import version  # noqa: PLC0415 - the fast path: no typer, no table

        sys.stdout.write(f"{PROGRAM} {version()}\n")
        return 0
    try:
        arguments = bare_ids(ids_last(globals_first(arguments)))
        from archiver.cli.app import build  # noqa: PLC0415 - typer costs 40 ms, which the fast path spares

        build().main(arguments, prog_name=PROGRAM)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 0 if exc.code is None else 2
    except KeyboardInterrupt:
        return 130
    except Exception as exc:  # noqa: BLE001 - the last door: whatever happened, people read a line, not a traceback
        return _explain(exc, debug="--debug" in arguments)
    return 0


def _terminate(arguments: list[str]) -> None:
    """A polite kill ends as Ctrl-C does: tasks are cancelled, half files removed, locks given back.

    The service hears its signals itself, in `archiver.cli.run`. One that comes before that finds nothing begun, and is
    the stop in good order that it is later.
    """
    if find_command(arguments) == "run":
        os._exit(0)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script
        raise KeyboardInterrupt
    os.kill(os.getpid(), signal.SIGINT)


def _bare_id(word: str) -> str:
    """-100ID, a channel's id as other tools show it, as the bare id: it would be read as an option."""
    if not _MARKED.fullmatch(word):
        return word
    from archiver.address import parse_channel  # noqa: PLC0415 - rare

    marked, slash, message_id = word.replace(":", "/").partition("/")
    return f"{parse_channel(marked)}{slash}{message_id}"


def bare_ids(arguments: list[str]) -> list[str]:
    """The same arguments with bare ids for marked ones, but behind `--`: what stands there stays as it was typed."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [_bare_id(word) for word in arguments[:end]] + arguments[end:]


def globals_first(arguments: list[str]) -> list[str]:
    """The same arguments with the global options before the command: people write them at either place."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _GLOBAL_FLAGS or word.startswith("--config="):
            front.append(word)
        elif word == "--config":
            front += [word, *[value for value in [next(words, None)] if value is not None]]
        else:
            rest.append(word)
    return front + rest


def find_command(arguments: list[str]) -> str | None:
    """The command that these arguments call."""
    words = iter(globals_first(arguments))
    for word in words:
        if word == "--config":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def ids_last(arguments: list[str]) -> list[str]:
    """The same arguments with negative numbers behind `--`, where they are words: a command says best what they are."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    # After an option it may be its value.
    moved = [at for at in range(1, end) if _NUMBER.fullmatch(arguments[at]) and _is_word(arguments[at - 1])]
    kept = [word for at, word in enumerate(arguments[:end]) if at not in moved]
    rest = [arguments[at] for at in moved] + arguments[end + 1 :]
    return [*kept, "--", *rest] if moved or end < len(arguments) else kept


def _is_word(argument: str) -> bool:
    return not argument.startswith("-") or _NUMBER.fullmatch(argument) is not None


def _explain(exc: Exception, *, debug: bool) -> int:
    from archiver.cli import output  # noqa: PLC0415 - only when there is something to explain
    from archiver.errors import Error  # noqa: PLC0415 - see above
    from config.errors import SettingsError  # noqa: PLC0415 - see above
    from search.errors import QueryError, SearchError  # noqa: PLC0415 - see above

    if debug:
        traceback.print_exception(exc)
    if isinstance(exc, Error):
        output.error(str(exc))
        return exc.exit_status
    if isinstance(exc, SettingsError | SearchError):
        output.error(str(exc))
        if isinstance(exc, QueryError):
            output.place(exc.query, exc.start, exc.end)
        return 2
    output.error(f"{_unforeseen(exc)} Run again with --debug for the traceback.")
    return 2


def _unforeseen(exc: Exception) -> str:
    """What to say of an error that nobody foresaw; its text may hold what a message says, so mostly it stays unsaid."""
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.strerror}{f': {exc.filename}' if exc.filename else ''}."
    if type(exc).__module__ == "sqlite3":
        return f"the archive could not be read or written: {exc}."
    frames = traceback.extract_tb(exc.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected {type(exc).__name__}{place}."


if __name__ == "__main__":
    main()

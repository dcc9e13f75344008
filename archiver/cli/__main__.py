"""`telekeep`: runs one command; handles signals, exit statuses and errors that no command caught.

0 done or found · 1 nothing found · 2 usage or failure · 3 partly done · 4 login needed
5 flood wait · 6 integrity failure · 130 interrupted
"""

from __future__ import annotations

import gc
import itertools
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence

from archiver.cli import streams
from archiver.cli.interrupted import INTERRUPTED, KEPT, describe_stop, install, interrupt, was_interrupted
from archiver.cli.table import PROGRAM

_MARKED = re.compile(r"-(?:100[0-9]{1,13}|1[0-9]{12})(?:[/:][0-9]+)?")
_NUMBER = re.compile(r"-[0-9]+(?:[/:][0-9]+)?")

_ACTING = frozenset(
    {
        "login",
        "add",
        "remove",
        "move",
        "accounts",
        "sync",
        "run",
        "query",
        "index",
        "media",
        "verify",
        "health",
        "import",
        "repair",
    }
)
"""Commands that run to the end even if their output is no longer read; the others stop with their reader."""

_GLOBAL_FLAGS = ("-q", "--quiet", "-v", "-vv", "--verbose", "--debug", "--no-pager")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Imported objects live for good; at the default threshold of 700 the collector takes a tenth of a search's time.
    gc.set_threshold(50_000, 20, 100)
    try:
        _install_handlers(words)
        streams.guard(runs_on=find_command(words) in _ACTING)
        status = run(words)
        status = streams.finish(status, said_why=_said_why())
    except KeyboardInterrupt:
        status = _interrupted(words)
    if status == INTERRUPTED:
        # Everything is closed and reported; another signal during Python's shutdown would change the exit status.
        os._exit(status)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gc.freeze()  # else Python collects all imported modules at exit, a tenth of a short command
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command; every error becomes one line on stderr and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if arguments in (["--version"], ["-V"]):
        from archiver.version import version

        sys.stdout.write(f"{PROGRAM} {version()}\n")
        return 0
    if arguments[:1] == ["__complete"]:
        from archiver.cli.completion.answer import answer

        return answer(arguments[1:])
    try:
        arguments = bare_ids(ids_last(globals_first(arguments)))
        from archiver.cli import app

        return app.run(arguments)
    except KeyboardInterrupt:
        return _interrupted(arguments)
    except streams.ReaderLeftError:
        return 0
    except streams.StdoutError:
        return streams.FAILED
    except Exception as exc:  # noqa: BLE001 - last resort: users get one line, not a traceback
        return _explain(exc, find_stopped(arguments), debug="--debug" in arguments)


def _install_handlers(arguments: list[str]) -> None:
    """Shut down cleanly on Ctrl-C, SIGTERM and SIGHUP."""
    install(find_stopped(arguments), quiet=not {"-q", "--quiet"}.isdisjoint(arguments))
    signal.signal(signal.SIGTERM, lambda *_: _terminate(arguments))
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
        signal.signal(signal.SIGHUP, lambda *_: _terminate(arguments))


def _said_why() -> bool:
    output = sys.modules.get("archiver.cli.output")  # if it was never imported, nothing was reported
    return output is not None and bool(output.has_failed())


def _interrupted(arguments: list[str]) -> int:
    from archiver.cli import output

    output.note(describe_stop(find_stopped(arguments)))
    return INTERRUPTED


def _terminate(arguments: list[str]) -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C: cancel tasks, remove partial files, release locks.

    The service installs its own handlers in `archiver.cli.commands.run`. A signal that arrives earlier finds nothing
    started, so it counts as a clean stop.
    """
    if find_command(arguments) == "run":
        os._exit(0)
    interrupt()


def _bare_id(word: str) -> str:
    """Convert -100ID, a channel id as other tools show it, to the bare id; it would be parsed as an option."""
    if not _MARKED.fullmatch(word):
        return word
    from archiver.address import parse_channel

    marked, slash, message_id = word.replace(":", "/").partition("/")
    return f"{parse_channel(marked)}{slash}{message_id}"


def bare_ids(arguments: list[str]) -> list[str]:
    """Replace marked ids by bare ones, except after `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [_bare_id(word) for word in arguments[:end]] + arguments[end:]


def globals_first(arguments: list[str]) -> list[str]:
    """Move the global options before the command: users write them in either place."""
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
    """Name of the command in these arguments."""
    return next(_commands(arguments), None)


def find_stopped(arguments: list[str]) -> str | None:
    """What an interrupt stops: a command, or one of its subcommands; None if it changes nothing anyway."""
    words = list(itertools.islice(_commands(arguments), 2))
    both = " ".join(words)
    if "--dry-run" in arguments or not words:
        return None
    return both if both in KEPT else words[0]


def _commands(arguments: list[str]) -> Iterator[str]:
    """The words that are neither options nor --config's value."""
    words = iter(globals_first(arguments))
    for word in words:
        if word == "--config":
            next(words, None)
        elif not word.startswith("-"):
            yield word


def ids_last(arguments: list[str]) -> list[str]:
    """Move negative numbers after `--`, so that the command itself can report what is wrong with them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    # After an option, the number may be its value.
    moved = [at for at in range(1, end) if _NUMBER.fullmatch(arguments[at]) and _is_word(arguments[at - 1])]
    kept = [word for at, word in enumerate(arguments[:end]) if at not in moved]
    rest = [arguments[at] for at in moved] + arguments[end + 1 :]
    return [*kept, "--", *rest] if moved or end < len(arguments) else kept


def _is_word(argument: str) -> bool:
    return not argument.startswith("-") or _NUMBER.fullmatch(argument) is not None


def _go_on(sentence: str) -> str:
    """A sentence as it continues a line that begins with the program's name."""
    first, space, rest = sentence.partition(" ")
    return (
        f"{first.lower()}{space}{rest}"
        if first in {"There", "The", "This", "That", "A", "In", "With", "Unknown"}
        else sentence
    )


def _explain(exc: Exception, command: str | None, *, debug: bool) -> int:
    from archiver.cli import output
    from archiver.errors import Error
    from config.errors import SettingsError
    from search.errors import QueryError, SearchError

    if debug:
        import traceback

        traceback.print_exception(exc)
    if isinstance(exc, Error):
        output.error(str(exc))
        return exc.exit_status
    if isinstance(exc, SettingsError | SearchError):
        output.error(_go_on(str(exc)))
        if isinstance(exc, QueryError):
            output.place(exc.query, exc.start, exc.end)
        return 2
    if was_interrupted():  # libraries may turn the interrupt into another error, mostly while being imported
        output.note(describe_stop(command))
        return INTERRUPTED
    from archiver.cli.unforeseen import describe

    line, status = describe(exc)
    output.error(line)
    return status


if __name__ == "__main__":
    main()

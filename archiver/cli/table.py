"""The table of commands. A command is a module of its own, imported when it is asked for.

Such a module has `command(context, ...)`, which returns the exit status, and `EXIT_STATUS`, which says when it
returns which. A new command is one file and one line here.
"""

from __future__ import annotations

PROGRAM = "telekeep"

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (section, module, one line for the list)
    "login": ("Mirror", "archiver.cli.commands.login", "Log in with a code; the session stays on this machine."),
    "add": ("Mirror", "archiver.cli.commands.add", "Choose channels to mirror."),
    "channels": ("Mirror", "archiver.cli.commands.channels", "List the mirrored channels."),
    "remove": ("Mirror", "archiver.cli.commands.remove", "Stop mirroring a channel; its archive stays."),
    "accounts": ("Mirror", "archiver.cli.commands.accounts", "List the accounts, and how they are."),
    "move": ("Mirror", "archiver.cli.commands.move", "Let another account read a channel."),
    "sync": ("Mirror", "archiver.cli.commands.sync", "Fetch what is missing and what is new, then exit."),
    "run": ("Mirror", "archiver.cli.commands.run", "Mirror every added channel from now on, until stopped."),
    "search": ("Find", "archiver.cli.commands.search", "Find messages in the archive."),
    "query": ("Find", "archiver.cli.commands.query", "Keep queries by a name: save, list, remove."),
    "show": ("Find", "archiver.cli.commands.show", "Show one message with all that is known of it."),
    "history": ("Find", "archiver.cli.commands.history", "Show what became of one message: edits, deletion, return."),
    "changes": ("Find", "archiver.cli.commands.changes", "List what was edited, deleted or renamed, newest first."),
    "gaps": (
        "Find",
        "archiver.cli.commands.gaps",
        "List the ids of a channel that are missing, absent or not fetched.",
    ),
    "status": ("Find", "archiver.cli.commands.status", "Show per channel what is held and how complete it is."),
    "health": ("Find", "archiver.cli.commands.health", "Say by the exit status whether the service really mirrors."),
    "export": ("Keep", "archiver.cli.commands.export", "Write a date range to a file, with a manifest."),
    "index": (
        "Keep",
        "archiver.cli.commands.index",
        "Look after the Meilisearch index: status, rebuild, verify, keys.",
    ),
    "verify": ("Keep", "archiver.cli.commands.verify", "Check the archive, or an export against its manifest."),
    "repair": ("Keep", "archiver.cli.commands.repair", "Make the search tables again: search."),
    "help": (
        "Help",
        "archiver.cli.commands.help",
        "Show the help of a command; `help query`: how queries are written.",
    ),
}
